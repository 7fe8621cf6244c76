//! A reader that is held, refuses, is silent, ends its job by itself, or is none.

use super::*;

#[test]
fn a_reader_in_use_by_another_client_is_reported_as_held_and_left_alone() {
    for status in [1, 2] {
        let mut played = Played::new(161, settings());
        played.driver.open();
        played.feed(&hello(status));
        played.talk();
        let findings = played.findings();
        assert_eq!((findings.len(), findings[0].code), (1, code::HELD));
        assert!(played.written.is_empty());
        assert!(played.driver.stop().is_empty());
        // The line is opened anew, and this time it is free.
        played.driver.open();
        played.feed(&hello(0));
        played.talk();
        assert_eq!(played.numbers().last(), Some(&22));
        assert_eq!(played.findings(), []);
    }
}

#[test]
fn other_connection_statuses_are_reported_and_do_not_end_an_open_connection() {
    let mut played = Played::new(161, settings());
    played.driver.open();
    played.feed(&hello(3));
    assert_eq!(played.findings()[0].code, code::REFUSED);
    assert_eq!(played.driver.poll(played.now), None);

    let mut played = Played::connected(161, settings());
    played.feed(&hello(4));
    let findings = played.findings();
    assert_eq!((findings.len(), findings[0].code), (1, code::REFUSED));
    assert!(findings[0].text.contains("another client"), "{}", findings[0].text);
    played.feed(&message(62, 5, ""));
    assert_eq!(played.driver.poll(played.now), Some(message(72, 5, "")));
}

#[test]
fn a_refused_command_is_reported_with_the_message_of_the_reader_and_the_wrong_field() {
    let mut played = Played::new(161, settings());
    let inner = tlv(289, &format!("00e0 00c9 {}", tlv(288, "0002 012d")));
    let status = tlv(
        287,
        &format!("0064 0009 6261640a706f776572 {}", tlv(289, &format!("00b1 00c8 {inner}"))),
    );
    played.instead.push((20, 30, status));
    played.driver.open();
    played.feed(&hello(0));
    played.talk();
    let findings = played.findings();
    assert_eq!(
        findings,
        [Finding {
            code: code::REFUSED,
            text: "the reader refused ADD_ROSPEC: status 100 (M_ParameterError), message \"badpower\", \
                   at ROSpec (177): 200 (P_ParameterError), at RFTransmitter (224): 201 (P_FieldError), \
                   field number 2: 301 (A_OutOfRange); the bridge tries to start reading every 5 s until it succeeds"
                .into()
        }]
    );
    assert_eq!(played.numbers(), [1, 3, 3, 3, 2, 41, 21, 20], "what builds on it is not asked for");
    assert_eq!(said(&played, "power_cdbm"), None, "what was refused is not said to hold");
}

/// What brings a plain reader to reading, from deleting what is there.
const JOB: [u16; 7] = [41, 21, 20, 40, 42, 24, 22];

#[test]
fn a_refused_job_is_retried_every_five_seconds_and_failure_and_recovery_are_reported_once() {
    let busy = tlv(287, "0191 000a 726164696f2062757379");
    for (refused, answer, tried) in [
        (22, (32, busy.clone()), &JOB[..]),
        (24, (34, busy.clone()), &JOB[..6]),
        (20, (100, busy.clone()), &JOB[..3]),
    ] {
        let mut played = Played::new(161, settings());
        played.instead.push((refused, answer.0, answer.1));
        played.driver.open();
        played.feed(&hello(0));
        played.talk();
        let findings = played.findings();
        assert_eq!((findings.len(), findings[0].code), (1, code::REFUSED), "{findings:?}");
        for words in ["radio busy", "tries to start reading every 5 s until it succeeds"] {
            assert!(findings[0].text.contains(words), "{}", findings[0].text);
        }
        for second in [5, 10] {
            played.written.clear();
            played.now = Duration::from_millis(second * 1000 - 100);
            played.talk();
            assert!(played.written.is_empty(), "not sooner");
            played.now = Duration::from_secs(second);
            played.talk();
            assert_eq!(played.numbers(), tried);
            assert_eq!(played.findings(), []);
        }
        played.instead.clear();
        played.written.clear();
        played.now = Duration::from_secs(15);
        played.talk();
        assert_eq!(played.numbers(), JOB);
        let findings = played.findings();
        assert_eq!((findings.len(), findings[0].code), (1, code::BACK), "{findings:?}");
        played.written.clear();
        played.now = Duration::from_mins(1);
        played.talk();
        assert_eq!((played.numbers(), played.findings()), (vec![], vec![]));
    }
}

#[test]
fn a_start_that_is_not_answered_is_made_again() {
    let mut played = Played::new(161, settings());
    played.instead.push((22, 0, String::new()));
    played.driver.open();
    played.feed(&hello(0));
    played.talk();
    played.written.clear();
    played.now = Duration::from_secs(8);
    played.talk();
    assert_eq!(played.numbers(), JOB);
    let findings = played.findings();
    assert_eq!((findings.len(), findings[0].code), (1, code::NO_ANSWER), "{findings:?}");
    assert!(findings[0].text.contains("START_ROSPEC"), "{}", findings[0].text);
    played.instead.clear();
    played.now = Duration::from_secs(30);
    played.talk();
    assert_eq!(played.findings().iter().map(|it| it.code).collect::<Vec<_>>(), [code::BACK]);
}

