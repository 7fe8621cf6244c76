//! Inboxes in a database: what a company sees of a case, what it may reply, two who reply at once, and rows that nobody asked for.

use sql::Access;
use sql::testing::TestDb;

use super::*;
use crate::case::{CaseError, Stage};
use crate::cases::{act, load as load_case, open as open_case};
use crate::testing::now;

const LEE: &str = "authority/lee";
const COMPANY: &str = "https://id.gs1.org/417/9521142000006";
const OTHER: &str = "https://id.gs1.org/417/9521143000005";

fn by(who: &str) -> By<'_> {
    By { who, at: now(), why: "recall notice 7" }
}

fn ask(party: &str) -> Act {
    let due = Some("2026-12-01".to_owned());
    Act::Ask { party: party.into(), question: "Where is it?".into(), due, inbox: false }
}

fn order(party: &str) -> Act {
    let (party, things) = (party.to_owned(), "lot:L2611A".to_owned());
    let instruction = "Take it off the shelf.".to_owned();
    Act::OrderRecall { party, things, expected: Some(3), instruction, inbox: false }
}

/// A case with a question and an order to [`COMPANY`] (acts 2 and 3) and a question to [`OTHER`] (act 4).
async fn asked(db: &Db) -> i64 {
    let case = open_case(db, by(LEE), ("Secret title", "lot:L2611A")).await.unwrap().id;
    for (seen, what) in (1..).zip([ask(COMPANY), order(COMPANY), ask(OTHER)]) {
        act(db, (case, seen), by(LEE), what).await.unwrap();
    }
    case
}

fn answer() -> Reply {
    Reply::Answer("On the shelf.".to_owned())
}

fn report(outcome: Outcome, things: u64) -> Reply {
    Reply::Report { outcome, things, place: "Nanjing".to_owned() }
}

async fn answered(db: &Db, place: Place, reply: &Reply, seen: usize) -> Result<Hash, CasesError> {
    let replied = super::reply(db, &[COMPANY], place, seen, (by("shop/wu"), reply)).await;
    replied.map(|(digest, _)| digest)
}

#[tokio::test]
async fn a_company_finds_what_is_asked_of_it_and_nothing_else_of_the_case() {
    let test = TestDb::migrated("inbox_sees").await;
    let db = test.db_as(Access::Desk).await;
    let case = asked(&db).await;
    let page = list(&db, &[COMPANY], None).await.unwrap();
    assert!(page.faults.is_empty() && page.next.is_none(), "{page:?}");
    let places: Vec<Place> = page.entries.iter().map(|one| (one.case, one.number)).collect();
    assert_eq!(places, [(case, 3), (case, 2)]);
    assert!(!format!("{page:?}").contains("Secret title"));
    let waits = Waiting { questions: 1, orders: 1, is_at_least: false };
    assert_eq!(waiting(&db, &[COMPANY]).await.unwrap(), waits);
    let both = list(&db, &[COMPANY, OTHER], Some((case, 4))).await.unwrap();
    assert_eq!(both.entries.len(), 2, "what stands before act 4");
    assert!(list(&db, &[], None).await.unwrap().entries.is_empty());
    assert_eq!(waiting(&db, &[]).await.unwrap(), Waiting::default());
    let entry = load(&db, &[COMPANY], (case, 2)).await.unwrap();
    let question =
        Wanted::Answer { question: "Where is it?".to_owned(), due: Some("2026-12-01".to_owned()) };
    assert_eq!((entry.wanted, entry.state, &*entry.by), (question, State::Waits, LEE));
}

