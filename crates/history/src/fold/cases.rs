//! The cases of the design, in its own notation: party, what it says; and the floods that change none of them.

use directory::Act;
use directory::rights::{
    Grade, Grant, Licence, Party, Power, Rights, Scope, Span, Suspension, Tenure,
};
use epc::Epc;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ledger::json::{Json, object};

use crate::entry::{HistoryEntry, Relation};
use crate::fold::History;
use crate::testing::{
    CASE, EventDraft, ITEM, entries, excursion_event, object_event, packing_event,
};
use crate::verdict::{TagCheck, Verdict, judge};
use crate::weight::Seal;

/// Days after 1 November 2026; the statements are a day apart, and the verdict is given on day 60.
const NOW: i64 = 60;
/// I is suspended from this day on; its statements as Z are of this day.
const SUSPENDED: i64 = 40;

fn day(number: i64) -> Timestamp {
    let start: Timestamp = "2026-11-01T08:00:00Z".parse().unwrap();
    start + SignedDuration::from_hours(24 * number)
}

fn span(from: i64, until: i64) -> Span {
    Span { from: day(from), until: day(until) }
}

fn pgln(party: &str) -> String {
    format!("urn:epc:id:pgln:40555{:02}.00000", party.bytes().next().unwrap_or_default())
}

/// I licensee, D grantee, E ended grant, A authority, B power out of scope; S, W, Q traders. X is in no directory.
fn rights() -> Rights {
    let ids = ["I", "D", "E", "A", "B", "S", "W", "Q"];
    let party = |id: &str| Party { name: id.to_owned(), pglns: vec![pgln(id)], ..Party::default() };
    let tenure = |id: &str| vec![Tenure { party: id.into(), from: 0, until: None }];
    let grant = |to: &str, span| Grant {
        from: "I".into(),
        to: to.into(),
        acts: [Act::Issue].into(),
        scope: Scope { serials: Some((9000, 9999)), ..Scope::default() },
        span,
    };
    let power = |party: &str, prefix: &str| Power {
        party: party.into(),
        acts: [Act::Recall, Act::Void, Act::ReportTheft].into(),
        scope: Scope { prefixes: vec![prefix.to_owned()], ..Scope::default() },
        span: Span::ALWAYS,
    };
    let licence = Licence { party: "I".into(), grade: Grade::A, span: Span::ALWAYS };
    Rights {
        has_directory: true,
        late: SignedDuration::from_hours(72),
        parties: ids.map(|id| (id.into(), party(id))).into(),
        ledgers: ids.map(|id| (format!("{id}.example/1"), tenure(id))).into(),
        licences: [("4012345".to_owned(), vec![licence])].into(),
        grants: vec![grant("D", Span::ALWAYS), grant("E", span(-90, -30))],
        powers: vec![power("A", "4012"), power("B", "95")],
        suspensions: vec![Suspension { party: "I".into(), span: span(SUSPENDED, SUSPENDED + 1) }],
        ..Rights::default()
    }
}

/// One statement: `W sell`, `I com lot7 exp-1`, `I ship W own`.
struct Said {
    party: String,
    draft: EventDraft,
    relation: Relation,
    seal: i64,
}

fn text(word: &str) -> Json {
    Json::from(word)
}

fn list(words: &[&str]) -> Json {
    Json::Array(words.iter().map(|word| text(word)).collect())
}

fn persistent(which: &str, word: &str) -> Json {
    object([(which, list(&[word]))])
}

fn shipping(time: &str, to: &str, with_ownership: bool) -> EventDraft {
    let entry = |kind: &str| object([("type", text(kind)), ("destination", text(&pgln(to)))]);
    let mut destinations = vec![entry("possessing_party")];
    destinations.extend(with_ownership.then(|| entry("owning_party")));
    object_event(time, "shipping").with("destinationList", Json::Array(destinations))
}

fn number(word: &str, prefix: &str) -> Option<i64> {
    word.strip_prefix(prefix)?.parse().ok()
}

/// The date that is `days` days from the day of the verdict.
fn date(days: i64) -> String {
    day(NOW + days).strftime("%Y-%m-%d").to_string()
}

