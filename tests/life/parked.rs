//! Calls that sleep in a service.

use crate::support::{CONFIG, clock, entry, host, host_of, load, number, pass, value};
use ampoule::{CallError, Config, Fault, Micros, Policy, Refusal, Status, Wake};

#[test]
fn a_parked_call_lets_others_run_and_wakes_with_the_answer() {
    let (mut host, slow) = host();
    let (one, two) = (load(&mut host, "one"), load(&mut host, "two"));
    let (wait, add) = (entry(&mut host, one, "wait"), entry(&mut host, two, "add"));
    let waits = host.start(&wait, &number(1)).unwrap();
    let adds = host.start(&add, &number(2)).unwrap();
    assert_eq!(host.poll(clock()).next, Wake::Now, "it is asked again on every turn");
    assert_eq!(host.take(&adds).unwrap().map(value), Ok(2));
    host.poll(clock());
    assert_eq!(slow.0.lock().unwrap().asked, (1, 1));
    slow.answers(Ok(77));
    host.poll(clock());
    assert_eq!(host.take(&waits).unwrap().map(value), Ok(77));
    assert_eq!(host.counters(one).unwrap().host_calls, 1, "asking again is no other use");
}

#[test]
fn a_service_says_when_to_ask_again_and_wake_asks_at_once() {
    let (mut host, slow) = host();
    let id = load(&mut host, "one");
    let wait = entry(&mut host, id, "wait");
    slow.0.lock().unwrap().again_at = Some(clock() + 500);
    let call = host.start(&wait, &number(1)).unwrap();
    assert_eq!(host.poll(clock()).next, Wake::At(clock() + 500));
    slow.0.lock().unwrap().again_at = Some(Micros::MAX);
    assert_eq!(host.poll(pass(499)).next, Wake::At(clock() + 1));
    assert_eq!(slow.0.lock().unwrap().asked, (1, 0));
    assert_eq!(host.poll(pass(1)).next, Wake::Never);
    assert_eq!(slow.0.lock().unwrap().asked, (1, 1));
    slow.answers(Err(Status::NotFound));
    host.poll(pass(1_000_000));
    assert!(!host.is_over(&call));
    host.wake(id).unwrap();
    host.poll(clock());
    assert_eq!(host.take(&call).unwrap().map(value), Ok(Status::NotFound.code()));
}

#[test]
fn a_message_is_answered_into_the_place_that_was_asked_for() {
    let (mut host, slow) = host();
    let id = load(&mut host, "one");
    let echo = entry(&mut host, id, "echo");
    let call = host.start(&echo, &number(0x0102_0304)).unwrap();
    host.poll(clock());
    let asleep = host.counters(id).unwrap();
    assert_eq!(asleep.calls, 0);
    slow.answers(Ok(0));
    host.poll(clock());
    assert_eq!(host.take(&call).unwrap().map(value), Ok(4));
    let fuel = host.counters(id).unwrap().fuel_total;
    assert_eq!(host.call(&echo, &number(0x0102_0304)).map(value), Ok(4));
    assert_eq!(host.counters(id).unwrap().fuel_total, 2 * fuel, "sleeping costs nothing");
}

#[test]
fn a_sleep_ends_by_the_clock() {
    let (mut host, _) = host();
    let id = load(&mut host, "one");
    let sleep = entry(&mut host, id, "sleep");
    let call = host.start(&sleep, &number(3)).unwrap();
    assert_eq!(host.poll(clock()).next, Wake::At(clock() + 3_000));
    host.poll(pass(2_999));
    assert!(!host.is_over(&call));
    host.poll(pass(1));
    assert_eq!(host.take(&call).unwrap().map(value), Ok(0));
    let start = clock();
    assert_eq!(host.call(&sleep, &number(1_500)).map(value), Ok(0), "blocking, too");
    assert_eq!(clock() - start, 1_500_000);
    assert_eq!(host.call(&sleep, &number(-1)).map(value), Ok(Status::Invalid.code()));
}

