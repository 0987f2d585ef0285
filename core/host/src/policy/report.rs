//! What was asked, and what is left of it: row by row, for a person to read.

use super::{
    cut::{LIMIT_KEYS, micros},
    grant::{Grant, Granted, Rule, Variable, meets},
};
use crate::manifest::{FlagSlot, NetHostRule, NumberSlot, PathRule, ServiceRule, TextSlot};
use core::fmt;

/// One thing that a manifest asks for, and what is granted of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// The manifest's key.
    pub key: &'static str,
    /// What it asks for.
    pub asked: Item<'a>,
    /// What of it holds; none is nothing.
    pub granted: Option<Item<'a>>,
    /// Why.
    pub verdict: Verdict,
}

/// Why a row is granted as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// All that was asked for.
    Granted,
    /// The policy leaves less of it.
    Narrowed,
    /// The policy leaves nothing of it.
    Refused,
    /// The manifest's own `allow...` is false or missing.
    Off,
    /// The manifest's `allow...` is true but its list is empty, or a service has no operations: what
    /// isn't named isn't granted.
    Nothing,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Granted => "granted",
            Self::Narrowed => "cut by the policy",
            Self::Refused => "refused by the policy",
            Self::Off => "switched off in the manifest",
            Self::Nothing => "names nothing",
        })
    }
}

/// What may be asked for or granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Item<'a> {
    /// A switch.
    Flag(bool),
    /// A number with its unit.
    Number(u64, &'static str),
    /// A path with what lies below it.
    Path(PathRule<'a>),
    /// A network host.
    Host(NetHostRule<'a>),
    /// An environment variable.
    Variable(&'a str),
    /// A service of which no operation is named.
    Service(&'a str),
    /// An operation of a service.
    Operation {
        /// The service.
        service: &'a str,
        /// The operation.
        operation: &'a str,
        /// How far.
        extent: Granted<'a>,
    },
}

impl fmt::Display for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Number(number, unit) => write!(f, "{number} {unit}"),
            Self::Path(rule) => f.write_str(rule.path().map_or("*", |path| path.as_str())),
            Self::Host(rule) => write!(f, "{rule}"),
            Self::Variable(name) | Self::Service(name) => f.write_str(name),
            Self::Operation { service, operation, extent } => {
                write!(f, "{service}.{operation}{extent}")
            }
        }
    }
}

impl fmt::Display for Granted<'_> {
    /// Nothing for all of a service without a rate, or ` in SCOPE, N a second`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.scope.map_or(Ok(()), |scope| write!(f, " in {scope}"))?;
        self.per_second.map_or(Ok(()), |rate| write!(f, ", {rate} a second"))
    }
}

impl<'a> Grant<'a> {
    /// Everything that the manifest asks for, and what the policy leaves of it. Each row is judged by
    /// itself: where several keys bound the memory, the least holds.
    pub fn report(&self) -> impl Iterator<Item = Row<'a>> + use<'a> {
        let grant = *self;
        let paths = grant.list(&PATHS, |text| PathRule::parse(text).ok(), Item::Path);
        let hosts = grant.list(&HOSTS, |text| NetHostRule::parse(text).ok(), Item::Host);
        let variables =
            grant.list(&VARIABLES, |text| Some(Variable(text)), |name| Item::Variable(name.0));
        paths.chain(hosts).chain(variables).chain(grant.operations()).chain(grant.numbers())
    }

    fn list<R: Rule<'a> + 'a>(
        self,
        list: &'static List,
        parse: fn(&'a str) -> Option<R>,
        item: fn(R) -> Item<'a>,
    ) -> impl Iterator<Item = Row<'a>> {
        let on = self.manifest.document().flag(list.flag);
        let strings = self.manifest.document().list(list.slot);
        let named = strings.iter().filter_map(parse);
        let rows = named.flat_map(move |asked| self.rows(list.key, asked, item, on));
        let nothing =
            (on && strings.is_empty()).then_some(Row::nothing(list.switch, Item::Flag(on)));
        nothing.into_iter().chain(rows)
    }

