//! What an event must name in sum, and what may not stand together.
//!
//! What holds: an event names something: things, quantities, contents, or a place with what its sensors measured.
//!
//! Not here: the form of single members (`check/value.rs`).
//!
//! Source: EPCIS 2.0 section 7.4; JSON schema of EPCIS 2.0.

use ledger::json::Json;

use crate::event_kind::EventKind;
use crate::violation::Violations;

/// Checks `event`, of the type `kind`.
pub(super) fn check(kind: EventKind, event: &Json, violations: &mut Violations) {
    let mut content = Content { event, violations };
    match kind {
        EventKind::Object => content.object(),
        EventKind::Aggregation => {
            content.need_parent();
            content.need_contents();
        }
        EventKind::Association => content.need_contents(),
        EventKind::Transaction => content.transaction(),
        EventKind::Transformation => content.transformation(),
    }
    content.persistent_disposition();
    content.units();
}

/// An event, and what is wrong with it.
struct Content<'a> {
    event: &'a Json,
    violations: &'a mut Violations,
}

impl Content<'_> {
    /// Whether the event has the member `name`, and not as an empty list.
    fn has(&self, name: &str) -> bool {
        match self.event.get(name) {
            None | Some(Json::Null) => false,
            Some(Json::Array(items)) => !items.is_empty(),
            Some(_) => true,
        }
    }

    fn is(&self, action: &str) -> bool {
        self.event.get("action").and_then(Json::as_str) == Some(action)
    }

    fn need(&mut self, is_present: bool, pointer: &str, expected: &str) {
        if !is_present {
            self.violations.add(pointer, "nothing", "missing", expected);
        }
    }

    /// An empty list of things, and nothing else that says what the event is about.
    fn names_nothing(&mut self, expected: &str) {
        self.violations.add("/epcList", "[]", "names nothing", expected);
    }

    fn object(&mut self) {
        const EXPECTED: &str =
            "things in epcList, classes in quantityList, or readPoint and sensorElementList";
        let has_list = self.event.get("epcList").is_some();
        let names_things = self.has("epcList") || self.has("quantityList");
        let senses = self.has("sensorElementList");
        if !names_things && has_list && !senses {
            self.names_nothing(EXPECTED);
        }
        self.need(
            names_things || has_list || senses && self.has("readPoint"),
            "/epcList",
            EXPECTED,
        );
        if let Some(ilmd) = self.event.get("ilmd")
            && (self.is("OBSERVE") || self.is("DELETE"))
        {
            let problem = "stands only in an event with action ADD";
            self.violations.add("/ilmd", &ilmd.canonical(), problem, "no ilmd, or action ADD");
        }
    }

    fn need_parent(&mut self) {
        let has_parent = self.has("parentID") || self.is("OBSERVE");
        self.need(
            has_parent,
            "/parentID",
            "the container, which only action OBSERVE may leave out",
        );
    }

    fn need_contents(&mut self) {
        self.need(
            self.has("childEPCs") || self.has("childQuantityList") || self.is("DELETE"),
            "/childEPCs",
            "things in childEPCs or classes in childQuantityList, which only action DELETE may leave out",
        );
    }

    fn transaction(&mut self) {
        const EXPECTED: &str =
            "things in epcList or classes in quantityList, which only action DELETE may leave out";
        if self
            .event
            .get("bizTransactionList")
            .and_then(Json::as_array)
            .is_some_and(<[_]>::is_empty)
        {
            let expected = "at least one business transaction";
            self.violations.add("/bizTransactionList", "[]", "empty", expected);
        }
        let has_list = self.event.get("epcList").is_some();
        let names_things = self.has("epcList") || self.has("quantityList");
        if has_list && !names_things && !self.has("parentID") && !self.is("DELETE") {
            self.names_nothing(EXPECTED);
        }
        self.need(has_list || names_things || self.is("DELETE"), "/epcList", EXPECTED);
    }

    /// One side may be missing if a transformation id links this event to one that has it.
    fn transformation(&mut self) {
        let has_inputs = self.has("inputEPCList") || self.has("inputQuantityList");
        let has_outputs = self.has("outputEPCList") || self.has("outputQuantityList");
        let is_linked = self.has("transformationID");
        let expected = "inputs, or transformationID and outputs";
        self.need(has_inputs || (is_linked && has_outputs), "/inputEPCList", expected);
        let expected = "outputs, or transformationID and inputs";
        self.need(has_outputs || (is_linked && has_inputs), "/outputEPCList", expected);
    }

    fn persistent_disposition(&mut self) {
        if let Some(persistent @ Json::Object(_)) = self.event.get("persistentDisposition")
            && persistent.get("set").is_none()
            && persistent.get("unset").is_none()
        {
            let (got, expected) = (persistent.canonical(), "`set`, `unset` or both");
            let problem = "has neither `set` nor `unset`";
            self.violations.add("/persistentDisposition", &got, problem, expected);
        }
    }

    /// A unit says what a quantity counts.
    fn units(&mut self) {
        const LISTS: [&str; 4] =
            ["quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"];
        for name in LISTS {
            let list = self.event.get(name).and_then(Json::as_array).unwrap_or_default();
            for (place, element) in list.iter().enumerate() {
                if let Some(unit) = element.get("uom")
                    && element.get("quantity").is_none()
                {
                    let pointer = format!("/{name}/{place}/uom");
                    let problem = "a unit without a quantity";
                    let expected = "`quantity` beside it, or no `uom`";
                    self.violations.add(&pointer, &unit.canonical(), problem, expected);
                }
            }
        }
    }
}
