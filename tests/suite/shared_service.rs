//! A service that host and guest share one declaration of, called by a real guest.

use crate::support::{guest, repository};
use ampoule::{
    CallError, Caller, Context, Diagnosis, Entry, Form, Granted, Limits, LoadError, Operation,
    Permits, Plugin, Refusal, Service, Services, Status, ValueType, failure_code::FIRST_OF_PLUGIN,
};
use lamp_service::{Colour, Shade};
use std::sync::{Arc, Mutex};

ampoule::offer_service!(lamp_service::lamp);

/// What both sides of a test see of the lamp.
#[derive(Default)]
struct State {
    level: i32,
    watts: f64,
    label: String,
    asked: Vec<String>,
}

#[derive(Clone, Default)]
struct Lamp {
    state: Arc<Mutex<State>>,
    label: String,
}

impl Lamp {
    fn note(&self, caller: &Caller<'_>, what: &str) {
        let Caller { plugin, scope, now, .. } = caller;
        self.state.lock().unwrap().asked.push(format!("{plugin} {scope} {now} {what}"));
    }
}

impl lamp::Operations for Lamp {
    fn set(&mut self, caller: &Caller<'_>, level: i32) -> Result<i32, Status> {
        self.note(caller, &format!("set {level}"));
        match level {
            0..=100 => Ok(core::mem::replace(&mut self.state.lock().unwrap().level, level)),
            // Looks like `Busy`: no number that may be answered.
            1000 => Ok(Status::Busy.code()),
            _ => Err(Status::Invalid),
        }
    }

    fn power(&mut self, caller: &Caller<'_>) -> Result<f64, Status> {
        self.note(caller, "power");
        let watts = self.state.lock().unwrap().watts;
        if watts < 0.0 { Err(Status::Busy) } else { Ok(watts) }
    }

    fn off(&mut self, caller: &Caller<'_>) {
        self.note(caller, "off");
        self.state.lock().unwrap().level = 0;
    }

    fn mix<'a>(&'a mut self, caller: &Caller<'_>, colour: Colour<'_>) -> Result<Shade<'a>, Status> {
        self.note(caller, &format!("{colour:?}"));
        if colour.name != "red" {
            return Err(Status::NotFound);
        }
        self.label = self.state.lock().unwrap().label.clone();
        Ok(Shade { label: &self.label, parts: [255, 0, 0] })
    }

    fn count(&mut self, caller: &Caller<'_>) -> Result<u32, Status> {
        self.note(caller, "count");
        Ok(300)
    }
}

struct All;

impl Permits for All {
    fn permit(&self, _: &str, _: &str) -> Option<Granted<'_>> {
        Some(Granted { scope: Some("desk"), per_second: None })
    }
}

fn load(service: impl Service + 'static) -> Result<(Plugin, Services), LoadError> {
    let mut services = Services::new(|| 42);
    services.offer(Box::new(service)).unwrap();
    let (wasm, context) = (guest("lamp"), Context::default());
    let plugin = Plugin::load_with(&wasm, &Limits::MICRO, &All, &mut services, &context)?;
    Ok((plugin, services))
}

struct Room {
    state: Arc<Mutex<State>>,
    plugin: Plugin,
    services: Services,
}

impl Room {
    fn new() -> Self {
        let lamp = Lamp::default();
        let state = lamp.state.clone();
        let (plugin, services) = load(lamp::Offered(lamp)).unwrap();
        Self { state, plugin, services }
    }

    fn dim(&mut self, level: i32) -> Result<i32, CallError> {
        let dim: Entry<i32, i32> = self.plugin.bind("dim").unwrap();
        self.plugin.call_with(&mut self.services, &dim, &level)
    }

    fn report(&mut self) -> Result<(u32, f64), CallError> {
        let report: Entry<(), (u32, f64)> = self.plugin.bind("report").unwrap();
        self.plugin.call_with(&mut self.services, &report, &())
    }

