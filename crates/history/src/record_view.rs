//! A typed view of a stored record: the only place that names JSON members of records.
//!
//! What holds: a member that is missing or malformed is `None`; nothing here fails, since a stored record was
//! validated when it was captured, and one that was altered since does not count anyway.
//!
//! Not here: whether the record fits its ledger ([`crate::entry`]).
//!
//! Sources: EPCIS 2.0 section 7.4, CBV 2.0 section 7; docs/formats/record-v1.md for `chopmark:` members.

use epcis::{BizStep, Disposition};
use jiff::Timestamp;
use ledger::json::Json;
use ledger::record::Record;

/// What can be read from a record.
#[derive(Debug, Clone, Copy)]
pub struct RecordView<'a>(&'a Json);

/// How an event changes what a container holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerChange<'a> {
    /// The thing was put into the container of this URI.
    Entered(&'a str),
    /// The thing was taken out of the container of this URI.
    Left(&'a str),
}

/// The first sensor element of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SensorSpan<'a> {
    /// Digits of the highest value, or of the lowest if only that was reported.
    pub value: Option<&'a str>,
    /// Start and end of the measurement.
    pub span: Option<(Timestamp, Timestamp)>,
}

impl<'a> RecordView<'a> {
    /// The view of `record`.
    #[must_use]
    pub fn of(record: &'a Record) -> Self {
        Self(record.json())
    }

    fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str()
    }

    /// When the event happened.
    #[must_use]
    pub fn event_time(self) -> Option<Timestamp> {
        self.text("eventTime")?.parse().ok()
    }

    /// The business step. Capture does not check vocabularies yet, so the last part of any URI counts as the word.
    #[must_use]
    pub fn biz_step(self) -> Option<BizStep> {
        Some(BizStep::from(last_part(self.text("bizStep")?)))
    }

    /// The disposition, read like the business step.
    #[must_use]
    pub fn disposition(self) -> Option<Disposition> {
        Some(Disposition::from(last_part(self.text("disposition")?)))
    }

    /// Where the thing is after the event, else where it was read: a location URI.
    #[must_use]
    pub fn place(self) -> Option<&'a str> {
        let id = |name: &str| self.0.get(name)?.get("id")?.as_str();
        id("bizLocation").or_else(|| id("readPoint"))
    }

    /// Whether a reader or sensor recorded it; otherwise a party stated it.
    #[must_use]
    pub fn is_sensed(self) -> bool {
        self.0.get("chopmark:evidence").is_some_and(|evidence| evidence.get("window").is_some())
    }

    /// Whether and how the event moves `uri` into or out of a container.
    #[must_use]
    pub fn container_change(self, uri: &str) -> Option<ContainerChange<'a>> {
        let children = self.0.get("childEPCs")?.as_array()?;
        if !children.iter().any(|child| child.as_str() == Some(uri)) {
            return None;
        }
        let container = self.text("parentID")?;
        match self.text("action")? {
            "ADD" => Some(ContainerChange::Entered(container)),
            "DELETE" => Some(ContainerChange::Left(container)),
            _ => None,
        }
    }

    /// Lot number, from the instance and lot master data.
    #[must_use]
    pub fn lot_number(self) -> Option<&'a str> {
        self.0.get("ilmd")?.get("cbvmda:lotNumber")?.as_str()
    }

    /// Expiry date, from the instance and lot master data, as it was written.
    #[must_use]
    pub fn expiry_date(self) -> Option<&'a str> {
        self.0.get("ilmd")?.get("cbvmda:itemExpirationDate")?.as_str()
    }

    /// The first sensor element.
    #[must_use]
    pub fn sensor_span(self) -> Option<SensorSpan<'a>> {
        let element = self.0.get("sensorElementList")?.as_array()?.first()?;
        let report = || element.get("sensorReport")?.as_array()?.first();
        let value = |report: &'a Json| {
            report.get("maxValue").or_else(|| report.get("minValue"))?.as_number()
        };
        let time = |name: &str| -> Option<Timestamp> {
            element.get("sensorMetadata")?.get(name)?.as_str()?.parse().ok()
        };
        Some(SensorSpan {
            value: report().and_then(value),
            span: time("startTime").zip(time("endTime")),
        })
    }
}

