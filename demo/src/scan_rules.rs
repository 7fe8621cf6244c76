//! `chopmark-demo scan-rules`: how often honest people are told that an item is copied, and how often copies are found.
//!
//! The way through: [`honest`] and [`copied`] make lives of items from a seed ([`lives`], [`people`]) and answer every look
//! with the rules of trace-api ([`trial`]); [`sales`] has the records of their sales weighed; the report is shares, and the rates at other thresholds.
//!
//! What holds: the same seed gives the same report; no clock, no database, no network.
//!
//! Source: docs/scan-rules.md has the figures of a run, and what is assumed of people.

mod counted;
mod lives;
mod people;
mod sales;
mod trial;

use std::process::ExitCode;

use demo::simulators::seeded::Seeded;
use history::scans::{MAX_NETWORKS, Rule};
use trace_api::marks::MarkKeys;

use self::sales::{SalesTally, Shares, Shop};
use self::trial::Tally;

/// Honest items in 10,000 scans that are answered with CONFLICT, by whatever rule, less than this: the bound that the rules keep together.
const BOUND: f64 = 1.0;
/// Thresholds of networks that the report compares.
const THRESHOLDS: std::ops::RangeInclusive<usize> = 3..=12;

/// Arguments of `chopmark-demo scan-rules`.
///
/// Example: chopmark-demo scan-rules --scans 100000 --items 500 --seed 7
#[derive(clap::Args)]
pub struct Arguments {
    /// Honest scans, at least
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000)]
    scans: usize,
    /// Items with copies, for each number of copies
    #[arg(long, value_name = "NUMBER", default_value_t = 2_000)]
    items: usize,
    /// The seed
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

fn keys() -> MarkKeys {
    MarkKeys::new(b"the secret of a simulation")
}

/// Items of which there is one each, until they were scanned so often.
fn honest(scans: usize, seed: u64) -> Tally {
    let (mut random, keys, mut tally) = (Seeded::new(seed), keys(), Tally::default());
    while tally.looks < scans {
        let life = lives::honest(&mut random);
        let outcome = trial::run(&life, tally.items, &keys);
        tally.add(&outcome);
    }
    tally
}

/// Items with so many copies each.
fn copied(items: usize, copies: usize, seed: u64) -> Tally {
    let (mut random, keys, mut tally) = (Seeded::new(seed), keys(), Tally::default());
    for number in 0..items {
        let life = lives::copied(&mut random, copies);
        tally.add(&trial::run(&life, number, &keys));
    }
    tally
}

/// Rule 3 over the records of items of which there is one each, until they were looked at so often.
fn honest_sales(looks: usize, shares: Shares, seed: u64) -> SalesTally {
    let (mut random, mut tally, shop) = (Seeded::new(seed), SalesTally::default(), Shop::new());
    // What goes wrong with records does not change who looks.
    let mut of_records = Seeded::new(seed ^ 0x7361_6c65);
    while tally.looks < looks {
        let life = lives::honest(&mut random);
        let outcome = sales::run(&shop, &life, &[], shares, &mut of_records);
        tally.add(life.looks.len(), &outcome);
    }
    tally
}

/// Rule 3 over items with so many copies each, of which each is sold with a record by the shop of the item with this share.
fn copied_sales(items: usize, copies: usize, share: f64, seed: u64) -> SalesTally {
    let (mut random, mut tally, shop) = (Seeded::new(seed), SalesTally::default(), Shop::new());
    let mut of_records = Seeded::new(seed ^ 0x7361_6c65);
    for _ in 0..items {
        let (life, sold) = lives::copied_with_sales(&mut random, copies);
        let recorded: Vec<_> =
            sold.into_iter().filter(|_| people::happens(&mut of_records, share)).collect();
        let outcome = sales::run(&shop, &life, &recorded, sales::ASSUMED, &mut of_records);
        tally.add(life.looks.len(), &outcome);
    }
    tally
}

