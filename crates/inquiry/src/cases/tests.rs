//! Cases in a database: who sees them, two who act at once, and what an owner of the database changes.

use sql::Access;
use sql::testing::TestDb;

use super::*;
use crate::case::Stage;
use crate::testing::now;

const LEE: &str = "authority/lee";

fn by(who: &str) -> By<'_> {
    By { who, at: now(), why: "recall notice 7" }
}

fn note(text: &str) -> Act {
    Act::Note { text: text.to_owned() }
}

async fn opened(db: &Db) -> Loaded {
    open(db, by(LEE), ("Tea of lot L2611A", "lot:L2611A")).await.unwrap()
}

#[tokio::test]
async fn a_case_is_kept_with_the_rights_of_the_desk_and_read_again_as_it_was() {
    let test = TestDb::migrated("cases_kept").await;
    let db = test.db_as(Access::Desk).await;
    let first = opened(&db).await;
    let question = "Where is it?".into();
    let ask = Act::Ask { party: "9521142000006".into(), question, due: None, inbox: false };
    let second = act(&db, (first.id, 1), by(LEE), ask).await.unwrap();
    assert_eq!(second.case.stage(), Stage::Asked);
    let again = load(&db, first.id, LEE).await.unwrap();
    assert_eq!((&again.case, again.digest), (&second.case, second.digest));
    let listed = list(&db, LEE, None).await.unwrap();
    assert_eq!(listed.into_iter().map(|case| case.unwrap().id).collect::<Vec<_>>(), [first.id]);
    assert!(list(&db, LEE, Some(first.id)).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_asked_names_a_company_and_a_member_acts_for_none() {
    let test = TestDb::migrated("cases_company").await;
    let db = test.db_as(Access::Desk).await;
    let case = opened(&db).await;
    let ask = |party: &str| Act::Ask {
        party: party.into(),
        question: "Where is it?".into(),
        due: None,
        inbox: false,
    };
    let refused = act(&db, (case.id, 1), by(LEE), ask("Shop")).await.unwrap_err().to_string();
    assert!(refused.contains("got `Shop`, expected the GLN or PGLN of a company"), "{refused}");
    let asked =
        act(&db, (case.id, 1), by(LEE), ask("urn:epc:id:pgln:9521142.00000")).await.unwrap();
    let key = "https://id.gs1.org/417/9521142000006";
    assert_eq!(asked.case.addressed().collect::<Vec<_>>(), [(key, 2)]);
    let company = Some(key.to_owned());
    let forged = Act::Answer { to: 2, text: "On the shelf.".into(), company };
    let written = act(&db, (case.id, 2), by(LEE), forged).await.unwrap();
    assert_eq!(written.case.questions[&2].own_answer, None);
}

#[tokio::test]
async fn strangers_are_told_of_no_case_and_whoever_is_admitted_works_on_it() {
    let test = TestDb::migrated("cases_members").await;
    let db = test.db_as(Access::Desk).await;
    let case = opened(&db).await;
    for stranger in ["authority/kim", "", "authority/le", "authority/lee "] {
        let refused = load(&db, case.id, stranger).await.unwrap_err();
        assert!(matches!(refused, CasesError::NoSuchCase(_)), "{stranger}: {refused}");
        let refused = act(&db, (case.id, 1), by(stranger), note("hello")).await.unwrap_err();
        assert!(matches!(refused, CasesError::NoSuchCase(_)), "{stranger}: {refused}");
    }
    let admit = Act::Admit { subject: "authority/kim".into() };
    act(&db, (case.id, 1), by(LEE), admit).await.unwrap();
    let noted = act(&db, (case.id, 2), by("authority/kim"), note("seen")).await.unwrap();
    assert_eq!(noted.case.steps.len(), 3);
}

#[tokio::test]
async fn of_two_who_saw_the_same_only_one_acts() {
    let test = TestDb::migrated("cases_race").await;
    let db = test.db_as(Access::Desk).await;
    let case = opened(&db).await;
    let both = futures::future::join_all((0..4).map(|number| {
        let db = db.clone();
        async move {
            let words = format!("note {number}");
            act(&db, (case.id, 1), by(LEE), note(&words)).await
        }
    }));
    let outcomes = both.await;
    assert_eq!(outcomes.iter().filter(|one| one.is_ok()).count(), 1, "{outcomes:?}");
    let refused = outcomes.into_iter().filter_map(Result::err);
    for refused in refused {
        assert!(matches!(refused, CasesError::Overtaken), "{refused}");
    }
    assert_eq!(load(&db, case.id, LEE).await.unwrap().case.steps.len(), 2);
}

#[tokio::test]
async fn nothing_of_a_case_is_changed_and_what_its_owner_changed_is_found() {
    let test = TestDb::migrated("cases_altered").await;
    let db = test.db_as(Access::Desk).await;
    let case = opened(&db).await;
    act(&db, (case.id, 1), by(LEE), note("seen at the shop")).await.unwrap();
    for statement in [
        "update case_acts set text = '{}'",
        "delete from case_acts",
        "delete from case_members",
        "update cases set opened_by = 'x'",
        "truncate case_acts",
    ] {
        assert!(test.execute_as(Access::Desk, statement).await.is_err(), "{statement}");
        assert!(test.execute(statement).await.is_err(), "{statement}");
    }
    let forced = |statement: &str| {
        format!(
            "alter table case_acts disable trigger all; {statement}; alter table case_acts enable trigger all"
        )
    };
    let change = "update case_acts set text = replace(text, 'shop', 'farm') where number = 2";
    test.execute(&forced(change)).await.unwrap();
    let refused = load(&db, case.id, LEE).await.unwrap_err().to_string();
    assert!(refused.contains("step 2 was changed"), "{refused}");
    // A member that no step admits is let in nowhere.
    let member = format!("insert into case_members values ('authority/kim', {})", case.id);
    test.execute(&member).await.unwrap();
    assert!(load(&db, case.id, "authority/kim").await.is_err());
    let listed = list(&db, LEE, None).await.unwrap();
    assert!(matches!(&listed[..], [Err(CasesError::Altered { .. })]), "{listed:?}");
}

#[tokio::test]
async fn a_member_in_the_table_alone_is_let_in_nowhere() {
    let test = TestDb::migrated("cases_member").await;
    let db = test.db_as(Access::Desk).await;
    let case = opened(&db).await;
    let member = format!("insert into case_members values ('authority/kim', {})", case.id);
    test.execute(&member).await.unwrap();
    let refused = load(&db, case.id, "authority/kim").await.unwrap_err().to_string();
    assert!(refused.contains("no step admits `authority/kim`"), "{refused}");
}

#[tokio::test]
async fn searches_are_kept_by_name_each_for_its_owner() {
    let test = TestDb::migrated("kept_searches").await;
    let db = test.db_as(Access::Desk).await;
    for (who, name, search) in [
        (LEE, "tea", "lot:L1"),
        (LEE, " tea ", "lot:L2"),
        ("kim", "tea", "lot:L3"),
        (LEE, "a", "x"),
    ] {
        save_search(&db, who, (name, search), now()).await.unwrap();
    }
    let kept = |list: Vec<SavedSearch>| {
        list.into_iter().map(|one| (one.name, one.search)).collect::<Vec<_>>()
    };
    let own = |name: &str, search: &str| (name.to_owned(), search.to_owned());
    assert_eq!(
        kept(saved_searches(&db, LEE).await.unwrap()),
        [own("a", "x"), own("tea", "lot:L2")]
    );
    assert!(forget_search(&db, LEE, "tea", now()).await.unwrap());
    assert!(!forget_search(&db, LEE, "tea", now()).await.unwrap());
    assert_eq!(kept(saved_searches(&db, LEE).await.unwrap()), [own("a", "x")]);
    assert_eq!(kept(saved_searches(&db, "kim").await.unwrap()), [own("tea", "lot:L3")]);
    for (name, search) in
        [("", "x"), ("x", " "), (&*"n".repeat(101), "x"), ("x", &*"y".repeat(2_001))]
    {
        let refused = save_search(&db, LEE, (name, search), now()).await;
        assert!(matches!(refused, Err(CasesError::Search(_))), "{name} {search}");
    }
}
