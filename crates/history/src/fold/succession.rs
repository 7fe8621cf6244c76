//! Who follows whom as licensee of an item's key, and so may lift the other's recall.
//!
//! What holds: the setter recalled as licensee, its licence had ended when the follower's began, and it has none any
//! more when the follower speaks; what an authority recalled has no successor.
//!
//! Not here: lifting one's own recall ([`super::journey`]), which licences there are (`directory`).

use directory::{Act, Moment, PartyId, Rights, Role, Subject};

/// Whether `speaker`, which speaks at a moment, follows as licensee the setter of a recall.
///
/// - `(setter, recalled)`: who recalled, and when.
/// - `(speaker, at)`: who lifts, and when.
#[must_use]
pub fn follows(
    rights: &Rights,
    subject: &Subject,
    (setter, recalled): (&PartyId, Moment),
    (speaker, at): (&PartyId, Moment),
) -> bool {
    let role = |party: &PartyId, at| rights.standing(party, Act::Recall, subject, at).role;
    if role(setter, recalled) != Role::Licensee
        || role(speaker, at) != Role::Licensee
        || role(setter, at) == Role::Licensee
    {
        return false;
    }
    let licences = rights.licences_of(&subject.digits).map(|(_, licences)| licences);
    let licences = licences.unwrap_or_default();
    let held = |party: &PartyId, at| {
        licences.iter().find(|licence| licence.party == *party && licence.span.contains(at))
    };
    let (before, after) = (held(setter, recalled.event), held(speaker, at.event));
    before.zip(after).is_some_and(|(before, after)| before.span.until <= after.span.from)
}

#[cfg(test)]
mod tests {
    use directory::Rights;
    use directory::rights::{Grade, Licence, Power, Scope, Span};
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use crate::fold::History;
    use crate::testing::{EventDraft, ITEM, entries, object_event, rights};
    use crate::verdict::{TagCheck, judge};

    const HANDED_OVER: &str = "2026-11-21T00:00:00Z";

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn licence(party: &str, span: Span) -> Licence {
        Licence { party: party.into(), grade: Grade::B, span }
    }

    /// The factory's licence ends, and the shop's begins `from`.
    fn handed_over(from: &str) -> Rights {
        let until = Span { until: time(HANDED_OVER), ..Span::ALWAYS };
        let after = Span { from: time(from), ..Span::ALWAYS };
        let mut rights = rights();
        let licences = vec![licence("factory", until), licence("shop", after)];
        rights.licences = [("4012345".to_owned(), licences)].into();
        rights
    }

    fn holding(day: u8, which: &str) -> EventDraft {
        let word = ledger::json::Json::Array(vec!["recalled".into()]);
        object_event(&format!("2026-11-{day}T08:00:00Z"), "holding")
            .with("persistentDisposition", ledger::json::object([(which, word)]))
    }

    /// The verdict when the factory issued the item on the 19th, the first party recalled it, and the second lifted that.
    fn verdict(
        rights: &Rights,
        (setter, set): (&str, u8),
        (lifter, unset): (&str, u8),
    ) -> &'static str {
        let made = object_event("2026-11-19T08:00:00Z", "commissioning");
        let mut records = entries(&[made, holding(set, "set"), holding(unset, "unset")]);
        for (record, party) in records.iter_mut().skip(1).zip([setter, lifter]) {
            let is_shop = party == "shop";
            record.origin = if is_shop { "shop.example/till" } else { "log.example/1" }.into();
        }
        let history = History::weigh(ITEM.parse().unwrap(), records, rights);
        let state = history.state(time("2026-11-30T00:00:00Z"), &TimeZone::UTC);
        judge(&state, TagCheck::NotChecked, &[]).verdict().code()
    }

    #[test]
    fn a_recall_is_lifted_by_the_licensee_that_follows_its_setter() {
        let rights = handed_over(HANDED_OVER);
        assert_eq!(verdict(&rights, ("factory", 20), ("shop", 22)), "CONSISTENT");
        let later = handed_over("2026-11-22T00:00:00Z");
        assert_eq!(verdict(&later, ("factory", 20), ("shop", 23)), "CONSISTENT", "a pause between");
    }

    #[test]
    fn nobody_else_lifts_it() {
        let rights = handed_over(HANDED_OVER);
        assert_eq!(verdict(&rights, ("factory", 20), ("shop", 20)), "RECALLED", "not licensee yet");
        let both = handed_over("2026-11-20T00:00:00Z");
        assert_eq!(verdict(&both, ("factory", 20), ("shop", 22)), "RECALLED", "licensed beside it");
        let mut again = handed_over(HANDED_OVER);
        let licences = again.licences.get_mut("4012345").unwrap();
        licences
            .push(licence("factory", Span { from: time("2026-11-22T00:00:00Z"), ..Span::ALWAYS }));
        assert_eq!(
            verdict(&again, ("factory", 20), ("shop", 23)),
            "RECALLED",
            "the setter is back"
        );
        let mut of_an_authority = handed_over(HANDED_OVER);
        of_an_authority.powers = vec![Power {
            party: "factory".into(),
            acts: [directory::Act::Recall].into(),
            scope: Scope::default(),
            span: Span::ALWAYS,
        }];
        assert_eq!(verdict(&of_an_authority, ("factory", 25), ("shop", 26)), "RECALLED");
        assert_eq!(
            verdict(&self::rights(), ("factory", 20), ("shop", 22)),
            "RECALLED",
            "a stranger"
        );
    }
}