#[tokio::test]
async fn what_is_asked_of_another_company_or_of_nobody_is_not_there() {
    let test = TestDb::migrated("inbox_others").await;
    let db = test.db_as(Access::Desk).await;
    let case = asked(&db).await;
    // Of another, of nobody, in no case; and keys that only begin like the right one.
    let wider = ["https://id.gs1.org/417/9521142", "https://id.gs1.org/417/", "9521142", ""];
    for (parties, place) in [
        (&[COMPANY][..], (case, 4)),
        (&[COMPANY], (case, 1)),
        (&[COMPANY], (case, 5)),
        (&[COMPANY], (case + 1, 2)),
        (&[COMPANY], (case, u32::MAX)),
        (&[COMPANY], (i64::MAX, 0)),
        (&[], (case, 2)),
        (&wider, (case, 2)),
    ] {
        let refused = load(&db, parties, place).await.unwrap_err();
        let same = format!("there is no case {} that you may work on", place.0);
        assert_eq!(refused.to_string(), same, "{parties:?} {place:?}");
        let refused = super::reply(&db, parties, place, 0, (by("shop/wu"), &answer())).await;
        assert!(matches!(refused, Err(CasesError::NoSuchCase(_))), "{parties:?} {place:?}");
    }
    assert!(list(&db, &wider, None).await.unwrap().entries.is_empty());
    assert!(load_case(&db, case, "shop/wu").await.is_err(), "the case itself is closed to it");
}

#[tokio::test]
async fn an_answer_is_a_step_of_the_case_by_the_company_and_lets_nobody_in() {
    let test = TestDb::migrated("inbox_answer").await;
    let db = test.db_as(Access::Desk).await;
    let case = asked(&db).await;
    let digest = answered(&db, (case, 2), &answer(), 0).await.unwrap();
    let loaded = load_case(&db, case, LEE).await.unwrap();
    let last = loaded.case.steps.last().unwrap();
    assert_eq!((&*last.who, last.what.company()), ("shop/wu", Some(COMPANY)));
    assert_eq!((loaded.digest, loaded.case.questions[&2].own_answer), (digest, Some(5)));
    assert_eq!(loaded.case.members, [LEE]);
    let entry = load(&db, &[COMPANY], (case, 2)).await.unwrap();
    let own = entry.said[0].own.as_ref().unwrap();
    assert_eq!((&*own.text, own.digest, entry.state), ("On the shelf.", digest, State::Done));
    assert!(!entry.takes_reply());
    let again = answered(&db, (case, 2), &answer(), 1).await.unwrap_err();
    assert!(matches!(again, CasesError::Act(CaseError::Answered(5))), "{again}");
    // An order takes no answer, and a question no report.
    for (place, reply) in [((case, 3), answer()), ((case, 2), report(Outcome::Found, 1))] {
        let seen = load(&db, &[COMPANY], place).await.unwrap().said.len();
        let refused = answered(&db, place, &reply, seen).await.unwrap_err();
        assert!(matches!(refused, CasesError::Act(CaseError::NoSuchAct { .. })), "{refused}");
    }
}

#[tokio::test]
async fn an_answer_that_the_authority_wrote_down_is_named_and_not_shown_and_the_company_may_still_answer()
 {
    let test = TestDb::migrated("inbox_written").await;
    let db = test.db_as(Access::Desk).await;
    let case = asked(&db).await;
    let noted = Act::Answer { to: 2, text: "a private note".into(), company: None };
    act(&db, (case, 4), by(LEE), noted).await.unwrap();
    let entry = load(&db, &[COMPANY], (case, 2)).await.unwrap();
    assert!(!format!("{entry:?}").contains("a private note"));
    assert_eq!((entry.state, entry.takes_reply(), entry.said.len()), (State::Done, true, 1));
    let unseen = answered(&db, (case, 2), &answer(), 0).await.unwrap_err();
    assert!(matches!(unseen, CasesError::Overtaken), "{unseen}");
    answered(&db, (case, 2), &answer(), 1).await.unwrap();
}

