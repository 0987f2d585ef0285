//! Smooths a temperature, and drops spikes.
//!
//! How much it smooths and what a spike is, the host keeps for it: the plugin reads both from the
//! service `kv` when it starts, and `configure` changes them. It logs each spike. So its manifest asks
//! for `kv.get`, `kv.set` and `log.write`.
#![cfg_attr(target_arch = "wasm32", no_std)]

use ampoule_guest::{
    Context, Failure, HandOver, Meta, Plugin, Saved, Schema, Status, export_plugin, failure_code,
    services::{kv, log},
};
use serde::{Deserialize, Deserializer, Serialize};

/// What the codes of this plugin's failures mean.
pub mod code {
    use super::failure_code::FIRST_OF_PLUGIN;

    /// The parameters are out of range.
    pub const BAD_PARAMETERS: u32 = FIRST_OF_PLUGIN;
    /// The host can't keep the parameters now.
    pub const NOT_KEPT: u32 = FIRST_OF_PLUGIN + 1;
    /// The kept parameters can't be read.
    pub const NOT_READ: u32 = FIRST_OF_PLUGIN + 2;
    /// The first sample is no number, so there is nothing to go by.
    pub const NO_NUMBER: u32 = FIRST_OF_PLUGIN + 3;
}

/// So many spikes in a row are no spikes: the temperature has changed.
const SPIKES_IN_A_ROW: u8 = 3;

/// What a sensor measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Sample {
    /// When, in microseconds of the sensor's clock.
    pub at_us: u64,
    /// Degrees Celsius.
    #[serde(deserialize_with = "float")]
    pub celsius: f32,
}

/// What the plugin makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Reading {
    /// Degrees Celsius, smoothed.
    pub celsius: f32,
    /// How many samples were dropped since the start.
    pub dropped: u32,
}

/// How to filter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Parameters {
    /// How much a new sample counts: more than 0, at most 1.
    #[serde(deserialize_with = "float")]
    pub weight: f32,
    /// A sample that is farther away than this, in degrees, is a spike: more than 0.
    #[serde(deserialize_with = "float")]
    pub limit: f32,
}

/// Reads a float byte by byte. On the wire it is the same; postcard's own way keeps a panic in the module,
/// and with it 2 KiB of `core::fmt`.
fn float<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
    <[u8; 4]>::deserialize(deserializer).map(f32::from_le_bytes)
}

impl Parameters {
    const DEFAULT: Self = Self { weight: 0.25, limit: 10.0 };

    fn kept() -> Result<Self, Failure<'static>> {
        let kept = Self {
            weight: kept("weight", Self::DEFAULT.weight)?,
            limit: kept("limit", Self::DEFAULT.limit)?,
        };
        if kept.are_fine() { Ok(kept) } else { Err(NOT_READ) }
    }

    fn keep(self) -> Result<(), Status> {
        kv::set("weight", &self.weight.to_le_bytes())?;
        kv::set("limit", &self.limit.to_le_bytes())
    }

    /// Comparisons with NaN are false.
    fn are_fine(self) -> bool {
        self.weight > 0.0 && self.weight <= 1.0 && self.limit > 0.0 && self.limit.is_finite()
    }
}

const NOT_READ: Failure<'_> =
    Failure { code: code::NOT_READ, message: "the kept parameters can't be read" };

fn kept(key: &str, default: f32) -> Result<f32, Failure<'static>> {
    match kv::get(key, &mut [0; 4]) {
        Ok(None) => Ok(default),
        Ok(Some(&[a, b, c, d])) => Ok(f32::from_le_bytes([a, b, c, d])),
        _ => Err(NOT_READ),
    }
}

/// The plugin.
pub struct SensorFilter {
    parameters: Parameters,
    /// The newest sample that counts, with the temperature smoothed.
    last: Option<Sample>,
    dropped: u32,
    spikes_in_a_row: u8,
}

impl Plugin for SensorFilter {
    const META: Meta<'static> = Meta {
        name: "sensor-filter",
        version: "1.0.0",
        description: "Smooths a temperature and drops spikes",
        author: "Ampoule",
    };

    const WANTS_CONTEXT: bool = false;

    fn init(_: &Context<'_>) -> Result<Self, Failure<'static>> {
        let parameters = Parameters::kept()?;
        Ok(Self { parameters, last: None, dropped: 0, spikes_in_a_row: 0 })
    }
}

