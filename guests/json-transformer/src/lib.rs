//! Copies parameters to the result, with names spelled anew and JSON texts taken apart.
//!
//! | parameter | means |
//! |---|---|
//! | `action` | `transform`, also if it is missing: see below; `echo`: all parameters as they are; `fail`: no success |
//! | `format` | how names are spelled: `camelCase`, `snake_case`, `kebab-case`; as they are, if it is missing |
//!
//! Every parameter is in the result, these two included, in the order of the request; then
//! `_request_id` and `_processed` = true. A parameter that would take one of those two names is
//! left out. Otherwise names may repeat, as they may in the request: nothing is dropped if two are
//! spelled alike, and whoever asks for a name gets the first. Of `action` and `format` too the first
//! counts.
//!
//! To transform means: the name is spelled in the format (see `Case`), and a text that is a JSON
//! object or array becomes a map or a list, with its names spelled so, too. A text that only begins
//! like one stays a text, and so does one that can't be carried over whole (see `json::put`).
//!
//! An action or a format that isn't known gives success = false and the reason.
//!
//! The plugin has no heap. Any request that fits into the mailbox is answered: a reply is never
//! larger than three times the request and 32 bytes.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod case;
mod json;
mod number;

use ampoule_guest::{
    Context, Failure, MapWriter, Meta, Pairs, Plugin, Replied, Reply, export_plugin,
};
use case::Case;

/// The plugin; it remembers nothing.
pub struct JsonTransformer;

const REQUEST_ID: &str = "_request_id";
const PROCESSED: &str = "_processed";

impl Plugin for JsonTransformer {
    const META: Meta<'static> = Meta {
        name: "json-transformer",
        version: "1.0.0",
        description: "Transform JSON data with custom rules",
        author: "toolsku",
    };
    const WANTS_CONTEXT: bool = false;

    fn init(_: &Context<'_>) -> Result<Self, Failure<'static>> {
        Ok(Self)
    }

    fn execute(&mut self, context: &Context<'_>, reply: Reply<'_>) -> Replied {
        match Action::read(context.parameters) {
            Ok(action) => reply.success(|data| data.map(|map| action.write(context, map))),
            Err(why) => reply.error(why),
        }
    }
}

#[derive(Clone, Copy)]
enum Action {
    Echo,
    Transform(Case),
}

impl Action {
    /// What the parameters `action` and `format` ask for. If one is given twice, the first counts.
    fn read(parameters: Pairs<'_>) -> Result<Self, &'static str> {
        let (mut action, mut format) = (None, None);
        for (name, text) in parameters {
            match name {
                "action" => action = action.or(Some(text)),
                "format" => format = format.or(Some(text)),
                _ => {}
            }
            if action.is_some() && format.is_some() {
                break;
            }
        }
        let case = format.map_or(Some(Case::Unchanged), Case::from_format);
        match (action.unwrap_or("transform"), case) {
            ("fail", _) => Err("failed as asked"),
            ("echo" | "transform", None) => {
                Err("unknown format: camelCase, snake_case and kebab-case are known")
            }
            ("echo", _) => Ok(Self::Echo),
            ("transform", Some(case)) => Ok(Self::Transform(case)),
            _ => Err("unknown action: transform, echo and fail are known"),
        }
    }

    fn write(self, context: &Context<'_>, map: &mut MapWriter<'_>) {
        for (name, text) in context.parameters {
            match self {
                Self::Echo if is_ours(name, Case::Unchanged) => {}
                Self::Echo => map.put(name, text),
                Self::Transform(case) => transform(name, text, case, map),
            }
        }
        map.put(REQUEST_ID, context.request_id);
        map.put(PROCESSED, true);
    }
}

fn transform(name: &str, text: &str, case: Case, map: &mut MapWriter<'_>) {
    if is_ours(name, case) {
        return;
    }
    let mut place = map.name_with(|out| case.spell(name, |piece| out.push_str(piece)));
    if json::put(text, case, &mut place).is_err() {
        place.put(text);
    }
}

/// Tells whether `name` becomes one of the two that the plugin adds itself.
fn is_ours(name: &str, case: Case) -> bool {
    name.starts_with('_') && (case.makes(name, REQUEST_ID) || case.makes(name, PROCESSED))
}

export_plugin! {
    JsonTransformer {
        mailbox: 4800,
        // Three times as much and 32: `-0` in a list is 3 bytes of text, and 9 as a float.
        reply: 14_432,
        entries: [execute],
    }
}

#[cfg(test)]
mod tests;
