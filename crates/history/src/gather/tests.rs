//! Histories from a real database: what is found, what is checked, what an altered row leads to.

use ledger::policy::OpenError;
use sql::testing::TestDb;

use super::*;
use crate::entry::Relation;
use crate::gaps::Gap;
use crate::testing::{
    CASE, EventDraft, FACTORY, ITEM, SHOP, TestLedger, excursion_event, object_event,
    packing_event, rights,
};
use crate::verdict::{TagCheck, Verdict, judge};
use crate::weight::{Mark, Weight};

const SITE: &str = "factory.example/packing";
const TILL: &str = "shop.example/till";
const STRANGER: &str = "stranger.example/1";
const RECORDED: &str = "2026-11-22T00:00:00Z";
const NOW: &str = "2026-11-22T08:00:00Z";

fn event(hour: u8, step: &str) -> EventDraft {
    object_event(&format!("2026-11-20T{hour:02}:00:00Z"), step).at(FACTORY)
}

async fn site(db: &TestDb, origin: &str) -> TestLedger {
    TestLedger::create(db, origin, "site", "Somebody").await
}

async fn gathered(db: &TestDb, ledgers: &[&TestLedger]) -> GatheredHistory {
    let policy: String = ledgers.iter().map(|ledger| ledger.policy_lines("log")).collect();
    let (policy, now) = (Arc::new(policy.parse().unwrap()), NOW.parse().unwrap());
    let cache = Cache::new(64 << 20);
    let item = ITEM.parse().unwrap();
    let found = gather(db, &cache, &policy, &rights(), now, &item).await.unwrap();
    // With what was verified just now nothing else comes out.
    let again = gather(db, &cache, &policy, &rights(), now, &item).await.unwrap();
    assert_eq!(format!("{:?}", again.history), format!("{:?}", found.history));
    found
}

fn verdict(gathered: &GatheredHistory) -> Verdict {
    let state = gathered.history.state(NOW.parse().unwrap(), &jiff::tz::TimeZone::UTC);
    judge(&state, TagCheck::NotChecked, &[]).verdict()
}

fn faults(gathered: &GatheredHistory) -> Vec<Option<Fault>> {
    gathered.history.entries.iter().map(|entry| entry.fault.clone()).collect()
}

/// Alters rows as the owner of the tables could.
async fn alter(db: &TestDb, table: &str, change: &str) {
    let sql = format!(
        "alter table {table} disable trigger user; update {table} set {change}; \
         alter table {table} enable trigger user"
    );
    db.execute(&sql).await.unwrap();
}

#[tokio::test]
async fn records_of_all_ledgers_come_in_order_of_time_then_ledger_then_place() {
    let db = TestDb::migrated("gather_order").await;
    let (factory, till) = (site(&db, SITE).await, site(&db, TILL).await);
    till.append(&[event(3, "retail_selling"), event(2, "storing")], RECORDED).await;
    let events = [event(2, "storing"), event(1, "commissioning"), event(2, "inspecting")];
    factory.append(&events, RECORDED).await;
    let found = gathered(&db, &[&factory, &till]).await;
    let order: Vec<(&str, u64)> =
        found.history.entries.iter().map(|entry| (&*entry.origin, entry.index)).collect();
    assert_eq!(order, [(SITE, 1), (SITE, 0), (SITE, 2), (TILL, 1), (TILL, 0)]);
    assert_eq!(faults(&found), vec![None; 5]);
    let parties: Vec<&str> = found.history.entries.iter().map(|entry| &*entry.party).collect();
    assert_eq!(
        parties,
        ["Factory", "Factory", "Factory", "Shop", "Shop"],
        "as the directory names them"
    );
}

#[tokio::test]
async fn containers_and_lot_are_followed_through_the_database() {
    let db = TestDb::migrated("gather_walk").await;
    let factory = site(&db, SITE).await;
    let events = [
        event(1, "commissioning").lot("L1", "2027-01-01"),
        packing_event("2026-11-20T02:00:00Z", "ADD", CASE, &[ITEM]),
        event(3, "shipping").of(&[CASE]),
        excursion_event("2026-11-20T04:00:00Z", "2026-11-20T05:00:00Z", "9.2"),
        event(6, "storing").of(&["urn:epc:id:sgtin:4012345.011111.1"]),
    ];
    factory.append(&events, RECORDED).await;
    let found = gathered(&db, &[&factory]).await;
    let relations: Vec<(u64, Relation)> =
        found.history.entries.iter().map(|entry| (entry.index, entry.relation.clone())).collect();
    let via_case = Relation::Container(CASE.to_owned());
    assert_eq!(
        relations,
        [(0, Relation::Item), (1, Relation::Item), (2, via_case), (3, Relation::Lot)]
    );
    assert_eq!(faults(&found), vec![None; 4]);
}

