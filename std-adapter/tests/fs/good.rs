//! What is granted works, up to its bounds.

use crate::{Asker, BUSY, Folder, INVALID, NOT_FOUND, NOT_GRANTED, bytes, done};
use ampoule_abi::Decode as _;
use ampoule_std::{
    Grant, Manifest, Policy, Service as _,
    fs::{MAX_FILE_BYTES, MAX_LISTED, MAX_READ_BYTES, NEW_FILE_BYTES},
    workstation_offers, workstation_services,
};
use core::time::Duration;
use std::{
    fs::{self, File},
    time::UNIX_EPOCH,
};

#[test]
fn a_part_of_a_file_is_read() {
    let folder = Folder::new();
    let (mut plugin, path) = (folder.asker(), folder.text("data/file"));
    for (offset, most, told) in [
        (0, 7, &b"content"[..]),
        (0, 6, b"conten"),
        (0, MAX_READ_BYTES, b"content"),
        (3, 2, b"te"),
        (6, 9, b"t"),
        (7, 9, b""),
        (8, 9, b""),
        (u64::MAX, 9, b""),
        (0, 0, b""),
    ] {
        assert_eq!(plugin.ask("read", &bytes(&(&*path, offset, most))), Ok(told.to_vec()));
    }
    assert_eq!(plugin.ask("read", &bytes(&(&*path, 0_u64, MAX_READ_BYTES + 1))), INVALID);
    for capacity in 0..7 {
        let told = plugin.ask_in(capacity, "read", &bytes(&(&*path, 0_u64, 9_u32)));
        assert_eq!(told, Ok(b"needs 7".to_vec()));
    }
    assert_eq!(plugin.ask_in(7, "read", &bytes(&(&*path, 0_u64, 9_u32))), Ok(b"content".to_vec()));
}

#[test]
fn a_file_is_made_replaced_and_appended_to() {
    let folder = Folder::new();
    let mut plugin = folder.asker();
    let path = folder.text("data/sub/new");
    assert_eq!(plugin.read(&path), NOT_FOUND);
    assert_eq!(plugin.append(&path, b"one"), done());
    assert_eq!(plugin.append(&path, b" two"), done());
    assert_eq!(plugin.read(&path), Ok(b"one two".to_vec()));
    assert_eq!(plugin.replace(&path, b"three"), done());
    assert_eq!(plugin.read(&path), Ok(b"three".to_vec()));
    assert_eq!(plugin.replace(&path, b""), done());
    assert_eq!(plugin.read(&path), done());
    assert_eq!(plugin.replace(&folder.text("data/file"), b"x"), done());
    assert_eq!(plugin.replace(&folder.text("data/none/new"), b"x"), NOT_FOUND);
    assert_eq!(plugin.append(&folder.text("data/none/new"), b"x"), NOT_FOUND);
    assert_eq!(plugin.ask("write", &bytes(&(&*path, 2_u8, &b"x"[..]))), INVALID);
    assert_eq!(fs::read_dir(folder.path("data/sub")).unwrap().count(), 1, "nothing is left over");
    folder.check();
}

#[test]
fn a_replaced_file_keeps_its_rights_and_a_read_only_one_its_content() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let (mut plugin, path) = (folder.asker(), folder.path("data/file"));
    let text = folder.text("data/file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(plugin.replace(&text, b"x"), done());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    assert_eq!(plugin.replace(&text, b"y"), NOT_GRANTED);
    assert_eq!(plugin.append(&text, b"y"), NOT_GRANTED);
    assert_eq!(fs::read(&path).unwrap(), b"x");
}

#[test]
fn a_directory_is_listed_by_name_with_kinds() {
    let folder = Folder::new();
    folder.link("file", "data/a link");
    folder.link("/etc", "data/out");
    folder.fifo("data/pipe");
    fs::write(folder.path("data/back\\slash"), "").unwrap();
    fs::write(folder.path("data/é"), "").unwrap();
    let mut plugin = folder.asker();
    let told = plugin.list(&folder.text("data")).unwrap();
    let listed: Vec<(String, u8)> = Vec::decode(&told).unwrap();
    let expected = [("a link", 2), ("file", 0), ("out", 2), ("pipe", 3), ("sub", 1), ("é", 0)];
    assert_eq!(listed, expected.map(|(name, kind)| (name.to_owned(), kind)));
    let needs = format!("needs {}", told.len()).into_bytes();
    let request = bytes(&*folder.text("data/"));
    assert_eq!(plugin.ask_in(told.len() - 1, "list", &request), Ok(needs));
    assert_eq!(plugin.ask_in(told.len(), "list", &request), Ok(told));
    assert_eq!(plugin.list(&folder.text("data/sub")), Ok(vec![0]));
    assert_eq!(plugin.list(&folder.text("data/file")), NOT_FOUND);
}