fn described(draft: EventDraft, words: &[&str]) -> EventDraft {
    let lot = words.iter().find_map(|word| word.strip_prefix("lot"));
    let expiry = words.iter().find_map(|word| number(word, "exp"));
    let lot = lot.map(|lot| ("cbvmda:lotNumber", text(lot)));
    let expiry = expiry.map(|days| ("cbvmda:itemExpirationDate", text(&date(days))));
    let members: Vec<(&str, Json)> = lot.into_iter().chain(expiry).collect();
    if members.is_empty() { draft } else { draft.with("ilmd", object(members)) }
}

/// The members and the relation of what is said.
fn draft(time: &str, words: &[&str], earlier: &[Said]) -> (EventDraft, Relation) {
    let event = |step: &str| object_event(time, step);
    let with = |step: &str, word: &str| object_event(time, step).disposition(word);
    let lot_class = |lot: &str| {
        let class =
            object([("epcClass", text(&format!("urn:epc:class:lgtin:4012345.011111.{lot}")))]);
        Json::Array(vec![class])
    };
    let mut relation = Relation::Item;
    let found = match words[0] {
        "com" => described(event("commissioning"), words),
        "ilmd" => described(event("inspecting"), words),
        "ship" => shipping(time, words[1], words.contains(&"own")),
        "recv" => event("receiving"),
        "sell" => event("retail_selling"),
        "back" => with("receiving", "returned"),
        "recall" | "unrecall" => {
            let flag = persistent(if words[0] == "recall" { "set" } else { "unset" }, "recalled");
            let flagged = event("holding").with("persistentDisposition", flag);
            match words.get(1) {
                Some(&"box") => {
                    relation = Relation::Container(CASE.into());
                    flagged.of(&[CASE])
                }
                Some(&"gtin") => {
                    relation = Relation::Lot;
                    flagged.of(&["urn:epc:idpat:sgtin:4012345.011111.*"])
                }
                Some(lot) => {
                    relation = Relation::Lot;
                    flagged.of(&[]).with("quantityList", lot_class(lot.trim_start_matches("lot")))
                }
                None => flagged,
            }
        }
        "stolen" => with("holding", "stolen"),
        "found" => event("holding").with("persistentDisposition", persistent("unset", "stolen")),
        "void" => event("https://chopmark.org/voc/BizStep-voiding"),
        "decommission" => event("decommissioning"),
        "destroy" => with("destroying", "destroyed"),
        "kill" => event("killing"),
        "see" => event("storing"),
        "read" => event("storing").sensed(),
        "hold" => with("inspecting", "damaged"),
        "release" => with("inspecting", "conformant"),
        "voidship" => event("void_shipping"),
        "pack" => packing_event(time, "ADD", CASE, &[ITEM]),
        "unpack" => packing_event(time, "DELETE", CASE, &[ITEM]),
        "use" => event("")
            .with("type", text("TransformationEvent"))
            .with("inputEPCList", list(&[ITEM]))
            .of(&[]),
        "make" => event("")
            .with("type", text("TransformationEvent"))
            .with("outputEPCList", list(&[ITEM]))
            .of(&[]),
        "warm" => {
            relation = Relation::Lot;
            excursion_event(time, time, "9.2")
        }
        "err" => {
            let place: usize = words[1].parse().unwrap();
            let declared =
                object([("declarationTime", text(time)), ("reason", text("did_not_occur"))]);
            relation = earlier[place - 1].relation.clone();
            earlier[place - 1].draft.clone().with("errorDeclaration", declared)
        }
        other => panic!("unknown word {other}"),
    };
    (found, relation)
}

fn said(case: &str) -> Vec<Said> {
    let whole = case.replace("F;", "I com; I ship W own; W recv;");
    let whole = if whole == "F" { "I com; I ship W own; W recv".to_owned() } else { whole };
    let mut found: Vec<Said> = Vec::new();
    for statement in whole.split(';').map(str::trim).filter(|one| !one.starts_with('T')) {
        let words: Vec<&str> = statement.split_whitespace().collect();
        let is_suspended = words[0] == "Z";
        let place = i64::try_from(found.len()).unwrap();
        let seal = if is_suspended { SUSPENDED } else { place };
        let ahead = words.iter().find_map(|word| number(word, "t")).unwrap_or(0);
        let time = day(seal + ahead).to_string();
        let (draft, relation) = draft(&time, &words[1..], &found);
        let party = if is_suspended { "I" } else { words[0] }.to_owned();
        found.push(Said { party, draft, relation, seal });
    }
    found
}

