//! The report for programs.

use super::{Report, plugin::Plugin};
use crate::json::Heap;
use ampoule_std::profile::Sum;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Told<'a> {
    success: bool,
    fits: bool,
    device: &'a str,
    bits: u8,
    heap: Total,
    stack: Total,
    flash: Total,
    slots: Total,
    loading: u64,
    messages: u64,
    reload: u64,
    plugins: Vec<One<'a>>,
}

#[derive(Serialize)]
struct Total {
    needed: u64,
    free: u64,
    margin: Option<u64>,
    shortfall: u64,
}

#[derive(Serialize)]
struct One<'a> {
    name: &'a str,
    module_bytes: u64,
    manifest: bool,
    heap: Option<Heap>,
    held: Option<u64>,
    native_stack: Option<u64>,
    messages: Option<u64>,
    refused: Option<Refusal<'a>>,
}

#[derive(Serialize)]
struct Refusal<'a> {
    code: &'a str,
    error: &'a str,
    cure: &'a str,
}

impl<'a> Told<'a> {
    pub(super) fn new(report: &'a Report) -> Self {
        let Report { profile, plugins, fit } = report;
        Self {
            success: true,
            fits: fit.fits() && plugins.iter().all(|plugin| plugin.refused.is_none()),
            device: &profile.name,
            bits: profile.bits,
            heap: Total::from(fit.heap),
            stack: Total::from(fit.stack),
            flash: Total::from(fit.flash),
            slots: Total::from(fit.slots),
            loading: fit.loading,
            messages: fit.messages,
            reload: fit.reload,
            plugins: plugins.iter().map(One::from).collect(),
        }
    }
}

impl From<Sum> for Total {
    fn from(sum: Sum) -> Self {
        let Sum { needed, free, .. } = sum;
        Self { needed, free, margin: sum.margin(), shortfall: sum.shortfall() }
    }
}

impl<'a> From<&'a Plugin> for One<'a> {
    fn from(plugin: &'a Plugin) -> Self {
        let Plugin { name, module_bytes, bound, manifest, refused } = plugin;
        let refused = refused.as_ref();
        Self {
            name,
            module_bytes: *module_bytes,
            manifest: *manifest,
            heap: bound.map(Heap),
            held: bound.map(|it| it.held()),
            native_stack: bound.map(|it| it.native_stack),
            messages: bound.map(|it| it.messages),
            refused: refused.map(|it| Refusal { code: it.code, error: &it.cause, cure: it.cure }),
        }
    }
}
