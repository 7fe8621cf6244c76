//! The metrics of one node or device, as its birth named them.
//!
//! The way through: a birth makes a new [`Metrics`] with [`Metrics::born`]; data goes through
//! [`Metrics::changed`]; a death takes the last values with [`Metrics::stale`]. What was wrong with single
//! metrics gathers in [`Complaints`], which makes a few findings of it.
//!
//! What holds: an alias counts only in the table of the birth that gave it; a value is read by the datatype
//! of the birth; a historical value never becomes the last value; the unit of the birth holds until another is stated;
//! the quality is of the value it comes with; however many metrics of a message are wrong, there is one finding per kind
//! of fault.
//!
//! Not here: the order of messages (`order`), sessions (`node`), decimal text (`value`), how properties are read
//! (`property`).
//!
//! Source: Sparkplug 3.0.0 sections 6.4.6 (metric, aliases), 6.4.19 to 6.4.22 (NBIRTH, DBIRTH, NDATA, DDATA).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use reads::{Finding, code};

use super::output::{HostOutput, Measured, NotGood};
use super::payload::{BD_SEQ, Metric, Opened, Payload, time};
use super::property::{Properties, Quality};
use super::topic::shown;
use super::value::{decimal, is_numeric};

/// Longest name of a metric, in bytes. Names are paths of plant, line and signal; real ones stay below 200.
pub const MAX_METRIC_NAME: usize = 512;
/// Names that begin so command the node or device; they measure nothing.
const CONTROLS: [&str; 2] = ["Node Control/", "Device Control/"];

/// One metric as its birth named it.
#[derive(Debug)]
struct Known {
    name: Arc<str>,
    datatype: Option<u32>,
    /// As the node writes it.
    unit: Option<Arc<str>>,
    last: Option<Last>,
    /// Whether a value was given, good or stale.
    is_given: bool,
}

/// The last value of a metric.
#[derive(Debug)]
struct Last {
    value: String,
    unit: Option<Arc<str>>,
}

/// All metrics of one node or device.
#[derive(Debug, Default)]
pub struct Metrics {
    list: Vec<Known>,
    by_name: HashMap<Arc<str>, usize>,
    /// None for an alias that the birth gave to two metrics or to none: its meaning is unknown, and another birth would
    /// give the same.
    by_alias: HashMap<u64, Option<usize>>,
    /// The birth named more than is kept.
    is_cut: bool,
}

/// The content of a data message.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Metrics that the birth did not name, though all that it named is known: only a rebirth helps.
    pub unknown_devices: usize,
}

impl Metrics {
    /// Reads a birth of `device`. At most `room` metrics are kept.
    pub fn born(
        opened: &Opened,
        room: usize,
        device: &str,
        decoded: &mut HostOutput,
        complaints: &mut Complaints,
    ) -> Self {
        let mut metrics = Self { is_cut: opened.left_out > 0, ..Self::default() };
        for metric in &opened.payload.metrics {
            metrics.add(metric, &opened.payload, room, device, decoded, complaints);
        }
        if metrics.is_cut {
            complaints.add(Fault::Cut, format!("only {} metrics are kept", metrics.list.len()));
        }
        metrics
    }

    fn add(
        &mut self,
        metric: &Metric,
        payload: &Payload,
        room: usize,
        device: &str,
        decoded: &mut HostOutput,
        complaints: &mut Complaints,
    ) {
        let name = metric.name();
        if name.len() > MAX_METRIC_NAME || self.len() >= room {
            self.is_cut = true;
            return;
        }
        let place = self.list.len();
        let fault = if name.is_empty() {
            Some((Fault::Unnamed, alias_text(metric)))
        } else if self.by_name.contains_key(name) {
            Some((Fault::Twice, quoted(name)))
        } else {
            None
        };
        if let Some(alias) = metric.alias {
            let meant = if fault.is_some() { None } else { Some(place) };
            if self.by_alias.insert(alias, meant).is_some() {
                self.by_alias.insert(alias, None);
                complaints.add(Fault::Alias, format!("alias {alias}"));
            }
        }
        if let Some((fault, text)) = fault {
            complaints.add(fault, text);
            return;
        }
        if metric.datatype.is_none() {
            complaints.add(Fault::Untyped, quoted(name));
        }
        let name: Arc<str> = Arc::from(name);
        self.by_name.insert(Arc::clone(&name), place);
        let mut known =
            Known { name, datatype: metric.datatype, unit: None, last: None, is_given: false };
        known.take(metric, payload, device, decoded, complaints);
        self.list.push(known);
    }

