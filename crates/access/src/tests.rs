//! What every role may do and see, and that no narrower limit shows more.

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);
const BRAND: &str = "9521141";
const OURS: &str = "urn:epc:id:pgln:9521142.00000";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

fn identity(grants: Vec<Grant>) -> Identity {
    Identity { subject: "somebody".to_owned(), means: Means::ApiKey, grants }
}

fn scope_of(role: Role) -> Scope {
    match role {
        Role::Custodian => Scope::default().with_party(OURS).unwrap(),
        Role::BrandOwner | Role::Regulator => Scope::default().with_product(BRAND).unwrap(),
        Role::Operator | Role::Auditor => Scope::default(),
    }
}

fn grant(role: Role, expires: Option<Timestamp>) -> Grant {
    Grant::new(role, scope_of(role), expires).unwrap()
}

fn mark() -> EmergencyMark {
    let name = str::to_owned;
    EmergencyMark { id: name("e1"), proposed_by: name("lee"), approved_by: name("chen") }
}

fn sight(grant: Grant) -> Sight {
    match decide(Some(&identity(vec![grant])), Act::QueryEvents, NOW) {
        Decision::Allowed(sight) => sight,
        Decision::Refused { why, .. } => panic!("{why}"),
    }
}

#[test]
fn every_role_may_do_what_the_table_says_and_nothing_else() {
    // Custodian, brand owner, regulator, operator, auditor.
    let table = [
        (Act::QueryEvents, "xxxxx"),
        (Act::ReadCaptures, "xx.x."),
        (Act::Capture, "xx..."),
        (Act::ManageQueries, "xxx.."),
        (Act::Subscribe, "xxx.."),
        (Act::ReadMasterData, "xxxxx"),
        (Act::Trace, "xxxxx"),
        (Act::ReadAccessLog, "..xxx"),
        (Act::BreakGlass, "...x."),
        (Act::WorkOnCases, "..x.."),
        (Act::EndSessions, "...x."),
        (Act::AnswerInquiries, "xx..."),
        (Act::ReadReports, ".xx.."),
    ];
    assert_eq!(table.map(|(act, _)| act), Act::ALL);
    for (act, row) in table {
        for (role, mark) in Role::ALL.into_iter().zip(row.chars()) {
            let decision = decide(Some(&identity(vec![grant(role, None)])), act, NOW);
            let is_allowed = matches!(decision, Decision::Allowed(_));
            assert_eq!(is_allowed, mark == 'x', "{} as {}", act.name(), role.name());
        }
        let nobody = decide(None, act, NOW);
        assert!(matches!(nobody, Decision::Refused { is_unknown: true, .. }), "{}", act.name());
    }
}

#[test]
fn reads_of_regulators_and_operators_and_under_an_exception_are_recorded() {
    for role in Role::ALL {
        let is_recorded = matches!(role, Role::Regulator | Role::Operator);
        assert_eq!(sight(grant(role, None)).is_recorded(), is_recorded, "{}", role.name());
        assert!(sight(grant(role, None).in_emergency(mark())).is_recorded(), "{}", role.name());
    }
}

#[test]
fn a_login_speaks_for_the_parties_that_a_company_was_given_and_for_no_other() {
    let key = epc::thing_key(OURS);
    let owner = |scope: Scope| Grant::new(Role::BrandOwner, scope, None).unwrap();
    let product = || Scope::default().with_product(BRAND).unwrap();
    let regulator = Scope::default().with_party(OURS).unwrap();
    let wider = product().with_jurisdiction("9521142").unwrap();
    let ended = grant(Role::Custodian, Some(NOW));
    for (grants, speaks) in [
        (vec![grant(Role::Custodian, None)], true),
        (vec![owner(product().with_party(OURS).unwrap())], true),
        (vec![owner(product())], false),
        (vec![owner(Scope::default().with_product("9521142").unwrap())], false),
        (vec![owner(wider)], false),
        (vec![grant(Role::Custodian, None).in_emergency(mark())], false),
        (vec![Grant::new(Role::Regulator, regulator, None).unwrap()], false),
        (vec![ended.clone(), owner(product())], false),
        (vec![ended], false),
    ] {
        let who = identity(grants);
        let own = match decide(Some(&who), Act::AnswerInquiries, NOW) {
            Decision::Allowed(sight) => sight.own_parties().contains(&*key),
            Decision::Refused { .. } => false,
        };
        assert_eq!(own, speaks, "{who:?}");
    }
}

