//! Owners over a real database: one is first, one is next, however many try at once, and what was is not changed.

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use sql::Access;
use sql::owners::{
    LinkKind, Registered, Shown, Stored, accept, claim, make_link, of_link, of_secret, registered,
    withdraw,
};
use sql::testing::TestDb;

const ITEM: &str = "https://id.gs1.org/01/04012345111118/21/9876";
const LATER: SignedDuration = SignedDuration::from_hours(1);

fn secret(number: u8) -> Stored {
    [number; 32]
}

fn now() -> Timestamp {
    "2026-11-20T08:00:00Z".parse().expect("a time")
}

#[tokio::test]
async fn of_claims_at_once_one_is_the_first_owner_and_nobody_changes_or_removes_it() {
    let db = TestDb::migrated("owners_claims").await;
    let trace = db.db_as(Access::TraceApi).await;
    assert_eq!(registered(&trace, ITEM).await.expect("asked"), Registered::default());
    let secrets: Vec<Stored> = (0..16).map(secret).collect();
    let claims = secrets.iter().map(|secret| claim(&trace, ITEM, secret, Shown::Code, now()));
    let claims = join_all(claims).await;
    let firsts: Vec<usize> = (0..16).filter(|at| *claims[*at].as_ref().expect("asked")).collect();
    let [winner] = firsts[..] else { panic!("one is the first: {claims:?}") };
    for (place, secret) in secrets.iter().enumerate() {
        let owner = of_secret(&trace, secret, now()).await.expect("asked");
        assert_eq!(owner.is_some(), place == winner);
    }
    let of_item = registered(&trace, ITEM).await.expect("asked");
    assert_eq!((of_item.code_used, of_item.owned), (None, Some(now())));
    for change in
        ["update owners set since = now()", "delete from owners", "truncate owners cascade"]
    {
        let refused = db.execute(change).await.expect_err(change);
        assert!(refused.ends_with("is append-only"), "{change}: {refused}");
    }
    for access in [Access::Ingest, Access::Anchor, Access::Desk] {
        for table in ["owners", "owner_links"] {
            let refused = db.execute_as(access, &format!("select item from {table}")).await;
            assert!(refused.expect_err("refused").contains("permission denied"));
        }
    }
}

#[tokio::test]
async fn of_recipients_at_once_one_is_the_next_owner_and_links_of_the_earlier_one_hold_no_longer() {
    let db = TestDb::migrated("owners_recipients").await;
    let trace = db.db_as(Access::TraceApi).await;
    let (seller, until) = (secret(1), now() + LATER);
    assert!(claim(&trace, ITEM, &seller, Shown::Tag, now()).await.expect("asked"));
    for (kind, token) in [(LinkKind::Transfer, 101), (LinkKind::Passport, 102)] {
        assert!(make_link(&trace, &seller, kind, &secret(token), until).await.expect("asked"));
    }
    let shown = of_secret(&trace, &seller, now()).await.expect("asked").expect("the owner");
    assert_eq!((shown.transfer, shown.passport, shown.ended), (Some(until), Some(until), None));
    let passport = async || of_link(&trace, &secret(102), LinkKind::Passport, now()).await;
    assert_eq!(passport().await.expect("asked").expect("it holds").since, [now()]);
    let wrong_kind = of_link(&trace, &secret(102), LinkKind::Transfer, now()).await;
    assert_eq!(wrong_kind.expect("asked"), None);
    let at = now() + SignedDuration::from_secs(60);
    let recipients: Vec<Stored> = (10..26).map(secret).collect();
    let link = secret(101);
    let accepted = recipients.iter().map(|next| accept(&trace, &link, next, at));
    let accepted = join_all(accepted).await;
    let next: Vec<usize> = (0..16).filter(|at| *accepted[*at].as_ref().expect("asked")).collect();
    let [next] = next[..] else { panic!("one is the next: {accepted:?}") };
    let next = of_secret(&trace, &recipients[next], at).await.expect("asked").expect("the owner");
    assert_eq!((next.item.as_str(), next.since, next.ended), (ITEM, vec![now(), at], None));
    assert_eq!((next.transfer, next.passport), (None, None), "links are not inherited");
    assert_eq!(passport().await.expect("asked"), None, "its maker is the owner no longer");
    let seller_now = of_secret(&trace, &seller, at).await.expect("asked").expect("the owner");
    assert_eq!((seller_now.since, seller_now.ended), (vec![now()], Some(at)));
    for kind in [LinkKind::Transfer, LinkKind::Passport] {
        let made = make_link(&trace, &seller, kind, &secret(103), until).await.expect("asked");
        assert!(!made, "an earlier owner makes no links");
    }
}

#[tokio::test]
async fn a_link_holds_until_its_time_until_it_is_withdrawn_or_until_the_next_of_its_kind() {
    let db = TestDb::migrated("owners_links").await;
    let trace = db.db_as(Access::TraceApi).await;
    let (owner, until) = (secret(1), now() + LATER);
    assert!(claim(&trace, ITEM, &owner, Shown::Code, now()).await.expect("asked"));
    let make = async |token: u8| {
        let made = make_link(&trace, &owner, LinkKind::Transfer, &secret(token), until).await;
        made.expect("asked")
    };
    let take = async |token: u8, at| {
        accept(&trace, &secret(token), &secret(50 + token), at).await.expect("asked")
    };
    assert!(make(2).await && make(3).await);
    assert!(!take(2, now()).await, "there is a later one");
    assert!(!take(3, until).await, "its time is over");
    let shown = of_secret(&trace, &owner, until).await.expect("asked").expect("the owner");
    assert_eq!(shown.transfer, None);
    assert!(withdraw(&trace, &owner, LinkKind::Transfer).await.expect("asked"));
    assert!(!withdraw(&trace, &owner, LinkKind::Transfer).await.expect("asked"), "once");
    assert!(!take(3, now()).await, "it was withdrawn");
    let stranger = make_link(&trace, &secret(9), LinkKind::Transfer, &secret(4), until).await;
    assert!(!stranger.expect("asked"), "an unknown secret makes no links");
    assert!(make(5).await && take(5, now()).await && !take(5, now()).await);
}

#[tokio::test]
async fn an_owner_who_passes_the_item_on_meanwhile_replaces_no_link_of_the_next_one() {
    let db = TestDb::migrated("owners_meanwhile").await;
    let trace = db.db_as(Access::TraceApi).await;
    let (seller, buyer, until) = (secret(1), secret(2), now() + LATER);
    assert!(claim(&trace, ITEM, &seller, Shown::Code, now()).await.expect("asked"));
    for round in 0..8_u8 {
        let (seller, buyer) =
            if round == 0 { (seller, buyer) } else { (secret(2 + round - 1), secret(2 + round)) };
        let link = secret(100 + round);
        let made = make_link(&trace, &seller, LinkKind::Transfer, &link, until).await;
        assert!(made.expect("asked"));
        let pass_on = async {
            assert!(accept(&trace, &link, &buyer, now()).await.expect("asked"));
            let own = secret(150 + round);
            make_link(&trace, &buyer, LinkKind::Passport, &own, until).await.expect("asked")
        };
        let meanwhile = async {
            for number in 0..4_u8 {
                let late = secret(200 + 4 * round + number);
                make_link(&trace, &seller, LinkKind::Passport, &late, until).await.expect("asked");
            }
        };
        let (made, ()) = tokio::join!(pass_on, meanwhile);
        assert!(made, "the next owner makes links");
        let own = of_link(&trace, &secret(150 + round), LinkKind::Passport, now()).await;
        assert!(own.expect("asked").is_some(), "the next owner's link holds, round {round}");
    }
}