/// What goes wrong with records, one thing alone and all together.
fn causes() -> [(&'static str, Shares); 7] {
    let (all, none) = (sales::ASSUMED, sales::COMPLETE);
    [
        ("as assumed", all),
        ("records that are late, alone", Shares { late: all.late, ..none }),
        ("returns not recorded, alone", Shares { returns_missing: all.returns_missing, ..none }),
        ("sales booked by mistake, alone", Shares { mistaken: all.mistaken, ..none }),
        ("as assumed, and 2 % of returns not recorded", Shares { returns_missing: 0.02, ..all }),
        ("as assumed, and 10 % of returns not recorded", Shares { returns_missing: 0.1, ..all }),
        ("nothing", none),
    ]
}

/// Prints what rule 3 does; gives the tally of what is assumed.
fn report_sales(scans: usize, items: usize, seed: u64) -> SalesTally {
    out!("sold twice without a return, by the records of tills; what goes wrong with them:");
    let mut assumed = SalesTally::default();
    for (cause, shares) in causes() {
        let found = honest_sales(scans, shares, seed);
        let [items, after] =
            [found.found, found.conflicts].map(|part| in_ten_thousand(part, found.looks));
        out!("  {cause}: {items:.2} items in 10,000 scans, {after:.2} answered with CONFLICT");
        if shares == sales::ASSUMED {
            assumed = found;
        }
    }
    for share in [1.0, 0.2] {
        let found = [1, 5, 20].map(|copies| {
            let tally = copied_sales(items, copies, share, seed);
            let found = in_ten_thousand(tally.found, tally.items) / 100.0;
            format!("{copies} copies {found:.1} %")
        });
        let (percent, found) = (share * 100.0, found.join(", "));
        out!("  {percent:.0} % of copies sold with a record by the shop of the item: {found}");
    }
    assumed
}

/// Honest items in 10,000 scans that are answered with CONFLICT by any rule, at most: an item that two rules find counts twice.
fn of_all_rules(scans: &Tally, sales: &SalesTally) -> f64 {
    in_ten_thousand(scans.found, scans.looks) + in_ten_thousand(sales.found, sales.looks)
}

/// How many of `all`, in ten thousand.
fn in_ten_thousand(part: usize, all: usize) -> f64 {
    let [part, all] =
        [part, all].map(|number| f64::from(u32::try_from(number).unwrap_or(u32::MAX)));
    part * 10_000.0 / all.max(1.0)
}

/// Prints the report; 1 if too many findings of honest items are opened.
pub fn run(arguments: &Arguments) -> ExitCode {
    let Arguments { scans, items, seed } = *arguments;
    let found = honest(scans, seed);
    let of_looks = |part| in_ten_thousand(part, found.looks);
    out!("seed {seed}: {} honest scans of {} items", found.looks, found.items);
    for rule in Rule::ALL.map(Rule::code) {
        if let Some(items) = found.rules.get(rule) {
            out!("  {rule}: {items} items, {:.2} in 10,000 scans", of_looks(*items));
        }
    }
    let after = of_looks(found.conflicts);
    out!(
        "  answered with CONFLICT, once one is open: {} scans, {after:.2} in 10,000",
        found.conflicts
    );
    let tallies = [1, 5, 20].map(|copies| (copies, copied(items, copies, seed)));
    for (copies, tally) in &tallies {
        let share = |part| in_ten_thousand(part, tally.items) / 100.0;
        let rules =
            tally.rules.iter().map(|(rule, items)| format!("{rule} {:.1} %", share(*items)));
        let rules: Vec<String> = rules.collect();
        out!(
            "{copies} copies of {} items each: {:.1} % found ({})",
            tally.items,
            share(tally.found),
            rules.join(", ")
        );
    }
    out!("networks within a week after the sale, more than; {MAX_NETWORKS} is the threshold now");
    for networks in THRESHOLDS {
        let shares = tallies.iter().map(|(copies, tally)| {
            let share = in_ten_thousand(tally.above(networks), tally.items) / 100.0;
            format!("{copies} copies {share:.1} %")
        });
        let honest = of_looks(found.above(networks));
        let shares: Vec<String> = shares.collect();
        out!("  {networks}: honest {honest:.2} in 10,000 scans, {}", shares.join(", "));
    }
    let sales = report_sales(scans, items, seed);
    let all = of_all_rules(&found, &sales);
    out!(
        "all rules of CONFLICT together: {all:.2} honest items in 10,000 scans; the bound is {BOUND}"
    );
    if all < BOUND { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_one_honest_item_in_ten_thousand_scans_is_answered_with_conflict_by_all_rules_together()
     {
        // Fewer scans would have so few findings that chance decides.
        let (scans, sales) = (honest(1_000_000, 1), honest_sales(1_000_000, sales::ASSUMED, 1));
        assert!(of_all_rules(&scans, &sales) < BOUND, "{scans:?} {sales:?}");
        let found = honest_sales(250_000, sales::COMPLETE, 1);
        assert_eq!(found.found, 0, "with complete records in order there is none");
        let late = sales::Shares { late: sales::ASSUMED.late, ..sales::COMPLETE };
        let found = honest_sales(250_000, late, 1);
        assert_eq!(found.found, 0, "with complete records that come late there is none");
    }

    #[test]
    fn copies_that_the_shop_of_the_item_sells_with_a_record_are_found() {
        let found = [1, 5, 20].map(|copies| copied_sales(100, copies, 1.0, 3).found);
        assert!(found[0] > 80 && found[0] < found[1] && found[2] == 100, "{found:?}");
    }

    #[test]
    fn the_more_copies_there_are_the_more_often_they_are_found() {
        let found = [1, 5, 20].map(|copies| copied(200, copies, 3).found);
        assert!(found[0] < found[1] && found[1] < found[2], "{found:?}");
        assert!(found[2] > 150, "{found:?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_outcome() {
        let [one, other] = [5, 5].map(|seed| format!("{:?}", honest(2_000, seed)));
        assert_eq!(one, other);
        assert_ne!(one, format!("{:?}", honest(2_000, 6)));
    }
}
