//! What a person should know of a tag or a name that the standard does not tell us to refuse: `noted` in the output.
//!
//! Not here: what is refused (`epc`).
//!
//! Sources: TDS 2.3 section 14.5.8 (dates), which does not ask whether the month has that day; GS1 General Specifications
//! section 3.4 (a day of 00 stands for the whole month); ISO 6346 (containers).

use epc::DigitalLink;
use jiff::civil::Date;

/// Application identifiers whose values begin with a date, YYMMDD.
const DATES: [&str; 8] = ["11", "12", "13", "15", "16", "17", "7006", "7007"];

/// Notes on the attributes of a link: dates that no calendar has.
pub fn of_link(link: &DigitalLink) -> Vec<String> {
    of_data(&link.attributes)
}

/// Notes on data beside the key: dates that no calendar has.
///
/// - `data`: application identifiers with their values.
pub fn of_data(data: &[(String, String)]) -> Vec<String> {
    let dates = data.iter().filter(|(ai, _)| DATES.contains(&ai.as_str()));
    let wrong = dates.flat_map(|(ai, value)| {
        let is_range = ai == "7007";
        let parts = [value.get(..6), value.get(6..12).filter(|_| is_range)];
        parts.into_iter().flatten().filter(|date| !is_in_calendar(date)).map(move |date| {
            format!(
                "({ai}) has the date {date}, which no calendar has; a tag may hold it all the same"
            )
        })
    });
    wrong.collect()
}

/// Whether YYMMDD is a day, or with a day of 00 a month. What is no date at all is not judged.
fn is_in_calendar(date: &str) -> bool {
    let pair = |at: usize| date.get(at..at + 2).and_then(|pair| pair.parse::<i8>().ok());
    let (Some(year), Some(month), Some(day)) = (pair(0), pair(2), pair(4)) else { return true };
    Date::new(2000 + i16::from(year), month, day.max(1)).is_ok()
}

/// The note on the name of a freight container whose check digit is not that of its number.
///
/// ```text
/// urn:epc:id:bic:CSQU3054384
/// ```
pub fn of_container(uri: &str) -> Option<String> {
    let (start, code) = uri.split_at_checked("urn:epc:id:bic:".len())?;
    let code = start.eq_ignore_ascii_case("urn:epc:id:bic:").then_some(code)?;
    let (number, got) = code.split_at_checked(10)?;
    let expected = epc::check_digit::of_container(number)?;
    (got != expected.to_string()).then(|| {
        format!(
            "container {code}: got check digit `{got}`, expected `{expected}` (ISO 6346); TDS does not refuse it"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_that_no_calendar_has_is_noted_and_a_whole_month_is_none() {
        for (ai, value, is_noted) in [
            ("17", "270230", true),
            ("17", "270228", false),
            ("17", "280229", false),
            ("17", "270229", true),
            ("17", "270200", false),
            ("11", "261131", true),
            ("7007", "260201260230", true),
            ("7007", "260201260228", false),
            ("10", "270230", false),
            ("17", "x", false),
        ] {
            let notes = of_data(&[(ai.to_owned(), value.to_owned())]);
            assert_eq!(notes.len(), usize::from(is_noted), "({ai}) {value}: {notes:?}");
        }
    }

    #[test]
    fn a_container_with_another_check_digit_is_noted() {
        assert_eq!(of_container("urn:epc:id:bic:CSQU3054383"), None);
        assert_eq!(of_container("urn:epc:id:sgtin:0614141.812345.6789"), None);
        for uri in ["urn:epc:id:bic:CSQU3054384", "urn:epc:id:bic:CSQU305438"] {
            let note = of_container(uri).unwrap();
            assert!(note.contains("expected `3`"), "{note}");
        }
    }
}
