//! What goes wrong with a server, and with a request to it.

ampoule::errors! {
    /// Why a server can't start, or ended.
    pub enum ServeError {
        Address { given: String } = "T01",
            "\"{given}\" is not an address with a port, nor unix: with a path",
            "write 127.0.0.1:7117, [::1]:7117 or unix:/run/ampoule.sock; names such as localhost are not looked up";
        Exposed { address: String } = "T02",
            "{address} can be reached from other computers, and no token is set",
            "listen on 127.0.0.1, on [::1] or on a unix socket; or give a token by --token-file or AMPOULE_TOKEN";
        Listen { address: String, reason: String } = "T03",
            "{address} can't be listened on: {reason}",
            "look for a server that has this port, and for the right to use it; port 0 takes one that is free";
        SocketInUse { path: String } = "T04",
            "somebody listens on {path}",
            "stop that server, or listen on another path";
        NotSocket { path: String } = "T05",
            "{path} is there, and is no socket",
            "remove it if nobody needs it, or listen on another path";
        Token { reason: &'static str } = "T06",
            "the token {reason}",
            "give one line of 16 to 1024 letters, digits and signs of ASCII, such as `openssl rand -hex 32` prints";
        Start { reason: String } = "T07",
            "the server can't be started: {reason}",
            "look at how many threads and files this user may have";
        Ended {} = "T08",
            "the thread that runs the plugins has ended by itself",
            "start the server again, and report what the log says of it";
    }
}

ampoule::errors! {
    /// Why a server refuses a request.
    pub enum RequestError {
        Token {} = "R01",
            "the request has no token, or not this server's",
            "send the header Authorization: Bearer TOKEN once";
        Host {} = "R02",
            "the header Host doesn't name this computer",
            "use 127.0.0.1, [::1] or localhost in the URL; for other names start the server with a token";
        Page {} = "R03",
            "the request comes from a web page",
            "call from a program; to serve pages start the server with a token, which no page can guess";
        NoEndpoint { path: String } = "R04",
            "there is nothing at {path}",
            "docs/serving.md lists the endpoints";
        Method { method: String, path: String } = "R05",
            "{path} doesn't take {method}",
            "the header Allow tells what it takes";
        Path {} = "R06",
            "the path has escapes that aren't UTF-8",
            "write names as UTF-8, with what isn't a letter, digit, '-', '_' or '.' as %XX";
        NoPlugin { name: String } = "R07",
            "no plugin called {name} is loaded",
            "GET /v1/plugins lists those that are; if its files are there, GET /v1/events tells why it isn't";
        BodyTooLarge { allowed: usize } = "R08",
            "the body has more than {allowed} bytes",
            "send less, or start the server with a higher --body-limit";
        BodyTooSlow { millis: u128 } = "R09",
            "the body didn't come within {millis} ms",
            "send it at once, or start the server with a higher --read-time";
        BodyCut {} = "R10",
            "the body ended too early, or its chunks are malformed",
            "send as many bytes as Content-Length says";
        Body { reason: String } = "R11",
            "the body is no request: {reason}",
            "send JSON: an object with request_id (a text), headers and parameters (objects of texts), each of which may be left out";
        Busy {} = "R12",
            "the server has as many requests under way as it takes",
            "try again after Retry-After, or start the server with a higher --max-calls or --max-connections";
        Stopping {} = "R13",
            "the server stops",
            "start it again, and send the request once more if it may be done twice";
        Time { millis: u128 } = "R14",
            "the request wasn't done within {millis} ms, and was cancelled",
            "let the plugin do less per call, or start the server with a higher --request-time";
        Unwritable { reason: String } = "R15",
            "the outcome can't be written as JSON: {reason}",
            "report the plugin and its inputs: this should not happen";
    }
}