#[tokio::test]
async fn a_withdrawn_question_and_a_closed_case_take_no_reply() {
    let test = TestDb::migrated("inbox_over").await;
    let db = test.db_as(Access::Desk).await;
    let case = asked(&db).await;
    for (seen, what) in [(4, 2), (5, 3), (6, 4)] {
        act(&db, (case, seen), by(LEE), Act::Withdraw { what }).await.unwrap();
    }
    for (number, reply) in [(2, answer()), (3, report(Outcome::Found, 1))] {
        let entry = load(&db, &[COMPANY], (case, number)).await.unwrap();
        assert_eq!((entry.state, entry.takes_reply()), (State::Withdrawn, false));
        let refused = answered(&db, (case, number), &reply, 0).await.unwrap_err();
        assert!(matches!(refused, CasesError::Act(CaseError::NoSuchAct { .. })), "{refused}");
    }
    let other = asked(&db).await;
    for (seen, to) in [(4, 2), (5, 4)] {
        let noted = Act::Answer { to, text: "By phone.".into(), company: None };
        act(&db, (other, seen), by(LEE), noted).await.unwrap();
    }
    act(&db, (other, 6), by(LEE), Act::Withdraw { what: 3 }).await.unwrap();
    let close = Act::Close { conclusion: "Nothing was found.".into() };
    let closed = act(&db, (other, 7), by(LEE), close).await.unwrap();
    assert_eq!(closed.case.stage(), Stage::Closed);
    let refused = answered(&db, (other, 2), &answer(), 1).await.unwrap_err();
    assert!(matches!(refused, CasesError::Act(CaseError::Closed(_))), "{refused}");
    assert_eq!(waiting(&db, &[COMPANY]).await.unwrap(), Waiting::default());
}

#[tokio::test]
async fn of_two_answers_at_once_one_wins_and_the_other_is_told() {
    let test = TestDb::migrated("inbox_race").await;
    let db = test.db_as(Access::Desk).await;
    let case = asked(&db).await;
    let both = (0..4).map(|_| {
        let db = db.clone();
        async move { answered(&db, (case, 2), &answer(), 0).await }
    });
    let outcomes = futures::future::join_all(both).await;
    assert_eq!(outcomes.iter().filter(|one| one.is_ok()).count(), 1, "{outcomes:?}");
    for refused in outcomes.into_iter().filter_map(Result::err) {
        assert!(matches!(refused, CasesError::Act(CaseError::Answered(_))), "{refused}");
    }
    assert_eq!(load_case(&db, case, LEE).await.unwrap().case.steps.len(), 5);
}

#[tokio::test]
async fn a_reply_is_kept_though_somebody_acts_on_other_matters_of_the_case_at_the_same_moment() {
    let test = TestDb::migrated("inbox_beside").await;
    let db = test.db_as(Access::Desk).await;
    let case = asked(&db).await;
    let said = answer();
    let other = super::reply(&db, &[OTHER], (case, 4), 0, (by("other/zhao"), &said));
    let found = report(Outcome::Found, 3);
    let reported = answered(&db, (case, 3), &found, 0);
    let question = answered(&db, (case, 2), &said, 0);
    let (other, reported, question) = futures::join!(other, reported, question);
    assert!(other.is_ok() && reported.is_ok() && question.is_ok());
    // The same report again, from the page that was there before.
    let again = answered(&db, (case, 3), &found, 0).await.unwrap_err();
    assert!(matches!(again, CasesError::Overtaken), "{again}");
    let entry = load(&db, &[COMPANY], (case, 3)).await.unwrap();
    let Wanted::Recall { order, .. } = entry.wanted else { panic!("an order: {entry:?}") };
    assert_eq!((order.found, order.at_large()), (3, 3));
    answered(&db, (case, 3), &report(Outcome::Destroyed, 3), 1).await.unwrap();
    let entry = load(&db, &[COMPANY], (case, 3)).await.unwrap();
    assert_eq!(entry.state, State::Done);
    let outcomes: Vec<_> = entry.said.iter().map(|said| said.outcome.unwrap()).collect();
    assert_eq!(outcomes, [(Outcome::Found, 3), (Outcome::Destroyed, 3)]);
}