#[test]
fn a_parked_call_is_cancelled_with_its_service_told() {
    let (mut host, slow) = host();
    let id = load(&mut host, "one");
    let (wait, add) = (entry(&mut host, id, "wait"), entry(&mut host, id, "add"));
    let waits = host.start(&wait, &number(1)).unwrap();
    let adds = host.start(&add, &number(2)).unwrap();
    host.poll(clock());
    assert!(host.cancel(&waits));
    assert_eq!(slow.0.lock().unwrap().cancelled, ["one"]);
    assert_eq!(host.take(&waits), Some(Err(Refusal::NoSuchCall {}.into())));
    host.poll(clock());
    assert_eq!(host.take(&adds).unwrap().map(value), Ok(2));
    let counters = host.counters(id).unwrap();
    assert_eq!((counters.failures.cancelled, counters.instances), (1, 2));
    let waits = host.start(&wait, &number(1)).unwrap();
    host.poll(clock());
    host.unload(id).unwrap();
    assert_eq!(slow.0.lock().unwrap().cancelled, ["one", "one"]);
    assert_eq!(host.take(&waits), Some(Err(Refusal::Stale { plugin: id }.into())));
}

#[test]
fn a_parked_call_has_a_deadline() {
    const POLICY: Policy<'_> = Policy { deadline_micros: Some(700), ..crate::support::POLICY };
    let (mut host, slow) = host_of::<2>(Config { policy: &POLICY, ..CONFIG });
    let id = load(&mut host, "one");
    let wait = entry(&mut host, id, "wait");
    slow.0.lock().unwrap().again_at = Some(Micros::MAX);
    let call = host.start(&wait, &number(1)).unwrap();
    assert_eq!(host.poll(clock()).next, Wake::At(clock() + 700));
    host.poll(pass(700));
    let late = CallError::Fault(Fault::Deadline {});
    assert_eq!(host.take(&call), Some(Err(late.clone())));
    assert_eq!(host.call(&wait, &number(1)), Err(late), "blocking, too");
    assert_eq!(slow.0.lock().unwrap().cancelled, ["one", "one"]);
}

#[test]
fn what_must_be_awaited_in_turn_does_not_block_for_ever() {
    let (mut host, slow) = host();
    let id = load(&mut host, "one");
    let (wait, add) = (entry(&mut host, id, "wait"), entry(&mut host, id, "add"));
    slow.0.lock().unwrap().again_at = Some(Micros::MAX);
    let waits = host.start(&wait, &number(1)).unwrap();
    host.poll(clock());
    assert_eq!(host.call(&add, &number(1)), Err(Refusal::Asleep {}.into()));
    slow.answers(Ok(5));
    host.wake(id).unwrap();
    assert_eq!(host.call(&add, &number(1)).map(value), Ok(1));
    assert_eq!(host.take(&waits).unwrap().map(value), Ok(5));
}

#[test]
fn a_future_gives_way_after_each_turn_and_cancels_when_dropped() {
    use core::{
        future::Future,
        pin::pin,
        task::{Context, Poll, Waker},
    };
    let (mut host, slow) = host();
    let id = load(&mut host, "one");
    let (wait, spin) = (entry(&mut host, id, "wait"), entry(&mut host, id, "spin"));
    let mut context = Context::from_waker(Waker::noop());
    {
        let mut future = pin!(host.call_async(&spin, &number(1_000)));
        let mut polls = 1;
        while future.as_mut().poll(&mut context).is_pending() {
            polls += 1;
        }
        assert!((4..8).contains(&polls), "{polls}");
    }
    {
        let mut future = pin!(host.call_async(&wait, &number(1)));
        assert!(future.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(slow.0.lock().unwrap().cancelled, ["one"]);
    slow.answers(Ok(9));
    let mut future = pin!(host.call_async(&wait, &number(1)));
    let Poll::Ready(answer) = future.as_mut().poll(&mut context) else {
        panic!("it has an answer")
    };
    assert_eq!(answer.map(value), Ok(9));
}