    /// The rows of one entry of a list.
    fn rows<R: Rule<'a> + 'a>(
        self,
        key: &'static str,
        asked: R,
        item: fn(R) -> Item<'a>,
        on: bool,
    ) -> impl Iterator<Item = Row<'a>> {
        let mut granted = meets(asked, self.policy).filter(move |_| on).peekable();
        let verdict = if on { Verdict::Refused } else { Verdict::Off };
        let row = Row { key, asked: item(asked), granted: None, verdict };
        let none = granted.peek().is_none().then_some(row);
        none.into_iter().chain(granted.map(move |granted| row.with(item(granted))))
    }

    fn operations(self) -> impl Iterator<Item = Row<'a>> {
        let rules = self.manifest.services().iter();
        rules.flat_map(move |rule| {
            let none = rule.operations.is_empty();
            let nothing = none.then_some(Row::nothing(SERVICES, Item::Service(rule.service)));
            let rows = rule.operations.iter().map(move |one| self.operation(&rule, one));
            nothing.into_iter().chain(rows)
        })
    }

    fn operation(self, rule: &ServiceRule<'a>, operation: &'a str) -> Row<'a> {
        let item = |extent| Item::Operation { service: rule.service, operation, extent };
        let asked = item(Granted { scope: rule.scope, per_second: rule.per_second });
        let row = Row { key: SERVICES, asked, granted: None, verdict: Verdict::Refused };
        self.cut(rule, operation).map_or(row, |extent| row.with(item(extent)))
    }

    fn numbers(self) -> impl Iterator<Item = Row<'a>> {
        let ceiling = &self.policy.limits;
        let rows = LIMIT_KEYS.iter().filter_map(move |key| {
            let asked = key.asked(self.manifest.document())?;
            let granted = asked.min((key.get)(ceiling));
            Some(Row::number(key.key, key.unit, asked, granted))
        });
        let asked = self.manifest.document().number(NumberSlot::Timeout).map(micros);
        let timeout = asked.map(|asked| {
            let granted = self.deadline_micros().unwrap_or(asked);
            Row::number("timeout", "microseconds", asked, granted)
        });
        rows.chain(timeout)
    }
}

const SERVICES: &str = "capabilities.services";

/// One of the three lists with a switch.
struct List {
    key: &'static str,
    switch: &'static str,
    slot: TextSlot,
    flag: FlagSlot,
}

const PATHS: List = List {
    key: "capabilities.allowedPaths",
    switch: "capabilities.allowFileSystem",
    slot: TextSlot::Paths,
    flag: FlagSlot::FileSystem,
};
const HOSTS: List = List {
    key: "capabilities.allowedHosts",
    switch: "capabilities.allowNetwork",
    slot: TextSlot::Hosts,
    flag: FlagSlot::Network,
};
const VARIABLES: List = List {
    key: "capabilities.allowedEnv",
    switch: "capabilities.allowEnv",
    slot: TextSlot::Variables,
    flag: FlagSlot::Variables,
};

impl<'a> Row<'a> {
    /// The row that warns whoever expects that an empty list means everything.
    fn nothing(key: &'static str, asked: Item<'a>) -> Self {
        Self { key, asked, granted: None, verdict: Verdict::Nothing }
    }

    /// The row with what is granted of it.
    fn with(self, granted: Item<'a>) -> Self {
        let whole = self.asked == granted;
        let verdict = if whole { Verdict::Granted } else { Verdict::Narrowed };
        Self { granted: Some(granted), verdict, ..self }
    }

    fn number(key: &'static str, unit: &'static str, asked: u64, granted: u64) -> Self {
        let asked = Item::Number(asked, unit);
        let row = Self { key, asked, granted: None, verdict: Verdict::Refused };
        row.with(Item::Number(granted, unit))
    }
}