/// The part of a word or URI after its last `-`, `:` or `/`.
fn last_part(text: &str) -> &str {
    text.rsplit(['-', ':', '/']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{
        CASE, CENTRE, FACTORY, ITEM, excursion_event, object_event, packing_event,
    };

    const AT: &str = "2026-11-20T08:00:00.000+08:00";

    #[test]
    fn a_record_without_members_of_interest_gives_nothing() {
        let record = Record::from_json(ledger::json::object([("a", Json::from("b"))])).unwrap();
        let view = RecordView::of(&record);
        assert_eq!(view.event_time(), None);
        assert_eq!((view.biz_step(), view.disposition(), view.place()), (None, None, None));
        assert_eq!((view.lot_number(), view.expiry_date()), (None, None));
        assert_eq!((view.container_change(ITEM), view.sensor_span()), (None, None));
        assert!(!view.is_sensed());
    }

    #[test]
    fn words_are_read_in_every_spelling() {
        for step in [
            "shipping",
            "cbv:BizStep-shipping",
            "https://ref.gs1.org/cbv/BizStep-shipping",
            "urn:epcglobal:cbv:bizstep:shipping",
            "https://voc.example/steps/shipping",
        ] {
            let record = object_event(AT, step).disposition("cbv:Disp-in_transit").record();
            let view = RecordView::of(&record);
            assert_eq!(view.biz_step(), Some(BizStep::Shipping), "{step}");
            assert_eq!(view.disposition(), Some(Disposition::InTransit));
        }
        let record = object_event(AT, "https://voc.example/BizStep-dyeing").record();
        assert_eq!(RecordView::of(&record).biz_step(), Some(BizStep::Other("dyeing".into())));
    }

    #[test]
    fn the_place_is_the_business_location_and_only_without_one_the_read_point() {
        let read = object_event(AT, "storing").read_at(FACTORY);
        assert_eq!(RecordView::of(&read.record()).place(), Some(FACTORY));
        assert_eq!(RecordView::of(&read.at(CENTRE).record()).place(), Some(CENTRE));
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
            assert_eq!(RecordView::of(&record).container_change(uri), change, "{action} {uri}");
        }
    }

    #[test]
    fn lot_expiry_and_evidence_are_read() {
        let record = object_event(AT, "commissioning").lot("L1", "2027-03-31").sensed().record();
        let view = RecordView::of(&record);
        assert_eq!((view.lot_number(), view.expiry_date()), (Some("L1"), Some("2027-03-31")));
        assert!(view.is_sensed());
        let stated = ledger::json::object([("document", Json::from("ab"))]);
        let record = object_event(AT, "commissioning").with("chopmark:evidence", stated).record();
        assert!(!RecordView::of(&record).is_sensed());
    }

    #[test]
    fn a_sensor_element_gives_its_extreme_value_and_its_span() {
        let (from, to) = ("2026-11-21T02:00:00Z", "2026-11-21T02:10:00Z");
        let record = excursion_event(from, to, "9.2").record();
        let found = RecordView::of(&record).sensor_span().unwrap();
        assert_eq!(found.value, Some("9.2"));
        assert_eq!(found.span, Some((from.parse().unwrap(), to.parse().unwrap())));
        let cold = ledger::json::object([("minValue", Json::Number("-4.5".into()))]);
        let element = ledger::json::object([("sensorReport", Json::Array(vec![cold]))]);
        let record = object_event(AT, "sensor_reporting")
            .with("sensorElementList", Json::Array(vec![element]))
            .record();
        let found = RecordView::of(&record).sensor_span();
        assert_eq!(found, Some(SensorSpan { value: Some("-4.5"), span: None }));
    }
}
