//! Metrics in the text format of Prometheus, and the server that gives them out.

use super::{signal::Signal, snapshot::PluginLine};
use ampoule_std::{
    BreakerState, FailureKind, Histogram, RefusalKind, escaped, watch::WatchCommandError,
};
use core::{net::SocketAddr, time::Duration};
use prometheus::{TEXT_FORMAT, TextEncoder, proto};
use serde::Serialize;
use std::{
    io::Cursor,
    sync::{
        Arc,
        mpsc::{self, Sender},
    },
    thread,
};
use tiny_http::{Header, Method, Request, Response, Server};

/// A number: its name, what it counts, and where that stands.
type Total = (&'static str, &'static str, fn(&PluginLine) -> u64);

/// The counters that have no labels but the plugin.
const TOTALS: [Total; 6] = [
    ("calls_total", "Calls that ran, however they ended.", |it| it.counters.calls),
    ("successes_total", "Calls with a reply.", |it| it.counters.successes),
    ("failure_replies_total", "Calls that the plugin declined.", |it| it.counters.failure_replies),
    ("fuel_total", "Fuel of all calls.", |it| it.counters.fuel_total),
    ("instances_total", "Instances that were made.", |it| it.counters.instances.into()),
    ("reloads_total", "New versions that took over, and ways back.", |it| {
        it.counters.reloads.into()
    }),
];

/// The gauges that have no labels but the plugin.
const GAUGES: [Total; 3] = [
    ("heap_bytes", "What it has on the heap, all its versions together.", |it| {
        it.counters.heap_bytes.into()
    }),
    ("heap_high_water_bytes", "The most that it had on the heap at once.", |it| {
        it.counters.heap_most_bytes.into()
    }),
    (
        "memory_high_water_bytes",
        "The most linear memory that an instance owned at the end of a call.",
        |it| it.counters.memory_most_bytes.into(),
    ),
];

/// The metrics of a moment.
pub(super) fn text(plugins: &[PluginLine]) -> String {
    let mut page = Page::default();
    page.gauge("plugins", "Plugins that are loaded.", vec![(vec![], number(plugins.len() as u64))]);
    for (name, help, value) in TOTALS {
        page.counter(name, help, plugins.iter().map(|it| (of(it), number(value(it)))).collect());
    }
    let failures = by(plugins, FailureKind::ALL, |it, kind| it.counters.failures.get(kind).into());
    page.counter("failures_total", "Calls that were ended, by what ended them.", failures);
    let refusals = by(plugins, RefusalKind::ALL, |it, kind| it.counters.refusals.get(kind));
    page.counter("refusals_total", "Calls that the host refused, by reason.", refusals);
    page.counter("host_calls_total", "Uses of services.", uses(plugins));
    for (name, help, value) in GAUGES {
        page.gauge(name, help, plugins.iter().map(|it| (of(it), number(value(it)))).collect());
    }
    page.gauge("breaker_state", "1 for the state of the breaker.", breakers(plugins));
    page.histogram("call_duration_seconds", "Durations of calls.", plugins);
    page.encoded()
}