fn records(said: &[Said]) -> Vec<HistoryEntry> {
    let drafts: Vec<EventDraft> = said.iter().map(|one| one.draft.clone()).collect();
    let mut records = entries(&drafts);
    for (entry, one) in records.iter_mut().zip(said) {
        entry.origin = format!("{}.example/1", one.party).into();
        entry.party = one.party.as_str().into();
        entry.relation = one.relation.clone();
        let at = day(one.seal);
        entry.seal =
            Seal { place: Some(u64::try_from(one.seal).unwrap() * 1000), at, committed: at };
    }
    records
}

fn item() -> Epc {
    ITEM.parse().unwrap()
}

fn verdict_of(case: &str, records: Vec<HistoryEntry>, rights: &Rights) -> Verdict {
    let tag = if case.contains("T ok") { TagCheck::Passed } else { TagCheck::NotChecked };
    let state = History::weigh(item(), records, rights).state(day(NOW), &TimeZone::UTC);
    judge(&state, tag, &[]).verdict()
}

fn verdict(case: &str, rights: &Rights) -> Verdict {
    verdict_of(case, records(&said(case)), rights)
}

use Verdict::{
    Condition, Conflict, Consistent, Expired, Gap, Recalled, Rejected, Sold, Stolen, Strong,
};

/// Case 32.
const BROKEN: &str = "I com lotL1; I ship W own; W recv; W warm";

/// The numbered cases but for 30 and 31, which need another directory.
const CASES: [(&str, Verdict); 30] = [
    ("I com", Consistent),
    ("I com; T ok", Strong),
    ("S com", Rejected),
    ("D com; D ship I; I recv", Consistent),
    ("E com", Rejected),
    ("F", Consistent),
    ("I com; S recv; S stolen", Gap),
    ("I com; I ship W; Q recv", Conflict),
    ("F; I ship Q", Conflict),
    ("F; W sell", Sold),
    ("F; W sell; W sell", Conflict),
    ("F; W sell; W back; W sell", Sold),
    ("I com; I recall; I unrecall", Consistent),
    ("I com; A recall; I unrecall", Recalled),
    ("I com; B recall; S recall", Consistent),
    ("F; W recall", Gap),
    ("I com lot7; I recall lot7", Recalled),
    ("I com exp9; S ilmd exp-1", Consistent),
    ("I com exp-1; I ilmd exp9", Expired),
    ("F; W stolen; T ok", Stolen),
    ("F; I stolen", Gap),
    ("I com; I com lot8", Conflict),
    ("I com; I void; T ok", Rejected),
    ("F; W destroy; W see", Rejected),
    ("I com; I ship W; I err 2", Consistent),
    ("I com; I ship W; W recv; I err 2", Conflict),
    ("I com; S pack b; A recall box", Consistent),
    ("I com t+9", Rejected),
    ("I com; Z recall", Gap),
    (BROKEN, Condition),
];

#[test]
fn every_case_of_the_design_has_its_verdict() {
    for (case, expected) in CASES {
        assert_eq!(verdict(case, &rights()), expected, "{case}");
    }
    assert_eq!(verdict("I com", &Rights::default()), Gap, "30: no directory");
    let unlicensed = Rights { licences: [].into(), ..rights() };
    assert_eq!(verdict("I com", &unlicensed), Verdict::NotCovered, "31: no licensed prefix");
}

