//! Kept values.

use super::*;

fn set(kv: &mut dyn Service, caller: Caller<'_>, key: &str, value: &[u8]) -> Reply {
    // A slice of u8 is written as bytes are: its length, then itself.
    ask(kv, caller, "set", &bytes(&(key, value)))
}

fn get(kv: &mut dyn Service, caller: Caller<'_>, key: &str) -> Reply {
    ask(kv, caller, "get", &bytes(key))
}

fn delete(kv: &mut dyn Service, caller: Caller<'_>, key: &str) -> Reply {
    ask(kv, caller, "delete", &bytes(key))
}

fn keys(kv: &mut dyn Service, caller: Caller<'_>, prefix: &str) -> Vec<String> {
    let reply = ask(kv, caller, "keys", &bytes(prefix)).unwrap();
    Vec::<String>::decode(&reply).unwrap()
}

#[test]
fn a_value_is_kept_replaced_and_forgotten() {
    let mut kv = kv(Quota::MICRO);
    assert_eq!(get(&mut kv, ME, "a"), NOT_FOUND);
    assert_eq!(delete(&mut kv, ME, "a"), NOT_FOUND);
    for value in [&b"one"[..], b"", &[0; 1024], b"\xff\x00"] {
        assert_eq!(set(&mut kv, ME, "a", value), done());
        assert_eq!(get(&mut kv, ME, "a"), Ok(value.to_vec()));
    }
    assert_eq!(delete(&mut kv, ME, "a"), done());
    assert_eq!(delete(&mut kv, ME, "a"), NOT_FOUND);
    assert_eq!(get(&mut kv, ME, "a"), NOT_FOUND);
    assert_eq!(keys(&mut kv, ME, ""), [""; 0]);
}