#[tokio::test]
async fn an_item_without_records_has_an_empty_history() {
    let db = TestDb::migrated("gather_empty").await;
    let factory = site(&db, SITE).await;
    factory.append(&[event(1, "storing").of(&[CASE])], RECORDED).await;
    sql::ledgers::create_ledger(&db, "empty.example/1", "site", "Nobody").await.unwrap();
    let hub = TestLedger::create(&db, "hub.example/1", "hub", "Hub").await;
    hub.append_checkpoint_of(&factory, RECORDED).await;
    let found = gathered(&db, &[&factory]).await;
    assert!(found.history.entries.is_empty());
    assert!(found.ledgers.is_empty(), "only ledgers that the index leads to are looked at");
    // Ledgers without a checkpoint and hubs have no history to offer.
    let (item, case) = (sql::items::key(ITEM), sql::items::key(CASE));
    db.execute(&format!(
        "insert into item_records select {item}, ledger_id, 0 from ledgers; \
         insert into item_records select {case}, ledger_id, 0 from ledgers"
    ))
    .await
    .unwrap();
    let found = gathered(&db, &[&factory]).await;
    assert!(found.history.entries.is_empty());
    let origins: Vec<&str> = found.ledgers.values().map(|head| &*head.origin).collect();
    assert_eq!(origins, [SITE]);
    assert!(found.ledger(SITE).is_some() && found.ledger("hub.example/1").is_none());
}

#[tokio::test]
async fn a_record_that_only_the_index_connects_with_the_item_is_left_out() {
    let db = TestDb::migrated("gather_collision").await;
    let factory = site(&db, SITE).await;
    factory.append(&[event(1, "commissioning"), event(2, "storing").of(&[CASE])], RECORDED).await;
    let key = sql::items::key(&epc::thing_key(ITEM));
    let id = factory.id.0;
    db.execute(&format!("insert into item_records values ({key}, {id}, 1)")).await.unwrap();
    let found = gathered(&db, &[&factory]).await;
    assert_eq!(found.history.entries.len(), 1);
    // Its text was altered: then nobody knows what it named.
    sql::testing::alter_record_as_owner(&db, SITE, 1, "storing", "packing").await.unwrap();
    let found = gathered(&db, &[&factory]).await;
    assert_eq!(faults(&found), [None, Some(Fault::Text)]);
}

#[tokio::test]
async fn an_altered_text_or_secret_is_a_fault_of_that_record() {
    let db = TestDb::migrated("gather_text").await;
    let factory = site(&db, SITE).await;
    factory.append(&[event(1, "commissioning"), event(2, "storing")], RECORDED).await;
    sql::testing::alter_record_as_owner(&db, SITE, 1, "storing", "holding").await.unwrap();
    let found = gathered(&db, &[&factory]).await;
    assert_eq!(faults(&found), [None, Some(Fault::Text)]);
    alter(&db, "record_chunks", "secrets = set_byte(secrets, 0, 255)").await;
    let found = gathered(&db, &[&factory]).await;
    assert_eq!(faults(&found), [Some(Fault::Text), Some(Fault::Text)]);
}