    /// Reads data of `device`.
    pub fn changed(
        &mut self,
        payload: &Payload,
        device: &str,
        decoded: &mut HostOutput,
        complaints: &mut Complaints,
    ) -> Change {
        let mut change = Change::default();
        for metric in &payload.metrics {
            match self.find(metric) {
                Found::Known(known) => known.take(metric, payload, device, decoded, complaints),
                Found::Ambiguous => complaints.add(Fault::Alias, alias_text(metric)),
                Found::LeftOut => complaints.add(Fault::LeftOut, metric_text(metric)),
                Found::Stranger => {
                    complaints.add(Fault::Stranger, metric_text(metric));
                    change.unknown_devices = change.unknown_devices.saturating_add(1);
                }
            }
        }
        change
    }

    fn find(&mut self, metric: &Metric) -> Found<'_> {
        let by_alias = metric.alias.and_then(|alias| self.by_alias.get(&alias));
        // Some makers send an empty name with the alias.
        let name = metric.name.as_deref().filter(|name| !name.is_empty());
        let by_name = name.and_then(|name| self.by_name.get(name));
        let place = match (by_alias, by_name) {
            // The name decides if both are sent, unless they mean different metrics.
            (Some(Some(alias)), Some(name)) if alias != name => None,
            (_, Some(name)) => Some(*name),
            (Some(None), None) if name.is_none() => return Found::Ambiguous,
            (Some(Some(alias)), None) if name.is_none() => Some(*alias),
            _ => None,
        };
        match place.and_then(|place| self.list.get_mut(place)) {
            Some(known) => Found::Known(known),
            None if self.is_cut => Found::LeftOut,
            None => Found::Stranger,
        }
    }

    /// How many metrics are kept; aliases without a metric take room too.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len().max(self.by_alias.len())
    }

    /// Takes every last value: it is reported as stale, once.
    pub fn stale<'a>(
        &'a mut self,
        device: &'a str,
        at: Timestamp,
    ) -> impl Iterator<Item = Measured> + 'a {
        self.list.iter_mut().filter_map(move |known| known.stale(device, Some(at)))
    }

    /// Takes the last values of metrics that have none in the birth `after` this one.
    pub fn gone<'a>(
        &'a mut self,
        after: &'a Self,
        device: &'a str,
        at: Timestamp,
    ) -> impl Iterator<Item = Measured> + 'a {
        let has_value = |name: &str| {
            let known = after.by_name.get(name).and_then(|place| after.list.get(*place));
            known.is_some_and(|known| known.is_given)
        };
        self.list
            .iter_mut()
            .filter(move |known| !has_value(&known.name))
            .filter_map(move |known| known.stale(device, Some(at)))
    }
}

/// Which metric of the birth a metric in data is.
enum Found<'a> {
    Known(&'a mut Known),
    /// Its alias belongs to two metrics or to none.
    Ambiguous,
    /// It may be one that the birth named and that is not kept.
    LeftOut,
    /// The birth did not name it.
    Stranger,
}

impl Known {
    fn take(
        &mut self,
        metric: &Metric,
        payload: &Payload,
        device: &str,
        decoded: &mut HostOutput,
        complaints: &mut Complaints,
    ) {
        if &*self.name == BD_SEQ || CONTROLS.iter().any(|control| self.name.starts_with(control)) {
            return;
        }
        let Some(datatype) = self.datatype.or(metric.datatype).filter(|one| is_numeric(*one))
        else {
            return;
        };
        let Properties { quality, unit } = Properties::read(metric);
        let is_historical = metric.is_historical();
        let unit = unit.map(Arc::from).or_else(|| self.unit.clone());
        if !is_historical {
            self.unit.clone_from(&unit);
        }
        if let Quality::Bad(reason) = quality {
            let (device, metric) = (device.to_owned(), self.name.to_string());
            decoded.not_good.push(NotGood { device, metric, reason });
            return;
        }
        let at = self.time(metric, payload, complaints);
        let is_stale = quality == Quality::Stale;
        if is_stale && metric.is_null() {
            self.is_given = true;
            decoded.measured.extend(self.stale(device, at));
            return;
        }
        let Some(value) = self.value(datatype, metric, complaints) else { return };
        if !is_historical {
            self.is_given = true;
            // What is stale was said to be stale, and is not said again.
            self.last = (!is_stale).then(|| Last { value: value.clone(), unit: unit.clone() });
        }
        decoded.measured.push(Measured {
            device: device.to_owned(),
            metric: self.name.to_string(),
            value,
            unit,
            at,
            is_historical,
            is_stale,
        });
    }

