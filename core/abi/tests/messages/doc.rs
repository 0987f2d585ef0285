//! `docs/abi.md` tells the truth: its bytes are the golden ones, its guest runs.

use crate::{bytes_of, golden};
use ampoule_abi::{
    Context, Decode, Failure, MAX_AUTHOR_BYTES, MAX_DEPTH, MAX_DESCRIPTION_BYTES, MAX_NAME_BYTES,
    Meta, Outcome, PackedReply, Pairs, Status, Value, encode, export, failure_code, import, schema,
    section,
};
use wasmi::{Config, Engine, Instance, Linker, Module, Store};

const PAGE: &str = include_str!("../../../../docs/abi.md");

/// The fenced blocks of the page: what stands behind the fence, and the lines inside.
fn blocks() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut blocks = Vec::new();
    let mut lines = PAGE.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            blocks.push((info, lines.by_ref().take_while(|line| *line != "```").collect()));
        }
    }
    blocks
}

/// The bytes of a line in hex and what stands behind its semicolon.
fn hex(line: &str) -> (Vec<u8>, &str) {
    let (bytes, note) = line.split_once(';').unwrap_or((line, ""));
    let byte = |digits| u8::from_str_radix(digits, 16).unwrap_or_else(|_| panic!("hex in {line}"));
    (bytes.split_whitespace().map(byte).collect(), note.trim())
}

/// The messages that the page shows: their names and their bytes.
fn shown() -> Vec<(&'static str, Vec<u8>)> {
    let mut shown = Vec::new();
    for (info, lines) in blocks() {
        if let Some(name) = info.strip_prefix("hex ") {
            shown.push((name, lines.iter().flat_map(|line| hex(line).0).collect()));
        } else if info == "hex-list" {
            shown.extend(lines.iter().map(|line| hex(line)).map(|(bytes, name)| (name, bytes)));
        }
    }
    shown
}

#[test]
fn every_hex_block_is_the_golden_message_of_its_name() {
    let golden = golden::all();
    for (name, bytes) in shown() {
        let found = golden.iter().find(|(known, _)| *known == name);
        let (_, expected) = found.unwrap_or_else(|| panic!("no golden message is called {name}"));
        assert_eq!(bytes, *expected, "{name}");
    }
}

#[test]
fn every_golden_message_is_shown() {
    let shown = shown();
    for (name, _) in golden::all() {
        assert!(shown.iter().any(|(found, _)| *found == name), "{name} is not on the page");
    }
}

#[test]
fn every_example_of_a_number_is_what_postcard_writes() {
    let row = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let hex = |bytes: Vec<u8>| {
        let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("`{}`", digits.join(" "))
    };
    for number in [0, 127, 128, 300, 16384, u32::MAX] {
        is_on_the_page(&row(&[number.to_string(), hex(bytes_of(&number))]));
    }
    for (number, zigzag) in [(0, 0), (-1, 1), (1, 2), (-64, 127), (64, 128_u64), (-65, 129_u64)] {
        assert_eq!(bytes_of::<i64>(&number), bytes_of::<u64>(&zigzag));
        is_on_the_page(&row(&[number.to_string(), zigzag.to_string(), hex(bytes_of(&number))]));
    }
}

fn is_on_the_page(text: &str) {
    assert!(PAGE.contains(text), "{text} is not on the page");
}

#[test]
fn the_names_and_numbers_are_those_of_the_code() {
    for name in [
        export::MEMORY,
        export::MAILBOX,
        export::INITIALIZE,
        export::INIT,
        export::DESTROY,
        export::SAVE,
        export::RESTORE,
        export::RESERVED_PREFIX,
        export::EXECUTE,
        section::META,
        section::SCHEMA,
    ] {
        is_on_the_page(&format!("`{name}`"));
    }
    is_on_the_page(&format!("| `{}` | `{}` |", import::MODULE, import::PANIC));
    for status in Status::ALL {
        is_on_the_page(&format!("| {} | `{status:?}` |", status.code()));
    }
    for (code, name) in [
        (failure_code::BAD_MESSAGE, "BAD_MESSAGE"),
        (failure_code::REPLY_TOO_LARGE, "REPLY_TOO_LARGE"),
        (failure_code::NOT_INITIALIZED, "NOT_INITIALIZED"),
    ] {
        is_on_the_page(&format!("| {code} | `{name}` |"));
    }
    is_on_the_page(&format!("| {} and up | `FIRST_OF_PLUGIN` |", failure_code::FIRST_OF_PLUGIN));
    is_on_the_page(&format!("nest at most {MAX_DEPTH} deep"));
    is_on_the_page(&format!("Types nest at most {} deep", schema::MAX_TYPE_DEPTH));
    is_on_the_page(&format!("1 to {MAX_NAME_BYTES} bytes"));
    is_on_the_page(&format!("| `description` | string | at most {MAX_DESCRIPTION_BYTES} bytes"));
    is_on_the_page(&format!("| `author` | string | at most {MAX_AUTHOR_BYTES} bytes"));
}