#[test]
fn a_report_is_seen_by_the_brand_of_the_item_and_by_inspectors_only_if_it_is_for_them() {
    let product = || Scope::default().with_product(BRAND).unwrap();
    let longer = Scope::default().with_product("9521142").unwrap();
    let place = || Scope::default().with_jurisdiction("9521142").unwrap();
    let party = Scope::default().with_party(OURS).unwrap();
    let since = |seconds| product().with_period(Some(at(seconds)), None).unwrap();
    let always = Scope::default().with_period(Some(at(0)), None).unwrap();
    // Whether a report is seen that is for the authorities, and one that is not.
    for (role, scope, ticked, other) in [
        (Role::BrandOwner, product(), true, true),
        (Role::BrandOwner, longer.clone(), false, false),
        (Role::BrandOwner, since(1), false, false),
        (Role::Regulator, product(), true, false),
        (Role::Regulator, longer, false, false),
        (Role::Regulator, since(0), true, false),
        (Role::Regulator, since(1), false, false),
        (Role::Regulator, product().with_jurisdiction("9521142").unwrap(), true, false),
        (Role::Regulator, place(), false, false),
        (Role::Regulator, party, false, false),
        (Role::Regulator, always, true, false),
    ] {
        let who = identity(vec![Grant::new(role, scope, None).unwrap()]);
        let Decision::Allowed(sight) = decide(Some(&who), Act::ReadReports, NOW) else {
            panic!("{who:?}")
        };
        let sees = |item, for_authorities| {
            sight.sees_report(&ReportFacts { item, received_at: at(0), for_authorities })
        };
        for item in
            ["https://id.gs1.org/01/09521141123454/21/7", "urn:epc:id:sgtin:9521141.012345.7"]
        {
            assert_eq!((sees(item, true), sees(item, false)), (ticked, other), "{item} {who:?}");
        }
        let is_free = who.grants[0].scope().products().is_empty() && ticked;
        assert_eq!(sees("a code of nobody", true), is_free, "{who:?}");
    }
}

#[test]
fn an_expired_grant_gives_nothing_and_the_refusal_says_so() {
    for role in Role::ALL {
        let ended = identity(vec![grant(role, Some(NOW))]);
        let Decision::Refused { why, is_unknown } = decide(Some(&ended), Act::QueryEvents, NOW)
        else {
            panic!("{} sees events with an expired grant", role.name())
        };
        assert!(why.contains("has expired") && !is_unknown, "{why}");
    }
}

#[test]
fn a_role_that_is_about_something_is_not_granted_without_saying_about_what() {
    for (role, missing) in
        [(Role::Custodian, "a party"), (Role::BrandOwner, "a product"), (Role::Regulator, "period")]
    {
        let error = Grant::new(role, Scope::default(), None).unwrap_err().to_string();
        assert!(error.contains(missing), "{error}");
    }
}

