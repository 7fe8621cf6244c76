//! A typed view of a stored record: the only place that names JSON members of records.
//!
//! What holds: a member that is missing or malformed is `None`; nothing here fails, since a stored record was
//! validated when it was captured, and one that was altered since does not count anyway.
//!
//! Not here: whether the record fits its ledger ([`crate::entry`]).
//!
//! Sources: EPCIS 2.0 section 7.4, CBV 2.0 section 7; docs/formats/record-v1.md for `chopmark:` members.

mod excursion;

use epcis::vocabulary::Vocabulary;
use epcis::{BizStep, Disposition};
use jiff::Timestamp;
use jiff::tz::Offset;
use ledger::json::Json;

pub use self::excursion::Excursion;
use crate::names::Names;

/// Most countries that are taken of one record.
const MAX_MARKETS: usize = 250;

/// What can be read from a record.
#[derive(Debug, Clone, Copy)]
pub struct RecordView<'a> {
    json: &'a Json,
    /// Where it names what; none if each question about names reads all of them.
    names: Option<&'a Names>,
}

/// What a ledger says an event rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// A reader's or sensor's window, signed by its bridge.
    Sensed,
    /// A document that a partner sent.
    Document,
    /// Nothing is said: it was brought in from elsewhere.
    Nothing,
}

