//! When a scheduled subscription is due: the standard's six fields to the next moment.
//!
//! The way through: [`Schedule::from_json`] reads the fields, [`Schedule::next`] gives the first moment after another.
//!
//! What holds: all fields must hold at once, in UTC. A field that is left out holds always if a smaller one is given, and
//! otherwise has its first value: `{"hour": "1"}` is 01:00:00 every day, not every second of that hour. A schedule that never
//! comes (30 February) is refused when it is read. No clock, no I/O.
//!
//! Not here: who is told ([`super::subscriber`]).
//!
//! Source: EPCIS 2.0 section 8.2.5.3 (`QuerySchedule`) and its REST binding.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;

/// Days that are looked through for the next moment: 29 February on a given day of the week comes within 40 years.
const MOST_DAYS: u32 = 41 * 366;
/// Longest text of one field.
const LONGEST: usize = 400;

/// A field: its name, its least and greatest value. From the smallest unit to the largest.
const FIELDS: [(&str, u32, u32); 6] = [
    ("second", 0, 59),
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("dayOfWeek", 1, 7),
    ("dayOfMonth", 1, 31),
    ("month", 1, 12),
];
/// Names of the fields.
pub const FIELD_NAMES: [&str; 6] = {
    let mut names = [""; 6];
    let mut place = 0;
    while place < names.len() {
        names[place] = FIELDS[place].0;
        place += 1;
    }
    names
};
/// Where `dayOfWeek` stands in [`FIELDS`].
const DAY_OF_WEEK: usize = 3;
/// Where `dayOfMonth` stands in [`FIELDS`].
const DAY_OF_MONTH: usize = 4;

/// A schedule: for each of `FIELDS` the values that it may have, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule([u64; 6]);

/// What is wrong with a schedule: field, value, what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("schedule.{field}: got `{value}`, expected {expected}")]
pub struct ScheduleError {
    /// The field.
    pub field: String,
    /// Its value, at most 40 characters.
    pub value: String,
    /// What was expected.
    pub expected: String,
}

fn wrong(field: &str, value: &str, expected: impl Into<String>) -> ScheduleError {
    let value = value.chars().take(40).collect();
    ScheduleError { field: field.to_owned(), value, expected: expected.into() }
}

