//! The glue between a plugin and its module.

/// Makes a module of a [`Plugin`](crate::Plugin).
///
/// ```
/// # use ampoule_guest::*;
/// # struct Doubler;
/// # impl Plugin for Doubler {
/// #     const META: Meta<'static> = Meta { name: "d", version: "1.0.0", description: "", author: "" };
/// #     fn init(_: &Context<'_>) -> Result<Self, Failure<'static>> { Ok(Self) }
/// # }
/// # impl Doubler { fn double(&mut self, n: u32) -> Result<u32, Failure<'static>> { Ok(n * 2) } }
/// ampoule_guest::export_plugin! {
///     Doubler {
///         mailbox: 256,
///         reply: 64,
///         entries: [execute, double],
///     }
/// }
/// ```
///
/// - `mailbox` and `reply` are the sizes in bytes of the buffers for incoming messages and for
///   replies: the largest that the plugin can take and give. A failure is a reply, too.
/// - `entries` are what the host may call. `execute` is [`Plugin::execute`](crate::Plugin::execute);
///   any other is a method `fn(&mut self, Request) -> A`, where the request is any
///   [`Decode`](crate::Decode) message and the answer an [`Answer`](crate::Answer) of one, both with
///   a [`Schema`](crate::Schema). Its name is the name of the export, without the `r#` of a raw
///   identifier. `memory`, `_…`, `ampoule_…`, and what the compiler calls by itself (`memcpy`,
///   `memmove`, `memset`, `memcmp`, `bcmp`) are no names of entries: an error at compile time.
///
/// - `state_layout: 1` is for a plugin that is [`HandOver`](crate::HandOver): the number of its
///   state's layout, from 1.
///
/// On wasm32 this makes the exports `ampoule_mailbox`, `ampoule_init`, `ampoule_destroy`,
/// `ampoule_save` and `ampoule_restore` where it hands state over, one for each entry, and the custom sections `ampoule.meta` and `ampoule.schema`. Elsewhere it makes what
/// [`testing`](crate::testing) needs.
#[macro_export]
macro_rules! export_plugin {
    ($plugin:ty {
        mailbox: $mailbox:expr,
        reply: $reply:expr,
        entries: [$($entry:ident),+ $(,)?]
        $(, state_layout: $layout:literal)? $(,)?
    }) => {
        impl $crate::Exported for $plugin {
            type Instance = $crate::glue::Instance<$plugin, { $mailbox }, { $reply }>;
            const STATE_LAYOUT: u16 = 0 $(+ $layout)?;
            const ENTRIES: &'static [$crate::glue::Declaration] =
                &[$($crate::glue_declaration!($plugin, $entry)),+];
        }

        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code)]
        const _: () = {
            // Full paths only: a `use` here would capture a plugin of the same name.
            static INSTANCE: <$plugin as $crate::Exported>::Instance =
                $crate::glue::Instance::new();

            // SAFETY: custom sections aren't loaded, and a host checks what it reads there.
            #[unsafe(link_section = "ampoule.meta")]
            static META: [u8; <$plugin as $crate::Plugin>::META.encoded_len()] =
                <$plugin as $crate::Plugin>::META.to_bytes();

            // SAFETY: as above.
            #[unsafe(link_section = "ampoule.schema")]
            static SCHEMA: [u8; $crate::glue::encoded_len(
                <$plugin as $crate::Exported>::ENTRIES,
            )] = $crate::glue::to_bytes(<$plugin as $crate::Exported>::ENTRIES);

            // SAFETY: the ABI keeps the names that start with `ampoule_` for these.
            #[unsafe(no_mangle)]
            extern "C" fn ampoule_mailbox() -> i64 {
                INSTANCE.mailbox()
            }

            // SAFETY: as above.
            #[unsafe(no_mangle)]
            extern "C" fn ampoule_init(length: i32) -> i64 {
                INSTANCE.serve(length, |call| call.init())
            }

            // SAFETY: as above.
            #[unsafe(no_mangle)]
            extern "C" fn ampoule_destroy(length: i32) -> i64 {
                INSTANCE.serve(length, |call| call.destroy())
            }

            $($crate::glue_entry!(INSTANCE, $plugin, $entry);)+
            $($crate::glue_state!(INSTANCE, $layout);)?
        };
    };
}

/// What [`export_plugin!`] exports for a plugin that hands state over.
#[doc(hidden)]
#[macro_export]
macro_rules! glue_state {
    ($instance:ident, $layout:literal) => {
        // SAFETY: the ABI keeps the names that start with `ampoule_` for these.
        #[unsafe(no_mangle)]
        extern "C" fn ampoule_save(length: i32) -> i64 {
            $instance.serve(length, |call| call.save($layout))
        }

        // SAFETY: as above.
        #[unsafe(no_mangle)]
        extern "C" fn ampoule_restore(length: i32) -> i64 {
            $instance.serve(length, |call| call.restore())
        }
    };
}

/// What [`export_plugin!`] declares for one entry.
#[doc(hidden)]
#[macro_export]
macro_rules! glue_declaration {
    ($plugin:ty, execute) => {
        $crate::glue::EXECUTE
    };
    ($plugin:ty, $entry:ident) => {
        $crate::glue::declare(stringify!($entry), <$plugin>::$entry)
    };
}

/// What [`export_plugin!`] exports for one entry.
#[doc(hidden)]
#[macro_export]
macro_rules! glue_entry {
    ($instance:ident, $plugin:ty, execute) => {
        // SAFETY: the only export of that name: the linker refuses a second one.
        #[unsafe(no_mangle)]
        extern "C" fn execute(length: i32) -> i64 {
            $instance.serve(length, |call| call.execute())
        }
    };
    ($instance:ident, $plugin:ty, $entry:ident) => {
        // SAFETY: the only export of that name: the linker refuses a second one.
        #[unsafe(no_mangle)]
        extern "C" fn $entry(length: i32) -> i64 {
            $instance.serve(length, |call| call.entry(<$plugin>::$entry))
        }
    };
}