    /// The value as decimal text.
    fn value(&self, datatype: u32, metric: &Metric, complaints: &mut Complaints) -> Option<String> {
        if let Some(sent) = metric.datatype.filter(|sent| *sent != datatype) {
            let text =
                format!("{} was born with datatype {datatype}, not {sent}", quoted(&self.name));
            complaints.add(Fault::Unusable, text);
            return None;
        }
        if metric.is_null() {
            complaints.add(Fault::Null, quoted(&self.name));
            return None;
        }
        decimal(datatype, metric.value.as_ref()).unwrap_or_else(|why| {
            complaints.add(Fault::Unusable, format!("{} {why}", quoted(&self.name)));
            None
        })
    }

    /// When it was measured, by the node's clock.
    fn time(
        &self,
        metric: &Metric,
        payload: &Payload,
        complaints: &mut Complaints,
    ) -> Option<Timestamp> {
        let milliseconds = metric.timestamp.or(payload.timestamp)?;
        let at = time(milliseconds);
        if at.is_none() {
            complaints.add(Fault::Time, format!("{}: {milliseconds}", quoted(&self.name)));
        }
        at
    }

    fn stale(&mut self, device: &str, at: Option<Timestamp>) -> Option<Measured> {
        let Last { value, unit } = self.last.take()?;
        Some(Measured {
            device: device.to_owned(),
            metric: self.name.to_string(),
            value,
            unit,
            at,
            is_historical: false,
            is_stale: true,
        })
    }
}

/// Kinds of fault in single metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Marked as having no value.
    Null,
    /// A value that is no number of its datatype.
    Unusable,
    /// A time that no calendar has.
    Time,
    /// Not in the birth.
    Stranger,
    /// Perhaps among those that the birth named and that are not kept.
    LeftOut,
    /// A birth without name.
    Unnamed,
    /// A birth without datatype.
    Untyped,
    /// Named twice in one birth.
    Twice,
    /// An alias for two metrics or for none.
    Alias,
    /// More in a birth than is kept.
    Cut,
}

impl Fault {
    /// What is wrong with so many.
    fn words(self, count: usize) -> String {
        let (one, many, rest) = match self {
            Self::Null => ("metric", "metrics", " without value (null)"),
            Self::Unusable => ("value", "values", " refused"),
            Self::Time => {
                ("time", "times", " not usable as a date (expected milliseconds since 1970)")
            }
            Self::Stranger => ("value", "values", " refused that the last birth did not define"),
            Self::LeftOut => (
                "value",
                "values",
                " refused, because the birth defined more metrics than are kept",
            ),
            Self::Unnamed => ("metric", "metrics", " without a name in the birth, refused"),
            Self::Untyped => ("metric", "metrics", " without a datatype in the birth"),
            Self::Twice => ("metric", "metrics", " defined twice in the birth; the first counts"),
            Self::Alias => ("alias", "aliases", " that the birth gave to two metrics or to none"),
            Self::Cut => ("birth", "births", " with more or longer metrics than are kept"),
        };
        format!("{count} {}{rest}", if count == 1 { one } else { many })
    }
}

/// What was wrong with single metrics of one message.
#[derive(Debug, Default)]
pub struct Complaints {
    kinds: BTreeMap<Fault, (usize, String)>,
}

impl Complaints {
    /// Counts a fault; the text of the first of each kind is kept.
    pub fn add(&mut self, fault: Fault, text: String) {
        let (count, _) = self.kinds.entry(fault).or_insert((0, text));
        *count = count.saturating_add(1);
    }

    /// One finding for each kind of fault.
    pub fn findings(self, device: &str) -> impl Iterator<Item = Finding> {
        self.kinds.into_iter().map(move |(fault, (count, first))| {
            let text = format!("{device}: {}; the first: {first}", fault.words(count));
            Finding { code: code::REFUSED, text }
        })
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", shown(name))
}

fn alias_text(metric: &Metric) -> String {
    metric.alias.map_or_else(|| "no alias".to_owned(), |alias| format!("alias {alias}"))
}

fn metric_text(metric: &Metric) -> String {
    let name = metric.name();
    if name.is_empty() { alias_text(metric) } else { quoted(name) }
}
