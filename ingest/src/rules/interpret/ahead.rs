//! Times of the future: what a delivery says of a moment that is not yet there is not interpreted.
//!
//! What holds: pure: the latest time that is believed is a parameter; whatever is left out is counted in a refusal that
//! names the time and the limit. A reading of the year 2199 would else be the last one that an excursion rule follows.
//!
//! Not here: times of stated events ([`crate::terms`]), clocks that a bridge does not believe (`reads::time_belief`).

use std::borrow::Cow;

use jiff::Timestamp;
use reads::Delivery;

use super::Refusal;
use crate::terms::AHEAD;

/// The delivery without what it says of times after `latest`, and the refusal of that.
///
/// - `latest`: the clock of ingest and [`AHEAD`].
#[must_use]
pub fn without_future(
    delivery: &Delivery,
    latest: Timestamp,
) -> (Cow<'_, Delivery>, Option<Refusal>) {
    let mut ahead: Vec<Timestamp> = Vec::new();
    ahead.extend(delivery.observations.iter().map(|one| one.first.max(one.last)));
    ahead.extend(delivery.sensors.iter().map(|one| one.at));
    ahead.extend(delivery.movements.iter().map(|one| one.at));
    ahead.retain(|at| *at > latest);
    let is_window_ahead = delivery.opened.max(delivery.closed) > latest;
    if ahead.is_empty() && !is_window_ahead {
        return (Cow::Borrowed(delivery), None);
    }
    let count = ahead.len();
    ahead.extend(is_window_ahead.then_some(delivery.opened.max(delivery.closed)));
    let furthest = ahead.iter().max().copied().unwrap_or(latest);
    let minutes = AHEAD.as_secs() / 60;
    let detail = format!(
        "got times up to {furthest} (of {count} observations, readings and movements), expected none after {latest}, \
         {minutes} minutes after the clock of ingest; the clock of the reader, the sensor or the bridge is wrong"
    );
    let mut believed = delivery.clone();
    believed.observations.retain(|one| one.first.max(one.last) <= latest);
    believed.sensors.retain(|one| one.at <= latest);
    believed.movements.retain(|one| one.at <= latest);
    // Something was read, only not at a time that can be believed.
    believed.by_barrier &= believed.observations.len() == delivery.observations.len();
    (Cow::Owned(believed), Some(Refusal::plain("future-time", detail, count.max(1))))
}
