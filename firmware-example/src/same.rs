//! The program that runs unchanged on a workstation, compared with what it prints there.

use crate::{board, console::say, heap::CELL};
use core::fmt;
use same_api::Modules;

const PRINTED: &str = include_str!("../../tests/same_api/expected.out");

/// Takes what is printed off what is left of the expected.
struct Rest(Option<&'static str>);

impl fmt::Write for Rest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.and_then(|rest| rest.strip_prefix(text));
        self.0.map(|_| ()).ok_or(fmt::Error)
    }
}

/// Runs it, and tells whether it prints the same here: replies, turns, fuel and counters.
pub(crate) fn runs_as_on_a_workstation() -> bool {
    let mut rest = Rest(Some(PRINTED));
    let modules = Modules {
        echo: include_bytes!("../../guests/prebuilt/echo.wasm"),
        sensor_filter: include_bytes!("../../guests/prebuilt/sensor-filter.wasm"),
    };
    let ran = same_api::run(board::now, Some(&CELL), modules, &mut rest);
    let same = ran.is_ok() && rest.0 == Some("");
    say!("the workstation's program prints the same here: {}", if same { "yes" } else { "NO" });
    same
}