    fn mix(&mut self, name: &str) -> Result<(String, [u8; 3]), CallError> {
        let mix: Entry<&str, (&str, [u8; 3])> = self.plugin.bind("mix").unwrap();
        let (label, parts) = self.plugin.call_with(&mut self.services, &mix, &name)?;
        Ok((label.into(), parts))
    }
}

/// The guest's failure for a refusal.
fn refusal<T: core::fmt::Debug>(answer: Result<T, CallError>) -> Option<Status> {
    let Err(CallError::Refused(Refusal::Failure { code, .. })) = answer else {
        panic!("{answer:?}")
    };
    let number = i32::try_from(code - FIRST_OF_PLUGIN).unwrap();
    Status::from_code(-number)
}

#[test]
fn a_guest_uses_what_the_host_declares_with_it() {
    let mut room = Room::new();
    {
        let mut state = room.state.lock().unwrap();
        (state.watts, state.label) = (4.5, "R-1".into());
    }
    assert_eq!(room.dim(70), Ok(0));
    assert_eq!(room.dim(100), Ok(70));
    assert_eq!(room.report(), Ok((300, 4.5)));
    assert_eq!(room.mix("red"), Ok(("R-1".into(), [255, 0, 0])));
    let Room { state, plugin, mut services } = room;
    plugin.unload_with(&mut services).unwrap();
    let state = state.lock().unwrap();
    assert_eq!(state.level, 0, "the guest switches it off in the end");
    let asked =
        ["set 70", "set 100", "count", "power", r#"Colour { name: "red", paleness: 0 }"#, "off"];
    assert_eq!(state.asked, asked.map(|what| format!("lamp desk 42 {what}")));
}

#[test]
fn refusals_reach_the_guest() {
    let mut room = Room::new();
    for level in [-1, 101, i32::MIN, i32::MAX] {
        assert_eq!(refusal(room.dim(level)), Some(Status::Invalid), "{level}");
    }
    assert_eq!(refusal(room.mix("green")), Some(Status::NotFound));
    assert_eq!(room.dim(5), Ok(0), "none of them changed anything");
}

#[test]
fn a_number_that_looks_like_a_refusal_is_a_failure_of_the_service() {
    let mut room = Room::new();
    assert_eq!(refusal(room.dim(1000)), Some(Status::Failed));
    for watts in [f64::NAN, -1.0] {
        room.state.lock().unwrap().watts = watts;
        assert_eq!(refusal(room.report()), Some(Status::Failed), "{watts}: floats tell no more");
    }
}

#[test]
fn a_reply_that_does_not_fit_is_told() {
    let mut room = Room::new();
    // 48 bytes are for the request's 5 and the reply's label, with its length, and 3.
    for (length, fits) in [(0, true), (39, true), (40, false), (4000, false)] {
        room.state.lock().unwrap().label = "x".repeat(length);
        let answer = room.mix("red");
        if fits {
            assert_eq!(answer.map(|(label, _)| label.len()), Ok(length));
        } else {
            assert_eq!(refusal(answer), Some(Status::TooSmall), "{length}");
        }
    }
}

#[test]
fn what_is_declared_is_what_admission_and_metering_go_by() {
    const NUMBER: Form = Form::Scalar { params: &[ValueType::I32], result: Some(ValueType::I32) };
    const POWER: Form = Form::Scalar { params: &[], result: Some(ValueType::F64) };
    const OFF: Form = Form::Scalar { params: &[], result: None };
    let service = lamp::Offered(Lamp::default());
    assert_eq!(service.name(), "lamp");
    assert_eq!(
        service.operations(),
        [
            Operation { name: "set", form: NUMBER, base_fuel: 200, byte_fuel: 0 },
            Operation { name: "power", form: POWER, base_fuel: 100, byte_fuel: 0 },
            Operation { name: "off", form: OFF, base_fuel: 100, byte_fuel: 0 },
            Operation { name: "mix", form: Form::Message, base_fuel: 500, byte_fuel: 2 },
            Operation { name: "count", form: Form::Message, base_fuel: 50, byte_fuel: 0 },
        ]
    );
}

/// What other releases of the host declare.
mod others {
    ampoule_abi::service! {
        /// Its light has colours only.
        service "lamp" as coloured {
            scalar power() -> f64 { fuel: 1 }
            scalar off() { fuel: 1 }
            message mix(()) { fuel: 1 }
            message count() { fuel: 1 }
        }
    }
    ampoule::offer_service!(pub(super) coloured);

    ampoule_abi::service! {
        /// Its brightness is finer.
        service "lamp" as fine {
            scalar set(level: f32) -> f32 { fuel: 1 }
            scalar power() -> f64 { fuel: 1 }
            scalar off() { fuel: 1 }
            message mix(()) { fuel: 1 }
            message count() { fuel: 1 }
        }
    }
    ampoule::offer_service!(pub(super) fine);
}

use others::{coloured, fine};

struct Nothing;

impl coloured::Operations for Nothing {
    fn power(&mut self, _: &Caller<'_>) -> Result<f64, Status> {
        Err(Status::NotFound)
    }
    fn off(&mut self, _: &Caller<'_>) {}
    fn mix(&mut self, _: &Caller<'_>, (): ()) -> Result<(), Status> {
        Ok(())
    }
    fn count(&mut self, _: &Caller<'_>) -> Result<(), Status> {
        Ok(())
    }
}

impl fine::Operations for Nothing {
    fn set(&mut self, _: &Caller<'_>, level: f32) -> Result<f32, Status> {
        Ok(level)
    }
    fn power(&mut self, _: &Caller<'_>) -> Result<f64, Status> {
        Err(Status::NotFound)
    }
    fn off(&mut self, _: &Caller<'_>) {}
    fn mix(&mut self, _: &Caller<'_>, (): ()) -> Result<(), Status> {
        Ok(())
    }
    fn count(&mut self, _: &Caller<'_>) -> Result<(), Status> {
        Ok(())
    }
}

#[test]
fn a_host_that_declares_something_else_refuses_the_guest_by_name() {
    for (refused, code) in
        [(load(coloured::Offered(Nothing)), "A19"), (load(fine::Offered(Nothing)), "A20")]
    {
        let error = refused.map(|_| ()).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains("lamp.set"), "{error}");
    }
}

#[test]
fn a_request_that_does_not_decode_is_invalid_and_nobody_is_asked() {
    let lamp = Lamp::default();
    let state = lamp.state.clone();
    let mut service = lamp::Offered(lamp);
    let caller = Caller::new("test", "", 0);
    let mix = service.operations().iter().position(|known| known.name == "mix").unwrap();
    for wrong in [&b""[..], b"\x03re", b"\x02\xff\xff\0", b"\x03red", b"\x03red\0\0"] {
        let answer = service.message(&caller, mix, wrong, &mut [0; 64]);
        assert_eq!(answer, Err(Status::Invalid), "{wrong:?}");
    }
    assert_eq!(service.message(&caller, 99, b"", &mut []), Err(Status::NotFound));
    assert_eq!(service.message(&caller, 0, b"", &mut []), Err(Status::NotFound), "is a scalar");
    assert_eq!(state.lock().unwrap().asked, [""; 0]);
}

#[test]
fn the_page_about_services_shows_code_that_runs() {
    let read = |path| std::fs::read_to_string(repository(path)).unwrap();
    let page = read("docs/services.md");
    let (_, section) = page.split_once("## Your own services").unwrap();
    let blocks = section.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let sources = [
        read("guests/lamp/service/src/lib.rs"),
        read("guests/lamp/src/lib.rs"),
        read("tests/suite/shared_service.rs"),
    ];
    let mut count = 0;
    for block in blocks {
        assert!(sources.iter().any(|source| source.contains(block)), "nowhere:\n{block}");
        count += 1;
    }
    assert_eq!(count, 5);
}