/// The page's guest as it stands, and with the memory line that the page offers instead.
fn guests() -> [String; 2] {
    let text = |name| {
        let block = blocks().into_iter().find(|(info, _)| *info == name);
        block.unwrap_or_else(|| panic!("a block {name}")).1.join("\n")
    };
    let guest: String = text("wat");
    let standard = "(memory (export \"memory\") 1 1)";
    assert_eq!(guest.matches(standard).count(), 1);
    let small = guest.replace(standard, &text("wat memory"));
    [guest, small]
}

/// The proposals that the page says are accepted, and no others.
fn engine() -> Engine {
    let mut config = Config::default();
    config
        .wasm_mutable_global(true)
        .wasm_sign_extension(true)
        .wasm_saturating_float_to_int(true)
        .wasm_bulk_memory(true)
        .wasm_custom_page_sizes(true)
        .wasm_multi_value(false)
        .wasm_multi_memory(false)
        .wasm_reference_types(false)
        .wasm_tail_call(false)
        .wasm_extended_const(false)
        .wasm_memory64(false)
        .wasm_wide_arithmetic(false);
    Engine::new(&config)
}

/// A host in miniature.
struct Running {
    store: Store<()>,
    instance: Instance,
    mailbox: PackedReply,
}

impl Running {
    fn new(guest: &str) -> Self {
        let engine = engine();
        let module = Module::new(&engine, wat::parse_str(guest).unwrap()).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Linker::new(&engine).instantiate_and_start(&mut store, &module).unwrap();
        let mailbox = instance.get_typed_func::<(), i64>(&store, export::MAILBOX).unwrap();
        let mailbox = PackedReply::from_bits(mailbox.call(&mut store, ()).unwrap()).unwrap();
        Self { store, instance, mailbox }
    }

    /// Puts `message` into the mailbox, calls `execute`, and answers its number and its bytes.
    fn execute(&mut self, message: &[u8]) -> (PackedReply, Vec<u8>) {
        assert!(message.len() <= self.mailbox.length as usize);
        let memory = self.instance.get_memory(&self.store, export::MEMORY).unwrap();
        memory.write(&mut self.store, self.mailbox.address as usize, message).unwrap();
        let length = i32::try_from(message.len()).unwrap();
        let entry = self.instance.get_typed_func::<i32, i64>(&self.store, export::EXECUTE).unwrap();
        let reply = PackedReply::from_bits(entry.call(&mut self.store, length).unwrap()).unwrap();
        let mut bytes = vec![0; reply.length as usize];
        memory.read(&self.store, reply.address as usize, &mut bytes).unwrap();
        (reply, bytes)
    }
}

#[test]
fn the_guest_tells_who_it_is_without_running() {
    for guest in guests() {
        let module = Module::new(&engine(), wat::parse_str(guest).unwrap()).unwrap();
        let section = module.custom_sections().find(|it| it.name() == section::META).unwrap();
        let (_, meta, bytes) = golden::METAS[0];
        assert_eq!(section.data(), bytes);
        assert_eq!(Meta::from_section(section.data()), Ok(meta));
    }
}

#[test]
fn the_guest_answers_as_the_page_says() {
    for guest in guests() {
        let mut running = Running::new(&guest);
        assert_eq!(running.mailbox, PackedReply { failed: false, address: 1024, length: 1024 });

        let message = bytes_of(&Context { request_id: "req-001", ..Context::default() });
        let (reply, bytes) = running.execute(&message);
        assert_eq!(message.len(), 10);
        assert_eq!(reply, PackedReply { failed: false, address: 2048, length: 11 });
        assert_eq!(reply.to_bits(), Some(0x0000_0800_0000_000b));
        assert_eq!(Outcome::decode(&bytes), Ok(Outcome::success(Value::Str("req-001"))));

        let (reply, bytes) = running.execute(b"");
        assert_eq!(reply, PackedReply { failed: true, address: 16, length: 15 });
        assert_eq!(reply.to_bits().map(i64::cast_unsigned), Some(0x8000_0010_0000_000f));
        let failure = Failure { code: failure_code::BAD_MESSAGE, message: "not a context" };
        assert_eq!(Failure::decode(&bytes), Ok(failure));
    }
}

#[test]
fn the_guest_holds_good_for_every_length_of_id_and_survives_lies() {
    let id = "x".repeat(200);
    let parameters = Pairs::from_slice(&[("a", "b")]);
    for guest in guests() {
        let mut running = Running::new(&guest);
        for length in 0..200 {
            let context = Context { request_id: &id[..length], parameters, headers: parameters };
            let mut room = [0; 1024];
            let (reply, bytes) = running.execute(encode(&context, &mut room).unwrap());
            assert_eq!(reply.failed, length >= 128, "{length}");
            if !reply.failed {
                let outcome = Outcome::success(Value::Str(&id[..length]));
                assert_eq!(Outcome::decode(&bytes), Ok(outcome));
            }
        }
        for lie in [&b"\x02a"[..], b"\x7f", b"\xff\xff\xff\xff\x0f", b""] {
            assert!(running.execute(lie).0.failed, "{lie:x?}");
        }
    }
}
