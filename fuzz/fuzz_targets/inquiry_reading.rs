//! What a person types into the search of the desk, and lists that are pasted.
#![no_main]

use inquiry::paste::{MOST, read_list};
use inquiry::reading::{LONGEST, element_string, read};
use inquiry::{Cursor, Selection};
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(asked) = read(text, &TimeZone::UTC) {
        assert!(text.len() <= LONGEST && !asked.readings.is_empty());
        let (from, until) = (asked.window.from, asked.window.until);
        assert!(from.zip(until).is_none_or(|(from, until)| from < until));
        for reading in &asked.readings {
            let _ = element_string(reading.value());
            if let Ok(selection) = Selection::of(reading, asked.window) {
                let groups = selection.groups();
                assert!(
                    groups.iter().all(|group| !group.is_empty()),
                    "{reading:?} finds nothing ever"
                );
            }
        }
    }
    let list = read_list(text);
    let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(list.things.len() <= MOST && list.problems.len() <= list.unread);
    assert_eq!(list.things.len() + list.repeated + list.unread + list.left, lines);
    if let Some(cursor) = Cursor::parse(text) {
        assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
    }
});
