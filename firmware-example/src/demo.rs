//! Four plugins side by side: two work, one blinks, one never comes back.

use crate::{
    board::{self, Watchdog},
    console::say,
    flash::{BLINK, ECHO, ENDLESS, Flashed, SENSOR_FILTER},
    heap::HEAP,
    line::{self, Host, Line},
    rhythm::Rhythm,
    turns::Turns,
};
use ampoule::{
    BindError, EventKind, Micros, PluginId, Wake,
    services::{Level, LogLine},
};
use core::fmt::Write;

const MS: Micros = 1_000;
/// No answer is later than this, whatever another plugin does.
const LATEST: Micros = 5 * MS;

/// The plugins by what they are here for.
struct Loaded {
    sensor: PluginId,
    echo: PluginId,
    blink: PluginId,
    spin: PluginId,
}

impl Loaded {
    #[inline(never)]
    fn load(host: &mut Host) -> Option<Self> {
        let sensor = SENSOR_FILTER.load(host)?;
        let echo = ECHO.load(host)?;
        let blink = BLINK.load(host)?;
        let spin = ENDLESS.load(host)?;
        Some(Self { sensor, echo, blink, spin })
    }
}

/// Runs it all; false if something wasn't as it has to be.
#[inline(never)]
pub(crate) fn run(host: &mut Host, watchdog: &mut impl Watchdog, line: &mut Line) -> bool {
    let empty = HEAP.live();
    say!("# host: {empty} bytes of heap, {} beside it", size_of::<Host>());
    let Some(loaded) = Loaded::load(host) else { return false };
    watchdog.feed();
    let lived = live(host, &loaded, watchdog, line);
    let gone = unload(host, &loaded);
    lived.is_ok_and(|fine| fine) && gone
}

/// The main loop.
#[inline(never)]
fn live(
    host: &mut Host,
    loaded: &Loaded,
    watchdog: &mut impl Watchdog,
    line: &mut Line,
) -> Result<bool, BindError> {
    let mut work = Work::bind(host, loaded)?;
    let mut turns = Turns::new();
    let end = board::now().saturating_add(board::DEMONSTRATION);
    while board::now() < end {
        let now = board::now();
        turns.begin(now);
        work.start(host, now);
        let turn = host.poll(now);
        work.take(host);
        work.tell_late(now);
        tell(host, loaded, line);
        let again = line.serve(host);
        watchdog.feed();
        turns.end(&turn);
        if !again {
            rest(turn.next, work.due(), line);
        }
    }
    let fine = work.report();
    Ok(turns.report() && fine)
}

/// What the plugins do, each in its rhythm.
struct Work {
    echo: Rhythm<(i32, i32), (i32, i32)>,
    sensor: Rhythm<(u64, f32), (f32, u32)>,
    blink: Rhythm<(), (bool, u32)>,
    spin: Rhythm<(), ()>,
    echoes: i32,
    samples: u32,
    flashes: u32,
    reading: (f32, u32),
    /// Whether each answer was what it has to be.
    right: bool,
    /// The latest that was told.
    told: Micros,
}

impl Work {
    fn bind(host: &mut Host, loaded: &Loaded) -> Result<Self, BindError> {
        Ok(Self {
            echo: Rhythm::new(host.bind(loaded.echo, "shift")?, 10 * MS),
            sensor: Rhythm::new(host.bind(loaded.sensor, "filter")?, 20 * MS),
            blink: Rhythm::new(host.bind(loaded.blink, "step")?, MS),
            spin: Rhythm::new(host.bind(loaded.spin, "spin")?, 15 * MS),
            echoes: 0,
            samples: 0,
            flashes: 0,
            reading: (0.0, 0),
            right: true,
            told: LATEST,
        })
    }

    /// Starts the calls that are due. A refusal skips a beat; why is told by the events.
    fn start(&mut self, host: &mut Host, now: Micros) {
        let (echoes, samples) = (self.echoes, self.samples);
        let _ = self.echo.start(host, now, || (echoes, echoes));
        let _ = self.sensor.start(host, now, || sample(samples));
        let _ = self.blink.start(host, now, || ());
        let _ = self.spin.start(host, now, || ());
    }

