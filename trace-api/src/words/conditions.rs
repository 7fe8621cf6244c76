//! Sentences about a storage condition that was broken: what was measured, how far, and on which side of the limit.
//!
//! What holds: the unit is the sensor's own; a value below a minimum is said to be below; where a record does not say
//! on which side of its limit a value is, neither does the sentence.
//!
//! Not here: names of measures and signs of units (`measures.rs`), what a record says (`history::record_view`).

use history::record_view::Excursion;

use super::measures::{measure, value};
use crate::language::{Language, Pair};

/// That a sensor recorded a value beyond its limit.
///
/// - `found`: what the record says; none if it has no number.
/// - `when`: the time or day, as its reader may know it.
#[must_use]
pub fn excursion(found: Option<&Excursion<'_>>, when: &str, language: Language) -> String {
    let Some(found) = found else {
        return language.of((
            format!("传感器记录到超限：{when}"),
            format!("A sensor recorded a value beyond its limit: {when}"),
        ));
    };
    let (zh, en) = measure(found.measure);
    let (side_zh, side_en) = side(found.is_below);
    let shown = value(found.value, found.uom);
    language.of((
        format!("传感器记录到{zh}{side_zh}：{shown}，{when}"),
        format!("The sensor recorded {} {en} {side_en}: {shown}, {when}", article(&en)),
    ))
}

/// The same as a hint below a main sentence that says already that limits were exceeded.
#[must_use]
pub fn excursion_hint(found: Option<&Excursion<'_>>, when: &str, language: Language) -> String {
    let Some(found) = found else { return when.to_owned() };
    let (zh, en) = measure(found.measure);
    let (side_zh, side_en) = side(found.is_below);
    let shown = value(found.value, found.uom);
    language.of((
        format!("{zh}{side_zh}：{shown}，{when}"),
        format!("{} {side_en}: {shown}, {when}", capitalised(&en)),
    ))
}

/// On which side of its limit a value is.
fn side(is_below: Option<bool>) -> Pair {
    match is_below {
        Some(false) => ("超过限值", "above the limit"),
        Some(true) => ("低于限值", "below the limit"),
        None => ("超出允许范围", "outside its limits"),
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(
        value: &'a str,
        uom: &'a str,
        measure: &'a str,
        is_below: Option<bool>,
    ) -> Excursion<'a> {
        Excursion { value, uom, measure, is_below, span: None }
    }

    #[test]
    fn each_measure_has_its_own_unit_and_a_minimum_is_below() {
        for (value, uom, measure, is_below, zh, en) in [
            (
                "9.2",
                "CEL",
                "gs1:Temperature",
                Some(false),
                "传感器记录到温度超过限值：9.2 °C，D",
                "The sensor recorded a temperature above the limit: 9.2 °C, D",
            ),
            (
                "-25.5",
                "CEL",
                "https://ref.gs1.org/voc/Temperature",
                Some(true),
                "传感器记录到温度低于限值：-25.5 °C，D",
                "The sensor recorded a temperature below the limit: -25.5 °C, D",
            ),
            (
                "81.5",
                "P1",
                "RelativeHumidity",
                Some(false),
                "传感器记录到相对湿度超过限值：81.5 %，D",
                "The sensor recorded a relative humidity above the limit: 81.5 %, D",
            ),
            (
                "2.1",
                "VLT",
                "gs1:Voltage",
                Some(true),
                "传感器记录到电压低于限值：2.1 V，D",
                "The sensor recorded a voltage below the limit: 2.1 V, D",
            ),
            (
                "1100",
                "LUX",
                "gs1:Illuminance",
                None,
                "传感器记录到照度超出允许范围：1100 lx，D",
                "The sensor recorded an illuminance outside its limits: 1100 lx, D",
            ),
            (
                "7",
                "Q9",
                "https://voc.example/Ripeness",
                Some(false),
                "传感器记录到“https://voc.example/Ripeness”的数值超过限值：7 Q9，D",
                "The sensor recorded a value of “https://voc.example/Ripeness” above the limit: 7 Q9, D",
            ),
        ] {
            let found = found(value, uom, measure, is_below);
            assert_eq!(excursion(Some(&found), "D", Language::Chinese), zh);
            assert_eq!(excursion(Some(&found), "D", Language::English), en);
        }
        assert_eq!(
            excursion(None, "D", Language::English),
            "A sensor recorded a value beyond its limit: D"
        );
    }

    #[test]
    fn the_hint_says_what_was_measured_too() {
        let found = found("81.5", "P1", "gs1:RelativeHumidity", Some(false));
        assert_eq!(
            excursion_hint(Some(&found), "D", Language::English),
            "Relative humidity above the limit: 81.5 %, D"
        );
        assert_eq!(
            excursion_hint(Some(&found), "D", Language::Chinese),
            "相对湿度超过限值：81.5 %，D"
        );
        assert_eq!(excursion_hint(None, "D", Language::English), "D");
    }
}