impl Schedule {
    /// Reads the member `schedule` of a subscription: an object of texts such as `5`, `1,15`, `[0-9]`; whole numbers are taken
    /// as well.
    ///
    /// # Errors
    ///
    /// The first [`ScheduleError`].
    pub fn from_json(json: &Value) -> Result<Self, ScheduleError> {
        let expected =
            "an object of `second`, `minute`, `hour`, `dayOfMonth`, `month`, `dayOfWeek`";
        let members = json.as_object().ok_or_else(|| wrong("", &json.to_string(), expected))?;
        let mut given = [None; 6];
        for (name, value) in members {
            let place = FIELDS.iter().position(|(field, ..)| field == name);
            let place = place.ok_or_else(|| wrong(name, &value.to_string(), expected))?;
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                other => {
                    return Err(wrong(name, &other.to_string(), "a text such as `5` or `[1-5]`"));
                }
            };
            given[place] = Some(values(FIELDS[place], &text)?);
        }
        let Some(smallest) = given.iter().position(Option::is_some) else {
            return Err(wrong("", &json.to_string(), "at least one field"));
        };
        // Days of the week and of the month are of one size: where one is given, the other holds always.
        let is_day = smallest == DAY_OF_WEEK || smallest == DAY_OF_MONTH;
        let mut bits = [0; 6];
        for (place, (_, least, most)) in FIELDS.into_iter().enumerate() {
            let is_free =
                place > smallest || place == DAY_OF_WEEK || is_day && place >= DAY_OF_WEEK;
            let any = if is_free { range(least, most) } else { 1 << least };
            bits[place] = given[place].unwrap_or(any);
        }
        let schedule = Self(bits);
        match schedule.next(Timestamp::UNIX_EPOCH) {
            Some(_) => Ok(schedule),
            None => Err(wrong("dayOfMonth", &json.to_string(), "a day that comes")),
        }
    }

    /// The first moment after `after`, a whole second; none if there is none within forty years.
    #[must_use]
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let from = Timestamp::from_second(after.as_second() + 1).ok()?;
        let from = TimeZone::UTC.to_datetime(from);
        let (mut day, mut time) =
            (from.date(), [from.second(), from.minute(), from.hour()].map(unsigned));
        for _ in 0..MOST_DAYS {
            if self.has_day(day)
                && let Some([second, minute, hour]) = self.first_in_day(time)
            {
                let at = day.at(signed(hour), signed(minute), signed(second), 0);
                return TimeZone::UTC.to_timestamp(at).ok();
            }
            day = day.checked_add(1.day()).ok()?;
            time = [0; 3];
        }
        None
    }

    fn has(&self, field: usize, value: u32) -> bool {
        self.0[field] >> value & 1 == 1
    }

    fn has_day(&self, day: Date) -> bool {
        let weekday = unsigned(day.weekday().to_monday_one_offset());
        self.has(DAY_OF_WEEK, weekday)
            && self.has(DAY_OF_MONTH, unsigned(day.day()))
            && self.has(5, unsigned(day.month()))
    }

    /// The first time of a day that is not before `from`: second, minute, hour.
    fn first_in_day(&self, [second, minute, hour]: [u32; 3]) -> Option<[u32; 3]> {
        let least = |field: usize, from: u32| {
            (from..=FIELDS[field].2).find(|value| self.has(field, *value))
        };
        let [first_second, first_minute] = [least(0, 0)?, least(1, 0)?];
        if self.has(2, hour) {
            if self.has(1, minute)
                && let Some(second) = least(0, second)
            {
                return Some([second, minute, hour]);
            }
            if let Some(minute) = least(1, minute + 1) {
                return Some([first_second, minute, hour]);
            }
        }
        Some([first_second, first_minute, least(2, hour + 1)?])
    }
}

/// All values from `least` to `most`, as bits.
fn range(least: u32, most: u32) -> u64 {
    (least..=most).fold(0, |bits, value| bits | 1 << value)
}

