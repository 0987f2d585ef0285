//! What can go wrong with `ampoule watch` itself.

ampoule::errors! {
    /// Why `ampoule watch` wasn't carried out, or didn't take a line of its input.
    pub enum WatchCommandError {
        Line { line: u64, reason: String } = "V01",
            "line {line} isn't a call: {reason}",
            "write one JSON object a line, with \"plugin\" and, if need be, \"entry\", \"parameters\", \"headers\" and \"request_id\"; each value of parameters and headers is a string";
        LineTooLong { line: u64, allowed: usize } = "V02",
            "line {line} has more than {allowed} bytes",
            "end each call with a line feed, and keep it shorter";
        NotLoaded { name: String } = "V03",
            "there is no plugin called {name}",
            "look at the events: its manifest may be missing or refused; the name is the manifest's meta.name";
        Metrics { address: String, reason: String } = "V04",
            "metrics can't be served at {address}: {reason}",
            "give an address of this computer and a free port, such as 127.0.0.1:9184; port 0 takes a free one";
        System { what: &'static str, reason: String } = "V05",
            "{what}: {reason}",
            "run it with --plain, or where there is a terminal; if that isn't it, the system is short of something";
    }
}
