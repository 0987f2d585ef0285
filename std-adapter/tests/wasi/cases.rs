//! Calls by hand, and what they answer.

/// A body, what it exits with when all is granted, and when nothing is.
pub(crate) type Case = (&'static str, u32, u32);

const BADF: u32 = 8;
const NOTSUP: u32 = 58;
const NOTCAPABLE: u32 = 76;

/// Flags and rights of `path_open`.
macro_rules! open {
    ($path:literal $length:literal $flags:literal $rights:literal) => {
        concat!(
            "(call $open (i32.const ",
            $path,
            ") (i32.const ",
            $length,
            ") (i32.const ",
            $flags,
            ") (i64.const ",
            $rights,
            "))"
        )
    };
}

macro_rules! then {
    ($($call:literal),* => $last:literal) => {
        concat!($( "(call $ok ", $call, ")", )* $last)
    };
}

pub(crate) const PLAIN: &[Case] = &[
    // Arguments need no grant: "test", "one", "two".
    (then!("(call $args_sizes_get (i32.const 512) (i32.const 516))" => "(i32.load (i32.const 512))"), 3, 3),
    (then!("(call $args_sizes_get (i32.const 512) (i32.const 516))" => "(i32.load (i32.const 516))"), 13, 13),
    (then!("(call $args_get (i32.const 512) (i32.const 1024))" => "(i32.load (i32.const 516))"), 1029, 1029),
    (then!("(call $args_get (i32.const 512) (i32.const 1024))" => "(i32.load8_u (i32.const 1029))"), 111, 111),
    // "TZ=UTC" is granted, and alone.
    (then!("(call $environ_sizes_get (i32.const 512) (i32.const 516))" => "(i32.load (i32.const 512))"), 1, 0),
    (then!("(call $environ_sizes_get (i32.const 512) (i32.const 516))" => "(i32.load (i32.const 516))"), 7, 0),
    (then!("(call $environ_get (i32.const 512) (i32.const 1024))" => "(i32.load8_u (i32.const 1029))"), 67, 0),
    ("(call $clock_res_get (i32.const 0) (i32.const 512))", 0, NOTCAPABLE),
    ("(call $clock_res_get (i32.const 2) (i32.const 512))", 28, 28),
    ("(call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 512))", 0, NOTCAPABLE),
    ("(call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 512))", 0, NOTCAPABLE),
    ("(call $clock_time_get (i32.const 9) (i64.const 0) (i32.const 512))", 28, 28),
    (then!("(call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 512))" => "(i32.load (i32.const 512))"), 1_000_000_000, 0),
    (then!("(call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 512))" => "(i32.load (i32.const 512))"), 42_000, 0),
    ("(call $random_get (i32.const 512) (i32.const 4))", 0, NOTCAPABLE),
    (then!("(call $random_get (i32.const 512) (i32.const 4))" => "(i32.load (i32.const 512))"), 0x7b1d_cdaf, 0),
    (then!("(call $random_get (i32.const 512) (i32.const 4000))" => "(i32.ne (i32.load (i32.const 4508)) (i32.const 0))"), 1, 0),
    ("(call $sched_yield)", 0, 0),
    ("(call $proc_raise (i32.const 6))", 52, 52),
    ("(i32.const 300)", 300, 300),
    ("(i32.const -1)", u32::MAX, u32::MAX),
    // The standard streams.
    ("(call $fd_fdstat_get (i32.const 0) (i32.const 512))", 0, 0),
    (then!("(call $fd_fdstat_get (i32.const 1) (i32.const 512))" => "(i32.load8_u (i32.const 512))"), 2, 0),
    ("(call $fd_fdstat_get (i32.const 2) (i32.const 512))", 0, BADF),
    ("(call $fd_filestat_get (i32.const 1) (i32.const 512))", 0, BADF),
    ("(call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 512))", 0, 0),
    ("(call $fd_read (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 512))", BADF, BADF),
    ("(call $fd_write (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 512))", BADF, BADF),
    (then!("(call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 512))" => "(i32.load (i32.const 512))"), 64, 0),
    ("(call $fd_seek (i32.const 1) (i64.const 0) (i32.const 0) (i32.const 512))", 70, BADF),
    ("(call $fd_tell (i32.const 0) (i32.const 512))", 70, 70),
    ("(call $fd_close (i32.const 1))", 0, BADF),
    ("(call $fd_advise (i32.const 1) (i64.const 0) (i64.const 0) (i32.const 0))", 0, BADF),
    ("(call $sock_send (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 512))", 57, 57),
    ("(call $sock_shutdown (i32.const 9) (i32.const 0))", BADF, BADF),
    ("(call $fd_renumber (i32.const 0) (i32.const 5))", NOTSUP, NOTSUP),
    // Directories.
    ("(call $fd_prestat_get (i32.const 3) (i32.const 512))", 0, BADF),
    ("(call $fd_prestat_get (i32.const 4) (i32.const 512))", BADF, BADF),
    ("(call $fd_prestat_get (i32.const 0) (i32.const 512))", BADF, BADF),
    ("(call $fd_prestat_dir_name (i32.const 3) (i32.const 1024) (i32.const 1))", 37, BADF),
    ("(call $fd_prestat_dir_name (i32.const 3) (i32.const 1024) (i32.const 4096))", 0, BADF),
    (then!("(call $fd_prestat_dir_name (i32.const 3) (i32.const 1024) (i32.const 4096))" => "(i32.load8_u (i32.const 1024))"), 47, 0),
    (then!("(call $fd_fdstat_get (i32.const 3) (i32.const 512))" => "(i32.load8_u (i32.const 512))"), 3, 0),
    ("(call $path_create_directory (i32.const 3) (i32.const 24) (i32.const 3))", NOTSUP, BADF),
    ("(call $path_symlink (i32.const 16) (i32.const 1) (i32.const 3) (i32.const 24) (i32.const 3))", NOTSUP, BADF),
    ("(call $path_unlink_file (i32.const 3) (i32.const 16) (i32.const 1))", NOTSUP, BADF),
    ("(call $path_unlink_file (i32.const 0) (i32.const 16) (i32.const 1))", 54, 54),
    // Paths: x, new, sub, ../x, nothing, \ff, /x, sub/../x.
    ("(call $path_filestat_get (i32.const 3) (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 512))", 0, BADF),
    (then!("(call $path_filestat_get (i32.const 3) (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 512))" => "(i32.load (i32.const 544))"), 5, 0),
    (then!("(call $path_filestat_get (i32.const 3) (i32.const 1) (i32.const 32) (i32.const 3) (i32.const 512))" => "(i32.load8_u (i32.const 528))"), 3, 0),
    ("(call $path_filestat_get (i32.const 3) (i32.const 1) (i32.const 72) (i32.const 8) (i32.const 512))", 0, BADF),
    ("(call $path_filestat_get (i32.const 3) (i32.const 1) (i32.const 40) (i32.const 4) (i32.const 512))", NOTCAPABLE, BADF),
    ("(call $path_filestat_get (i32.const 3) (i32.const 1) (i32.const 48) (i32.const 7) (i32.const 512))", 44, BADF),
    ("(call $path_filestat_get (i32.const 3) (i32.const 1) (i32.const 56) (i32.const 1) (i32.const 512))", 25, BADF),
    ("(call $path_filestat_get (i32.const 3) (i32.const 1) (i32.const 64) (i32.const 2) (i32.const 512))", NOTCAPABLE, BADF),
    ("(call $path_filestat_get (i32.const 3) (i32.const 1) (i32.const 64) (i32.const 600) (i32.const 512))", 37, BADF),
    ("(call $path_filestat_get (i32.const 3) (i32.const 1) (i32.const 64) (i32.const 0) (i32.const 512))", 44, BADF),
    // Nothing is waited for.
    ("(call $poll_oneoff (i32.const 1024) (i32.const 2048) (i32.const 0) (i32.const 512))", 28, 28),
    ("(call $poll_oneoff (i32.const 1024) (i32.const 2048) (i32.const 1025) (i32.const 512))", 28, 28),
    (then!("(call $poll_oneoff (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 512))" => "(i32.load (i32.const 512))"), 1, 1),
    ("(i64.store (i32.const 1048) (i64.const 1)) (call $poll_oneoff (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 512))", NOTSUP, NOTSUP),
    // Until a time that is over; and one that is to come.
    ("(i32.store (i32.const 1040) (i32.const 1)) (i64.store (i32.const 1048) (i64.const 42000)) (i32.store (i32.const 1064) (i32.const 1))
      (call $ok (call $poll_oneoff (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 512))) (i32.load16_u (i32.const 2056))", 0, NOTCAPABLE),
    ("(i32.store (i32.const 1040) (i32.const 1)) (i64.store (i32.const 1048) (i64.const 42001)) (i32.store (i32.const 1064) (i32.const 1))
      (call $poll_oneoff (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 512))", NOTSUP, 0),
    ("(i32.store8 (i32.const 1032) (i32.const 3)) (call $poll_oneoff (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 512))", 28, 28),
];

/// With files open, so that they need the grant. Descriptor 4 is the first that is opened.
pub(crate) const FILES: &[(&str, u32)] = &[
    (open!(16 1 0 2), 4),
    (
        concat!(
            "(drop ",
            open!(16 1 0 2),
            ")",
            "(call $fd_filestat_get (i32.const 4) (i32.const 512))"
        ),
        0,
    ),
    (
        concat!(
            "(drop ",
            open!(16 1 0 2),
            ")",
            then!("(call $fd_read (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 512))" => "(i32.load (i32.const 512))")
        ),
        5,
    ),
    (
        concat!(
            "(drop ",
            open!(16 1 0 2),
            ")",
            then!("(call $fd_read (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 512))" => "(i32.load8_u (i32.const 1028))")
        ),
        111,
    ),
    (
        concat!(
            "(drop ",
            open!(16 1 0 2),
            ")",
            then!("(call $fd_pread (i32.const 4) (i32.const 0) (i32.const 1) (i64.const 4) (i32.const 512))" => "(i32.load8_u (i32.const 1024))")
        ),
        111,
    ),
    (
        concat!(
            "(drop ",
            open!(16 1 0 2),
            ")",
            then!("(call $fd_seek (i32.const 4) (i64.const -2) (i32.const 2) (i32.const 520))", "(call $fd_read (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 512))" => "(i32.load (i32.const 512))")
        ),
        2,
    ),
    (
        concat!(
            "(drop ",
            open!(16 1 0 2),
            ")",
            then!("(call $fd_seek (i32.const 4) (i64.const 9) (i32.const 0) (i32.const 520))", "(call $fd_read (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 512))" => "(i32.load (i32.const 512))")
        ),
        0,
    ),
    (
        concat!(
            "(drop ",
            open!(16 1 0 2),
            ")",
            then!("(call $fd_seek (i32.const 4) (i64.const 3) (i32.const 1) (i32.const 520))", "(call $fd_tell (i32.const 4) (i32.const 512))" => "(i32.load (i32.const 512))")
        ),
        3,
    ),
    (
        concat!(
            "(drop ",
            open!(16 1 0 2),
            ")",
            "(call $fd_seek (i32.const 4) (i64.const -1) (i32.const 0) (i32.const 520))"
        ),
        28,
    ),
    (
        concat!(
            "(drop ",
            open!(16 1 0 2),
            ")",
            "(call $fd_seek (i32.const 4) (i64.const 0) (i32.const 3) (i32.const 520))"
        ),
        28,
    ),
    (
        concat!(
            "(drop ",
            open!(16 1 0 2),
            ")",
            "(call $fd_write (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 512))"
        ),
        8,
    ),
    (concat!("(drop ", open!(16 1 0 2), ")", "(call $fd_sync (i32.const 4))"), 58),
    (
        concat!(
            "(drop ",
            open!(16 1 0 2),
            ")",
            "(call $fd_filestat_set_size (i32.const 4) (i64.const 0))"
        ),
        28,
    ),
    (
        concat!(
            "(drop ",
            open!(16 1 0 2),
            ")",
            then!("(call $fd_close (i32.const 4))" => "(call $fd_close (i32.const 4))")
        ),
        8,
    ),
    (
        concat!(
            "(drop ",
            open!(16 1 0 2),
            ")",
            "(call $fd_readdir (i32.const 4) (i32.const 1024) (i32.const 64) (i64.const 0) (i32.const 512))"
        ),
        54,
    ),
    (
        concat!(
            "(drop ",
            open!(16 1 0 2),
            ")",
            "(call $path_filestat_get (i32.const 4) (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 512))"
        ),
        54,
    ),
    // Writing: at the end, and nowhere else.
    (
        concat!(
            "(drop ",
            open!(16 1 0 66),
            ")",
            "(call $fd_write (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 512))"
        ),
        58,
    ),
    (
        concat!(
            "(drop ",
            open!(16 1 0 66),
            ")",
            then!("(call $fd_seek (i32.const 4) (i64.const 0) (i32.const 2) (i32.const 520))", "(call $fd_write (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 512))", "(call $fd_filestat_get (i32.const 4) (i32.const 512))" => "(i32.load (i32.const 544))")
        ),
        69,
    ),
    (
        concat!(
            "(drop ",
            open!(16 1 0 66),
            ")",
            then!("(call $fd_fdstat_set_flags (i32.const 4) (i32.const 1))", "(call $fd_write (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 512))" => "(i32.load (i32.const 512))")
        ),
        64,
    ),
    (
        concat!(
            "(drop ",
            open!(16 1 0 66),
            ")",
            "(call $fd_fdstat_set_flags (i32.const 4) (i32.const 32))"
        ),
        28,
    ),
    (
        concat!(
            "(drop ",
            open!(16 1 8 66),
            ")",
            then!("(call $fd_filestat_get (i32.const 4) (i32.const 512))" => "(i32.load (i32.const 544))")
        ),
        0,
    ),
    (
        concat!(
            "(drop ",
            open!(24 3 1 66),
            ")",
            then!("(call $fd_write (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 512))", "(call $fd_write (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 512))", "(call $fd_filestat_get (i32.const 4) (i32.const 512))" => "(i32.load (i32.const 544))")
        ),
        128,
    ),
    (
        concat!(
            "(drop ",
            open!(24 3 1 66),
            ")",
            then!("(call $fd_pwrite (i32.const 4) (i32.const 0) (i32.const 1) (i64.const 0) (i32.const 512))" => "(call $fd_pwrite (i32.const 4) (i32.const 0) (i32.const 1) (i64.const 0) (i32.const 512))")
        ),
        58,
    ),
    (
        concat!(
            "(drop ",
            open!(16 1 0 66),
            ")",
            then!("(call $fd_filestat_set_size (i32.const 4) (i64.const 5))", "(call $fd_filestat_set_size (i32.const 4) (i64.const 0))", "(call $fd_filestat_get (i32.const 4) (i32.const 512))" => "(i32.load (i32.const 544))")
        ),
        0,
    ),
    (
        concat!(
            "(drop ",
            open!(16 1 0 66),
            ")",
            "(call $fd_filestat_set_size (i32.const 4) (i64.const 3))"
        ),
        58,
    ),
    (
        concat!(
            "(drop ",
            open!(16 1 0 66),
            ")",
            "(call $fd_allocate (i32.const 4) (i64.const 0) (i64.const 9))"
        ),
        58,
    ),
    // Opening what is there, or not there, or something else.
    (
        "(call $path_open (i32.const 3) (i32.const 0) (i32.const 48) (i32.const 7) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 512))",
        44,
    ),
    (
        "(call $path_open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 5) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 512))",
        20,
    ),
    (
        "(call $path_open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 2) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 512))",
        54,
    ),
    (
        "(call $path_open (i32.const 3) (i32.const 0) (i32.const 32) (i32.const 3) (i32.const 0) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 512))",
        31,
    ),
    (
        "(call $path_open (i32.const 3) (i32.const 0) (i32.const 40) (i32.const 4) (i32.const 1) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 512))",
        76,
    ),
    (
        concat!(
            "(drop ",
            open!(32 3 2 2),
            ")",
            "(call $fd_read (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 512))"
        ),
        31,
    ),
    // The directory has "sub" and "x": 24 + 3 and 24 + 1 bytes.
    (
        then!("(call $fd_readdir (i32.const 3) (i32.const 1024) (i32.const 256) (i64.const 0) (i32.const 512))" => "(i32.load (i32.const 512))"),
        52,
    ),
    (
        then!("(call $fd_readdir (i32.const 3) (i32.const 1024) (i32.const 256) (i64.const 0) (i32.const 512))" => "(i32.load8_u (i32.const 1044))"),
        3,
    ),
    (
        then!("(call $fd_readdir (i32.const 3) (i32.const 1024) (i32.const 256) (i64.const 1) (i32.const 512))" => "(i32.load8_u (i32.const 1048))"),
        120,
    ),
    (
        then!("(call $fd_readdir (i32.const 3) (i32.const 1024) (i32.const 256) (i64.const 2) (i32.const 512))" => "(i32.load (i32.const 512))"),
        0,
    ),
    (
        then!("(call $fd_readdir (i32.const 3) (i32.const 1024) (i32.const 30) (i64.const 0) (i32.const 512))" => "(i32.load (i32.const 512))"),
        30,
    ),
    (
        then!("(call $fd_readdir (i32.const 3) (i32.const 1024) (i32.const 256) (i64.const -1) (i32.const 512))" => "(i32.load (i32.const 512))"),
        0,
    ),
];
