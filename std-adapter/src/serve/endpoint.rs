//! What a server may be asked.

/// Declares the endpoints once: for the router, and for whoever wants to list them.
macro_rules! endpoints {
    ($( $(#[$attr:meta])* $Variant:ident = $method:literal $path:literal; )*) => {
        /// One thing that a server may be asked. Names in braces stand for one part of a path.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Endpoint { $( $(#[$attr])* $Variant, )* }

        impl Endpoint {
            /// All there are.
            pub const ALL: &'static [Self] = &[ $( Self::$Variant, )* ];

            /// Its method.
            #[must_use]
            pub const fn method(self) -> &'static str {
                match self { $( Self::$Variant => $method, )* }
            }

            /// Its path.
            #[must_use]
            pub const fn path(self) -> &'static str {
                match self { $( Self::$Variant => $path, )* }
            }
        }
    };
}

endpoints! {
    /// Whether the plugins' thread answers. It needs no token.
    Health = "GET" "/v1/health";
    /// The loaded plugins, by slot.
    Plugins = "GET" "/v1/plugins";
    /// All about a plugin.
    Plugin = "GET" "/v1/plugins/{name}";
    /// Calls an entry, and answers its outcome.
    Call = "POST" "/v1/plugins/{name}/call/{entry}";
    /// Reads its files now, and takes what is new.
    Reload = "POST" "/v1/plugins/{name}/reload";
    /// Unloads it, until its files change.
    Unload = "POST" "/v1/plugins/{name}/unload";
    /// Goes back to the version before, during probation.
    Rollback = "POST" "/v1/plugins/{name}/rollback";
    /// Refuses its calls from now on.
    Quarantine = "POST" "/v1/plugins/{name}/quarantine";
    /// Closes its breaker, whatever its state.
    Lift = "POST" "/v1/plugins/{name}/lift";
    /// What happens, as a stream of server-sent events.
    Events = "GET" "/v1/events";
}