/// How an event changes what a container holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerChange<'a> {
    /// The thing was put into the container of this URI.
    Entered(&'a str),
    /// The thing was taken out of the container of this URI.
    Left(&'a str),
}

impl<'a> RecordView<'a> {
    /// The view of a record's object.
    #[must_use]
    pub fn of(json: &'a Json) -> Self {
        Self { json, names: None }
    }

    /// The view of a record's object, which may lack its long lists of names.
    ///
    /// - `names`: of this record.
    #[must_use]
    pub fn with_names(json: &'a Json, names: &'a Names) -> Self {
        Self { json, names: Some(names) }
    }

    fn text(self, name: &str) -> Option<&'a str> {
        self.json.get(name)?.as_str()
    }

    /// How far the clock was from UTC where the event happened.
    #[must_use]
    pub fn utc_offset(self) -> Option<Offset> {
        let text = self.text("eventTimeZoneOffset")?;
        let (hours, minutes) = text.split_at_checked(3)?;
        let (hours, minutes): (i8, i32) =
            (hours.parse().ok()?, minutes.strip_prefix(':')?.parse().ok()?);
        let sign = if text.starts_with('-') { -1 } else { 1 };
        let is_time = hours.unsigned_abs() <= 14 && (0..60).contains(&minutes);
        let seconds = i32::from(hours) * 3600 + sign * minutes * 60;
        is_time.then(|| Offset::from_seconds(seconds).ok()).flatten()
    }

    /// When the event happened.
    #[must_use]
    pub fn event_time(self) -> Option<Timestamp> {
        self.text("eventTime")?.parse().ok()
    }

    /// When the ledger recorded it, by the clock of whoever signed the ledger.
    #[must_use]
    pub fn captured_at(self) -> Option<Timestamp> {
        self.text("chopmark:capturedAt")?.parse().ok()
    }

    /// The business step; one of another vocabulary keeps its whole URI.
    #[must_use]
    pub fn biz_step(self) -> Option<BizStep> {
        Some(BizStep::from(self.text("bizStep")?))
    }

    /// The disposition, read like the business step.
    #[must_use]
    pub fn disposition(self) -> Option<Disposition> {
        Some(Disposition::from(self.text("disposition")?))
    }

    /// Where the thing is after the event, else where it was read: a location URI.
    #[must_use]
    pub fn place(self) -> Option<&'a str> {
        let id = |name: &str| self.json.get(name)?.get("id")?.as_str();
        id("bizLocation").or_else(|| id("readPoint"))
    }

    /// Whether a reader or sensor recorded it; otherwise a party stated it.
    #[must_use]
    pub fn is_sensed(self) -> bool {
        self.json.get("chopmark:evidence").is_some_and(|evidence| evidence.get("window").is_some())
    }

    /// What the ledger says it rests on.
    #[must_use]
    pub fn evidence(self) -> Evidence {
        match self.json.get("chopmark:evidence") {
            Some(_) if self.is_sensed() => Evidence::Sensed,
            Some(_) => Evidence::Document,
            None => Evidence::Nothing,
        }
    }

    /// The party that the ledger says stated it (`urn:epc:id:pgln:…`); empty if it says none.
    #[must_use]
    pub fn stated_by(self) -> &'a str {
        self.inner("chopmark:by", "pgln")
    }

    /// The event hash that the ledger noted; empty if it noted none.
    #[must_use]
    pub fn event_hash(self) -> &'a str {
        self.inner("chopmark:eventID", "id")
    }

    fn inner(self, member: &str, name: &str) -> &'a str {
        let text = || self.json.get(member)?.get(name)?.as_str();
        text().unwrap_or_default()
    }

    /// Whether and how an aggregation moves the thing of the key `thing` ([`epc::thing_key`]) into or out of a
    /// container. An association, which attaches things for good, moves nothing.
    #[must_use]
    pub fn container_change(self, thing: &str) -> Option<ContainerChange<'a>> {
        if !self.is_aggregation() || !self.has_key("childEPCs", thing) {
            return None;
        }
        let container = self.parent()?;
        match self.text("action")? {
            "ADD" => Some(ContainerChange::Entered(container)),
            "DELETE" => Some(ContainerChange::Left(container)),
            _ => None,
        }
    }

    /// The container that an aggregation or association is about.
    #[must_use]
    pub fn parent(self) -> Option<&'a str> {
        self.text("parentID")
    }

    /// Whether the event takes everything out of the container of the key `container`.
    #[must_use]
    pub fn empties(self, container: &str) -> bool {
        let lists = ["childEPCs", "childQuantityList"];
        let names_contents = lists.iter().any(|list| !self.list(list).is_empty());
        self.is_aggregation()
            && self.text("action") == Some("DELETE")
            && !names_contents
            && self.parent().is_some_and(|parent| epc::thing_key(parent) == container)
    }

    fn is_aggregation(self) -> bool {
        self.text("type") == Some("AggregationEvent")
    }

    fn list(self, name: &str) -> &'a [Json] {
        self.json.get(name).and_then(Json::as_array).unwrap_or_default()
    }

    /// Whether the list `name` (`epcList`, `childEPCs`, `inputEPCList` or `outputEPCList`) has the thing of the key `thing`.
    #[must_use]
    pub fn has_key(self, name: &str, thing: &str) -> bool {
        match self.names {
            Some(names) => names.spellings(self.json, thing).any(|(member, _)| member == name),
            None => self
                .list(name)
                .iter()
                .filter_map(Json::as_str)
                .any(|uri| epc::thing_key(uri) == thing),
        }
    }

    /// The action: `ADD`, `OBSERVE` or `DELETE`.
    #[must_use]
    pub fn action(self) -> Option<&'a str> {
        self.text("action")
    }

    /// The id that the sender gave the event.
    #[must_use]
    pub fn event_id(self) -> Option<&'a str> {
        self.text("eventID")
    }

    /// The dispositions that the event sets: its own and the persistent ones.
    #[must_use]
    pub fn dispositions_set(self) -> Vec<Disposition> {
        self.disposition().into_iter().chain(self.persistent("set")).collect()
    }

    /// The persistent dispositions that the event ends.
    #[must_use]
    pub fn dispositions_unset(self) -> Vec<Disposition> {
        self.persistent("unset")
    }

    fn persistent(self, which: &str) -> Vec<Disposition> {
        let words = self.json.get("persistentDisposition").and_then(|found| found.get(which));
        let words = words.and_then(Json::as_array).unwrap_or_default();
        words.iter().filter_map(Json::as_str).map(Disposition::from).collect()
    }

    /// The destination of the type `kind` (`possessing_party`, `owning_party`, `location`).
    #[must_use]
    pub fn destination(self, kind: &str) -> Option<&'a str> {
        let is_kind = |entry: &&Json| {
            let found = entry.get("type").and_then(Json::as_str);
            found.is_some_and(|found| Vocabulary::SourceDestType.word(found) == kind)
        };
        self.list("destinationList").iter().find(is_kind)?.get("destination")?.as_str()
    }

    /// Whether a party only announced what it would ship: a despatch advice that no reader saw leave.
    #[must_use]
    pub fn is_despatch_advice(self) -> bool {
        let is_advice = |entry: &Json| {
            let found = entry.get("type").and_then(Json::as_str);
            found.is_some_and(|found| Vocabulary::BizTransactionType.word(found) == "desadv")
        };
        !self.is_sensed() && self.list("bizTransactionList").iter().any(is_advice)
    }

    /// Whether it declares an earlier event wrong.
    #[must_use]
    pub fn is_correction(self) -> bool {
        self.json.get("errorDeclaration").is_some()
    }

    /// Whether its error declaration is complete: what did not occur has no corrective events, wrong data has some.
    #[must_use]
    pub fn is_complete_correction(self) -> bool {
        let Some(error) = self.json.get("errorDeclaration") else { return false };
        let ids = error.get("correctiveEventIDs").and_then(Json::as_array).unwrap_or_default();
        let Some(reason) = error.get("reason").and_then(Json::as_str) else { return false };
        let is_reason = |word| Vocabulary::ErrorReason.word(reason) == word;
        (is_reason("did_not_occur") && ids.is_empty())
            || (is_reason("incorrect_data") && !ids.is_empty())
    }

    /// What the event says, without the members that tell how it came here: a text that is the same for the same content
    /// only. Where long lists were taken out, it has their digests.
    #[must_use]
    pub fn content(self) -> String {
        let mut content = self.event();
        for name in ["recordTime", "errorDeclaration"] {
            content.remove(name);
        }
        // One that was kept whole is compared with one that was not.
        Names::default().take_long_lists(&mut content);
        content.canonical()
    }

    /// The event without the ledger's own members; whole if people approved it.
    #[must_use]
    pub fn event(self) -> Json {
        let members = self.json.as_object().unwrap_or_default().iter();
        let own = members.filter(|(name, _)| !name.starts_with("chopmark:"));
        ledger::json::object(own.map(|(name, value)| (name.clone(), value.clone())))
    }

    /// The signed notes by which people approved the event.
    #[must_use]
    pub fn approvals(self) -> Vec<&'a str> {
        let evidence = self.json.get("chopmark:evidence");
        let notes = evidence.and_then(|evidence| evidence.get("approvals")?.as_array());
        notes.unwrap_or_default().iter().filter_map(Json::as_str).collect()
    }

    /// Whether a sensor's report says that a storage condition was broken.
    #[must_use]
    pub fn breaks_condition(self) -> bool {
        let elements = self.list("sensorElementList");
        let reports = elements.iter().filter_map(|element| element.get("sensorReport")?.as_array());
        let is_alarm = reports.flatten().any(|report| report.get("exception").is_some());
        let is_flag = || self.dispositions_set().contains(&Disposition::NonConformant);
        !elements.is_empty() && (is_alarm || is_flag())
    }

    /// What a sensor's report says about the broken condition: value, unit, measure, limit and time. None if the record
    /// shows no broken condition ([`Self::breaks_condition`]), or none with a number.
    #[must_use]
    pub fn excursion(self) -> Option<Excursion<'a>> {
        self.breaks_condition().then(|| excursion::find(self.list("sensorElementList")))?
    }

    /// Lot number, from the instance and lot master data.
    #[must_use]
    pub fn lot_number(self) -> Option<&'a str> {
        self.json.get("ilmd")?.get("cbvmda:lotNumber")?.as_str()
    }

    /// Expiry date, from the instance and lot master data, as it was written.
    #[must_use]
    pub fn expiry_date(self) -> Option<&'a str> {
        self.json.get("ilmd")?.get("cbvmda:itemExpirationDate")?.as_str()
    }

    /// Where the item is to be sold, from the instance and lot master data: the member `markets` of any namespace, a country
    /// code of ISO 3166-1 in two capitals or a list of them. What is none is left out, and so is what comes after the first
    /// 250.
    #[must_use]
    pub fn markets(self) -> Vec<String> {
        let members = self.json.get("ilmd").and_then(Json::as_object).unwrap_or_default();
        let is_markets = |name: &str| name.rsplit(':').next() == Some("markets");
        let stated = members.iter().find(|(name, _)| is_markets(name)).map(|(_, value)| value);
        let one = stated.and_then(Json::as_str);
        let many = stated.and_then(Json::as_array).unwrap_or_default();
        let all = one.into_iter().chain(many.iter().filter_map(Json::as_str));
        let is_code =
            |code: &&str| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        all.filter(is_code).take(MAX_MARKETS).map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use ledger::record::Record;

    use super::*;
    use crate::testing::{
        CASE, CENTRE, FACTORY, ITEM, excursion_event, object_event, packing_event,
    };

    const AT: &str = "2026-11-20T08:00:00.000+08:00";

    #[test]
    fn a_record_without_members_of_interest_gives_nothing() {
        let record = Record::from_json(ledger::json::object([("a", Json::from("b"))])).unwrap();
        let view = RecordView::of(record.json());
        assert_eq!(view.event_time(), None);
        assert_eq!((view.biz_step(), view.disposition(), view.place()), (None, None, None));
        assert_eq!((view.lot_number(), view.expiry_date()), (None, None));
        assert_eq!((view.container_change(ITEM), view.excursion()), (None, None));
        assert!(!view.is_sensed());
    }

    #[test]
    fn markets_are_country_codes_in_any_namespace() {
        let markets = |value: Json| {
            let draft = object_event(AT, "commissioning");
            let ilmd = ledger::json::object([("brand:markets", value)]);
            let record = draft.with("ilmd", ilmd).record();
            RecordView::of(record.json()).markets()
        };
        let list = |codes: &[&str]| Json::Array(codes.iter().map(|code| (*code).into()).collect());
        assert_eq!(markets("CN".into()), ["CN"]);
        assert_eq!(markets(list(&["CN", "sg", "156", "<b>", "SG"])), ["CN", "SG"]);
        assert_eq!(markets(list(&["CN"; 300])).len(), 250);
        assert!(markets(Json::from(7_u64)).is_empty());
    }

    #[test]
    fn an_offset_is_read_with_its_sign_and_whatever_is_none_gives_none() {
        for (text, seconds) in [
            ("+08:00", Some(28_800)),
            ("-03:30", Some(-12_600)),
            ("-00:30", Some(-1_800)),
            ("Z", None),
            ("+99:00", None),
            ("+08:60", None),
            ("+0800", None),
            ("é8:00", None),
            ("", None),
        ] {
            let json = ledger::json::object([("eventTimeZoneOffset", Json::from(text))]);
            let offset = RecordView::of(&json).utc_offset();
            assert_eq!(offset.map(Offset::seconds), seconds, "{text}");
        }
    }

    #[test]
    fn words_are_read_in_every_spelling() {
        for step in [
            "shipping",
            "cbv:BizStep-shipping",
            "https://ref.gs1.org/cbv/BizStep-shipping",
            "urn:epcglobal:cbv:bizstep:shipping",
        ] {
            let record = object_event(AT, step).disposition("cbv:Disp-in_transit").record();
            let view = RecordView::of(record.json());
            assert_eq!(view.biz_step(), Some(BizStep::Shipping), "{step}");
            assert_eq!(view.disposition(), Some(Disposition::InTransit));
        }
        for foreign in ["https://voc.example/BizStep-dyeing", "https://voc.example/steps/shipping"]
        {
            let record = object_event(AT, foreign).disposition("https://voc.example/recalled");
            let record = record.record();
            let view = RecordView::of(record.json());
            assert_eq!(view.biz_step(), Some(BizStep::Other(foreign.into())));
            let kept = Disposition::Other("https://voc.example/recalled".into());
            assert_eq!(view.disposition(), Some(kept));
        }
    }

    #[test]
    fn the_place_is_the_business_location_and_only_without_one_the_read_point() {
        let read = object_event(AT, "storing").read_at(FACTORY);
        assert_eq!(RecordView::of(read.record().json()).place(), Some(FACTORY));
        assert_eq!(RecordView::of(read.at(CENTRE).record().json()).place(), Some(CENTRE));
    }

    #[test]
    fn the_content_of_a_record_is_the_same_with_its_long_lists_and_without() {
        let things: Vec<String> =
            (0..9).map(|serial| format!("urn:epc:id:sgtin:4012345.011111.{serial}")).collect();
        let things: Vec<&str> = things.iter().map(String::as_str).collect();
        let record = object_event(AT, "holding").of(&things).record();
        let mut json = record.json().clone();
        Names::of(&json).take_long_lists(&mut json);
        assert_ne!(&json, record.json());
        assert_eq!(RecordView::of(&json).content(), RecordView::of(record.json()).content());
        let fewer = object_event(AT, "holding").of(&things[1..]).record();
        assert_ne!(RecordView::of(&json).content(), RecordView::of(fewer.json()).content());
    }

    #[test]
    fn only_what_is_listed_as_a_child_enters_or_leaves_a_container() {
        for (action, uri, change) in [
            ("ADD", ITEM, Some(ContainerChange::Entered(CASE))),
            ("DELETE", ITEM, Some(ContainerChange::Left(CASE))),
            ("OBSERVE", ITEM, None),
            ("ADD", CASE, None),
        ] {
            let record = packing_event(AT, action, CASE, &[ITEM]).record();
            let thing = epc::thing_key(uri);
            assert_eq!(
                RecordView::of(record.json()).container_change(&thing),
                change,
                "{action} {uri}"
            );
        }
    }

    #[test]
    fn lot_expiry_and_evidence_are_read() {
        let record = object_event(AT, "commissioning").lot("L1", "2027-03-31").sensed().record();
        let view = RecordView::of(record.json());
        assert_eq!((view.lot_number(), view.expiry_date()), (Some("L1"), Some("2027-03-31")));
        assert!(view.is_sensed());
        let stated = ledger::json::object([("document", Json::from("ab"))]);
        let record = object_event(AT, "commissioning").with("chopmark:evidence", stated).record();
        assert!(!RecordView::of(record.json()).is_sensed());
    }

    #[test]
    fn only_a_record_that_shows_a_broken_condition_has_an_excursion() {
        let (from, to) = ("2026-11-21T02:00:00Z", "2026-11-21T02:10:00Z");
        let record = excursion_event(from, to, "9.2").record();
        let found = RecordView::of(record.json()).excursion().unwrap();
        assert_eq!(
            found,
            Excursion {
                value: "9.2",
                uom: "CEL",
                measure: "https://ref.gs1.org/voc/Temperature",
                is_below: Some(false),
                span: Some((from.parse().unwrap(), to.parse().unwrap())),
            }
        );
        let unflagged = excursion_event(from, to, "9.2").with("persistentDisposition", Json::Null);
        assert_eq!(RecordView::of(unflagged.record().json()).excursion(), None);
    }

    #[test]
    fn a_sensor_element_gives_its_extreme_value_and_its_span() {
        let (from, to) = ("2026-11-21T02:00:00Z", "2026-11-21T02:10:00Z");
        let record = excursion_event(from, to, "9.2").record();
        let found = RecordView::of(record.json()).excursion().unwrap();
        assert_eq!(found.value, "9.2");
        assert_eq!(found.span, Some((from.parse().unwrap(), to.parse().unwrap())));
        let alarm = Json::from("ALARM_CONDITION");
        let cold = [("minValue", Json::Number("-4.5".into())), ("exception", alarm)];
        let cold = ledger::json::object(cold);
        let element = ledger::json::object([("sensorReport", Json::Array(vec![cold]))]);
        let record = object_event(AT, "sensor_reporting")
            .with("sensorElementList", Json::Array(vec![element]))
            .record();
        let found = RecordView::of(record.json()).excursion().unwrap();
        assert_eq!((found.value, found.span), ("-4.5", None));
    }
}
