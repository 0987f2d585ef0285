use crate::{Parameters, Reading, Sample, SensorFilter, code};
use ampoule_guest::{
    Context, Decode, Status,
    testing::{Guest, offer},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// Keeps values for the plugins of this test.
fn offer_kv() {
    let mut kept = BTreeMap::<String, Vec<u8>>::new();
    offer("kv", move |operation, request| match operation {
        "get" => {
            let key: &str = Decode::decode(request).unwrap();
            kept.get(key).cloned().ok_or(Status::NotFound)
        }
        "set" => {
            let (key, value): (&str, &[u8]) = Decode::decode(request).unwrap();
            kept.insert(key.into(), value.into());
            Ok(vec![])
        }
        other => panic!("{other}"),
    });
}

fn sample(at_us: u64, celsius: f32) -> Sample {
    Sample { at_us, celsius }
}

fn filtered(guest: &mut Guest<SensorFilter>, at_us: u64, celsius: f32) -> (f32, u32) {
    let Reading { celsius, dropped } =
        guest.call(SensorFilter::filter, &sample(at_us, celsius)).unwrap();
    (celsius, dropped)
}

fn configured(guest: &mut Guest<SensorFilter>, weight: f32, limit: f32) -> Result<(), u32> {
    guest
        .call(SensorFilter::configure, &Parameters { weight, limit })
        .map_err(|failure| failure.code)
}

#[test]
fn samples_are_smoothed() {
    let mut guest = Guest::started();
    for (at, celsius, smoothed) in
        [(1, 20.0, 20.0), (2, 24.0, 21.0), (3, 21.0, 21.0), (4, 13.0, 19.0)]
    {
        assert_eq!(filtered(&mut guest, at, celsius), (smoothed, 0));
    }
}

#[test]
fn spikes_and_late_samples_are_dropped() {
    let mut guest = Guest::started();
    for (at, celsius, reading) in [
        (5, 20.0, (20.0, 0)),
        (6, 30.5, (20.0, 1)),
        (7, f32::NAN, (20.0, 2)),
        (8, 20.0, (20.0, 2)),
        (8, 21.0, (20.0, 3)),
        (7, 21.0, (20.0, 4)),
        (9, 30.0, (22.5, 4)),
        (10, f32::NEG_INFINITY, (22.5, 5)),
    ] {
        assert_eq!(filtered(&mut guest, at, celsius), reading, "{at} {celsius}");
    }
}

#[test]
fn a_temperature_that_stays_away_is_believed() {
    let mut guest = Guest::started();
    for (at, celsius, reading) in [
        (1, 20.0, (20.0, 0)),
        (2, 80.0, (20.0, 1)),
        (3, f32::INFINITY, (20.0, 2)),
        (4, f32::NAN, (20.0, 3)),
        (5, 81.0, (81.0, 3)),
        (6, 85.0, (82.0, 3)),
        (7, 20.0, (82.0, 4)),
    ] {
        assert_eq!(filtered(&mut guest, at, celsius), reading, "{at} {celsius}");
    }
}

#[test]
fn a_first_sample_is_a_number() {
    let mut guest = Guest::started();
    for celsius in [f32::NAN, f32::INFINITY] {
        let failure = guest.call(SensorFilter::filter, &sample(1, celsius)).unwrap_err();
        assert_eq!(failure.code, code::NO_NUMBER);
    }
    assert_eq!(filtered(&mut guest, 1, -40.0), (-40.0, 0));
}

#[test]
fn every_spike_is_logged() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let noted = lines.clone();
    offer("log", move |operation, request| {
        let (level, text): (u8, &str) = Decode::decode(request).unwrap();
        noted.lock().unwrap().push(format!("{operation} {level} {text}"));
        Err(Status::Busy)
    });
    let mut guest = Guest::started();
    for (at, celsius) in [(1, 20.0), (2, 99.0), (3, 20.0), (3, 20.0), (4, -99.0)] {
        filtered(&mut guest, at, celsius);
    }
    assert_eq!(*lines.lock().unwrap(), ["write 1 spike dropped"; 2]);
}

#[test]
fn parameters_are_kept() {
    offer_kv();
    let mut guest = Guest::started();
    assert_eq!(configured(&mut guest, 0.5, 2.0), Ok(()));
    for mut guest in [guest, Guest::started()] {
        assert_eq!(filtered(&mut guest, 1, 20.0), (20.0, 0));
        assert_eq!(filtered(&mut guest, 2, 22.0), (21.0, 0));
        assert_eq!(filtered(&mut guest, 3, 24.0), (21.0, 1));
    }
}

#[test]
fn wrong_parameters_change_nothing() {
    offer_kv();
    let mut guest = Guest::started();
    for (weight, limit) in [
        (0.0, 1.0),
        (-0.5, 1.0),
        (1.01, 1.0),
        (f32::NAN, 1.0),
        (f32::INFINITY, 1.0),
        (0.5, 0.0),
        (0.5, -1.0),
        (0.5, f32::NAN),
        (0.5, f32::INFINITY),
    ] {
        assert_eq!(configured(&mut guest, weight, limit), Err(code::BAD_PARAMETERS));
    }
    assert_eq!(configured(&mut guest, 1.0, f32::MIN_POSITIVE), Ok(()), "the borders");
}

#[test]
fn parameters_that_can_not_be_kept_do_not_count() {
    let mut guest = Guest::started();
    assert_eq!(configured(&mut guest, 1.0, 1.0), Err(code::NOT_KEPT));
    filtered(&mut guest, 1, 20.0);
    assert_eq!(filtered(&mut guest, 2, 24.0), (21.0, 0));
}

#[test]
fn kept_parameters_that_are_wrong_are_told() {
    for value in [&b""[..], b"abc", b"abcde", &[0; 4], &[0xff; 4]] {
        offer("kv", |_, _| Ok(value.into()));
        let failed = Guest::<SensorFilter>::new().init(&Context::default()).map_err(|it| it.code);
        assert_eq!(failed, Err(code::NOT_READ), "{value:?}");
    }
    offer("kv", |_, _| Err(Status::Busy));
    assert!(Guest::<SensorFilter>::new().init(&Context::default()).is_err());
}

#[test]
fn a_new_version_goes_on_where_the_old_one_was() {
    let mut old = Guest::started();
    filtered(&mut old, 5, 20.0);
    filtered(&mut old, 6, 90.0);
    let state = old.save().unwrap();
    assert_eq!(state[0], 1, "the layout");
    let mut new = Guest::<SensorFilter>::started();
    new.restore(&state).unwrap();
    for guest in [&mut old, &mut new] {
        assert_eq!(filtered(guest, 7, 24.0), (21.0, 1));
    }
}

#[test]
fn a_state_that_is_none_is_refused_and_changes_nothing() {
    let mut guest = Guest::<SensorFilter>::started();
    filtered(&mut guest, 5, 20.0);
    let state = guest.save().unwrap();
    let other_layout = [&[2], &state[1..]].concat();
    for bad in [&b""[..], &[1], &state[..state.len() - 1], &other_layout] {
        assert!(guest.restore(bad).is_err(), "{bad:?}");
    }
    let longer = [&state[..], &[0]].concat();
    assert!(guest.restore(&longer).is_err());
    assert_eq!(filtered(&mut guest, 6, 24.0), (21.0, 0));
}
