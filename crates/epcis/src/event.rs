//! One event: its JSON, and views of it.

use jiff::Timestamp;
use ledger::json::Json;

use crate::check::{Violation, check_event};
use crate::context::{Context, of_event};
use crate::vocabulary::Vocabulary;

/// The five types of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// Things came to be, were seen, or ceased.
    Object,
    /// Things went into or out of a container.
    Aggregation,
    /// Things were tied to a business transaction.
    Transaction,
    /// Things became other things.
    Transformation,
    /// Things were tied to a place or asset.
    Association,
}

impl EventKind {
    const ALL: [Self; 5] = [
        Self::Object,
        Self::Aggregation,
        Self::Transaction,
        Self::Transformation,
        Self::Association,
    ];

    /// Its name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Object => "ObjectEvent",
            Self::Aggregation => "AggregationEvent",
            Self::Transaction => "TransactionEvent",
            Self::Transformation => "TransformationEvent",
            Self::Association => "AssociationEvent",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether events of this type have the standard field `name`.
    pub(crate) fn has(self, name: &str) -> bool {
        match name {
            "epcList" | "quantityList" => matches!(self, Self::Object | Self::Transaction),
            "parentID" => matches!(self, Self::Aggregation | Self::Association | Self::Transaction),
            "childEPCs" | "childQuantityList" => {
                matches!(self, Self::Aggregation | Self::Association)
            }
            "inputEPCList" | "outputEPCList" | "inputQuantityList" | "outputQuantityList"
            | "transformationID" => self == Self::Transformation,
            "ilmd" => matches!(self, Self::Object | Self::Transformation),
            "action" => self != Self::Transformation,
            _ => true,
        }
    }
}

/// A validated event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    json: Json,
    kind: EventKind,
    context: Context,
    time: Timestamp,
}

impl Event {
    /// Validates an event that stands alone.
    ///
    /// # Errors
    ///
    /// All that is wrong, at most 100.
    pub fn from_json(json: Json) -> Result<Self, Vec<Violation>> {
        Self::within(json, &Context::default())
    }

    /// Validates an event of a document that has `outer` as its context. The prefixes that the event uses go
    /// with it, in its own `@context`, so that it can leave the document.
    pub(crate) fn within(mut json: Json, outer: &Context) -> Result<Self, Vec<Violation>> {
        let kind = check_event(&json)?;
        let context = of_event(&json, outer)?;
        let used = used_prefixes(&json, &context);
        json.remove("@context");
        if !used.is_empty() {
            let members = used.into_iter().map(|(prefix, ns)| (prefix, Json::from(ns)));
            json.set("@context", ledger::json::object(members));
        }
        let time = json.get("eventTime").and_then(Json::as_str).and_then(|text| text.parse().ok());
        let time = time.unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(Self { json, kind, context, time })
    }

    /// The event as it came, but for `@context`, which holds just the prefixes that it uses.
    #[must_use]
    pub fn json(&self) -> &Json {
        &self.json
    }

    /// Its type.
    #[must_use]
    pub fn kind(&self) -> EventKind {
        self.kind
    }

    /// Prefixes and namespaces that hold in it.
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

    /// When it happened.
    #[must_use]
    pub fn event_time(&self) -> Timestamp {
        self.time
    }

    /// When it happened, as the sender wrote it.
    #[must_use]
    pub fn event_time_text(&self) -> &str {
        self.text("eventTime").unwrap_or_default()
    }

    /// Its own id.
    #[must_use]
    pub fn event_id(&self) -> Option<&str> {
        self.text("eventID")
    }

    /// ADD, OBSERVE or DELETE.
    #[must_use]
    pub fn action(&self) -> Option<&str> {
        self.text("action")
    }

    /// Business step as a web URI.
    #[must_use]
    pub fn biz_step(&self) -> Option<String> {
        self.text("bizStep").map(|word| self.expand(Vocabulary::BizStep, word))
    }

    /// Disposition as a web URI.
    #[must_use]
    pub fn disposition(&self) -> Option<String> {
        self.text("disposition").map(|word| self.expand(Vocabulary::Disposition, word))
    }

    /// A vocabulary element of any spelling as a web URI.
    pub(crate) fn expand(&self, vocabulary: Vocabulary, word: &str) -> String {
        match self.context.split(word) {
            Some((namespace, local)) => format!("{namespace}{local}"),
            None => vocabulary.expand(word),
        }
    }

    /// Read point.
    #[must_use]
    pub fn read_point(&self) -> Option<&str> {
        self.json.get("readPoint")?.get("id")?.as_str()
    }

    /// Business location.
    #[must_use]
    pub fn biz_location(&self) -> Option<&str> {
        self.json.get("bizLocation")?.get("id")?.as_str()
    }

    /// Things of an object or transaction event.
    #[must_use]
    pub fn epc_list(&self) -> Vec<String> {
        self.texts("epcList")
    }

    /// What contains the others.
    #[must_use]
    pub fn parent_id(&self) -> Option<&str> {
        self.text("parentID")
    }

    /// What is contained.
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

    /// Business transactions: type as a web URI, and reference.
    #[must_use]
    pub fn biz_transactions(&self) -> Vec<(Option<String>, String)> {
        self.pairs("bizTransactionList", "bizTransaction", Vocabulary::BizTransactionType)
    }

    /// Sources: type as a web URI, and place or party.
    #[must_use]
    pub fn sources(&self) -> Vec<(String, String)> {
        typed(self.pairs("sourceList", "source", Vocabulary::SourceDestType))
    }

    /// Destinations: type as a web URI, and place or party.
    #[must_use]
    pub fn destinations(&self) -> Vec<(String, String)> {
        typed(self.pairs("destinationList", "destination", Vocabulary::SourceDestType))
    }

    /// Quantities: class, digits of the quantity, unit.
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

    /// Instance and lot master data.
    #[must_use]
    pub fn ilmd(&self) -> Option<&Json> {
        self.json.get("ilmd")
    }
}

fn typed(pairs: Vec<(Option<String>, String)>) -> Vec<(String, String)> {
    pairs.into_iter().filter_map(|(kind, value)| Some((kind?, value))).collect()
}

/// Prefixes of the sender's own that stand in a member's name or a value of the event.
fn used_prefixes(json: &Json, context: &Context) -> Vec<(String, String)> {
    let text = json.canonical();
    context
        .own()
        .filter(|(prefix, _)| text.contains(&format!("\"{prefix}:")))
        .map(|(prefix, namespace)| (prefix.to_owned(), namespace.to_owned()))
        .collect()
}