fn facts<'a>(parties: &'a [&'a str], things: &'a [&'a str], places: &'a [&'a str]) -> Facts<'a> {
    Facts { parties, things, places, event_time: at(0) }
}

#[test]
fn a_custodian_sees_what_its_party_stated_or_is_named_in_however_it_is_spelt() {
    let sight = sight(grant(Role::Custodian, None));
    let other = "urn:epc:id:pgln:9521143.00000";
    assert!(sight.sees(&facts(&[other, OURS], &[], &[])));
    assert!(sight.sees(&facts(&["https://a.example/417/9521142000006"], &[], &[])));
    assert!(!sight.sees(&facts(&[other], &[], &[])));
    assert!(!sight.sees(&facts(&[], &[], &[])));
}

#[test]
fn a_brand_owner_sees_things_under_its_prefix_and_no_near_miss() {
    let sight = sight(grant(Role::BrandOwner, None));
    for thing in [
        "urn:epc:id:sgtin:9521141.012345.602",
        // The same digits with a longer prefix and another indicator.
        "urn:epc:id:sgtin:952114101.2345.602",
        "https://shop.example/p/01/19521141123451/10/L7",
        "urn:epc:id:sscc:9521141.1234567890",
        "urn:epc:class:lgtin:9521141.012345.L7",
    ] {
        assert!(sight.sees(&facts(&[], &[thing], &[])), "{thing}");
    }
    for thing in [
        "urn:epc:id:sgtin:9521142.012345.602",
        // The indicator digit is no part of the prefix.
        "https://id.gs1.org/01/95211411234569",
        "urn:epc:id:gid:9521141.1.2",
        "9521141",
        "",
    ] {
        assert!(!sight.sees(&facts(&[], &[thing], &[])), "{thing}");
    }
}

#[test]
fn a_regulator_sees_only_what_is_within_every_one_of_its_limits() {
    let scope = Scope::default().with_product("https://id.gs1.org/01/09521141123454").unwrap();
    let scope = scope.with_jurisdiction("9521142").unwrap();
    let scope = scope.with_period(Some(at(-10)), Some(at(10))).unwrap();
    let sight = sight(Grant::new(Role::Regulator, scope, None).unwrap());
    let (thing, place) = ("urn:epc:id:sgtin:9521141.012345.602", "urn:epc:id:sgln:9521142.00001.7");
    let named = Facts { parties: &[], things: &[thing], places: &[place], event_time: at(0) };
    assert!(sight.sees(&named));
    assert!(!sight.sees(&Facts { event_time: at(10), ..named }), "the end is not within");
    assert!(sight.sees(&Facts { event_time: at(-10), ..named }), "the beginning is");
    assert!(!sight.sees(&Facts { things: &[], ..named }));
    assert!(!sight.sees(&Facts { places: &["urn:epc:id:sgln:9521143.00001.0"], ..named }));
    let other = "urn:epc:id:sgtin:9521141.012346.602";
    assert!(!sight.sees(&Facts { things: &[other], ..named }), "another product of the prefix");
}

#[test]
fn limits_that_cannot_be_understood_are_refused_with_what_was_expected() {
    let product = Scope::default().with_product("952").unwrap_err().to_string();
    assert!(product.contains("`952`") && product.contains("4 to 12 digits"), "{product}");
    let party = Scope::default().with_party("Bamboo Spring").unwrap_err().to_string();
    assert!(party.contains("PGLN"), "{party}");
    assert!(Scope::default().with_jurisdiction("FR").is_err());
    assert!(Scope::default().with_period(Some(at(1)), Some(at(1))).is_err());
}

#[test]
fn a_key_is_read_back_and_nothing_else_is_one() {
    let key = ApiKey::of([0xff; 6], [7; 32]);
    assert_eq!(key.prefix(), "chm_________", "the prefix may be all underscores");
    assert_eq!(ApiKey::parse(key.reveal()), Some(key.clone()));
    assert!(!format!("{key:?}").contains(&key.reveal()[13..]), "the secret is not printed");
    let text = key.reveal();
    for end in 0..text.len() {
        assert_eq!(ApiKey::parse(&text[..end]), None, "cut at {end}");
    }
    assert_eq!(ApiKey::parse(&format!("{text}A")), None);
    assert_eq!(ApiKey::parse("chm_é"), None);
    let other = ApiKey::of([0xff; 6], [8; 32]);
    assert_ne!(key.digest(), other.digest());
}

fn scopes() -> impl Strategy<Value = Scope> {
    let product = prop::sample::subsequence(vec!["9521141", "95211410", "4012"], 0..=3);
    let party = prop::sample::subsequence(vec![OURS, "urn:epc:id:pgln:9521143.00000"], 0..=2);
    let place =
        prop::sample::subsequence(vec!["9521142", "urn:epc:id:sgln:9521143.00001.0"], 0..=2);
    let time = prop::option::of(-20_i64..20);
    (product, party, place, time).prop_map(|(products, parties, places, from)| {
        let scope =
            products.into_iter().fold(Scope::default(), |s, one| s.with_product(one).unwrap());
        let scope = parties.into_iter().fold(scope, |s, one| s.with_party(one).unwrap());
        let scope = places.into_iter().fold(scope, |s, one| s.with_jurisdiction(one).unwrap());
        scope.with_period(from.map(at), None).unwrap()
    })
}

proptest! {
    #[test]
    fn what_is_within_narrower_limits_is_within_those_that_include_them(
        wide in scopes(),
        narrow in scopes(),
        thing in prop::sample::select(vec!["urn:epc:id:sgtin:9521141.012345.6", "urn:epc:id:sscc:4012345.1234567890", "x"]),
        party in prop::sample::select(vec![OURS, "urn:epc:id:pgln:9521143.00000", "y"]),
        place in prop::sample::select(vec!["urn:epc:id:sgln:9521142.00001.0", "urn:epc:id:sgln:9521143.00001.4", "z"]),
        seconds in -30_i64..30,
    ) {
        let (parties, things, places) = ([party], [thing], [place]);
        let facts = Facts { parties: &parties, things: &things, places: &places, event_time: at(seconds) };
        let seen = |scope: &Scope| scope.covers(&facts);
        prop_assert!(wide.includes(&wide) && Scope::default().includes(&narrow));
        if wide.includes(&narrow) && seen(&narrow) {
            prop_assert!(seen(&wide), "{wide:?} {narrow:?}");
        }
    }

    #[test]
    fn a_further_limit_never_shows_more_and_a_further_grant_never_shows_less(
        scope in scopes(),
        more in scopes(),
        thing in prop::sample::select(vec!["urn:epc:id:sgtin:9521141.012345.6", "urn:epc:id:sscc:4012345.1234567890", "x"]),
        party in prop::sample::select(vec![OURS, "urn:epc:id:pgln:9521143.00000", "y"]),
        place in prop::sample::select(vec!["urn:epc:id:sgln:9521142.00001.0", "urn:epc:id:sgln:9521143.00001.4", "z"]),
        seconds in -30_i64..30,
    ) {
        let (parties, things, places) = ([party], [thing], [place]);
        let facts = Facts { parties: &parties, things: &things, places: &places, event_time: at(seconds) };
        let seen = |scopes: Vec<Scope>| {
            let grants = scopes.into_iter().map(|scope| Grant::new(Role::Auditor, scope, None).unwrap());
            match decide(Some(&identity(grants.collect())), Act::QueryEvents, NOW) {
                Decision::Allowed(sight) => sight.sees(&facts),
                Decision::Refused { .. } => false,
            }
        };
        let narrowed = scope.clone().with_period(Some(at(0)), None).unwrap();
        let is_within = seen(vec![scope.clone()]) && seconds >= 0;
        if scope.period().0.is_none() {
            prop_assert_eq!(seen(vec![narrowed]), is_within);
        }
        prop_assert_eq!(seen(vec![scope.clone(), more.clone()]), seen(vec![scope]) || seen(vec![more]));
    }
}
