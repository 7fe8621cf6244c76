//! Cases step by step: what each act needs, what it changes, and what an altered act shows.

use proptest::prelude::*;

use super::*;
use jiff::Timestamp;

/// The key of a company.
const COMPANY: &str = "https://id.gs1.org/417/9521142000006";
/// The key of another.
const OTHER: &str = "https://id.gs1.org/417/9521143000005";

fn step(number: u32, what: Act) -> Step {
    let at = Timestamp::from_second(1_763_900_000 + i64::from(number)).unwrap();
    Step { number, at, who: "authority/lee".into(), why: "recall notice 7".into(), what }
}

fn opening() -> Act {
    Act::Open { title: "Tea of lot L2611A".into(), subject: "lot:L2611A".into() }
}

fn case(acts: Vec<Act>) -> Result<Case, CaseError> {
    let acts = [opening()].into_iter().chain(acts);
    Case::of((1..).zip(acts).map(|(number, act)| step(number, act)))
}

fn ask() -> Act {
    Act::Ask { party: "Shop".into(), question: "Where is it?".into(), due: None, inbox: false }
}

/// The same question in the inbox of a company.
fn ask_company() -> Act {
    Act::Ask { party: COMPANY.into(), question: "Where is it?".into(), due: None, inbox: true }
}

fn own_answer(to: u32, company: &str) -> Act {
    Act::Answer { to, text: "On the shelf.".into(), company: Some(company.into()) }
}

fn answer(to: u32, text: &str) -> Act {
    Act::Answer { to, text: text.into(), company: None }
}

fn order(expected: Option<u64>) -> Act {
    let instruction = "Take it off the shelf.".into();
    let (party, things) = ("Shop".into(), "lot:L2611A".into());
    Act::OrderRecall { party, things, expected, instruction, inbox: false }
}

fn report(order: u32, outcome: Outcome, things: u64) -> Act {
    Act::Report { order, outcome, things, place: "Nanjing".into(), company: None }
}

fn close() -> Act {
    Act::Close { conclusion: "All of it destroyed.".into() }
}

#[test]
fn a_case_goes_from_its_opening_over_a_question_and_a_recall_to_its_end() {
    let mut acts = vec![ask()];
    let stage = |acts: &[Act]| case(acts.to_vec()).unwrap().stage();
    assert_eq!(stage(&[]), Stage::Open);
    assert_eq!(stage(&acts), Stage::Asked);
    acts.push(answer(2, "On the shelf."));
    assert_eq!(stage(&acts), Stage::Open);
    acts.push(order(Some(9)));
    assert_eq!(stage(&acts), Stage::Recalling);
    acts.extend([report(4, Outcome::Found, 8), report(4, Outcome::Quarantined, 5)]);
    acts.push(report(4, Outcome::Destroyed, 4));
    let order = case(acts.clone()).unwrap().orders[&4].clone();
    assert_eq!((order.found, order.quarantined, order.destroyed), (8, 4, 4));
    assert_eq!((order.at_large(), order.missing()), (0, Some(1)));
    acts.push(close());
    assert_eq!(stage(&acts), Stage::Closed);
    acts.extend([Act::Reopen, Act::Note { text: "One more was seen.".into() }]);
    assert_eq!(stage(&acts), Stage::Open);
}