#[tokio::test]
async fn a_leaf_that_does_not_lead_to_the_signed_root_is_a_fault() {
    let db = TestDb::migrated("gather_tree").await;
    let factory = site(&db, SITE).await;
    factory.append(&[event(1, "commissioning"), event(2, "storing")], RECORDED).await;
    alter(&db, "record_chunks", "leaf_hashes = set_byte(leaf_hashes, 32, 255)").await;
    let found = gathered(&db, &[&factory]).await;
    assert_eq!(faults(&found), [Some(Fault::Tree), Some(Fault::Text)]);
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_relied_on_is_a_fault_of_all_its_records() {
    let db = TestDb::migrated("gather_checkpoint").await;
    let (factory, till) = (site(&db, SITE).await, site(&db, TILL).await);
    factory.append(&[event(1, "commissioning")], RECORDED).await;
    till.append(&[event(2, "storing").at(SHOP)], RECORDED).await;
    let found = gathered(&db, &[&factory]).await;
    let unknown = OpenError::UnknownLedger { origin: TILL.to_owned(), size: 1 };
    assert_eq!(faults(&found), [None, Some(Fault::Checkpoint(unknown))]);
    let till_id = till.id.0;
    let change = format!("note = replace(note, '{SITE}', '{TILL}') where ledger_id <> {till_id}");
    alter(&db, "checkpoints", &change).await;
    let found = gathered(&db, &[&factory, &till]).await;
    assert!(matches!(
        &faults(&found)[..],
        [Some(Fault::Checkpoint(OpenError::OtherOrigin { .. })), None]
    ));
}

#[tokio::test]
async fn a_checkpoint_that_differs_from_its_row_is_a_fault() {
    let db = TestDb::migrated("gather_row").await;
    let factory = site(&db, SITE).await;
    factory.append(&[event(1, "commissioning")], RECORDED).await;
    factory.append(&[event(2, "storing")], RECORDED).await;
    // The signed note of the first checkpoint in the row of the second.
    alter(
        &db,
        "checkpoints",
        "note = (select c.note from checkpoints c where c.size = 1) where size = 2",
    )
    .await;
    let found = gathered(&db, &[&factory]).await;
    let fault = Some(Fault::CheckpointRow { size: 1 });
    assert_eq!(faults(&found), [fault.clone(), fault]);
}

#[tokio::test]
async fn nothing_of_a_ledger_that_was_rolled_back_counts_not_even_after_it_grew_again() {
    let db = TestDb::migrated("gather_rolled_back").await;
    let factory = site(&db, SITE).await;
    let hub = TestLedger::create(&db, "hub.example/1", "hub", "Hub").await;
    factory.append(&[event(1, "commissioning")], RECORDED).await;
    factory.append(&[event(2, "storing").disposition("recalled")], RECORDED).await;
    hub.append_checkpoint_of(&factory, RECORDED).await;
    assert_eq!(faults(&gathered(&db, &[&factory]).await), [None, None]);

    sql::testing::roll_back_as_owner(&db, SITE, 1).await.unwrap();
    let shrunk = Fault::Shrunk { hub_size: 2, own_size: 1 };
    assert_eq!(faults(&gathered(&db, &[&factory]).await), [Some(shrunk)]);

    factory.append(&[event(2, "storing")], RECORDED).await;
    factory.append(&[event(3, "shipping")], RECORDED).await;
    let found = faults(&gathered(&db, &[&factory]).await);
    assert_eq!(found.len(), 3);
    for fault in found {
        assert!(matches!(fault, Some(Fault::Forked(_))), "{fault:?}");
    }
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_an_error() {
    let db = TestDb::migrated("gather_gone").await;
    db.execute("alter table item_records rename to elsewhere").await.unwrap();
    let (policy, now) = (Arc::default(), NOW.parse().unwrap());
    let cache = Cache::new(0);
    let found = gather(&db, &cache, &policy, &rights(), now, &ITEM.parse().unwrap()).await;
    assert!(matches!(found, Err(sql::Error::Refused(_))));
}

/// As many records as a flood has, dated years ago.
fn flood() -> Vec<EventDraft> {
    let dated = |number: usize| {
        let second = 1_500_000_000 + i64::try_from(number).unwrap();
        object_event(&Timestamp::from_second(second).unwrap().to_string(), "storing").at(FACTORY)
    };
    (0..2100).map(dated).collect()
}

#[tokio::test]
async fn two_thousand_back_dated_events_of_others_hide_no_recall() {
    let db = TestDb::migrated("gather_flood").await;
    let (factory, till) = (site(&db, SITE).await, site(&db, TILL).await);
    let stranger = site(&db, STRANGER).await;
    stranger.append(&flood(), RECORDED).await;
    let recall = event(2, "holding").disposition("recalled");
    factory.append(&[event(1, "commissioning"), recall], RECORDED).await;
    let found = gathered(&db, &[&factory, &till, &stranger]).await;
    assert_eq!(verdict(&found), Verdict::Recalled);
    assert_eq!(found.cut, 2100 - MAX_OTHERS, "what was not looked at is said");
    till.append(&flood(), RECORDED).await;
    let found = gathered(&db, &[&factory, &till, &stranger]).await;
    assert_eq!(verdict(&found), Verdict::Recalled);
    assert_eq!(found.cut, 2 * (2100 - MAX_OTHERS));
}

#[tokio::test]
async fn a_cut_is_a_gap_only_if_parties_of_the_directory_were_left_out() {
    let db = TestDb::migrated("gather_cut").await;
    let (factory, till) = (site(&db, SITE).await, site(&db, TILL).await);
    let stranger = site(&db, STRANGER).await;
    factory.append(&[event(1, "commissioning")], RECORDED).await;
    stranger.append(&flood(), RECORDED).await;
    let ledgers = [&factory, &till, &stranger];
    assert_eq!(verdict(&gathered(&db, &ledgers).await), Verdict::Consistent);
    till.append(&flood(), RECORDED).await;
    let found = gathered(&db, &ledgers).await;
    let gaps = found.history.state(NOW.parse().unwrap(), &jiff::tz::TimeZone::UTC).gaps;
    assert_eq!(gaps, [Gap::Cut { left_out: 2100 - MAX_OTHERS }]);
}

#[tokio::test]
async fn records_of_strangers_are_read_as_far_as_there_is_room_for_their_texts() {
    let db = TestDb::migrated("gather_large").await;
    let (factory, stranger) = (site(&db, SITE).await, site(&db, STRANGER).await);
    factory.append(&[event(1, "commissioning")], RECORDED).await;
    let large = event(2, "storing").with("note", "x".repeat(300_000).as_str().into());
    stranger.append(&vec![large; 5], RECORDED).await;
    let found = gathered(&db, &[&factory, &stranger]).await;
    assert_eq!((found.history.entries.len(), found.cut), (6, 0), "there is room for 1.5 MB");
    let larger = event(2, "storing").with("note", "x".repeat(600_000).as_str().into());
    stranger.append(&vec![larger; 20], RECORDED).await;
    let recall = event(3, "holding").disposition("recalled");
    let recall = recall.with("note", "x".repeat(3_000_000).as_str().into());
    factory.append(&[recall], RECORDED).await;
    let found = gathered(&db, &[&factory, &stranger]).await;
    // Of the strangers' records the five short ones, and no more than fit beside them.
    assert_eq!((found.history.entries.len(), found.cut), (2 + 5, 20), "the rest is said");
    assert!(faults(&found).iter().all(Option::is_none));
    assert_eq!(
        verdict(&found),
        Verdict::Recalled,
        "the issuer's are read whatever strangers write"
    );
    let gaps = found.history.state(NOW.parse().unwrap(), &jiff::tz::TimeZone::UTC).gaps;
    assert!(!gaps.iter().any(|gap| matches!(gap, Gap::Cut { .. })), "{gaps:?}");
}

#[tokio::test]
async fn all_records_are_read_of_a_party_that_turns_out_to_hold_the_item() {
    let db = TestDb::migrated("gather_holder").await;
    let (factory, till) = (site(&db, SITE).await, site(&db, TILL).await);
    let to = ledger::json::object([
        ("type", "possessing_party".into()),
        ("destination", "urn:epc:id:pgln:4055555.00000".into()),
    ]);
    let shipping =
        event(2, "shipping").with("destinationList", ledger::json::Json::Array(vec![to]));
    factory.append(&[event(1, "commissioning"), shipping], RECORDED).await;
    // The oldest record of the till is the one that matters.
    let theft = event(4, "holding").disposition("stolen");
    till.append(&[event(3, "receiving"), theft], RECORDED).await;
    let storing: Vec<EventDraft> = (0..MAX_OTHERS).map(|_| event(5, "storing")).collect();
    till.append(&storing, RECORDED).await;
    let found = gathered(&db, &[&factory, &till]).await;
    assert_eq!((verdict(&found), found.cut), (Verdict::Stolen, 0));
}

#[tokio::test]
async fn a_recall_of_lot_or_class_reaches_the_item_and_a_strangers_does_not() {
    let lot = |number: &str| {
        let class = format!("https://brand.example/01/04012345111118/10/{number}");
        let class = ledger::json::object([("epcClass", class.as_str().into())]);
        event(5, "holding")
            .of(&[])
            .with("quantityList", ledger::json::Json::Array(vec![class]))
            .disposition("recalled")
    };
    let class =
        event(5, "holding").of(&["urn:epc:idpat:sgtin:401234.0511111.*"]).disposition("recalled");
    for (name, origin, recall, expected) in [
        ("gather_lot", SITE, lot("L1"), Verdict::Recalled),
        ("gather_other_lot", SITE, lot("L2"), Verdict::Consistent),
        ("gather_class", SITE, class.clone(), Verdict::Recalled),
        ("gather_foreign_class", STRANGER, class, Verdict::Consistent),
    ] {
        let db = TestDb::migrated(name).await;
        let factory = site(&db, SITE).await;
        factory.append(&[event(1, "commissioning").lot("L1", "2099-01-01")], RECORDED).await;
        let other = if origin == SITE { None } else { Some(site(&db, origin).await) };
        other.as_ref().unwrap_or(&factory).append(&[recall], RECORDED).await;
        let ledgers: Vec<&TestLedger> = other.iter().chain([&factory]).collect();
        assert_eq!(verdict(&gathered(&db, &ledgers).await), expected, "{name}");
    }
}

#[tokio::test]
async fn a_recall_under_another_split_of_the_prefix_is_of_the_same_item() {
    let db = TestDb::migrated("gather_split").await;
    let factory = site(&db, SITE).await;
    let other = "urn:epc:id:sgtin:401234.0511111.9876";
    let recall = event(2, "holding").of(&[other]).disposition("recalled");
    factory.append(&[event(1, "commissioning"), recall], RECORDED).await;
    assert_eq!(verdict(&gathered(&db, &[&factory]).await), Verdict::Recalled);
    // A second commissioning under the other split does not clean it: it is the same serial, issued again.
    factory.append(&[event(3, "commissioning").of(&[other])], RECORDED).await;
    assert_eq!(verdict(&gathered(&db, &[&factory]).await), Verdict::Recalled);
}

#[tokio::test]
async fn a_record_has_the_seal_of_the_hubs_first_entry_that_covers_it() {
    let db = TestDb::migrated("gather_seal").await;
    let factory = site(&db, SITE).await;
    let hub = TestLedger::create(&db, "hub.example/1", "hub", "Hub").await;
    factory.append(&[event(1, "commissioning")], "2026-11-20T02:00:00Z").await;
    hub.append_checkpoint_of(&factory, "2026-11-20T03:00:00Z").await;
    factory.append(&[event(2, "storing")], "2026-11-20T04:00:00Z").await;
    factory.append(&[event(3, "storing")], "2026-11-25T02:00:00Z").await;
    hub.append_checkpoint_of(&factory, "2026-11-25T03:00:00Z").await;
    factory.append(&[event(4, "storing")], "2026-11-25T04:00:00Z").await;
    let found = gathered(&db, &[&factory]).await;
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let seals: Vec<_> = found
        .history
        .entries
        .iter()
        .map(|entry| (entry.seal.place, entry.seal.at, entry.mark, entry.weight))
        .collect();
    let late = Some(Mark::BackDated);
    assert_eq!(
        seals,
        [
            (Some(0), at("2026-11-20T03:00:00Z"), None, Weight::Counts),
            (Some(1), at("2026-11-25T03:00:00Z"), late, Weight::Counts),
            (Some(1), at("2026-11-25T03:00:00Z"), late, Weight::Counts),
            (None, at(NOW), None, Weight::Counts),
        ]
    );
    let committed = found.history.entries[1].seal.committed;
    assert_eq!(committed, at("2026-11-20T04:00:00Z"));
    assert_eq!(verdict(&found), Verdict::Gap);
}

#[tokio::test]
async fn a_recall_of_a_containers_contents_by_the_items_issuer_reaches_the_item() {
    let db = TestDb::migrated("gather_contents").await;
    let (factory, till) = (site(&db, SITE).await, site(&db, TILL).await);
    let packing = packing_event("2026-11-20T02:00:00Z", "ADD", CASE, &[ITEM]).at(FACTORY);
    factory.append(&[event(1, "commissioning"), packing], RECORDED).await;
    let ledgers = [&factory, &till];
    let recall = event(3, "holding").of(&[CASE]).disposition("recalled");
    till.append(std::slice::from_ref(&recall), RECORDED).await;
    assert_eq!(verdict(&gathered(&db, &ledgers).await), Verdict::Consistent, "a stranger's");
    factory.append(&[recall], RECORDED).await;
    assert_eq!(verdict(&gathered(&db, &ledgers).await), Verdict::Recalled);
}

#[tokio::test]
async fn a_destination_that_is_a_location_names_the_party_whose_site_it_is() {
    const SHOPS_DOOR: &str = "urn:epc:id:sgln:4055555.00001.7";
    for (name, has_site, expected) in
        [("gather_site", true, Verdict::Stolen), ("gather_no_site", false, Verdict::Gap)]
    {
        let db = TestDb::migrated(name).await;
        let (factory, till) = (site(&db, SITE).await, site(&db, TILL).await);
        let to =
            ledger::json::object([("type", "location".into()), ("destination", SHOPS_DOOR.into())]);
        let shipping =
            event(2, "shipping").with("destinationList", ledger::json::Json::Array(vec![to]));
        factory.append(&[event(1, "commissioning"), shipping], RECORDED).await;
        let theft = event(4, "holding").disposition("stolen");
        till.append(&[event(3, "receiving"), theft], RECORDED).await;
        let policy: String = factory.policy_lines("log") + &till.policy_lines("log");
        let (policy, now) = (Arc::new(policy.parse().unwrap()), NOW.parse().unwrap());
        let cache = Cache::new(0);
        let mut rights = rights();
        if has_site {
            let gln = crate::statement::gln_of(SHOPS_DOOR).unwrap();
            assert!(rights.parties.edit("shop", |shop| shop.sites.extend([gln])));
        }
        let item = ITEM.parse().unwrap();
        let found = gather(&db, &cache, &policy, &rights, now, &item).await.unwrap();
        assert_eq!(verdict(&found), expected, "{name}");
    }
}

#[tokio::test]
async fn an_item_that_was_stated_as_a_digital_link_is_found_by_its_urn() {
    let db = TestDb::migrated("gather_link").await;
    let factory = site(&db, SITE).await;
    let link = "https://brand.example/01/04012345111118/21/9876";
    let stated = [
        event(1, "commissioning").of(&[link]),
        event(2, "storing").of(&["https://id.gs1.org/01/04012345111118/22/2A/21/9876"]),
    ];
    factory.append(&stated, RECORDED).await;
    let found = gathered(&db, &[&factory]).await;
    assert_eq!((verdict(&found), found.history.entries.len()), (Verdict::Consistent, 2));
    let recall = event(3, "holding").of(&[link]).disposition("recalled");
    factory.append(&[recall], RECORDED).await;
    assert_eq!(verdict(&gathered(&db, &[&factory]).await), Verdict::Recalled);
}

/// One item of every scheme that has a GS1 key: its URN and its link.
const SPELLED: [(&str, &str); 11] = [
    (
        "urn:epc:id:sgtin:4012345.011111.a%2Fb.%25",
        "http://Brand.Example/x/01/4012345111118/10/L/21/a%2fb%2e%25",
    ),
    ("urn:epc:id:sscc:4012345.1234567890", "https://brand.example/00/140123452345678902?02=1"),
    ("urn:epc:id:sgln:4012345.11111.987", "https://brand.example/414/4012345111118/254/%3987"),
    ("urn:epc:id:grai:4012345.11111.9%2F7", "https://brand.example/8003/040123451111189%2F7"),
    ("urn:epc:id:giai:4012345.a.b%2Fc", "https://brand.example/8004/4012345a.b%2fc"),
    ("urn:epc:id:gsrn:4012345.1111111111", "https://brand.example/8018/401234511111111115/8019/1"),
    ("urn:epc:id:gsrnp:4012345.1111111111", "https://brand.example/8017/401234511111111115"),
    ("urn:epc:id:gdti:4012345.11111.A-1", "https://brand.example/253/4012345111118A-1"),
    (
        "urn:epc:id:cpi:4012345.5PQ7%2FZ43.12345",
        "https://brand.example/8010/40123455PQ7%2FZ43/8011/12345",
    ),
    ("urn:epc:id:sgcn:4012345.11111.0987", "https://brand.example/255/40123451111180987"),
    (
        "urn:epc:id:itip:4012345.011111.01.02.987",
        "https://brand.example/8006/040123451111180102/21/987",
    ),
];

#[tokio::test]
async fn an_item_of_every_scheme_has_one_history_in_every_spelling_and_its_own() {
    let db = TestDb::migrated("gather_spelled").await;
    let factory = site(&db, SITE).await;
    let policy = Arc::new(factory.policy_lines("log").parse().unwrap());
    let cache = Cache::new(64 << 20);
    let now = NOW.parse().unwrap();
    for (urn, link) in SPELLED {
        let stated = [
            event(1, "commissioning").of(&[link]),
            event(2, "storing").of(&[urn]),
            event(3, "storing").of(&[&epc::thing_key(urn)]),
        ];
        factory.append(&stated, RECORDED).await;
    }
    for (urn, link) in SPELLED {
        for spelling in [urn, link, &epc::thing_key(urn)] {
            let item = epc::identify(spelling).unwrap();
            let found = gather(&db, &cache, &policy, &rights(), now, &item).await.unwrap();
            assert_eq!(found.history.name(), urn, "{spelling}");
            assert_eq!(found.history.entries.len(), 3, "{spelling}");
            assert_eq!(verdict(&found), Verdict::Consistent, "{spelling}");
        }
    }
}

#[tokio::test]
async fn an_item_that_only_links_name_is_named_by_its_canonical_link() {
    let db = TestDb::migrated("gather_link_only").await;
    let factory = site(&db, SITE).await;
    let link = "https://brand.example/01/04012345111118/10/L1/21/9876";
    factory.append(&[event(1, "commissioning").of(&[link])], RECORDED).await;
    let found = gathered(&db, &[&factory]).await;
    assert_eq!(found.history.name(), "https://id.gs1.org/01/04012345111118/21/9876");
    factory.append(&[event(2, "storing")], RECORDED).await;
    assert_eq!(gathered(&db, &[&factory]).await.history.name(), ITEM);
}

#[tokio::test]
async fn an_erased_record_stands_where_its_ledger_had_it_and_the_others_stay_proved() {
    let db = TestDb::migrated("gather_erased").await;
    let factory = site(&db, SITE).await;
    let events = [event(1, "commissioning"), event(2, "storing"), event(3, "inspecting")];
    factory.append(&events, RECORDED).await;
    assert_eq!(verdict(&gathered(&db, &[&factory]).await), Verdict::Consistent);
    factory.erase(1, "asked for", "2026-11-23T08:00:00Z").await;
    let found = gathered(&db, &[&factory]).await;
    assert_eq!(verdict(&found), Verdict::Gap);
    let erased: Vec<_> =
        found.history.entries.iter().filter(|one| one.erased().is_some()).collect();
    assert_eq!((erased.len(), erased[0].index), (1, 1));
    assert_eq!(erased[0].at, RECORDED.parse().unwrap(), "when its ledger recorded it");
    assert_eq!(faults(&found).iter().filter(|fault| fault.is_none()).count(), 2);
    // A case that only the erased record led to is not followed, and a record of the case that is erased is.
    let case = packing_event("2026-11-20T04:00:00Z", "ADD", CASE, &[ITEM]);
    let recall = event(5, "holding").of(&[CASE]).disposition("recalled");
    factory.append(&[case, recall], RECORDED).await;
    assert_eq!(verdict(&gathered(&db, &[&factory]).await), Verdict::Recalled);
    factory.erase(4, "asked for", "2026-11-23T08:00:00Z").await;
    let found = gathered(&db, &[&factory]).await;
    assert_eq!((verdict(&found), found.history.disputed().count()), (Verdict::Gap, 2));
}

#[tokio::test]
async fn a_tombstone_that_somebody_writes_past_the_command_makes_no_verdict_better_either() {
    let db = TestDb::migrated("gather_forged").await;
    let factory = site(&db, SITE).await;
    let recall = event(2, "holding").disposition("recalled");
    factory.append(&[event(1, "commissioning"), recall], RECORDED).await;
    assert_eq!(verdict(&gathered(&db, &[&factory]).await), Verdict::Recalled);
    let whole = event(2, "holding").disposition("recalled").record().text().to_owned();
    let forged = r#"{"chopmark:erased":{"at":"2026-11-24T08:00:00Z","reason":"none"}}"#;
    sql::testing::alter_record_as_owner(&db, SITE, 1, &whole, forged).await.unwrap();
    assert_eq!(verdict(&gathered(&db, &[&factory]).await), Verdict::Gap);
}
