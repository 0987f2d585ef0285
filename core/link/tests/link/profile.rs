//! A device tells all that a workstation has to know to tell whether plugins fit.

use crate::{
    device::ROOM,
    wire::{Bench, code, reply},
};
use ampoule::{
    Config, Form, Host, Limits, Operation, Policy, Service,
    manifest::{ServiceRule, ServiceRules, Strings},
};
use ampoule_link::{Reply, Request};

#[test]
fn a_device_tells_its_profile() {
    let mut bench = Bench::new();
    bench.describe().unwrap();
    let bytes = bench.ask(&Request::Profile).unwrap();
    let Reply::Profile(profile) = reply(&bytes) else { panic!("a profile") };
    assert_eq!((profile.bits, profile.room), (usize::BITS as u8, ROOM));
    let numbers: Result<Vec<_>, _> = profile.limits.iter().collect();
    let numbers = numbers.unwrap().try_into().unwrap();
    assert_eq!(Limits::from_numbers(numbers), Some(bench.device.host.policy().limits));
    // A firmware that gives no room tells no profile.
    bench.device.board.room = None;
    assert_eq!(code(&bench.ask(&Request::Profile).unwrap()), "N04");
}

/// Offers so many operations, with names of so many bytes each.
struct Wide(&'static [Operation]);

impl Service for Wide {
    fn name(&self) -> &'static str {
        "wide"
    }

    fn operations(&self) -> &'static [Operation] {
        self.0
    }
}

fn wide(count: usize, length: usize) -> Box<Wide> {
    let named = |at: usize| Operation {
        name: format!("{at:0length$}").leak(),
        form: Form::Message,
        base_fuel: 0,
        byte_fuel: 0,
    };
    Box::new(Wide((0..count).map(named).collect::<Vec<_>>().leak()))
}

/// All operations, page by page, and how many pages they took.
fn operations(bench: &mut Bench) -> (Vec<String>, usize) {
    let (mut all, mut pages) = (Vec::new(), 0);
    loop {
        let from = all.len() as u16;
        let bytes = bench.ask(&Request::Operations { from }).unwrap();
        let Reply::Operations(page) = reply(&bytes) else { panic!("operations") };
        let page: Result<Vec<_>, _> = page.iter().collect();
        let page = page.unwrap();
        if page.is_empty() {
            return (all, pages);
        }
        pages += 1;
        all.extend(page.iter().map(|it| format!("{}.{}", it.service, it.operation)));
    }
}

#[test]
fn operations_are_told_page_by_page_if_they_may_be_granted() {
    let mut bench = Bench::new();
    bench.describe().unwrap();
    assert_eq!(operations(&mut bench), (vec!["log.write".into()], 1));
    assert!(matches!(reply(&bench.ask(&Request::Operations { from: u16::MAX }).unwrap()),
        Reply::Operations(none) if none.iter().next().is_none()));

    bench.device.host.offer(wide(32, 60)).unwrap();
    let (all, pages) = operations(&mut bench);
    assert_eq!((all.len(), &*all[0], &*all[32]), (33, "log.write", &*format!("wide.{:060}", 31)));
    assert!(pages > 2, "{pages}");

    // The policy's affair is what plugins may ask for, and not what there is.
    let rule = |service, operations| ServiceRule {
        service,
        operations: Strings::of(operations),
        scope: None,
        per_second: None,
    };
    let rules = [rule("wide", &["00", "07"]), rule("nothing", &["*"])];
    let policy = Policy { services: ServiceRules::of(rules.to_vec().leak()), ..Policy::DENY };
    let config = Config { policy: Box::leak(Box::new(policy)), ..Config::MICRO };
    bench.device.host = Host::new(config, || 0);
    bench.device.host.offer(wide(9, 2)).unwrap();
    assert_eq!(operations(&mut bench).0, ["wide.00", "wide.07"]);
}

#[test]
fn an_operation_that_fits_into_no_list_is_a_problem_and_not_the_end() {
    let mut bench = Bench::new();
    bench.describe().unwrap();
    bench.device.host.offer(wide(1, 900)).unwrap();
    let bytes = bench.ask(&Request::Operations { from: 0 }).unwrap();
    assert!(matches!(reply(&bytes), Reply::Operations(page) if page.iter().count() == 1));
    assert_eq!(code(&bench.ask(&Request::Operations { from: 1 }).unwrap()), "N05");
}
