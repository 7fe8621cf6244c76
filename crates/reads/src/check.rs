//! What the members of a delivery must satisfy beyond their types.
//!
//! What holds: a problem names the member and says what was expected.

use crate::excerpt::cut;
use crate::movement::Movement;
use crate::observation::Observation;
use crate::sensor::SensorReading;

/// Longest name of a bridge, reader or sensor, in bytes.
pub(crate) const MAX_NAME: usize = 256;

/// Member and problem.
pub(crate) type Found = (&'static str, String);

pub(crate) fn check_observation(observation: &Observation) -> Result<(), Found> {
    if !is_bank(&observation.epc_hex) {
        return Err((
            "epcHex",
            "expected an even number of uppercase hex digits, at most 124".into(),
        ));
    }
    if observation.tid.as_ref().is_some_and(|tid| !is_bank(tid)) {
        return Err(("tid", "expected an even number of uppercase hex digits, at most 124".into()));
    }
    if observation
        .epc
        .as_ref()
        .is_some_and(|uri| !uri.starts_with("urn:epc:id:") || uri.len() > 512)
    {
        return Err(("epc", "expected a pure identity URI".into()));
    }
    if observation.count == 0 {
        return Err(("count", "got 0, expected at least one read".into()));
    }
    if let Some(rival) = &observation.rival
        && (!is_name(&rival.reader) || rival.count == 0)
    {
        return Err(("rival", "expected a reader's name and at least one read".into()));
    }
    if observation.last < observation.first {
        return Err((
            "last",
            format!("{} is before first {}", observation.last, observation.first),
        ));
    }
    for (member, value) in
        [("rssiMaxCdbm", observation.rssi_max_cdbm), ("rssiMeanCdbm", observation.rssi_mean_cdbm)]
    {
        if !(-30_000..=10_000).contains(&value) {
            return Err((member, format!("got {value}, expected -30000 to 10000")));
        }
    }
    let sum: u64 = observation.antennas.iter().map(|antenna| u64::from(antenna.count)).sum();
    if sum != u64::from(observation.count) {
        return Err((
            "antennas",
            format!("got counts with the sum {sum}, expected {}", observation.count),
        ));
    }
    Ok(())
}

pub(crate) fn check_reading(reading: &SensorReading) -> Result<(), Found> {
    if !is_name(&reading.sensor) {
        return Err(("sensor", name_problem(&reading.sensor)));
    }
    let reported = reading.reported.as_ref().map(|reported| &reported.value);
    for value in [Some(&reading.value), reported].into_iter().flatten() {
        if !is_decimal(value) {
            return Err((
                "value",
                format!("got `{}`, expected a decimal like `-20.5`", cut(value)),
            ));
        }
    }
    let unit = reading.kind.unit();
    if reading.unit != unit {
        return Err(("unit", format!("got `{}`, expected `{unit}`", cut(&reading.unit))));
    }
    if reading.reported.as_ref().is_some_and(|reported| !is_name(&reported.unit)) {
        return Err(("reported", "expected a UN/ECE unit code".into()));
    }
    Ok(())
}

pub(crate) fn check_movement(movement: &Movement) -> Result<(), Found> {
    if !is_bank(&movement.epc_hex) {
        return Err((
            "epcHex",
            "expected an even number of uppercase hex digits, at most 124".into(),
        ));
    }
    let places = [movement.from.as_ref(), movement.to.as_ref()];
    for place in places.into_iter().flatten() {
        if !place.starts_with("urn:epc:id:sgln:") || place.len() > MAX_NAME {
            return Err(("from", format!("got `{}`, expected an SGLN URI", cut(place))));
        }
    }
    if places == [None, None] {
        return Err(("to", "expected a place in `from`, in `to`, or in both".into()));
    }
    Ok(())
}

/// Whether `name` can name a bridge, a reader or a sensor in a delivery: 1 to 256 visible ASCII characters.
///
/// ```
/// assert!(reads::is_name("door-3") && !reads::is_name("door 3") && !reads::is_name("一号门"));
/// ```
#[must_use]
pub fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(|byte| byte.is_ascii_graphic())
}

pub(crate) fn name_problem(name: &str) -> String {
    format!("got `{}`, expected 1 to {MAX_NAME} visible ASCII characters", cut(name))
}

fn is_bank(hex: &str) -> bool {
    hex.len() <= 124 && hex.len().is_multiple_of(2) && is_hex(hex, true)
}

pub(crate) fn is_hex(text: &str, upper: bool) -> bool {
    text.bytes().all(|byte| match byte {
        b'0'..=b'9' => true,
        b'A'..=b'F' => upper,
        b'a'..=b'f' => !upper,
        _ => false,
    })
}

/// Whether `text` is a JSON number without exponent, at most 40 characters.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let are_digits =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 40
        && are_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(are_digits)
}