/// What a new version goes on from: time (high and low half) and temperature (its bits; NaN if there is none)
/// of the newest sample that counts, how many were dropped, how many in a row. Words of 32 bits only: what
/// else postcard can write would be 2 KiB more of the module.
type State = (u32, u32, u32, u32, u8);

/// Parameters come from the host; a new version reads them by itself.
impl HandOver for SensorFilter {
    type State = State;

    fn save(&self) -> State {
        let Sample { at_us, celsius } = self.last.unwrap_or(Sample { at_us: 0, celsius: f32::NAN });
        let (high, low) = ((at_us >> 32) as u32, at_us as u32);
        (high, low, celsius.to_bits(), self.dropped, self.spikes_in_a_row)
    }

    fn restore(&mut self, saved: Saved<'_>) -> Result<(), Failure<'static>> {
        if saved.layout() != 1 {
            return Err(saved.unknown());
        }
        let (high, low, bits, dropped, spikes_in_a_row) = saved.read::<State>()?;
        let at_us = u64::from(high) << 32 | u64::from(low);
        let last = Sample { at_us, celsius: f32::from_bits(bits) };
        self.last = Some(last).filter(|last| last.celsius.is_finite());
        (self.dropped, self.spikes_in_a_row) = (dropped, spikes_in_a_row);
        Ok(())
    }
}

impl SensorFilter {
    /// Takes the next sample. One that is no newer than the last, or a spike, is dropped: the reading
    /// stays as it was.
    ///
    /// # Errors
    /// [`code::NO_NUMBER`].
    pub fn filter(&mut self, sample: Sample) -> Result<Reading, Failure<'static>> {
        let celsius = match self.last {
            Some(last) => self.next(last, sample),
            None => self.first(sample)?,
        };
        Ok(Reading { celsius, dropped: self.dropped })
    }

    fn first(&mut self, sample: Sample) -> Result<f32, Failure<'static>> {
        if !sample.celsius.is_finite() {
            return Err(Failure {
                code: code::NO_NUMBER,
                message: "the first sample is no number",
            });
        }
        Ok(self.take(sample))
    }

    fn next(&mut self, last: Sample, sample: Sample) -> f32 {
        let change = sample.celsius - last.celsius;
        if sample.at_us <= last.at_us {
            self.drop_one();
            last.celsius
        } else if change.abs() <= self.parameters.limit {
            self.take(Sample { celsius: last.celsius + self.parameters.weight * change, ..sample })
        } else {
            self.spike(last, sample)
        }
    }

    fn spike(&mut self, last: Sample, sample: Sample) -> f32 {
        self.spikes_in_a_row = self.spikes_in_a_row.saturating_add(1);
        if self.spikes_in_a_row >= SPIKES_IN_A_ROW && sample.celsius.is_finite() {
            return self.take(sample);
        }
        self.drop_one();
        // Filtering goes on where no log is to be had.
        let _ = log::warn("spike dropped");
        last.celsius
    }

    fn take(&mut self, sample: Sample) -> f32 {
        self.last = Some(sample);
        self.spikes_in_a_row = 0;
        sample.celsius
    }

    fn drop_one(&mut self) {
        self.dropped = self.dropped.saturating_add(1);
    }

    /// Changes the parameters, for now and for later starts.
    ///
    /// # Errors
    /// [`code::BAD_PARAMETERS`]; [`code::NOT_KEPT`]: the plugin goes on with the old ones, yet one of the
    /// new ones may be kept.
    pub fn configure(&mut self, parameters: Parameters) -> Result<(), Failure<'static>> {
        if !parameters.are_fine() {
            let message = "the weight is above 0 and at most 1, the limit above 0";
            return Err(Failure { code: code::BAD_PARAMETERS, message });
        }
        parameters.keep().map_err(|_| Failure {
            code: code::NOT_KEPT,
            message: "the parameters can't be kept now",
        })?;
        self.parameters = parameters;
        Ok(())
    }
}

export_plugin! {
    SensorFilter {
        mailbox: 64,
        reply: 64,
        entries: [filter, configure],
        state_layout: 1,
    }
}

#[cfg(test)]
mod tests;