#[test]
fn kind_length_and_time_are_told() {
    let folder = Folder::new();
    folder.link("file", "data/link");
    folder.fifo("data/pipe");
    let time = UNIX_EPOCH + Duration::from_micros(1_500_000);
    let set = |time| {
        let file = File::options().write(true).open(folder.path("data/file")).unwrap();
        file.set_modified(time).unwrap();
    };
    let mut plugin = folder.asker();
    let mut stat = |name: &str| -> (u8, u64, i64) {
        <_>::decode(&plugin.stat(&folder.text(name)).unwrap().leak()[..]).unwrap()
    };
    set(time);
    assert_eq!(stat("data/file"), (0, 7, 1_500_000));
    assert_eq!(stat("data/link"), (0, 7, 1_500_000));
    set(UNIX_EPOCH - Duration::from_secs(1));
    assert_eq!(stat("data/file"), (0, 7, -1_000_000));
    assert_eq!((stat("data").0, stat("data/sub").0, stat("data/pipe").0), (1, 1, 3));
    let whole = bytes(&(0_u8, 7_u64, -1_000_000_i64));
    let needs = format!("needs {}", whole.len()).into_bytes();
    let request = bytes(&*folder.text("data/file"));
    assert_eq!(plugin.ask_in(whole.len() - 1, "stat", &request), Ok(needs));
    assert_eq!(plugin.ask_in(whole.len(), "stat", &request), Ok(whole));
}

#[test]
fn links_that_stay_inside_are_followed_and_not_replaced() {
    let folder = Folder::new();
    folder.link("../file", "data/sub/link");
    folder.link("sub", "data/dir");
    let mut plugin = folder.asker();
    assert_eq!(plugin.read(&folder.text("data/dir/link")), Ok(b"content".to_vec()));
    assert_eq!(plugin.append(&folder.text("data/sub/link"), b"!"), done());
    assert_eq!(plugin.read(&folder.text("data/file")), Ok(b"content!".to_vec()));
    assert_eq!(plugin.replace(&folder.text("data/sub/link"), b"x"), INVALID);
    assert_eq!(plugin.replace(&folder.text("data/dir/new"), b"x"), done());
    assert_eq!(plugin.read(&folder.text("data/sub/new")), Ok(b"x".to_vec()));
}

#[test]
fn a_file_may_have_16_mib_and_no_byte_more() {
    let folder = Folder::new();
    let (mut plugin, path) = (folder.asker(), folder.text("data/large"));
    let most = usize::try_from(MAX_FILE_BYTES).unwrap();
    let content = vec![7; most + 1];
    assert_eq!(plugin.replace(&path, &content), INVALID);
    assert_eq!(plugin.append(&path, &content), INVALID);
    assert!(!folder.path("data/large").exists());
    assert_eq!(plugin.replace(&path, &content[..most - 1]), done());
    assert_eq!(plugin.append(&path, b"12"), BUSY);
    assert_eq!(plugin.append(&path, b"1"), done());
    assert_eq!(plugin.append(&path, b"1"), BUSY);
    assert_eq!(fs::metadata(&path).unwrap().len(), MAX_FILE_BYTES);
}

#[test]
fn files_grow_to_the_byte_that_is_allowed() {
    let folder = Folder::new();
    let Asker { fs, scope } = folder.asker();
    let mut plugin = Asker { fs: fs.with_growth(NEW_FILE_BYTES + 10), scope };
    let (old, new) = (folder.text("data/file"), folder.text("data/new"));
    assert_eq!(plugin.replace(&new, &[7; 11]), BUSY);
    assert!(!folder.path("data/new").exists());
    assert_eq!(plugin.append(&new, &[7; 10]), done());
    assert_eq!(plugin.append(&new, b"x"), BUSY);
    assert_eq!(plugin.replace(&old, b"CONTENT"), done(), "as long as before");
    assert_eq!(plugin.replace(&old, b"CONTENT!"), BUSY);
    assert_eq!(plugin.replace(&new, &[7; 9]), done(), "one byte back");
    assert_eq!(plugin.replace(&old, b"CONTENT!"), done());
    assert_eq!(plugin.append(&folder.text("data/other"), b""), BUSY, "an empty file counts too");
    assert_eq!(plugin.append(&old, b""), done());
}

#[test]
fn a_directory_of_1024_entries_is_listed_and_no_larger_one() {
    let folder = Folder::new();
    let mut plugin = folder.asker();
    for at in 0..MAX_LISTED {
        fs::write(folder.path(&format!("data/sub/{at}")), "").unwrap();
    }
    let told = plugin.list(&folder.text("data/sub")).unwrap();
    let listed: Vec<(String, u8)> = Vec::decode(&told).unwrap();
    assert!(listed.len() == MAX_LISTED && listed.is_sorted());
    fs::write(folder.path("data/sub/more"), "").unwrap();
    assert_eq!(plugin.list(&folder.text("data/sub")), BUSY);
}