/// The values that a field's text lists: numbers and ranges `[a-b]`, separated by commas.
fn values((field, least, most): (&str, u32, u32), text: &str) -> Result<u64, ScheduleError> {
    let wrong = || {
        let expected = format!(
            "numbers from {least} to {most} or ranges such as `[{least}-{most}]`, separated by commas"
        );
        wrong(field, text, expected)
    };
    let number = |text: &str| {
        let is_digits =
            (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse::<u32>().ok().filter(|_| is_digits);
        number.filter(|number| (least..=most).contains(number)).ok_or_else(wrong)
    };
    if text.len() > LONGEST {
        return Err(wrong());
    }
    let mut bits = 0;
    for element in text.split(',') {
        let between = element.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        bits |= match between {
            None => 1 << number(element)?,
            Some(between) => {
                let (from, to) = between.split_once('-').ok_or_else(wrong)?;
                let (from, to) = (number(from)?, number(to)?);
                if from > to {
                    return Err(wrong());
                }
                range(from, to)
            }
        };
    }
    Ok(bits)
}

fn unsigned(number: i8) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

fn signed(number: u32) -> i8 {
    i8::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schedule_gives_the_next_moment_at_which_all_its_fields_hold() {
        // 23 November 2026 is a Monday.
        for (schedule, after, next) in [
            (json!({"second": "30"}), "2026-11-23T08:00:00Z", "2026-11-23T08:00:30Z"),
            (json!({"second": "30"}), "2026-11-23T08:00:30Z", "2026-11-23T08:01:30Z"),
            (json!({"second": "30"}), "2026-11-23T08:00:29.999Z", "2026-11-23T08:00:30Z"),
            (json!({"second": "[0-59]"}), "2026-11-23T08:00:00.5Z", "2026-11-23T08:00:01Z"),
            (json!({"minute": "5", "hour": "1"}), "2026-11-23T08:00:00Z", "2026-11-24T01:05:00Z"),
            (json!({"minute": 5, "hour": 1}), "2026-11-24T01:04:59Z", "2026-11-24T01:05:00Z"),
            (json!({"minute": "5", "hour": "1"}), "2026-11-24T01:05:00Z", "2026-11-25T01:05:00Z"),
            (json!({"hour": "1"}), "2026-11-23T08:00:00Z", "2026-11-24T01:00:00Z"),
            (json!({"minute": "0,15,30,45"}), "2026-11-23T08:01:00Z", "2026-11-23T08:15:00Z"),
            (json!({"minute": "0,15,30,45"}), "2026-11-23T23:46:00Z", "2026-11-24T00:00:00Z"),
            (
                json!({"second": "10", "minute": "[50-52],7"}),
                "2026-11-23T08:52:10Z",
                "2026-11-23T09:07:10Z",
            ),
            (
                json!({"hour": "[9-17]", "dayOfWeek": "[1-5]"}),
                "2026-11-27T17:00:00Z",
                "2026-11-30T09:00:00Z",
            ),
            (json!({"dayOfWeek": "7"}), "2026-11-23T08:00:00Z", "2026-11-29T00:00:00Z"),
            (json!({"dayOfMonth": "1"}), "2026-11-23T08:00:00Z", "2026-12-01T00:00:00Z"),
            (json!({"dayOfMonth": "31"}), "2026-11-23T08:00:00Z", "2026-12-31T00:00:00Z"),
            (json!({"month": "3"}), "2026-11-23T08:00:00Z", "2027-03-01T00:00:00Z"),
            (
                json!({"month": "3", "dayOfWeek": "1"}),
                "2026-11-23T08:00:00Z",
                "2027-03-01T00:00:00Z",
            ),
            (
                json!({"month": "2", "dayOfMonth": "29"}),
                "2026-11-23T08:00:00Z",
                "2028-02-29T00:00:00Z",
            ),
            (
                json!({"month": "2", "dayOfMonth": "29", "dayOfWeek": "7"}),
                "2026-11-23T08:00:00Z",
                "2032-02-29T00:00:00Z",
            ),
            (
                json!({"dayOfMonth": "13", "dayOfWeek": "5"}),
                "2026-11-23T08:00:00Z",
                "2027-08-13T00:00:00Z",
            ),
            (
                json!({"second": "59", "minute": "59", "hour": "23", "dayOfMonth": "31", "month": "12"}),
                "2026-12-31T23:59:59Z",
                "2027-12-31T23:59:59Z",
            ),
        ] {
            let found = Schedule::from_json(&schedule).unwrap_or_else(|error| panic!("{error}"));
            let next_found = found.next(after.parse().unwrap()).unwrap();
            assert_eq!(next_found.to_string(), next, "{schedule} after {after}");
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_its_field() {
        for (schedule, says) in [
            (json!(null), "schedule.: got `null`"),
            (json!({}), "expected at least one field"),
            (json!({"minutes": "5"}), "schedule.minutes: got"),
            (json!({"minute": "60"}), "schedule.minute: got `60`, expected numbers from 0 to 59"),
            (json!({"minute": ""}), "schedule.minute: got ``"),
            (json!({"minute": "5,"}), "schedule.minute: got `5,`"),
            (json!({"minute": "+5"}), "schedule.minute: got `+5`"),
            (json!({"minute": "[9-5]"}), "schedule.minute: got `[9-5]`"),
            (json!({"minute": "[5]"}), "schedule.minute: got `[5]`"),
            (json!({"minute": true}), "schedule.minute: got `true`"),
            (json!({"minute": 5.5}), "schedule.minute: got `5.5`"),
            (
                json!({"dayOfWeek": "0"}),
                "schedule.dayOfWeek: got `0`, expected numbers from 1 to 7",
            ),
            (json!({"month": "2", "dayOfMonth": "30"}), "expected a day that comes"),
            (json!({"second": "1,".repeat(300)}), "schedule.second"),
        ] {
            let error = Schedule::from_json(&schedule).unwrap_err().to_string();
            assert!(error.contains(says), "{schedule}: {error}");
        }
    }
}
