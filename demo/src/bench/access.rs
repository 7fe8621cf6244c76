//! One decision who may see what, against comparing the same names as plain text.

use std::hint::black_box;

use access::{Act, Decision, Facts, Grant, Identity, Means, Role, Scope, decide};
use jiff::Timestamp;

use super::measure::{Row, alternate, microseconds};
use super::report::Report;

/// Decisions of a round.
const TIMES: usize = 20_000;
/// Most microseconds that are asked for.
const MOST_MICROSECONDS: f64 = 20.0;
/// What the three grants are limited to; the last one covers the event.
const LIMITS: [[&str; 2]; 3] =
    [["9521143", "9521144"], ["9521143012345", "9521144"], ["9521141", "9521142"]];
const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// Decides about an event with ten things, two parties and two places, for somebody with three limited grants.
///
/// # Errors
///
/// Never in practice: the limits are valid, and the last grant covers the event.
pub fn run(rounds: usize, report: &mut Report) -> anyhow::Result<()> {
    Report::part("Who may see what");
    let scopes = [
        Scope::default().with_product(LIMITS[0][0])?.with_jurisdiction(LIMITS[0][1])?,
        Scope::default().with_product("https://id.gs1.org/01/09521143123452")?,
        Scope::default().with_product(LIMITS[2][0])?.with_jurisdiction(LIMITS[2][1])?,
    ];
    let grant = |scope| Grant::new(Role::Regulator, scope, None);
    let grants = scopes.into_iter().map(grant).collect::<Result<Vec<Grant>, _>>()?;
    let who = Identity { subject: "food-authority/lee".to_owned(), means: Means::ApiKey, grants };
    let things: Vec<String> =
        (0..10).map(|n| format!("urn:epc:id:sgtin:9521141.012345.{n}")).collect();
    let things: Vec<&str> = things.iter().map(String::as_str).collect();
    let facts = Facts {
        parties: &["urn:epc:id:pgln:9521145.00000", "urn:epc:id:pgln:9521146.00000"],
        things: &things,
        places: &["urn:epc:id:sgln:9521145.00001.0", "urn:epc:id:sgln:9521142.00001.0"],
        event_time: Timestamp::constant(1_700_000_000, 0),
    };
    let decided = || match decide(Some(black_box(&who)), Act::QueryEvents, NOW) {
        Decision::Allowed(sight) => sight.sees(black_box(&facts)),
        Decision::Refused { .. } => false,
    };
    anyhow::ensure!(decided() && compared(&facts), "expected that the last grant covers the event");
    let (floors, ours) = alternate(
        rounds,
        |_| Ok(microseconds(TIMES, &|| compared(black_box(&facts)))),
        |_| Ok(microseconds(TIMES, &decided)),
    )?;
    report.add(
        Row::new("access", "one decision: three grants, an event of ten things", "us", ours)
            .against("the digits after the last colon of each name compared as text", floors)
            .at_most(MOST_MICROSECONDS),
    );
    Ok(())
}

/// What a filter would do that knows one spelling: whether some limit has a thing and a place that begin with it.
fn compared(facts: &Facts<'_>) -> bool {
    let digits = |name: &str| {
        let last = name.rsplit(':').next().unwrap_or_default();
        last.chars().filter(char::is_ascii_digit).collect::<String>()
    };
    LIMITS.iter().any(|[product, place]| {
        facts.things.iter().any(|thing| digits(thing).starts_with(product))
            && facts.places.iter().any(|one| digits(one).starts_with(place))
    })
}