#[test]
fn what_may_not_follow_is_refused_with_its_reason() {
    let evidence = |count: usize| Act::Freeze {
        search: "lot:L1".into(),
        events: vec![
            EvidenceRef {
                origin: "a".into(),
                index: 0,
                leaf: "00".into(),
                event: "e".into()
            };
            count
        ],
        hidden: 0,
        ledgers: Vec::new(),
    };
    for (acts, text) in [
        (vec![opening()], "got `open`, expected the case to be opened first, once"),
        (vec![close(), ask()], "got `ask`, expected `reopen`: the case is closed"),
        (vec![Act::Reopen], "got `reopen` of a case that is not closed"),
        (vec![answer(1, "nothing")], "got act 1, expected a question that is not withdrawn"),
        (
            vec![ask(), Act::Withdraw { what: 2 }, answer(2, "late")],
            "got act 2, expected a question that is not withdrawn",
        ),
        (
            vec![ask(), report(2, Outcome::Found, 1)],
            "got act 2, expected a recall order that is not withdrawn",
        ),
        (
            vec![Act::Withdraw { what: 1 }],
            "got act 1, expected a question or recall order that is not withdrawn",
        ),
        (
            vec![order(None), report(2, Outcome::Quarantined, 1)],
            "got 1 things, expected at most 0: no more are left of those that were found",
        ),
        (
            vec![order(None), report(2, Outcome::Found, 3), report(2, Outcome::Destroyed, 4)],
            "got 4 things, expected at most 3: no more are left of those that were found",
        ),
        (
            vec![ask(), close()],
            "act 2 waits: expected an answer, every thing that was found set aside or destroyed, or a withdrawal",
        ),
        (
            vec![order(None), report(2, Outcome::Found, 3), close()],
            "act 2 waits: expected an answer, every thing that was found set aside or destroyed, or a withdrawal",
        ),
        (vec![evidence(0)], "got 0 events, expected 1 to 2000"),
        (vec![evidence(2_001)], "got 2001 events, expected 1 to 2000"),
        (vec![Act::Note { text: " x ".into() }], "the note: got 1 characters, expected 3 to 4000"),
    ] {
        assert_eq!(case(acts.clone()).unwrap_err().to_string(), text, "{acts:?}");
    }
    assert_eq!(Case::of([step(1, ask())]), Err(CaseError::NotOpened("ask")));
    assert_eq!(Case::of([]), Err(CaseError::NotOpened("nothing")));
    let skipped = [step(1, opening()), step(3, ask())];
    assert_eq!(Case::of(skipped), Err(CaseError::Order { got: 3, expected: 2 }));
    let unsaid = Step { why: " ".into(), ..step(1, opening()) };
    assert!(matches!(Case::of([unsaid]), Err(CaseError::Length { what: "the reason", .. })));
}

#[test]
fn only_who_opened_it_or_was_admitted_is_a_member() {
    let case = case(vec![Act::Admit { subject: "authority/kim".into() }]).unwrap();
    assert!(case.has_member("authority/lee") && case.has_member("authority/kim"));
    assert!(
        !case.has_member("authority/park") && !case.has_member("") && !case.has_member("authority")
    );
}

#[test]
fn a_step_that_was_changed_left_out_put_in_or_moved_is_found() {
    let texts: Vec<String> = [opening(), ask(), Act::Withdraw { what: 2 }]
        .into_iter()
        .zip(1..)
        .map(|(act, number)| serde_json::to_string(&step(number, act)).unwrap())
        .collect();
    let mut before = Hash([0; 32]);
    let digests: Vec<Hash> = texts
        .iter()
        .map(|text| {
            before = digest(&before, text);
            before
        })
        .collect();
    let chain = |texts: &[String], digests: &[Hash]| {
        check_chain(texts.iter().map(String::as_str).zip(digests))
    };
    assert_eq!(chain(&texts, &digests), Ok(digests[2]));
    let mut changed = texts.clone();
    changed[1] = changed[1].replace("Where is it?", "Why is it?");
    assert_eq!(chain(&changed, &digests), Err(CaseError::Altered(2)));
    let without = |list: &[String]| [list[0].clone(), list[2].clone()];
    assert_eq!(chain(&without(&texts), &[digests[0], digests[2]]), Err(CaseError::Altered(2)));
    let swapped = [texts[1].clone(), texts[0].clone(), texts[2].clone()];
    assert_eq!(chain(&swapped, &digests), Err(CaseError::Altered(1)));
}

#[test]
fn a_stored_step_is_read_again_and_an_unknown_member_is_refused() {
    for act in [
        opening(),
        ask(),
        ask_company(),
        own_answer(2, COMPANY),
        order(Some(3)),
        report(2, Outcome::Found, 3),
        close(),
        Act::Reopen,
    ] {
        let one = step(7, act);
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Step>(&text).unwrap(), one, "{text}");
    }
    let text = serde_json::to_string(&step(1, opening())).unwrap();
    assert!(serde_json::from_str::<Step>(&text.replace("\"why\"", "\"x\":1,\"why\"")).is_err());
}

