//! A validated event: its JSON and typed accessors.
//!
//! What holds: the JSON is kept as received, except for `@context`, which is reduced to the prefixes that the event
//! uses and to the addresses of contexts that are not the standard's, so that the event is complete without its document.
//!
//! Not here: rules for fields ([`crate::check`]), vocabulary ([`crate::vocabulary`]).
//!
//! Source: EPCIS 2.0 sections 7.3 and 7.4.

use jiff::Timestamp;
use ledger::json::Json;

use crate::check::check_event;
use crate::context::{Context, of_event};
use crate::event_kind::EventKind;
use crate::violation::Violation;
use crate::vocabulary::Vocabulary;

/// A validated event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    json: Json,
    kind: EventKind,
    context: Context,
    time: Timestamp,
}

impl Event {
    /// Validates an event without a document; it may have its own `@context`.
    ///
    /// # Errors
    ///
    /// The violations, at most 100.
    pub fn from_json(json: Json) -> Result<Self, Vec<Violation>> {
        Self::within(json, &Context::default())
    }

    /// The event in a record that was made before, or in a translation of another notation that checked it. Only type and
    /// time are looked at: a rule that came later never makes an old record unreadable.
    ///
    /// - `json`: an event with its own `@context`, without a document.
    ///
    /// Returns `None` if `json` has no type of event or no event time.
    #[must_use]
    pub fn of_record(json: Json) -> Option<Self> {
        let context = Context::unchecked(&json, &Context::default());
        Self::with(json, context)
    }

    /// As [`Event::of_record`], for an event of a document whose context is `outer`.
    pub(crate) fn unchecked(mut json: Json, outer: &Context) -> Option<Self> {
        let context = Context::unchecked(&json, outer);
        json.remove("@context");
        let context = context.used_by(&json);
        if let Some(own) = context.to_json() {
            json.set("@context", own);
        }
        Self::with(json, context)
    }

    fn with(json: Json, context: Context) -> Option<Self> {
        let text = |name: &str| json.get(name).and_then(Json::as_str);
        let kind = EventKind::from_name(text("type")?)?;
        let time = text("eventTime")?.parse().ok()?;
        Some(Self { json, kind, context, time })
    }

    /// Validates an event of a document whose context is `outer`. What the event needs of both contexts is written to its
    /// own `@context`.
    pub(crate) fn within(mut json: Json, outer: &Context) -> Result<Self, Vec<Violation>> {
        let context = of_event(&json, outer)?;
        let kind = check_event(&json, &context)?;
        json.remove("@context");
        let context = context.used_by(&json);
        if let Some(own) = context.to_json() {
            json.set("@context", own);
        }
        // check_event has made sure that there is an event time and that it can be parsed.
        let time = json.get("eventTime").and_then(Json::as_str).and_then(|text| text.parse().ok());
        let time = time.unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(Self { json, kind, context, time })
    }

    /// The event as it was received, except for `@context`, which has the prefixes that the event uses, and the
    /// addresses of contexts that are not the standard's.
    #[must_use]
    pub fn json(&self) -> &Json {
        &self.json
    }

    /// As [`Event::json`], when nothing else of the event is needed any more.
    #[must_use]
    pub fn into_json(self) -> Json {
        self.json
    }

    /// The type.
    #[must_use]
    pub fn kind(&self) -> EventKind {
        self.kind
    }

