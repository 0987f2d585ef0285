//! The functions of WASI preview 1 with their types: the closed list that admission knows.

use crate::inspect::ValueType;

/// A function of `wasi_snapshot_preview1`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declared {
    pub(crate) function: Function,
    pub(crate) name: &'static str,
    pub(crate) params: &'static [ValueType],
}

impl Declared {
    /// What it answers: an error number, or nothing where it doesn't return.
    pub(crate) const fn results(&self) -> &'static [ValueType] {
        match self.function {
            Function::ProcExit => &[],
            _ => &[ValueType::I32],
        }
    }
}

/// The most parameters of a function.
pub(crate) const MAX_PARAMS: usize = 9;

macro_rules! functions {
    ($( $Function:ident $name:literal ($($param:ident)*) )*) => {
        /// Which function.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Function { $( $Function, )* }

        /// All of them, as the specification's witx file declares them.
        pub(crate) const TABLE: &[Declared] = &[ $( Declared {
            function: Function::$Function,
            name: $name,
            params: &[$( ValueType::$param, )*],
        }, )* ];
    };
}

functions! {
    ArgsGet "args_get" (I32 I32)
    ArgsSizesGet "args_sizes_get" (I32 I32)
    EnvironGet "environ_get" (I32 I32)
    EnvironSizesGet "environ_sizes_get" (I32 I32)
    ClockResGet "clock_res_get" (I32 I32)
    ClockTimeGet "clock_time_get" (I32 I64 I32)
    FdAdvise "fd_advise" (I32 I64 I64 I32)
    FdAllocate "fd_allocate" (I32 I64 I64)
    FdClose "fd_close" (I32)
    FdDatasync "fd_datasync" (I32)
    FdFdstatGet "fd_fdstat_get" (I32 I32)
    FdFdstatSetFlags "fd_fdstat_set_flags" (I32 I32)
    FdFdstatSetRights "fd_fdstat_set_rights" (I32 I64 I64)
    FdFilestatGet "fd_filestat_get" (I32 I32)
    FdFilestatSetSize "fd_filestat_set_size" (I32 I64)
    FdFilestatSetTimes "fd_filestat_set_times" (I32 I64 I64 I32)
    FdPread "fd_pread" (I32 I32 I32 I64 I32)
    FdPrestatGet "fd_prestat_get" (I32 I32)
    FdPrestatDirName "fd_prestat_dir_name" (I32 I32 I32)
    FdPwrite "fd_pwrite" (I32 I32 I32 I64 I32)
    FdRead "fd_read" (I32 I32 I32 I32)
    FdReaddir "fd_readdir" (I32 I32 I32 I64 I32)
    FdRenumber "fd_renumber" (I32 I32)
    FdSeek "fd_seek" (I32 I64 I32 I32)
    FdSync "fd_sync" (I32)
    FdTell "fd_tell" (I32 I32)
    FdWrite "fd_write" (I32 I32 I32 I32)
    PathCreateDirectory "path_create_directory" (I32 I32 I32)
    PathFilestatGet "path_filestat_get" (I32 I32 I32 I32 I32)
    PathFilestatSetTimes "path_filestat_set_times" (I32 I32 I32 I32 I64 I64 I32)
    PathLink "path_link" (I32 I32 I32 I32 I32 I32 I32)
    PathOpen "path_open" (I32 I32 I32 I32 I32 I64 I64 I32 I32)
    PathReadlink "path_readlink" (I32 I32 I32 I32 I32 I32)
    PathRemoveDirectory "path_remove_directory" (I32 I32 I32)
    PathRename "path_rename" (I32 I32 I32 I32 I32 I32)
    PathSymlink "path_symlink" (I32 I32 I32 I32 I32)
    PathUnlinkFile "path_unlink_file" (I32 I32 I32)
    PollOneoff "poll_oneoff" (I32 I32 I32 I32)
    ProcExit "proc_exit" (I32)
    ProcRaise "proc_raise" (I32)
    SchedYield "sched_yield" ()
    RandomGet "random_get" (I32 I32)
    SockAccept "sock_accept" (I32 I32 I32)
    SockRecv "sock_recv" (I32 I32 I32 I32 I32 I32)
    SockSend "sock_send" (I32 I32 I32 I32 I32)
    SockShutdown "sock_shutdown" (I32 I32)
}

/// The function called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Declared> {
    TABLE.iter().find(|declared| declared.name == name)
}

#[cfg(test)]
mod tests {
    use super::{MAX_PARAMS, TABLE};
    use std::{format, string::String, vec::Vec};

    const PAGE: &str = include_str!("../../../../../docs/wasi.md");

    #[test]
    fn the_page_tells_every_function_and_its_type() {
        let told: Vec<_> = PAGE
            .lines()
            .filter(|line| line.starts_with("| `") && line.contains("` | ("))
            .map(|line| {
                line.split('|').skip(1).take(2).map(str::trim).collect::<Vec<_>>().join(" ")
            })
            .collect();
        let known: Vec<_> = TABLE
            .iter()
            .map(|it| {
                let params: Vec<_> = it.params.iter().map(|ty| format!("{ty}")).collect();
                let result = if it.results().is_empty() { String::new() } else { " -> i32".into() };
                format!("`{}` ({}){result}", it.name, params.join(" "))
            })
            .collect();
        assert_eq!(told, known);
    }

    #[test]
    fn no_function_is_there_twice_or_has_too_many_parameters() {
        for (at, declared) in TABLE.iter().enumerate() {
            assert!(TABLE[..at].iter().all(|other| other.name != declared.name));
            assert!(declared.params.len() <= MAX_PARAMS);
        }
    }
}
