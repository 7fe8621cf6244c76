//! Which events are refused for their times, splits and licences.

use directory::rights::{Grade, Licence, Span};
use ledger::json::{Limits, parse};

use super::*;

const ITEM: &str = "urn:epc:id:sgtin:9521141.012345.1";

fn terms(require_licence: bool) -> (Terms, watch::Sender<Arc<Rights>>) {
    let (sender, rights) = watch::channel(Arc::new(Rights::default()));
    let clock = Clock::manual("2026-11-20T00:00:00Z".parse().unwrap());
    (Terms { clock, rights, require_licence }, sender)
}

fn licensed(prefix: &str) -> Arc<Rights> {
    let licence = Licence { party: "maker".into(), grade: Grade::C, span: Span::ALWAYS };
    let licences = [(prefix.to_owned(), vec![licence])].into();
    Arc::new(Rights { has_directory: true, licences, ..Rights::default() })
}

fn event(epc: &str, read_point: &str) -> Event {
    let text = format!(
        r#"{{"type":"ObjectEvent","action":"OBSERVE","eventTime":"2026-11-20T00:00:00Z",
        "eventTimeZoneOffset":"+00:00","epcList":["{epc}"],"readPoint":{{"id":"{read_point}"}}}}"#
    );
    Event::from_json(parse(text.as_bytes(), &Limits::default()).unwrap()).unwrap()
}

#[test]
fn a_split_that_does_not_fit_the_licence_is_refused_with_the_right_one_as_soon_as_the_directory_says_so()
 {
    let (terms, sender) = terms(false);
    let stated = event("urn:epc:id:sgtin:952114.0112345.1", "urn:epc:id:sgln:9521141.00001.0");
    assert_eq!(terms.check(&stated, "/e"), Ok(()), "nobody is licensed");
    sender.send_replace(licensed("9521141"));
    let fault = terms.check(&stated, "/e").unwrap_err();
    assert_eq!((fault.code, fault.violations.len()), ("prefix-split", 1));
    let violation = &fault.violations[0];
    assert_eq!(violation.pointer, "/e/epcList/0");
    assert_eq!(violation.value, "urn:epc:id:sgtin:952114.0112345.1");
    assert_eq!(violation.expected, ITEM);
    assert_eq!(terms.check(&event(ITEM, "urn:epc:id:sgln:9521141.00001.0"), "/e"), Ok(()));
    let place = terms.check(&event(ITEM, "urn:epc:id:sgln:95211410.0001.0"), "/e").unwrap_err();
    assert_eq!(place.violations[0].pointer, "/e/readPoint/id");
    assert_eq!(place.violations[0].expected, "urn:epc:id:sgln:9521141.00001.0");
}

#[test]
fn a_thing_under_no_licence_is_accepted_unless_the_configuration_requires_one() {
    let foreign =
        event("https://id.gs1.org/01/04012345111118/21/1", "urn:epc:id:sgln:4012345.00001.0");
    for (require, accepted) in [(false, true), (true, false)] {
        let (terms, sender) = terms(require);
        sender.send_replace(licensed("9521141"));
        let found = terms.check(&foreign, "");
        assert_eq!(found.is_ok(), accepted, "{found:?}");
        if let Err(fault) = found {
            assert_eq!(
                (fault.code, fault.violations.len()),
                ("no-licence", 1),
                "the item, not the place"
            );
        }
        assert_eq!(terms.check(&event(ITEM, "urn:epc:id:sgln:4012345.00001.0"), ""), Ok(()));
    }
}
