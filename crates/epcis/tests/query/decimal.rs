//! Decimal numbers: one value for all texts of a number, and their order.

use epcis::query::Decimal;
use proptest::prelude::*;

fn of(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

#[test]
fn the_texts_of_one_number_are_equal_and_a_number_that_a_float_would_round_is_not() {
    for (one, other) in [
        ("12", "12.0"),
        ("12", "1.2e1"),
        ("0.00120", "12E-4"),
        ("-0", "0.000"),
        ("0e9", "0"),
        ("+007.50", "7.5"),
    ] {
        assert_eq!(of(one), of(other), "{one} {other}");
        assert_eq!(of(one).canonical(), of(other).canonical(), "{one} {other}");
    }
    assert!(of("9007199254740993") > of("9007199254740992"));
    assert!(of("0.1") < of("0.10000000000000000001"));
    assert!(of("1e400") > of("9e399"));
    assert!(of("-3") < of("-2.999"));
    assert!(of("-1") < of("0") && of("0") < of("1e-400"));
}

#[test]
fn what_is_no_number_is_none() {
    let long = "1".repeat(513);
    for text in
        ["", "-", ".", "1.", ".5", "1e", "1e+", "0x1", "1,5", " 1", "NaN", "1e1234567890", &long]
    {
        assert_eq!(Decimal::parse(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn small_numbers_are_ordered_as_their_values(one in -99_999_i64..99_999, other in -99_999_i64..99_999) {
        let text = |value: i64| {
            let sign = if value < 0 { "-" } else { "" };
            format!("{sign}{}.{:03}", value.abs() / 1000, value.abs() % 1000)
        };
        prop_assert_eq!(of(&text(one)).cmp(&of(&text(other))), one.cmp(&other));
    }
}
