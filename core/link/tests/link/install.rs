//! Nothing that isn't whole comes out of an install.

use crate::wire::{Bench, code, package, reply};
use ampoule_link::{
    Announced, Bytes, Chunk, Install, LinkError, Progress, RamSink, Reply, Request, Sink, Target,
};
use proptest::prelude::*;

const TEXT: &[u8; 12] = b"{}\0asm\x01\0\0\0zz";

fn announced() -> Announced {
    Announced::new(Target::New, &[&TEXT[..2], &TEXT[2..]])
}

fn chunk(offset: u32, bytes: &[u8]) -> Chunk<'_> {
    Chunk { offset, bytes: Bytes(bytes) }
}

#[test]
fn a_chunk_out_of_order_is_refused_with_the_expected_offset() {
    let mut install = Install::new(RamSink::<64>::new());
    assert_eq!(install.chunk(&chunk(0, TEXT)), Err(LinkError::NoInstall {}));
    install.begin(&announced()).unwrap();
    install.chunk(&chunk(0, &TEXT[..5])).unwrap();
    for found in [0, 4, 6, u32::MAX] {
        let refused = install.chunk(&chunk(found, &TEXT[5..]));
        assert_eq!(refused, Err(LinkError::Offset { found, expected: 5 }));
        assert_eq!(refused.unwrap_err().detail(), 5);
    }
    let long = install.chunk(&chunk(5, &[0; 8]));
    assert_eq!(long, Err(LinkError::ChunkTooLong { end: 13, total: 12 }));
    assert_eq!(install.progress().unwrap().next_offset, 5);
}

#[test]
fn what_cant_be_isnt_begun() {
    let mut install = Install::new(RamSink::<64>::new());
    for (total, manifest, refused) in [
        (0, 0, LinkError::Lengths { manifest: 0, total: 0 }),
        (9, 9, LinkError::Lengths { manifest: 9, total: 9 }),
        (9, u32::MAX, LinkError::Lengths { manifest: u32::MAX, total: 9 }),
        (65, 0, LinkError::InstallTooLarge { found: 65, allowed: 64 }),
        (u32::MAX, 0, LinkError::InstallTooLarge { found: u32::MAX, allowed: 64 }),
    ] {
        let wrong = Announced { total_bytes: total, manifest_bytes: manifest, ..announced() };
        assert_eq!(install.begin(&wrong), Err(refused));
        assert_eq!(install.progress(), None);
    }
}

#[test]
fn an_install_goes_on_where_it_was_if_it_is_begun_the_same() {
    let mut install = Install::new(RamSink::<64>::new());
    install.begin(&announced()).unwrap();
    install.chunk(&chunk(0, &TEXT[..5])).unwrap();
    assert_eq!(install.begin(&announced()).unwrap().next_offset, 5);
    let other = Announced { sha256: [1; 32], ..announced() };
    assert_eq!(install.begin(&other), Err(LinkError::OtherInstall {}));
    install.abort();
    assert_eq!(install.begin(&other).unwrap().next_offset, 0);
}

#[test]
fn a_commit_too_early_or_of_other_bytes_loads_nothing() {
    let mut install = Install::new(RamSink::<64>::new());
    let load = |_: &mut RamSink<64>, _: &Announced| panic!("it isn't whole");
    assert_eq!(install.commit(load), Err(LinkError::NoInstall {}));
    install.begin(&announced()).unwrap();
    install.chunk(&chunk(0, &TEXT[..11])).unwrap();
    let early = install.commit(load);
    assert_eq!(early, Err(LinkError::Incomplete { written: 11, total: 12 }));
    install.chunk(&chunk(11, b"y")).unwrap();
    assert_eq!(install.commit(load), Err(LinkError::OtherHash {}));
    assert_eq!(install.progress(), None);
}

/// Flash that breaks: it refuses some writes, or keeps other bytes than it was given.
struct Worn {
    ram: RamSink<64>,
    refuses: bool,
    forgets: bool,
    discards: u32,
}

impl Sink for Worn {
    fn capacity_bytes(&self) -> u32 {
        64
    }

    fn begin(&mut self, announced: &Announced) -> Result<(), LinkError> {
        self.ram.begin(announced)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), LinkError> {
        if self.refuses {
            return Err(LinkError::Storage {});
        }
        let mut bytes = bytes.to_vec();
        bytes[0] ^= u8::from(self.forgets);
        self.ram.write(offset, &bytes)
    }

    fn read(&self, total_bytes: u32, show: &mut dyn FnMut(&[u8])) -> Result<(), LinkError> {
        self.ram.read(total_bytes, &mut |bytes| bytes.chunks(5).for_each(&mut *show))
    }

    fn discard(&mut self) {
        self.discards += 1;
    }
}