#[test]
fn keys_and_values_that_are_too_long_or_can_not_be_shown_are_refused() {
    let mut kv = kv(Quota::MICRO);
    let (longest, too_long) = ("k".repeat(64), "k".repeat(65));
    assert_eq!(set(&mut kv, ME, &longest, b"v"), done());
    assert_eq!(get(&mut kv, ME, &longest), Ok(b"v".to_vec()));
    for key in ["", &too_long, "a\0b", "a\nb", "\u{202e}", &"€".repeat(22), &"x".repeat(60_000)] {
        assert_eq!(set(&mut kv, ME, key, b"v"), INVALID, "{key:?}");
        assert_eq!(get(&mut kv, ME, key), INVALID, "{key:?}");
        assert_eq!(delete(&mut kv, ME, key), INVALID, "{key:?}");
    }
    assert_eq!(ask(&mut kv, ME, "keys", &bytes(&*too_long)), INVALID);
    assert_eq!(set(&mut kv, ME, "v", &[0; 1025]), INVALID);
    assert_eq!(ask(&mut kv, ME, "get", &[2, 0xc3, 0x28]), INVALID, "not UTF-8");
    // Lengths that reach beyond the request, up to a whole u64.
    for lie in
        [&[2, b'a'][..], b"\xff\xff\xff\xff\x0fa", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01a"]
    {
        for operation in ["get", "delete", "keys"] {
            assert_eq!(ask(&mut kv, ME, operation, lie), INVALID);
        }
        let value = [&[1, b'a'], lie].concat();
        assert_eq!(ask(&mut kv, ME, "set", &value), INVALID);
    }
    assert_eq!(keys(&mut kv, ME, ""), [longest]);
}

#[test]
fn two_plugins_never_see_each_others_keys() {
    let mut kv = kv(Quota::MICRO);
    // Pairs that would meet if name and key were only put together.
    let (short, long) = (Caller { plugin: "a", ..ME }, Caller { plugin: "ab", ..ME });
    set(&mut kv, short, "bc", b"short").unwrap();
    assert_eq!(get(&mut kv, long, "c"), NOT_FOUND);
    set(&mut kv, long, "c", b"long").unwrap();
    set(&mut kv, long, "bc", b"third").unwrap();
    assert_eq!(get(&mut kv, short, "bc"), Ok(b"short".to_vec()));
    assert_eq!((keys(&mut kv, short, ""), keys(&mut kv, long, "").len()), (vec!["bc".into()], 2));
    assert_eq!(delete(&mut kv, short, "c"), NOT_FOUND);
    assert_eq!(delete(&mut kv, short, "bc"), done());
    assert_eq!(get(&mut kv, long, "bc"), Ok(b"third".to_vec()));
    assert_eq!(keys(&mut kv, Caller { plugin: "abc", ..ME }, ""), [""; 0]);
}

#[test]
fn a_scope_holds_its_keys_and_those_below_it() {
    let mut kv = kv(Quota::MICRO);
    let scoped = |scope| Caller { scope, ..ME };
    for key in
        ["led", "led/red", "led/a/b", "ledger", "le", "x/led", "led\\x", "Led", "led/../x", "/led"]
    {
        set(&mut kv, ME, key, b"all").unwrap();
    }
    for scope in ["led", "led/", "./led"] {
        for key in ["led", "led/red", "led/a/b"] {
            assert_eq!(set(&mut kv, scoped(scope), key, b"mine"), done(), "{scope} {key}");
            assert_eq!(get(&mut kv, scoped(scope), key), Ok(b"mine".to_vec()), "{scope} {key}");
        }
        for key in ["ledger", "le", "x/led", "led\\x", "Led", "led/../x", "/led", "other"] {
            assert_eq!(set(&mut kv, scoped(scope), key, b"mine"), NOT_GRANTED, "{scope} {key}");
            assert_eq!(get(&mut kv, scoped(scope), key), NOT_GRANTED, "{scope} {key}");
            assert_eq!(delete(&mut kv, scoped(scope), key), NOT_GRANTED, "{scope} {key}");
        }
        assert_eq!(keys(&mut kv, scoped(scope), ""), ["led", "led/a/b", "led/red"]);
        assert_eq!(keys(&mut kv, scoped(scope), "led/"), ["led/a/b", "led/red"]);
        assert_eq!(keys(&mut kv, scoped(scope), "ledg"), [""; 0]);
    }
    assert_eq!(get(&mut kv, ME, "ledger"), Ok(b"all".to_vec()));
    assert_eq!(keys(&mut kv, scoped(".."), ""), [""; 0], "a scope that is no path holds nothing");
}

#[test]
fn a_quota_holds_to_the_entry_and_to_the_byte() {
    let mut kv = kv(Quota { entries: 3, bytes: 30, value_bytes: 20 });
    assert_eq!(set(&mut kv, ME, "a", &[1; 20]), done(), "21 of 30 bytes");
    assert_eq!(set(&mut kv, ME, "b", &[1; 21]), INVALID, "longer than a value may be");
    assert_eq!(set(&mut kv, ME, "b", &[1; 9]), BUSY, "31 bytes");
    assert_eq!(get(&mut kv, ME, "b"), NOT_FOUND);
    assert_eq!(set(&mut kv, ME, "b", &[1; 8]), done(), "30 bytes");
    assert_eq!(set(&mut kv, ME, "c", &[]), BUSY, "a key counts too");
    assert_eq!(set(&mut kv, ME, "b", &[2; 9]), BUSY);
    assert_eq!(get(&mut kv, ME, "b"), Ok(vec![1; 8]), "what doesn't fit changes nothing");
    assert_eq!(set(&mut kv, ME, "b", &[3; 8]), done(), "as long as before");
    assert_eq!(set(&mut kv, ME, "b", &[]), done());
    assert_eq!(set(&mut kv, ME, "c", &[]), done());
    assert_eq!(set(&mut kv, ME, "d", &[]), BUSY, "a fourth entry");
    assert_eq!(set(&mut kv, OTHER, "d", &[4; 20]), done(), "each plugin has a quota of its own");
    assert_eq!(delete(&mut kv, ME, "a"), done());
    assert_eq!(set(&mut kv, ME, "d", &[4; 20]), done());
    assert_eq!(keys(&mut kv, ME, ""), ["b", "c", "d"]);
}

#[test]
fn the_store_is_bounded_for_all_plugins_together() {
    let mut kv = Kv::new(MemoryStore::new(2, 10), Quota::MICRO);
    assert_eq!(set(&mut kv, ME, "a", &[1; 7]), done());
    assert_eq!(set(&mut kv, OTHER, "b", &[1; 2]), BUSY, "11 bytes");
    assert_eq!(set(&mut kv, OTHER, "b", &[1]), done());
    assert_eq!(set(&mut kv, OTHER, "b", &[1, 2]), BUSY);
    assert_eq!(set(&mut kv, OTHER, "b", &[]), done());
    assert_eq!(set(&mut kv, Caller { plugin: "third", ..ME }, "c", &[]), BUSY, "a third entry");
    assert_eq!(delete(&mut kv, ME, "a"), done());
    assert_eq!(set(&mut kv, Caller { plugin: "third", ..ME }, "c", &[9; 8]), done());
}

#[test]
fn ten_thousand_keys_are_no_more_than_the_quota() {
    let mut kv = kv(Quota { entries: u32::MAX, ..Quota::WORKSTATION });
    let kept = (0..10_000).filter(|at| set(&mut kv, ME, &format!("key{at}"), b"v").is_ok()).count();
    assert_eq!(kept, MAX_ENTRIES as usize);
    assert_eq!(keys(&mut kv, ME, "").len(), kept);
    let sorted = keys(&mut kv, ME, "key1");
    assert!(sorted.is_sorted() && sorted.iter().all(|key| key.starts_with("key1")));
    let forgotten =
        (0..10_000).filter(|at| delete(&mut kv, ME, &format!("key{at}")).is_ok()).count();
    assert_eq!((forgotten, keys(&mut kv, ME, "").len()), (kept, 0));
}

#[test]
fn what_the_store_in_ram_takes_from_the_heap_is_bounded() {
    let mut kv = Kv::new(MemoryStore::new(1000, 20_000), Quota::WORKSTATION);
    let requests: Vec<_> =
        (0..10_000).map(|at| bytes(&(&*format!("{at}"), &[7_u8; 9][..]))).collect();
    let set = |kv: &mut Kv<_>| {
        let mut set = |request: &Vec<u8>| kv.message(&ME, 1, request, &mut []).is_ok();
        requests.iter().filter(|request| set(request)).count()
    };
    let mut kept = 0;
    let taken = allocation_counter::measure(|| kept = set(&mut kv));
    assert_eq!(kept, 1000);
    assert!(taken.bytes_max <= 20_000 + 1000 * 120, "{taken:?}");
    let again = allocation_counter::measure(|| kept = set(&mut kv));
    assert_eq!((kept, again.bytes_current), (1000, 0), "{again:?}");
}

#[test]
fn plugins_that_come_and_go_leave_nothing_behind() {
    let mut kv = kv(Quota::MICRO);
    let left = allocation_counter::measure(|| {
        for at in 0..10_000 {
            let caller = Caller { plugin: &format!("plugin{at}"), ..ME };
            set(&mut kv, caller, "key", b"value").unwrap();
            delete(&mut kv, caller, "key").unwrap();
        }
    });
    assert!(left.bytes_current < 1000, "{left:?}");
}

#[test]
fn a_quota_that_became_smaller_lets_values_shrink() {
    let mut store = MemoryStore::new(10, 1000);
    for (key, value) in [("a", &[1; 50][..]), ("b", &[2; 50])] {
        store.set("me", key, value).unwrap();
    }
    let mut kv = Kv::new(store, Quota { entries: 1, bytes: 20, value_bytes: 100 });
    assert_eq!(set(&mut kv, ME, "a", &[3; 51]), BUSY);
    assert_eq!(set(&mut kv, ME, "c", &[]), BUSY);
    assert_eq!(set(&mut kv, ME, "a", &[3; 50]), done());
    assert_eq!(set(&mut kv, ME, "a", &[3; 40]), done());
    assert_eq!(set(&mut kv, ME, "a", &[3; 41]), BUSY);
    assert_eq!(get(&mut kv, ME, "b"), Ok(vec![2; 50]));
}

#[test]
fn replies_that_do_not_fit_tell_their_length() {
    let mut kv = kv(Quota::MICRO);
    set(&mut kv, ME, "one", &[7; 10]).unwrap();
    set(&mut kv, ME, "other", &[7; 10]).unwrap();
    let all = [&[2, 3][..], b"one", &[5], b"other"].concat();
    for capacity in 0..12 {
        let fits = |reply: &[u8]| {
            let needs = format!("needs {}", reply.len()).into_bytes();
            Ok(if capacity >= reply.len() { reply.to_vec() } else { needs })
        };
        assert_eq!(ask_in(capacity, &mut kv, ME, "get", &bytes("one")), fits(&[7; 10]));
        assert_eq!(ask_in(capacity, &mut kv, ME, "keys", &bytes("o")), fits(&all));
        assert_eq!(ask_in(capacity, &mut kv, ME, "keys", &bytes("z")), fits(&[0]));
    }
}

/// A store that fails when told to, with a map to compare by.
#[derive(Default)]
struct Flaky {
    map: BTreeMap<(String, String), Vec<u8>>,
    fails: Arc<Mutex<bool>>,
}

impl Flaky {
    fn check(&self) -> Result<(), Status> {
        if *self.fails.lock().unwrap() { Err(Status::Failed) } else { Ok(()) }
    }
}

impl Store for Flaky {
    fn get(&mut self, plugin: &str, key: &str, out: &mut [u8]) -> Result<Option<usize>, Status> {
        self.check()?;
        let value = self.map.get(&(plugin.into(), key.into()));
        Ok(value.map(|value| {
            out.iter_mut().zip(value).for_each(|(to, from)| *to = *from);
            value.len()
        }))
    }

    fn set(&mut self, plugin: &str, key: &str, value: &[u8]) -> Result<(), Status> {
        self.check()?;
        self.map.insert((plugin.into(), key.into()), value.into());
        Ok(())
    }

    fn delete(&mut self, plugin: &str, key: &str) -> Result<bool, Status> {
        self.check()?;
        Ok(self.map.remove(&(plugin.into(), key.into())).is_some())
    }

    fn keys(
        &mut self,
        plugin: &str,
        prefix: &str,
        visit: &mut dyn FnMut(&str),
    ) -> Result<(), Status> {
        self.check()?;
        let own = self.map.keys().filter(|(owner, key)| owner == plugin && key.starts_with(prefix));
        own.for_each(|(_, key)| visit(key));
        Ok(())
    }

    fn stored(&mut self, plugin: &str) -> Result<Stored, Status> {
        self.check()?;
        let own = self.map.iter().filter(|((owner, _), _)| owner == plugin);
        Ok(own.fold(Stored::default(), |sum, ((_, key), value)| Stored {
            entries: sum.entries + 1,
            bytes: sum.bytes + key.len() + value.len(),
        }))
    }
}

#[test]
fn a_store_that_fails_is_told_as_it_is() {
    let store = Flaky::default();
    let fails = store.fails.clone();
    let mut kv = Kv::new(store, Quota::MICRO);
    set(&mut kv, ME, "a", b"v").unwrap();
    *fails.lock().unwrap() = true;
    let failed = Err(Status::Failed);
    assert_eq!(set(&mut kv, ME, "a", b"w"), failed);
    assert_eq!(get(&mut kv, ME, "a"), failed);
    assert_eq!(delete(&mut kv, ME, "a"), failed);
    assert_eq!(ask(&mut kv, ME, "keys", &[0]), failed);
    *fails.lock().unwrap() = false;
    assert_eq!(get(&mut kv, ME, "a"), Ok(b"v".to_vec()));
}

#[test]
fn the_store_in_ram_does_what_a_map_does() {
    let quota = Quota { entries: 8, bytes: 60, value_bytes: 12 };
    let (mut ram, mut map) = (kv(quota), Kv::new(Flaky::default(), quota));
    let mut random = Random::seeded(3);
    let mut draw = |below: u64| number(&mut random, 0, "u64").unwrap() as u64 % below;
    for step in 0..20_000 {
        let caller = if draw(2) == 0 { ME } else { OTHER };
        let key = ["a", "ab", "abc", "b", "b/c", "ba", "é", "z", "zz", "zzz"][draw(10) as usize];
        let value = vec![step as u8; draw(13) as usize];
        let (operation, request) = match draw(4) {
            0 => ("get", bytes(key)),
            1 => ("delete", bytes(key)),
            2 => ("keys", bytes(&key.chars().take(1).collect::<String>()[..])),
            _ => ("set", bytes(&(key, &value[..]))),
        };
        let (left, right) = (
            ask(&mut ram, caller, operation, &request),
            ask(&mut map, caller, operation, &request),
        );
        assert_eq!(left, right, "step {step}: {operation} {request:?}");
    }
}