#[test]
fn a_refused_tid_read_is_reported_and_everything_else_goes_on() {
    let mut played = Played::new(161, settings());
    played.instead.push((40, 50, tlv(287, "006d 0000")));
    played.driver.open();
    played.feed(&hello(0));
    played.talk();
    assert_eq!(played.numbers().last(), Some(&22));
    assert_eq!(played.findings().len(), 1);
    played.written.clear();
    played.now = Duration::from_mins(1);
    played.talk();
    assert!(played.written.is_empty());
}

#[test]
fn harmless_refusals_are_not_reported() {
    let refused = |words: &str| tlv(287, &format!("0064 0002 {words}"));
    let mut played = Played::new(25882, settings());
    played.instead.push((21, 31, refused("6e6f")));
    played.instead.push((41, 51, refused("6e6f")));
    played.instead.push((64, 100, refused("6e6f")));
    played.driver.open();
    played.feed(&hello(0));
    played.talk();
    assert_eq!(played.findings(), []);
    assert_eq!(played.numbers().last(), Some(&64));
}

#[test]
fn an_error_message_ends_the_wait_for_the_answer_and_is_reported() {
    let mut played = Played::new(25882, settings());
    played.instead.push((1023, 100, tlv(287, "006d 0000")));
    played.instead.push((1, 100, tlv(287, "006d 0000")));
    played.driver.open();
    played.feed(&hello(0));
    played.talk();
    let findings = played.findings();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].text.contains("GET_READER_CAPABILITIES"), "{}", findings[0].text);
    assert!(findings[0].text.contains("109 (M_UnsupportedMessage)"), "{}", findings[0].text);
    // Nothing is known of the reader: no power, no extensions; it is set up all the same.
    assert_eq!(played.numbers(), [1, 3, 3, 3, 2, 41, 21, 20, 40, 42, 24, 22]);
    assert_eq!(said(&played, "power_cdbm"), None);
}

#[test]
fn a_silent_reader_is_probed_and_each_silence_is_reported_before_reconnecting() {
    let mut played = Played::new(161, settings());
    played.instead = [1, 3, 2].map(|number| (number, 0, String::new())).to_vec();
    played.driver.open();
    played.now = Duration::from_secs(3);
    played.talk();
    assert!(played.written.is_empty());
    played.now = Duration::from_secs(4);
    played.talk();
    let findings = played.findings();
    assert_eq!((findings.len(), findings[0].code), (1, code::NO_ANSWER));
    assert!(findings[0].text.contains("another client may be connected"), "{}", findings[0].text);
    played.now = Duration::from_secs(8);
    played.talk();
    let findings = played.findings();
    assert_eq!((findings.len(), findings[0].code), (1, code::NO_ANSWER));
    assert!(findings[0].text.contains("GET_READER_CAPABILITIES"), "{}", findings[0].text);
    for seconds in 9..60 {
        played.now = Duration::from_secs(seconds);
        played.talk();
    }
    let codes: Vec<_> = played.findings().iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [code::NO_ANSWER; 4]);
    assert_eq!(played.numbers(), [1, 3, 3, 3, 2, 41, 21, 20, 40, 42, 24, 22]);
}

#[test]
fn a_job_that_ends_by_itself_is_started_again_but_not_sooner_than_after_a_second() {
    let mut played = Played::connected(161, settings());
    let ended = event(&tlv(249, "01 00000001 00000000"));
    played.feed(&ended);
    played.written.clear();
    played.now = Duration::from_millis(900);
    played.talk();
    assert!(played.written.is_empty());
    played.now = Duration::from_secs(1);
    played.talk();
    assert_eq!(played.numbers(), [22]);
    played.feed(&ended);
    played.now = Duration::from_millis(1900);
    played.talk();
    assert_eq!(played.numbers(), [22]);
    assert_eq!(played.findings().len(), 2);
    // The beginning of a job, or the end of another's, is nothing.
    played.feed(&event(&tlv(249, "00 00000001 00000000")));
    played.feed(&event(&tlv(249, "01 00000002 00000000")));
    assert_eq!(played.findings(), []);
}

#[test]
fn the_end_of_the_job_that_our_lost_connection_left_is_not_the_end_of_the_new_one() {
    let mut played = Played::new(161, settings());
    let ended = event(&tlv(249, "01 00000001 00000000"));
    played.driver.open();
    played.feed(&hello(0));
    while let Some(command) = played.driver.poll(played.now) {
        played.written.push(hex::encode(&command));
        if command[1] == 21 {
            played.feed(&ended);
        }
        let answer = played.answer(&command).unwrap();
        played.feed(&answer);
    }
    assert_eq!(played.findings(), []);
    played.now = Duration::from_mins(1);
    played.written.clear();
    played.talk();
    assert!(played.written.is_empty());
    played.feed(&ended);
    played.talk();
    assert_eq!((played.numbers(), played.findings().len()), (vec![22], 1));
}

#[test]
fn bytes_that_are_not_llrp_are_reported_once_and_nothing_is_written_until_the_next_connection() {
    let mut played = Played::new(161, settings());
    played.driver.open();
    played.feed(b"HTTP/1.1 400 Bad Request");
    played.feed(b"more");
    let findings = played.findings();
    assert_eq!((findings.len(), findings[0].code), (1, code::NOT_THIS_DEVICE));
    assert!(
        findings[0].text.contains("until the connection is opened again"),
        "{}",
        findings[0].text
    );
    assert_eq!((played.fed.bad_frames, played.fed.garbage_bytes), (1, 28));
    assert_eq!(played.driver.poll(Duration::from_mins(1)), None);
    played.driver.open();
    played.feed(&hello(0));
    assert!(played.driver.poll(Duration::ZERO).is_some());
}