#[test]
fn storage_that_fails_commits_nothing_and_may_be_tried_again() {
    let worn = |refuses, forgets| Worn { ram: RamSink::new(), refuses, forgets, discards: 0 };
    let mut install = Install::new(worn(true, false));
    install.begin(&announced()).unwrap();
    assert_eq!(install.chunk(&chunk(0, TEXT)), Err(LinkError::Storage {}));
    assert_eq!(install.progress().unwrap().next_offset, 0);

    let mut install = Install::new(worn(false, true));
    install.begin(&announced()).unwrap();
    install.chunk(&chunk(0, TEXT)).unwrap();
    assert_eq!(install.commit(|_, _| ()), Err(LinkError::OtherHash {}));
    assert_eq!(install.sink().discards, 1);

    let mut install = Install::new(worn(false, false));
    install.begin(&announced()).unwrap();
    install.chunk(&chunk(0, TEXT)).unwrap();
    let parts = install.commit(|worn, announced| {
        let (manifest, module) = worn.ram.parts(announced);
        (manifest.to_vec(), module.to_vec())
    });
    assert_eq!(parts.unwrap(), (TEXT[..2].to_vec(), TEXT[2..].to_vec()));
    assert_eq!(install.sink().discards, 1);
    assert_eq!(install.progress(), None);
}

#[test]
fn a_record_of_an_install_is_believed_if_it_can_be_true() {
    let progress = Progress { announced: announced(), next_offset: 5 };
    let install = Install::resumed(RamSink::<64>::new(), progress);
    assert_eq!(install.progress(), Some(progress));
    let beyond = Progress { next_offset: 13, ..progress };
    assert_eq!(Install::resumed(RamSink::<64>::new(), beyond).progress(), None);
    assert_eq!(Install::resumed(RamSink::<8>::new(), progress).progress(), None);
}

#[test]
fn an_install_is_resumed_in_another_session_after_a_break() {
    let (mut bench, plugin) = Bench::with_plugin();
    let (announced, bytes) = package(Target::Plugin(plugin), "2.0.0");
    let mut progress = None;
    for _ in 0..3 {
        let request = announced.next_request(&bytes, progress, 100);
        let Reply::Progress(next) = reply(&bench.ask(&request).unwrap()) else { panic!() };
        progress = next;
    }
    bench.describe().unwrap();
    assert_eq!(bench.status().unwrap().unwrap().next_offset, 200);
    assert_eq!(code(&bench.ask(&Request::Commit).unwrap()), "N09");
    assert_eq!(bench.who(plugin), "1.0.0");
    let before = bench.device.done;
    bench.install(Target::Plugin(plugin), "2.0.0").unwrap();
    let requests = (bytes.len() - 200).div_ceil(200) + 2;
    assert_eq!((bench.device.done - before) as usize, requests, "none was sent twice");
    assert_eq!(bench.who(plugin), "2.0.0");
}

#[test]
fn another_install_goes_first_only_after_an_abort() {
    let (mut bench, plugin) = Bench::with_plugin();
    let (other, _) = package(Target::Plugin(plugin), "3.0.0");
    bench.ask(&Request::Begin(other)).unwrap();
    let refused = bench.install(Target::Plugin(plugin), "2.0.0");
    assert!(format!("{refused:?}").contains("N13"));
    assert_eq!(reply(&bench.ask(&Request::Abort).unwrap()), Reply::Done);
    bench.install(Target::Plugin(plugin), "2.0.0").unwrap();
    assert_eq!(bench.who(plugin), "2.0.0");
}

proptest! {
    #[test]
    fn whatever_chunks_come_only_the_announced_bytes_are_loaded(
        asks in prop::collection::vec((0_u32..14, 0_usize..14, any::<bool>(), 0_u8..8), 1..40)
    ) {
        let mut install = Install::new(RamSink::<64>::new());
        install.begin(&announced()).unwrap();
        let mut wrong = false;
        for (offset, length, honest, ask) in asks {
            let start = (offset as usize).min(TEXT.len());
            let end = (start + length).min(TEXT.len());
            let mut bytes = TEXT[start..end].to_vec();
            if !honest && let Some(byte) = bytes.last_mut() {
                *byte ^= 1;
            }
            if ask == 0 {
                let loaded = install.commit(|ram, announced| ram.parts(announced).1.to_vec());
                if let Ok(module) = loaded {
                    prop_assert!(!wrong);
                    prop_assert_eq!(&module, &TEXT[2..]);
                }
                if install.progress().is_none() {
                    wrong = false;
                    install.begin(&announced()).unwrap();
                }
            } else if install.chunk(&chunk(offset, &bytes)).is_ok() {
                wrong |= !honest && !bytes.is_empty();
            }
        }
    }
}
