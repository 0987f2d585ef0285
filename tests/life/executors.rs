//! Calls to be awaited, under executors that are in use.

use crate::support::{CONFIG, clock, entry, host, host_of, load, number, pass, value};
use ampoule::{BreakerRules, BreakerState, CallError, Config, Fault, Micros, Policy, Refusal};
use core::cell::Cell;
use std::rc::Rc;

#[test]
fn an_executor_for_one_future_runs_a_call_to_its_end() {
    let (mut host, slow) = host();
    let id = load(&mut host, "one");
    let (add, spin, wait) =
        (entry(&mut host, id, "add"), entry(&mut host, id, "spin"), entry(&mut host, id, "wait"));
    let sum = pollster::block_on(async {
        host.call_async(&add, &number(3)).await?;
        host.call_async(&spin, &number(5_000)).await?;
        slow.answers(Ok(8));
        let eight = host.call_async(&wait, &number(0)).await.map(value)?;
        host.call_async(&add, &number(eight)).await
    });
    assert_eq!(sum.map(value), Ok(11));
    host.quarantine(id).unwrap();
    let refused = pollster::block_on(host.call_async(&add, &number(3)));
    assert_eq!(refused, Err(Refusal::Quarantined {}.into()));
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

#[test]
fn other_tasks_of_a_runtime_run_between_turns() {
    let (mut host, slow) = host();
    let id = load(&mut host, "one");
    let (wait, add) = (entry(&mut host, id, "wait"), entry(&mut host, id, "add"));
    let rounds = Rc::new(Cell::new(0));
    let (counted, answering) = (Rc::clone(&rounds), slow.clone());
    let tasks = tokio::task::LocalSet::new();
    let answers = tasks.block_on(&runtime(), async move {
        tokio::task::spawn_local(async move {
            for _ in 0..20 {
                counted.set(counted.get() + 1);
                tokio::task::yield_now().await;
            }
            answering.answers(Ok(6));
        });
        let started = host.start(&add, &number(2)).unwrap();
        let waited = host.call_async(&wait, &number(0)).await.map(value);
        (waited, host.take(&started).unwrap().map(value))
    });
    assert_eq!(answers, (Ok(6), Ok(2)));
    assert_eq!(rounds.get(), 20);
    assert!(slow.0.lock().unwrap().asked.1 >= 10, "it was asked while the task ran");
}

#[test]
fn a_task_that_is_aborted_cancels_its_call() {
    let (mut host, slow) = host();
    let id = load(&mut host, "one");
    let (wait, add) = (entry(&mut host, id, "wait"), entry(&mut host, id, "add"));
    let tasks = tokio::task::LocalSet::new();
    let sum = tasks.block_on(&runtime(), async {
        let mut future = Some(Box::pin(host.call_async(&wait, &number(0))));
        for _ in 0..3 {
            let poll = core::future::poll_fn(|context| {
                let future = future.as_mut().unwrap().as_mut();
                core::task::Poll::Ready(future.poll(context).is_pending())
            });
            assert!(poll.await);
            tokio::task::yield_now().await;
        }
        future = None;
        assert!(future.is_none());
        host.call_async(&add, &number(4)).await.map(value)
    });
    assert_eq!(sum, Ok(4));
    assert_eq!(slow.0.lock().unwrap().cancelled, ["one"]);
    assert_eq!(host.counters(id).unwrap().failures.cancelled, 1);
}

#[test]
fn a_deadline_ends_a_call_that_is_awaited() {
    const POLICY: Policy<'_> = Policy { deadline_micros: Some(700), ..crate::support::POLICY };
    fn ticking() -> Micros {
        pass(1)
    }
    let _ = clock();
    let mut host = ampoule::Host::<2>::new(Config { policy: &POLICY, ..CONFIG }, ticking);
    let (other, slow) = host_of::<1>(CONFIG);
    drop(other);
    host.offer(Box::new(slow.clone())).unwrap();
    host.offer(Box::new(ampoule::services::Clock::without_date())).unwrap();
    let id = load(&mut host, "one");
    let wait = entry(&mut host, id, "wait");
    let answer = runtime().block_on(host.call_async(&wait, &number(0)));
    assert_eq!(answer, Err(CallError::Fault(Fault::Deadline {})));
    assert_eq!(slow.0.lock().unwrap().cancelled, ["one"]);
}

#[test]
fn a_probe_whose_future_is_dropped_is_given_back() {
    let breaker = BreakerRules { failures: 1, reset: 1_000, ..BreakerRules::MICRO };
    let (mut host, _) = host_of::<2>(Config { breaker, ..CONFIG });
    let id = load(&mut host, "one");
    let [add, trap, wait] = ["add", "trap", "wait"].map(|name| entry(&mut host, id, name));
    host.call(&trap, &number(0)).unwrap_err();
    for polls in 0..3 {
        pass(1_000);
        let mut future = Box::pin(host.call_async(&wait, &number(0)));
        let mut context = core::task::Context::from_waker(core::task::Waker::noop());
        for _ in 0..polls {
            assert!(future.as_mut().poll(&mut context).is_pending());
        }
        drop(future);
        assert_eq!(host.breaker(id), Some(BreakerState::Open { until: 0 }));
    }
    assert_eq!(host.call(&add, &number(1)).map(value), Ok(1));
    assert_eq!(host.breaker(id), Some(BreakerState::Closed));
}