    /// The prefixes and namespaces that the event uses.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.json.get(name).and_then(Json::as_str)
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let items = self.json.get(name).and_then(Json::as_array).unwrap_or_default();
        items.iter().filter_map(Json::as_str).map(str::to_owned).collect()
    }

    /// The event time, in UTC.
    #[must_use]
    pub fn event_time(&self) -> Timestamp {
        self.time
    }

    /// The event time as the sender wrote it, with its offset.
    #[must_use]
    pub fn event_time_text(&self) -> &str {
        self.text("eventTime").unwrap_or_default()
    }

    /// The event id that the sender gave.
    #[must_use]
    pub fn event_id(&self) -> Option<&str> {
        self.text("eventID")
    }

    /// The action: ADD, OBSERVE or DELETE; `None` for transformation events.
    #[must_use]
    pub fn action(&self) -> Option<&str> {
        self.text("action")
    }

    /// The business step as a web URI.
    #[must_use]
    pub fn biz_step(&self) -> Option<String> {
        self.text("bizStep").map(|word| self.expand(Vocabulary::BizStep, word))
    }

    /// The disposition as a web URI.
    #[must_use]
    pub fn disposition(&self) -> Option<String> {
        self.text("disposition").map(|word| self.expand(Vocabulary::Disposition, word))
    }

    /// Converts a vocabulary element of any spelling to its web URI.
    pub(crate) fn expand(&self, vocabulary: Vocabulary, word: &str) -> String {
        match self.context.split(word) {
            Some((namespace, local)) => format!("{namespace}{local}"),
            None => vocabulary.expand(word),
        }
    }

    /// The read point, a location URI.
    #[must_use]
    pub fn read_point(&self) -> Option<&str> {
        self.json.get("readPoint")?.get("id")?.as_str()
    }

    /// The business location, a location URI.
    #[must_use]
    pub fn biz_location(&self) -> Option<&str> {
        self.json.get("bizLocation")?.get("id")?.as_str()
    }

    /// The EPCs of an object or transaction event.
    #[must_use]
    pub fn epc_list(&self) -> Vec<String> {
        self.texts("epcList")
    }

    /// The container, place or asset of the child EPCs.
    #[must_use]
    pub fn parent_id(&self) -> Option<&str> {
        self.text("parentID")
    }

    /// The EPCs that are in the container or linked to the place or asset.
    #[must_use]
    pub fn child_epcs(&self) -> Vec<String> {
        self.texts("childEPCs")
    }

    fn pairs(
        &self,
        list: &str,
        name: &str,
        vocabulary: Vocabulary,
    ) -> Vec<(Option<String>, String)> {
        let items = self.json.get(list).and_then(Json::as_array).unwrap_or_default();
        items
            .iter()
            .filter_map(|item| {
                let kind = item.get("type").and_then(Json::as_str);
                let kind = kind.map(|word| self.expand(vocabulary, word));
                Some((kind, item.get(name)?.as_str()?.to_owned()))
            })
            .collect()
    }

    /// Business transactions: type as a web URI, reference.
    #[must_use]
    pub fn biz_transactions(&self) -> Vec<(Option<String>, String)> {
        self.pairs("bizTransactionList", "bizTransaction", Vocabulary::BizTransactionType)
    }

    /// Sources: type as a web URI, place or party.
    #[must_use]
    pub fn sources(&self) -> Vec<(String, String)> {
        typed(self.pairs("sourceList", "source", Vocabulary::SourceDestType))
    }

    /// Destinations: type as a web URI, place or party.
    #[must_use]
    pub fn destinations(&self) -> Vec<(String, String)> {
        typed(self.pairs("destinationList", "destination", Vocabulary::SourceDestType))
    }

    /// Quantities: class, decimal digits of the quantity, unit. No quantity means an unknown number, no unit means
    /// pieces.
    #[must_use]
    pub fn quantity_list(&self) -> Vec<(String, Option<String>, Option<String>)> {
        let items = self.json.get("quantityList").and_then(Json::as_array).unwrap_or_default();
        items
            .iter()
            .filter_map(|item| {
                let quantity = item.get("quantity").and_then(Json::as_number).map(str::to_owned);
                let uom = item.get("uom").and_then(Json::as_str).map(str::to_owned);
                Some((item.get("epcClass")?.as_str()?.to_owned(), quantity, uom))
            })
            .collect()
    }

    /// Instance and lot master data (ILMD).
    #[must_use]
    pub fn ilmd(&self) -> Option<&Json> {
        self.json.get("ilmd")
    }
}

fn typed(pairs: Vec<(Option<String>, String)>) -> Vec<(String, String)> {
    pairs.into_iter().filter_map(|(kind, value)| Some((kind?, value))).collect()
}
