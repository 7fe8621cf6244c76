//! What keeps a reader from being started, or does not.

use super::*;

#[test]
fn a_reader_that_refuses_its_region_is_not_started_and_asked_again_later() {
    let mut driver = Mercury::new(settings());
    driver.open();
    let mut fed = FrameData::default();
    let refuse = |command: &[u8]| match command[2] {
        0x97 => Some(answer(0x97, 0x010B, &[])),
        _ => reply(command),
    };
    let sent = talk(&mut driver, (0, 4_900), &mut fed, refuse);
    assert_eq!(commands(&sent), [0x2F, 0x03, 0x0C, 0x97]);
    assert_eq!(fed.findings.len(), 1);
    assert_eq!(fed.findings[0].code, code::REGION);
    assert!(fed.findings[0].text.contains("North America (Nano)"), "{}", fed.findings[0].text);
    let sent = talk(&mut driver, (4_900, 6_000), &mut fed, reply);
    assert_eq!(commands(&sent), [0x2F, 0x03, 0x0C, 0x97, 0x93, 0x91, 0x92, 0x2F]);
}

#[test]
fn a_radio_that_stays_off_is_not_started() {
    let mut driver = Mercury::new(settings());
    driver.open();
    let mut fed = FrameData::default();
    let sent = talk(&mut driver, (0, 5_000), &mut fed, |command| match command[2] {
        0x93 => Some(answer(0x93, 0x0405, &[])),
        _ => reply(command),
    });
    assert_eq!(commands(&sent), [0x2F, 0x03, 0x0C, 0x97, 0x93]);
    assert_eq!(fed.findings[0].code, code::REGION);
}

#[test]
fn a_reader_that_never_answers_the_region_is_not_started() {
    let mut driver = Mercury::new(settings());
    driver.open();
    let mut fed = FrameData::default();
    let deaf = |command: &[u8]| if command[2] == 0x97 { None } else { reply(command) };
    let sent = talk(&mut driver, (0, 7_000), &mut fed, deaf);
    assert_eq!(commands(&sent), [0x2F, 0x03, 0x0C, 0x97, 0x97, 0x97]);
    assert_eq!(fed.findings[0].code, code::NO_ANSWER);
}

#[test]
fn a_start_without_antenna_is_told_and_tried_again() {
    let mut driver = Mercury::new(settings());
    driver.open();
    let mut fed = FrameData::default();
    let refuse = |command: &[u8]| match command[2..] {
        [0x2F, 0, 0, 1, ..] => Some(answer(0x2F, 0x0503, &[])),
        _ => reply(command),
    };
    let sent = talk(&mut driver, (0, 25_000), &mut fed, refuse);
    let starts = sent.iter().filter(|(_, command)| command[2] == 0x2F && command[5] == 1).count();
    assert_eq!(starts, 5, "at once and every five seconds");
    let codes: Vec<&str> = fed.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [code::NO_ANTENNA], "told once a minute");
}

#[test]
fn a_power_out_of_range_is_told_and_reading_starts_all_the_same() {
    let mut driver = Mercury::new(settings());
    driver.open();
    let mut fed = FrameData::default();
    let refuse = |command: &[u8]| match command[2] {
        0x92 => Some(answer(0x92, 0x0103, &[])),
        _ => reply(command),
    };
    talk(&mut driver, (0, 500), &mut fed, refuse);
    assert!(matches!(driver.state, State::Reading(_)));
    assert_eq!(fed.findings[0].code, code::HARDWARE);
    assert!(fed.settings.iter().all(|setting| setting.name != "power_cdbm"));
}
