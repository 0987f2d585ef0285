//! Times of calls, loading and instantiation, by Ampoule and by raw wasmi in the same run: compare the
//! two, not runs with each other. `cargo bench -p ampoule-tests --bench calls`

mod common;

use ampoule::{Context, Limits, Plugin};
use common::{HostOfMany, Hosted, Raw, mirror, prebuilt, raw_engine, transform_context};
use core::hint::black_box;
use criterion::{Criterion, criterion_group, criterion_main};
use wasmi::Module;

fn calls(criterion: &mut Criterion) {
    let (mut hosted, mut raw) = (Hosted::new(&mirror()), Raw::new(&mirror()));
    pair(criterion, "noop", hosted.noop(), raw.noop());
    let limits = Limits { slice_fuel: 10_000, ..Limits::WORKSTATION };
    let mut sliced = Hosted::with(&mirror(), &limits);
    pair(criterion, "noop-sliced", sliced.noop(), raw.noop_sliced());
    pair(criterion, "host-of-1", HostOfMany::new(1, None).noop(), raw.noop());
    pair(criterion, "host-of-1000", HostOfMany::new(1000, None).noop(), raw.noop());
    pair(criterion, "host-turn", HostOfMany::new(1, None).turn(), raw.noop_sliced());
    for size in [64, 1024, 16_384] {
        let message = vec![0x5a; size];
        pair(criterion, &format!("echo-{size}"), hosted.echo(&message), raw.echo(&message));
    }
    let wasm = prebuilt("json-transformer");
    let (mut hosted, mut raw) = (Hosted::new(&wasm), Raw::new(&wasm));
    let context = transform_context();
    pair(criterion, "transform", hosted.transform(&context), raw.transform(&context));
}

fn starts(criterion: &mut Criterion) {
    for (name, wasm) in common::modules() {
        let load = || Plugin::load(&wasm, &Limits::WORKSTATION, &Context::default());
        let raw_load = || {
            Module::validate(&raw_engine(), &wasm).expect("it is valid");
            black_box(Raw::new(&wasm));
        };
        pair(
            criterion,
            &format!("load-{name}"),
            || drop(black_box(load().expect("it loads"))),
            raw_load,
        );
        let mut plugin = load().expect("it loads");
        let noop = plugin.bind::<bool, ()>("noop").expect("it is exported");
        let fresh = || {
            plugin.stop();
            plugin.call(&noop, &true).expect("it answers");
        };
        let module = Module::new(&raw_engine(), &wasm).expect("it translates");
        let raw_fresh = || Raw::instantiate(&module).call("noop", &true);
        pair(criterion, &format!("instantiate-{name}"), fresh, raw_fresh);
    }
}

fn pair(criterion: &mut Criterion, name: &str, mut ampoule: impl FnMut(), mut raw: impl FnMut()) {
    let mut group = criterion.benchmark_group(name);
    group.bench_function("ampoule", |bencher| bencher.iter(&mut ampoule));
    group.bench_function("raw-wasmi", |bencher| bencher.iter(&mut raw));
    group.finish();
}

criterion_group!(benches, calls, starts);
criterion_main!(benches);
