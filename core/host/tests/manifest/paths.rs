//! Which paths are taken, and what a granted path grants.

use ampoule::manifest::{MAX_PATH_BYTES, PathError as E, PathRule, PlainPath};

#[test]
fn a_grant_holds_what_lies_below_it_and_nothing_else() {
    for (grant, path, granted) in [
        ("/data", "/data", true),
        ("/data", "/data/", true),
        ("/data", "/data/today", true),
        ("/data", "/data/today/1.txt", true),
        ("/data", "/data/./today", true),
        ("/data", "/data//today", true),
        ("/data", "/./data/x", true),
        ("/data/", "/data", true),
        ("/data/", "/data/x", true),
        ("/data//", "/data/x", true),
        ("/./data/.", "/data/x", true),
        ("/data", "/database", false),
        ("/data", "/data.txt", false),
        ("/data", "/dat", false),
        ("/data", "/", false),
        ("/data", "/other/data", false),
        ("/data", "data", false),
        ("/data", "data/x", false),
        ("/data", "/DATA/x", false),
        ("/data", "/Data", false),
        ("/data", "/data./x", false),
        ("/data", "/data /x", false),
        ("/data", "/%64ata/x", false),
        ("/data", "/ｄata", false),
        ("/data/a", "/data", false),
        ("/data/a", "/data/ab", false),
        ("/data/a", "/data/a/b", true),
        ("/", "/", true),
        ("/", "/anything/at/all", true),
        ("/", "anything", false),
        (".", ".", true),
        (".", "cache/x", true),
        (".", "./cache", true),
        (".", "/cache", false),
        ("cache", "cache/x", true),
        ("cache", "./cache/x", true),
        ("./cache/", "cache", true),
        ("cache", "cached", false),
        ("cache", "/cache", false),
        ("cache", ".", false),
        ("été", "été/x", true),
        // The same to the eye, other bytes: e and a combining accent.
        ("été", "e\u{301}te\u{301}/x", false),
        ("a b", "a b/c", true),
        ("/data", "/data/...x", true),
        ("/data", "/data/.hidden", true),
        ("/data", "/data/a..b", true),
        ("/data", "/data/C:", true),
        ("/data", "/data/*", true),
    ] {
        let rule = PathRule::parse(grant).unwrap();
        let path = PlainPath::parse(path).unwrap();
        assert_eq!(rule.allows(&path), granted, "{grant} {path:?}");
    }
}

#[test]
fn paths_with_tricks_are_refused() {
    let long = "a/".repeat(MAX_PATH_BYTES / 2) + "b";
    for (path, error) in [
        ("", E::Empty {}),
        (&long, E::TooLong { found: long.len(), allowed: MAX_PATH_BYTES }),
        ("/data\0", E::Unprintable {}),
        ("/data/\0/x", E::Unprintable {}),
        ("/data\n", E::Unprintable {}),
        ("/data/\u{202e}txt", E::Unprintable {}),
        ("\\data", E::Backslash {}),
        ("/data\\..\\x", E::Backslash {}),
        ("\\\\server\\share", E::Backslash {}),
        ("C:", E::Drive {}),
        ("C:/data", E::Drive {}),
        ("c:data", E::Drive {}),
        ("//server/share", E::DoubleSlash {}),
        ("//", E::DoubleSlash {}),
        ("..", E::Dots {}),
        ("../x", E::Dots {}),
        ("/..", E::Dots {}),
        ("/data/..", E::Dots {}),
        ("/data/../data", E::Dots {}),
        ("/data/x/../../etc", E::Dots {}),
        ("/data/...", E::Dots {}),
        ("/data/.. /x", E::Dots {}),
        ("/data/. ", E::Dots {}),
        ("/data/ /x", E::Dots {}),
        ("/data/ ..", E::Dots {}),
    ] {
        assert_eq!(PlainPath::parse(path), Err(error.clone()), "{path:?}");
        assert_eq!(PathRule::parse(path), Err(error.clone()), "{path:?}");
        assert_eq!(PathRule::parse_ceiling(path), Err(error), "{path:?}");
    }
}

#[test]
fn wildcards_are_refused_in_grants_but_the_owners_star() {
    for path in ["*", "/*", "/data/*", "/data/**", "*.txt"] {
        assert_eq!(PathRule::parse(path), Err(E::Wildcard {}), "{path}");
        assert_eq!(PathRule::parse_ceiling(path).is_ok(), path == "*", "{path}");
    }
    let every = PathRule::parse_ceiling("*").unwrap();
    for path in ["/", ".", "/etc/passwd", "a/b"] {
        assert!(every.allows(&PlainPath::parse(path).unwrap()));
    }
}

#[test]
fn components_are_what_is_left() {
    for (path, absolute, components) in [
        ("/", true, &[][..]),
        (".", false, &[]),
        ("/a//b/./c/", true, &["a", "b", "c"]),
        ("./a", false, &["a"]),
    ] {
        let path = PlainPath::parse(path).unwrap();
        assert_eq!(path.is_absolute(), absolute);
        assert_eq!(path.components().collect::<Vec<_>>(), components);
    }
}