#[tokio::test]
async fn a_row_that_no_step_supports_leads_into_no_case() {
    let test = TestDb::migrated("inbox_forged").await;
    let db = test.db_as(Access::Desk).await;
    let case = asked(&db).await;
    // The owner of the database says that each act asks the company.
    let forged = format!(
        "insert into case_inbox select '{COMPANY}', {case}, number from case_acts on conflict do nothing"
    );
    test.execute(&forged).await.unwrap();
    for number in [1, 4] {
        let refused = load(&db, &[COMPANY], (case, number)).await.unwrap_err();
        assert!(matches!(refused, CasesError::NotAsked { .. }), "{refused}");
        let refused = answered(&db, (case, number), &answer(), 0).await.unwrap_err();
        assert!(matches!(refused, CasesError::NotAsked { .. }), "{refused}");
    }
    let page = list(&db, &[COMPANY], None).await.unwrap();
    assert_eq!((page.entries.len(), page.faults.len()), (2, 2), "{page:?}");
    assert_eq!(waiting(&db, &[COMPANY]).await.unwrap().questions, 1);
    for statement in
        ["update case_inbox set party = 'x'", "delete from case_inbox", "truncate case_inbox"]
    {
        assert!(test.execute_as(Access::Desk, statement).await.is_err(), "{statement}");
        assert!(test.execute(statement).await.is_err(), "{statement}");
    }
    let nowhere = format!("insert into case_inbox values ('{COMPANY}', {case}, 99)");
    assert!(test.execute(&nowhere).await.is_err(), "a row leads to an act that is there");
}

#[tokio::test]
async fn a_case_that_was_changed_shows_a_company_nothing_and_takes_no_reply() {
    let test = TestDb::migrated("inbox_altered").await;
    let db = test.db_as(Access::Desk).await;
    let case = asked(&db).await;
    let change = "update case_acts set text = replace(text, 'Where', 'When') where number = 2";
    let forced = format!(
        "alter table case_acts disable trigger all; {change}; alter table case_acts enable trigger all"
    );
    test.execute(&forced).await.unwrap();
    let page = list(&db, &[COMPANY], None).await.unwrap();
    assert!(page.entries.is_empty(), "{page:?}");
    assert!(matches!(&page.faults[..], [CasesError::Altered { .. }]), "{page:?}");
    for refused in [
        load(&db, &[COMPANY], (case, 2)).await.map(|_| ()),
        answered(&db, (case, 2), &answer(), 0).await.map(|_| ()),
    ] {
        assert!(matches!(refused, Err(CasesError::Altered { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn a_row_that_was_taken_away_is_there_again_after_the_next_act() {
    let test = TestDb::migrated("inbox_repaired").await;
    let db = test.db_as(Access::Desk).await;
    let case = asked(&db).await;
    let forced = "alter table case_inbox disable trigger all; delete from case_inbox; \
                  alter table case_inbox enable trigger all";
    test.execute(forced).await.unwrap();
    assert!(list(&db, &[COMPANY], None).await.unwrap().entries.is_empty());
    act(&db, (case, 4), by(LEE), Act::Note { text: "seen".into() }).await.unwrap();
    assert_eq!(list(&db, &[COMPANY], None).await.unwrap().entries.len(), 2);
}

#[tokio::test]
async fn a_long_inbox_is_read_page_by_page_and_counted_up_to_a_bound() {
    let test = TestDb::migrated("inbox_pages").await;
    let db = test.db_as(Access::Desk).await;
    let case = open_case(&db, by(LEE), ("Tea of lot L2611A", "lot:L2611A")).await.unwrap().id;
    let most = u32::from(MOST_COUNTED);
    for seen in 1..=most {
        act(&db, (case, seen), by(LEE), ask(COMPANY)).await.unwrap();
    }
    let (mut before, mut numbers) = (None, Vec::new());
    loop {
        let page = list(&db, &[COMPANY], before).await.unwrap();
        numbers.extend(page.entries.iter().map(|entry| entry.number));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(numbers, (2..=most + 1).rev().collect::<Vec<_>>());
    let waits = Waiting { questions: u64::from(most), orders: 0, is_at_least: true };
    assert_eq!(waiting(&db, &[COMPANY]).await.unwrap(), waits);
}