type Labels = Vec<(&'static str, String)>;

fn of(plugin: &PluginLine) -> Labels {
    vec![("plugin", plugin.name.clone())]
}

fn with(plugin: &PluginLine, name: &'static str, value: &str) -> Labels {
    vec![("plugin", plugin.name.clone()), (name, value.to_owned())]
}

/// Prometheus knows no other numbers.
fn number(value: u64) -> f64 {
    value as f64
}

fn by<K: Copy + Serialize>(
    plugins: &[PluginLine],
    kinds: &[K],
    value: impl Fn(&PluginLine, K) -> u64,
) -> Vec<(Labels, f64)> {
    let rows = plugins.iter().flat_map(|plugin| kinds.iter().map(move |kind| (plugin, *kind)));
    rows.map(|(plugin, kind)| (with(plugin, "kind", &word(kind)), number(value(plugin, kind))))
        .collect()
}

/// A kind as it is written in JSON.
fn word(kind: impl Serialize) -> String {
    let word = serde_json::to_value(kind).ok();
    word.as_ref().and_then(|word| word.as_str()).unwrap_or_default().to_owned()
}

fn uses(plugins: &[PluginLine]) -> Vec<(Labels, f64)> {
    let uses = |plugin: &PluginLine| -> Vec<_> {
        let uses = plugin.host_calls.iter();
        uses.map(|(name, uses)| (with(plugin, "service", name), number(*uses))).collect()
    };
    plugins.iter().flat_map(uses).collect()
}

fn breakers(plugins: &[PluginLine]) -> Vec<(Labels, f64)> {
    let states = |plugin: &PluginLine| {
        let is = match plugin.breaker {
            BreakerState::Closed => "closed",
            BreakerState::Open { .. } => "open",
            BreakerState::HalfOpen => "half_open",
            BreakerState::Quarantined => "quarantined",
        };
        let all = ["closed", "open", "half_open", "quarantined"];
        all.map(|state| (with(plugin, "state", state), f64::from(u8::from(state == is))))
    };
    plugins.iter().flat_map(states).collect()
}

/// Families of metrics, as the encoder takes them.
#[derive(Default)]
struct Page(Vec<proto::MetricFamily>);

impl Page {
    fn counter(&mut self, name: &str, help: &str, rows: Vec<(Labels, f64)>) {
        let metric = |(labels, value)| {
            let mut counter = proto::Counter::default();
            counter.set_value(value);
            let mut metric = labelled(labels);
            metric.set_counter(counter);
            metric
        };
        let rows = rows.into_iter().map(metric).collect();
        self.family(name, help, proto::MetricType::COUNTER, rows);
    }

    fn gauge(&mut self, name: &str, help: &str, rows: Vec<(Labels, f64)>) {
        let metric = |(labels, value)| {
            let mut gauge = proto::Gauge::default();
            gauge.set_value(value);
            let mut metric = labelled(labels);
            metric.set_gauge(gauge);
            metric
        };
        let rows = rows.into_iter().map(metric).collect();
        self.family(name, help, proto::MetricType::GAUGE, rows);
    }

    fn histogram(&mut self, name: &str, help: &str, plugins: &[PluginLine]) {
        let metric = |plugin: &PluginLine| {
            let mut metric = labelled(of(plugin));
            metric.set_histogram(durations(plugin));
            metric
        };
        let rows = plugins.iter().map(metric).collect();
        self.family(name, help, proto::MetricType::HISTOGRAM, rows);
    }

    /// The encoder refuses families without metrics.
    fn family(
        &mut self,
        name: &str,
        help: &str,
        kind: proto::MetricType,
        rows: Vec<proto::Metric>,
    ) {
        if rows.is_empty() {
            return;
        }
        let mut family = proto::MetricFamily::default();
        family.set_name(format!("ampoule_{name}"));
        family.set_help(help.to_owned());
        family.set_field_type(kind);
        family.set_metric(rows);
        self.0.push(family);
    }

    fn encoded(&self) -> String {
        // Every family has a name and metrics; there is nothing else to be wrong.
        TextEncoder::new().encode_to_string(&self.0).unwrap_or_default()
    }
}

fn labelled(labels: Labels) -> proto::Metric {
    let pair = |(name, value): (&str, String)| {
        let mut pair = proto::LabelPair::default();
        pair.set_name(name.to_owned());
        pair.set_value(value);
        pair
    };
    proto::Metric::from_label(labels.into_iter().map(pair).collect())
}

fn durations(plugin: &PluginLine) -> proto::Histogram {
    let (mut buckets, mut sum) = (Vec::new(), 0_u64);
    for (at, count) in plugin.counters.durations.buckets().iter().enumerate() {
        sum = sum.saturating_add(*count);
        // The encoder adds the bucket of all that is longer.
        let Some(longest) = Histogram::longest(at) else { continue };
        let mut bucket = proto::Bucket::default();
        bucket.set_upper_bound(seconds(longest));
        bucket.set_cumulative_count(sum);
        buckets.push(bucket);
    }
    let mut histogram = proto::Histogram::default();
    histogram.set_bucket(buckets);
    histogram.set_sample_count(sum);
    histogram.set_sample_sum(seconds(plugin.counters.duration_total));
    histogram
}

fn seconds(micros: u64) -> f64 {
    number(micros) / 1e6
}

/// How long the command may be busy before an asker is told so.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves `/metrics`, and answers the address that it has got.
pub(super) fn serve(
    address: SocketAddr,
    signals: &Sender<Signal>,
) -> Result<SocketAddr, WatchCommandError> {
    let failed = |reason: &str| WatchCommandError::Metrics {
        address: address.to_string(),
        reason: escaped(reason).to_string(),
    };
    let server = Server::http(address).map_err(|error| failed(&error.to_string()))?;
    let bound = server.server_addr().to_ip().unwrap_or(address);
    let (server, signals) = (Arc::new(server), signals.clone());
    let serve = move || {
        for request in server.incoming_requests() {
            let signals = signals.clone();
            // One who sends slowly, or takes slowly, holds up no other. Without a thread it is dropped.
            let _ = thread::Builder::new().spawn(move || answer(request, &signals));
        }
    };
    let spawned = thread::Builder::new().name("metrics".to_owned()).spawn(serve);
    spawned.map_err(|error| failed(&error.to_string()))?;
    Ok(bound)
}

fn answer(request: Request, signals: &Sender<Signal>) {
    let path = request.url().split('?').next().unwrap_or_default();
    let response = match (request.method(), path) {
        (Method::Get | Method::Head, "/metrics") => scraped(signals),
        (Method::Get | Method::Head, _) => said(404, "metrics are at /metrics\n"),
        _ => said(405, "GET is all that there is\n"),
    };
    // Whoever asked may be gone.
    let _ = request.respond(response);
}

fn scraped(signals: &Sender<Signal>) -> Response<Cursor<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    let asked = signals.send(Signal::Scrape(sender)).is_ok();
    let text = asked.then(|| receiver.recv_timeout(PATIENCE).ok()).flatten();
    let Some(text) = text else { return said(503, "the watch is busy, or over\n") };
    let header = Header::from_bytes("Content-Type", TEXT_FORMAT);
    let response = Response::from_string(text);
    match header {
        Ok(header) => response.with_header(header),
        Err(()) => response,
    }
}

fn said(status: u16, text: &str) -> Response<Cursor<Vec<u8>>> {
    Response::from_string(text).with_status_code(status)
}
