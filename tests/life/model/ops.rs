//! Operations by chance.

use super::predict::{Kind, Make};
use ampoule::{Micros, Status};
use proptest::{prelude::*, sample::Index};

#[derive(Clone, Debug)]
pub(super) enum Op {
    Load(usize),
    Start(usize, Kind),
    Call(usize, Kind),
    Poll,
    Pass(Micros),
    Wake(usize),
    /// What `slow` says from now on.
    Answer(Option<Result<i32, Status>>),
    /// When it wants to be asked again from now on.
    Again(Option<Micros>),
    Cancel(Index),
    Take(Index),
    Reload(usize, Make),
    RollBack(usize),
    Unload(usize),
    Quarantine(usize),
    Lift(usize),
    Priority(usize, u8),
    /// Traps until the breaker opens, and waits until it asks for a probe.
    Trip(usize),
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        4 => any::<i32>().prop_map(Kind::Add),
        2 => (1..900).prop_map(Kind::Spin),
        1 => Just(Kind::Endless),
        2 => Just(Kind::Trap),
        1 => Just(Kind::Fail),
        3 => Just(Kind::Wait),
        1 => Just(Kind::Echo),
        1 => prop_oneof![Just(Kind::Sleep(3)), Just(Kind::Sleep(20))],
    ]
}

fn make() -> impl Strategy<Value = Make> {
    prop_oneof![
        5 => Just(Make::Good),
        1 => Just(Make::Refuses),
        1 => Just(Make::Bare),
        1 => Just(Make::TrapsInInit),
        1 => Just(Make::WithoutEntry),
    ]
}

pub(super) fn op() -> impl Strategy<Value = Op> {
    let times = prop_oneof![Just(1), Just(500), Just(3_000), Just(10_000), Just(60_000)];
    let answers = prop_oneof![
        2 => Just(None),
        2 => any::<i32>().prop_map(|it| Some(Ok(it))),
        1 => Just(Some(Err(Status::NotFound))),
    ];
    let again = prop_oneof![Just(None), Just(Some(Micros::MAX)), Just(Some(4_000))];
    prop_oneof![
        3 => (0..3_usize).prop_map(Op::Load),
        10 => (0..3_usize, kind()).prop_map(|(at, kind)| Op::Start(at, kind)),
        3 => (0..3_usize, kind()).prop_map(|(at, kind)| Op::Call(at, kind)),
        10 => Just(Op::Poll),
        4 => times.prop_map(Op::Pass),
        1 => (0..3_usize).prop_map(Op::Wake),
        3 => answers.prop_map(Op::Answer),
        1 => again.prop_map(Op::Again),
        2 => any::<Index>().prop_map(Op::Cancel),
        6 => any::<Index>().prop_map(Op::Take),
        3 => (0..3_usize, make()).prop_map(|(at, make)| Op::Reload(at, make)),
        1 => (0..3_usize).prop_map(Op::RollBack),
        1 => (0..3_usize).prop_map(Op::Unload),
        1 => (0..3_usize).prop_map(Op::Quarantine),
        1 => (0..3_usize).prop_map(Op::Lift),
        1 => (0..3_usize, 1..4_u8).prop_map(|(at, slices)| Op::Priority(at, slices)),
        1 => (0..3_usize).prop_map(Op::Trip),
    ]
}