    fn take(&mut self, host: &mut Host) {
        if let Some(answer) = self.echo.take(host) {
            self.echoes = self.echoes.wrapping_add(1);
            self.right &= answer == Ok((self.echoes, self.echoes));
        }
        if let Some(answer) = self.sensor.take(host) {
            self.samples = self.samples.wrapping_add(1);
            self.right &= answer.is_ok();
            self.reading = answer.unwrap_or(self.reading);
        }
        if let Some(answer) = self.blink.take(host) {
            let (lit, lasts_ms) = answer.unwrap_or_default();
            self.right &= lasts_ms > 0;
            self.flashes = self.flashes.wrapping_add(u32::from(lit));
            self.blink.next_after(Micros::from(lasts_ms.max(1)) * MS);
        }
        if let Some(answer) = self.spin.take(host) {
            self.right &= answer.is_err();
        }
    }

    fn slowest(&self) -> Micros {
        let Self { echo, sensor, blink, .. } = self;
        echo.slowest().max(sensor.slowest()).max(blink.slowest())
    }

    /// Tells the workstation of an answer that came later than it may, and than any before.
    fn tell_late(&mut self, now: Micros) {
        let slowest = self.slowest();
        if slowest <= self.told {
            return;
        }
        self.told = slowest;
        let mut text = heapless::String::<64>::new();
        // It fits.
        let _ = write!(text, "an answer came {slowest} us after it was due");
        line::keep(&LogLine { plugin: "", level: Level::Warn, text: &text, now });
    }

    /// When the next call is to start.
    fn due(&self) -> Micros {
        let Self { echo, sensor, blink, spin, .. } = self;
        echo.due().min(sensor.due()).min(blink.due()).min(spin.due())
    }

    fn report(&self) -> bool {
        let Self { reading: (celsius, dropped), .. } = self;
        let tenths = (celsius * 10.0) as i32;
        say!("echo: {} answers", self.echoes);
        say!(
            "sensor-filter: {} samples, {dropped} dropped, {tenths} tenths of a degree",
            self.samples
        );
        say!("blink: {} flashes", self.flashes);
        let slowest = self.slowest();
        say!("all of them in time: {}", yes(slowest <= LATEST));
        say!("# the slowest answer came {slowest} us after it was due");
        self.right && slowest <= LATEST
    }
}

/// Time and degrees: a slow wave with a spike now and then.
fn sample(number: u32) -> (u64, f32) {
    let wave = if (number / 8).is_multiple_of(2) { number % 8 } else { 8 - number % 8 };
    let celsius = if number % 16 == 9 { 95.0 } else { 20.0 + wave as f32 / 8.0 };
    (u64::from(number) + 1_000_000, celsius)
}

/// Tells what has happened to plugins.
#[inline(never)]
fn tell(host: &mut Host, loaded: &Loaded, line: &mut Line) {
    while let Some(event) = host.next_event() {
        line.note(&event);
        let name = host.plugin(event.plugin).map_or("?", |plugin| plugin.meta().name);
        match event.what {
            EventKind::Faulted { code } => say!("{name}: ended, {code}"),
            EventKind::Tripped { until } => {
                say!("{name}: left alone for {} ms", until.saturating_sub(event.at) / MS);
            }
            EventKind::Quarantined => {
                let instances = host.counters(loaded.spin).map_or(0, |counters| counters.instances);
                say!("{name}: quarantined, after {instances} instances");
            }
            _ => {}
        }
    }
}

/// Sleeps while there is nothing to do. The clock's interrupt comes each millisecond, so none is slept over.
fn rest(next: Wake, due: Micros, line: &mut Line) {
    let until = match next {
        Wake::Now => return,
        Wake::At(at) => at.min(due),
        Wake::Never => due,
    };
    while board::now() + MS < until && !line.is_awake() {
        board::idle();
        // Fed again within a second: `due` is never further away than that.
    }
}

/// Unloads all, the last first, and looks at what is left.
#[inline(never)]
fn unload(host: &mut Host, loaded: &Loaded) -> bool {
    let all: [(&Flashed, PluginId); 4] = [
        (&ENDLESS, loaded.spin),
        (&BLINK, loaded.blink),
        (&ECHO, loaded.echo),
        (&SENSOR_FILTER, loaded.sensor),
    ];
    let mut fine = true;
    for (plugin, id) in all {
        let before = HEAP.live();
        match host.unload(id) {
            Ok(()) => say!("{}: unloaded", plugin.name),
            Err(error) => {
                fine = false;
                say!("{}: unloaded, {error}", plugin.name);
            }
        }
        say!("# {}: {} bytes given back", plugin.name, before.saturating_sub(HEAP.live()));
    }
    fine
}

const fn yes(fine: bool) -> &'static str {
    if fine { "yes" } else { "NO" }
}