#[test]
fn a_granted_file_is_one_file() {
    let folder = Folder::new();
    let (file, new) = (folder.text("data/file"), folder.text("data/sub/new"));
    let mut plugin = Asker::of(&[&file, &new]);
    assert_eq!(plugin.read(&file), Ok(b"content".to_vec()));
    assert_eq!(plugin.replace(&file, b"x"), done());
    assert_eq!(plugin.append(&new, b"y"), done());
    assert_eq!(plugin.read(&new), Ok(b"y".to_vec()));
    assert_eq!(plugin.read(&folder.text("data/file/x")), NOT_FOUND);
    assert_eq!(plugin.list(&folder.text("data")), NOT_GRANTED);
    assert_eq!(plugin.list(&file), INVALID);
    assert_eq!(plugin.read(&folder.text("data/sub/other")), NOT_GRANTED);
    // Not what a link of that name leads to, be it beside it.
    fs::write(folder.path("data/beside"), "beside").unwrap();
    fs::remove_file(&new).unwrap();
    folder.link("../beside", "data/sub/new");
    fs::remove_file(&file).unwrap();
    folder.link("beside", "data/file");
    for path in [&file, &new] {
        assert_eq!(plugin.read(path), INVALID);
        assert_eq!(plugin.append(path, b"x"), INVALID);
        assert_eq!(plugin.replace(path, b"x"), INVALID);
    }
    assert_eq!(fs::read(folder.path("data/beside")).unwrap(), b"beside");
}

#[test]
fn a_scope_narrows_and_no_link_leads_out_of_it() {
    let folder = Folder::new();
    folder.link("../file", "data/sub/out");
    fs::write(folder.path("data/sub/in"), "in").unwrap();
    let mut plugin = folder.asker().scoped(folder.text("data/sub"));
    assert_eq!(plugin.read(&folder.text("data/sub/in")), Ok(b"in".to_vec()));
    assert_eq!(plugin.list(&folder.text("data/sub")).unwrap()[0], 2);
    assert_eq!(plugin.replace(&folder.text("data/sub/new"), b"x"), done());
    assert_eq!(plugin.read(&folder.text("data/sub/out")), NOT_GRANTED);
    assert_eq!(plugin.read(&folder.text("data/file")), NOT_GRANTED);
    let mut plugin = folder.asker().scoped(folder.text("data/sub/out"));
    assert_eq!(plugin.read(&folder.text("data/sub/out")), INVALID, "a link is no file");
    let mut plugin = folder.asker().scoped(folder.text("data/sub/in"));
    assert_eq!(plugin.read(&folder.text("data/sub/in")), Ok(b"in".to_vec()));
    let mut plugin = folder.asker().scoped("..".to_owned());
    assert_eq!(plugin.read(&folder.text("data/file")), NOT_GRANTED);
}

#[test]
fn without_paths_nothing_is_granted() {
    let mut plugin = Asker::of(&[]);
    for request in [&b""[..], b"\x01/", b"\x01/\x00\x01", b"\x01/\x00\x00"] {
        for operation in ["read", "write", "list", "stat"] {
            assert_eq!(plugin.ask(operation, request), NOT_GRANTED);
        }
    }
}

#[test]
fn a_workstation_offers_it_where_paths_are_granted() {
    for operation in ["read", "write", "list", "stat"] {
        assert!(workstation_offers("fs", operation));
    }
    assert!(!workstation_offers("fs", "remove"));
    for (switch, offered) in [(true, true), (false, false)] {
        let manifest = format!(
            r#"{{ "meta": {{ "name": "x", "version": "1.0.0" }},
                 "capabilities": {{ "allowFileSystem": {switch}, "allowedPaths": ["/"] }} }}"#
        );
        let manifest = Manifest::parse(manifest.as_bytes()).unwrap();
        let grant = Grant::new(&manifest, &Policy::WORKSTATION);
        let services = workstation_services(&grant, |_| (), |_| Ok(()));
        assert_eq!(format!("{services:?}").contains("\"fs\""), offered);
    }
}

#[test]
fn the_page_tells_the_prices() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/services.md");
    let page = fs::read_to_string(page).unwrap();
    for it in Asker::of(&[]).fs.operations() {
        let start = format!("| `{}` |", it.name);
        let row = page.lines().find(|line| line.starts_with(&start)).expect(it.name);
        assert!(row.ends_with(&format!("| {} | {} |", it.base_fuel, it.byte_fuel)), "{row}");
    }
}