#[test]
fn a_company_answers_once_what_is_addressed_to_it_and_a_member_may_still_write_answers_down() {
    for (acts, text) in [
        (
            vec![ask_company(), own_answer(2, OTHER)],
            "got the company https://id.gs1.org/417/9521143000005, expected the one that was asked",
        ),
        // A question of an old case may have a company's key as its text; it was not shown to the company.
        (
            vec![
                Act::Ask {
                    party: COMPANY.into(),
                    question: "Where is it?".into(),
                    due: None,
                    inbox: false,
                },
                own_answer(2, COMPANY),
            ],
            "got the company https://id.gs1.org/417/9521142000006, expected the one that was asked",
        ),
        (
            vec![ask_company(), own_answer(2, COMPANY), own_answer(2, COMPANY)],
            "got one more answer of the company, expected one: it answered in act 3",
        ),
        (
            vec![ask_company(), Act::Withdraw { what: 2 }, own_answer(2, COMPANY)],
            "got act 2, expected a question that is not withdrawn",
        ),
        (
            vec![ask_company(), answer(2, "By phone."), close(), own_answer(2, COMPANY)],
            "got `answer`, expected `reopen`: the case is closed",
        ),
        (
            vec![Act::Ask {
                party: "Shop".into(),
                question: "Where is it?".into(),
                due: None,
                inbox: true,
            }],
            "the party: got `Shop`, expected the key of a company",
        ),
    ] {
        assert_eq!(case(acts.clone()).unwrap_err().to_string(), text, "{acts:?}");
    }
    let acts = [answer(2, "By phone."), own_answer(2, COMPANY), answer(2, "By letter.")];
    let acts = [ask_company()].into_iter().chain(acts).collect();
    let question = case(acts).unwrap().questions[&2].clone();
    assert_eq!((question.own_answer, &question.answers[..]), (Some(4), &[3, 4, 5][..]));
}

#[test]
fn a_company_reports_on_its_own_order_and_on_no_other() {
    let order = |party: &str, inbox| Act::OrderRecall {
        party: party.into(),
        things: "lot:L2611A".into(),
        expected: Some(3),
        instruction: "Take it off the shelf.".into(),
        inbox,
    };
    let own = |outcome, things| Act::Report {
        order: 2,
        outcome,
        things,
        place: "Nanjing".into(),
        company: Some(COMPANY.into()),
    };
    let acts = vec![
        order(COMPANY, true),
        own(Outcome::Found, 3),
        report(2, Outcome::Quarantined, 1),
        own(Outcome::Destroyed, 3),
    ];
    let case_of_both = case(acts).unwrap();
    assert!(case_of_both.orders[&2].is_carried_out());
    assert_eq!(case_of_both.orders[&2].reports, [3, 4, 5]);
    let addressed: Vec<(&str, u32)> = case_of_both.addressed().collect();
    assert_eq!(addressed, [(COMPANY, 2)]);
    for others in [order(OTHER, true), order("Shop", false)] {
        let refused = case(vec![others, own(Outcome::Found, 3)]).unwrap_err();
        assert!(matches!(refused, CaseError::OtherCompany(_)), "{refused}");
    }
    let refused = case(vec![order(COMPANY, true), own(Outcome::Destroyed, 1)]).unwrap_err();
    assert_eq!(refused, CaseError::TooMany { got: 1, most: 0 });
}

#[test]
fn a_company_leaves_room_for_the_acts_of_members() {
    let note = Act::Note { text: "seen".into() };
    let notes = std::iter::repeat_n(note.clone(), MOST_ACTS_WITH_COMPANIES - 2);
    let full = case([ask_company()].into_iter().chain(notes).collect()).unwrap();
    let number = full.next_number();
    let refused = full.after(step(number, own_answer(2, COMPANY))).unwrap_err();
    assert_eq!(refused, CaseError::Full);
    full.after(step(number, note)).unwrap();
}

#[test]
fn a_step_that_was_stored_before_companies_had_an_inbox_is_read_and_written_as_it_was() {
    let head = r#"{"number":2,"at":"2026-11-23T08:00:00Z","who":"authority/lee","why":"to find it","what":"#;
    for what in [
        r#"{"act":"ask","party":"Shop","question":"Where is it?","due":"2026-12-01"}"#,
        r#"{"act":"answer","to":2,"text":"On the shelf."}"#,
        r#"{"act":"order_recall","party":"Shop","things":"lot:L1","instruction":"Take it off."}"#,
        r#"{"act":"report","order":2,"outcome":"found","things":3,"place":"Nanjing"}"#,
    ] {
        let text = format!("{head}{what}}}");
        let read: Step = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        assert_eq!(read.what.company(), None);
    }
}

proptest! {
    #[test]
    fn no_reports_make_more_things_than_were_found(
        reports in proptest::collection::vec((0..3_u8, 0..20_u64), 0..40)
    ) {
        let mut case = case(vec![order(None)]).unwrap();
        for (kind, things) in reports {
            let outcome = [Outcome::Found, Outcome::Quarantined, Outcome::Destroyed][usize::from(kind)];
            let number = case.next_number();
            if let Ok(next) = case.after(step(number, report(2, outcome, things))) {
                case = next;
            }
            let order = &case.orders[&2];
            prop_assert_eq!(order.found, order.at_large() + order.quarantined + order.destroyed);
        }
        prop_assert_eq!(Case::of(case.steps.clone()).unwrap(), case);
    }
}
