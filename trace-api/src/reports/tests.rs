//! Receipts, and what is taken of the fields of a form.

use super::*;

const SECRET: &[u8] = b"0123456789abcdef";

fn fields(message: &str) -> Fields {
    Fields {
        form: "0".repeat(FORM_LENGTH),
        code: "https://trace.example/01/09521141123454/21/602".into(),
        reason: "copy".into(),
        message: message.into(),
        place: "a market".into(),
        authorities: String::new(),
    }
}

fn read(fields: &Fields) -> Result<Report, Refused> {
    Report::read(fields, None, "trace.example")
}

#[test]
fn the_same_form_has_one_receipt_and_whatever_differs_has_another() {
    let receipt = |fields: &Fields, secret: &[u8]| read(fields).unwrap().receipt(secret);
    let first = receipt(&fields("x"), SECRET);
    assert_eq!(receipt(&fields("x"), SECRET), first);
    let others = [
        fields("y"),
        Fields { form: "1".repeat(FORM_LENGTH), ..fields("x") },
        Fields { place: String::new(), ..fields("x") },
        Fields { reason: "other".into(), ..fields("x") },
        Fields { authorities: TICKED.into(), ..fields("x") },
        // The same letters, divided otherwise.
        Fields { message: "x\n8\na mark".into(), place: "et".into(), ..fields("x") },
    ];
    for other in others {
        assert_ne!(receipt(&other, SECRET), first, "{other:?}");
    }
    assert_ne!(receipt(&fields("x"), b"another secret!!"), first, "nobody computes it");
}

#[test]
fn an_item_has_its_uri_in_whatever_form_it_is_named_and_a_code_of_nobody_stays_as_it_is() {
    let uri = read(&fields("")).unwrap().item;
    assert!(uri.starts_with("https://id.gs1.org/01/"), "{uri}");
    for (code, expected) in [
        ("(01)09521141123454(21)602", &*uri),
        ("https://copy.example/01/09521141123454/21/602", &uri),
        ("09521141123455 / 602", "09521141123455 / 602"),
        ("the code is torn off", "the code is torn off"),
    ] {
        let found = read(&Fields { code: code.into(), ..fields("") }).unwrap().item;
        assert_eq!(found, expected, "{code}");
    }
}

#[test]
fn what_cannot_be_stored_is_refused_with_its_reason_and_text_is_made_plain() {
    let with = |change: fn(&mut Fields)| {
        let mut fields = fields("x");
        change(&mut fields);
        read(&fields).map(|report| report.message)
    };
    assert_eq!(with(|fields| fields.code = " \n".into()), Err(Refused::NoCode));
    assert_eq!(with(|fields| fields.reason = "<script>".into()), Err(Refused::NoReason));
    assert_eq!(with(|fields| fields.code = "x".repeat(MOST_CODE + 1)), Err(Refused::TooLong));
    assert_eq!(
        with(|fields| fields.message = "竹".repeat(MOST_MESSAGE + 1)),
        Err(Refused::TooLong)
    );
    assert_eq!(with(|fields| fields.place = "x".repeat(MOST_PLACE + 1)), Err(Refused::TooLong));
    assert!(with(|fields| fields.message = "竹".repeat(MOST_MESSAGE)).is_ok());
    let plain = with(|fields| fields.message = " a\r\nb\u{1b}[31m\0\u{202e}c\u{9b} ".into());
    assert_eq!(plain.unwrap(), "a\nb[31mc");
    let photo = Report::read(&fields("x"), Some(b"MZ"), "trace.example");
    assert_eq!(photo, Err(Refused::PhotoUnread));
}