/// Attacks and states that the numbered cases do not have.
#[test]
fn what_attackers_try_and_what_else_becomes_of_items() {
    for (case, expected) in [
        ("I com lot7; I recall lot8", Consistent),
        ("I com lot7; I recall lot7; I unrecall lot7", Consistent),
        ("I com lot7; I recall; I recall lot7; I unrecall lot7", Recalled),
        ("I com; I recall gtin", Recalled),
        ("I com; D recall gtin", Gap),
        ("I com; I pack b; A recall box", Recalled),
        ("I com; I pack b; I unpack b; A recall box", Consistent),
        ("I com; A recall; A unrecall", Consistent),
        ("I com; I recall; I see", Recalled),
        ("F; W stolen; I found", Stolen),
        ("F; W stolen; W found", Consistent),
        ("F; W stolen; A recall", Recalled),
        ("I com; I hold", Gap),
        ("I com; I hold; I release", Consistent),
        ("I com; S hold", Consistent),
        ("I com; A void", Rejected),
        ("F; W void", Gap),
        ("F; W decommission", Rejected),
        ("F; W use", Rejected),
        ("I make", Consistent),
        ("S make", Rejected),
        ("F; W kill", Consistent),
        ("F; W kill; W see", Consistent),
        ("F; W kill; W read", Conflict),
        ("F; W kill; S read", Consistent),
        ("D com; D com", Conflict),
        ("D com; I com", Conflict),
        ("D com; I err 1", Rejected),
        ("F; W sell; W err 4", Consistent),
        ("F; W sell; W sell; W err 5; W see", Sold),
        ("F; W sell; I stolen", Sold),
        ("F; W sell; Q sell", Sold),
        ("F; W sell; I sell", Sold),
        ("F; W sell; Q back", Sold),
        ("F; W sell; I back; I sell", Sold),
        ("I com; I ship W; I voidship; I ship Q; Q recv", Consistent),
        ("I com; I ship W; I ship Q", Conflict),
        ("F; W ship Q own; Q recv; Q sell", Sold),
        ("F; W ship Q; Q recv; W err 4", Conflict),
        ("I com; S err 1", Consistent),
        ("I com; Q recv; Q sell", Gap),
        ("I com; X com; X recall; X recv; X sell; X stolen; X err 1", Consistent),
        ("I com exp9; I ilmd exp-1", Expired),
        ("I com exp-1; I err 1; I com exp9", Consistent),
        ("E com; I com", Gap),
    ] {
        assert_eq!(verdict(case, &rights()), expected, "{case}");
    }
}

/// A generator with a fixed seed (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).unwrap() % bound
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

/// Foreign statements: of traders without rights everything but receiving, of strangers receiving too; any time, any
/// spelling of the item.
fn foreign(numbers: &mut Numbers, count: usize) -> Vec<HistoryEntry> {
    const ACTS: [&str; 24] = [
        "com",
        "com lot9 exp-9",
        "ilmd lot7 exp-1",
        "ship S own",
        "sell",
        "recall",
        "unrecall",
        "recall box",
        "recall gtin",
        "recall lot7",
        "unrecall lot7",
        "stolen",
        "found",
        "void",
        "decommission",
        "destroy",
        "kill",
        "see",
        "read",
        "hold",
        "pack b",
        "unpack b",
        "use",
        "make",
    ];
    let spellings =
        ["urn:epc:id:sgtin:401234.0511111.9876", "https://x.example/01/04012345111118/21/9876"];
    let mut found = Vec::new();
    let mut index = 10_000;
    while found.len() < count {
        let party = numbers.one_of(&["S", "B", "X"]);
        let act = if party == "X" {
            numbers.one_of(&["recv", "back", "warm", "com"])
        } else {
            numbers.one_of(&ACTS)
        };
        let act = if party == "X" && numbers.below(2) == 0 { numbers.one_of(&ACTS) } else { act };
        let mut said = said(&format!("{party} {act}"));
        let spelling = numbers.below(4);
        let is_plain = said[0].relation == Relation::Item
            && !act.contains("pack")
            && !matches!(act, "use" | "make");
        if is_plain && spelling < spellings.len() {
            said[0].draft = said[0].draft.clone().of(&[spellings[spelling]]);
        }
        let mut entry = records(&said).remove(0);
        index += 1;
        entry.index = index;
        entry.at = day(i64::try_from(numbers.below(800)).unwrap() - 400);
        let place = u64::try_from(numbers.below(60_000)).unwrap();
        let at = day(i64::try_from(place / 1000).unwrap());
        let seal = Seal { place: Some(place), at, committed: at };
        entry.seal = if numbers.below(10) == 0 { Seal::pending(day(NOW), at) } else { seal };
        found.push(entry);
    }
    found
}

#[test]
fn a_hundred_thousand_foreign_statements_change_no_verdict() {
    let rights = rights();
    let mut numbers = Numbers(0x5EED_CA5E);
    let each = 100_000_usize.div_ceil(CASES.len());
    let mut total = 0;
    for (case, expected) in CASES {
        let flood = foreign(&mut numbers, each);
        total += flood.len();
        let records = [records(&said(case)), flood].concat();
        assert_eq!(verdict_of(case, records, &rights), expected, "{case}");
    }
    assert!(total >= 100_000, "{total}");
}
