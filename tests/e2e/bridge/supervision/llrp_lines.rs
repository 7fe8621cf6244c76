//! LLRP readers that are held, slow, silent or left with a job of ours, on a bridge that runs.
//!
//! The way through and what holds: as in `supervision`, whose tests these are.

use super::*;

#[test]
fn an_llrp_reader_that_another_client_holds_is_reported_and_read_once_it_is_free() {
    let held = Llrp::start(5, Model::Plain).unwrap();
    held.set_field(tags(7, 4));
    held.hold(true);
    let site =
        Site::new(&reader("dock", &format!("device.llrp = {{ address = \"{}\" }}", held.address)));
    let bridge = site.start();
    let mut outbox = site.outbox();
    let found = site.wait_for_finding("dock", code::HELD, "another client is connected");
    assert!(found.text.contains("stop the other"), "{}", found.text);
    wait_for("it is tried again and again", || held.refused() >= 3);
    // A reader that turns us away is not there again.
    assert_eq!(site.findings().iter().filter(|found| found.code == code::BACK).count(), 0);
    held.hold(false);
    wait_for_tags(&site, &mut outbox, "dock", &tags(7, 4));
    site.wait_for_finding("dock", code::BACK, "answers again");
    bridge.stop();
}

#[test]
fn an_llrp_reader_that_has_not_noticed_our_lost_connection_is_waited_for() {
    let slow = Llrp::start(6, Model::Impinj).unwrap();
    slow.set_field(tags(8, 4));
    slow.notice_drops_after(Duration::from_secs(2));
    let mut cable = Cable::to(slow.address).unwrap();
    let text = reader("dock", &format!("device.llrp = {{ address = \"{}\" }}", cable.address));
    let site = Site::new(&text.replace("longest_ms = 1000", "longest_ms = 1000, barrier = 1"));
    let bridge = site.start();
    let mut outbox = site.outbox();
    wait_for_tags(&site, &mut outbox, "dock", &tags(8, 4));
    wait_for("a sign of life is answered", || slow.acknowledged() >= 1);
    cable.pull();
    site.wait_for_finding("dock", code::LOST, "closed the connection");
    cable.plug(slow.address).unwrap();
    site.wait_for_finding("dock", code::HELD, "this bridge's own lost connection");
    slow.set_field(tags(9, 4));
    wait_for_tags(&site, &mut outbox, "dock", &tags(9, 4));
    assert!(slow.refused() >= 1);

    // What it tells besides: an antenna that was pulled, a light barrier, its own goodbye.
    slow.set_antenna(3, false);
    site.wait_for_finding("dock", code::NO_ANTENNA, "port 3");
    slow.set_input(1, true);
    slow.set_input(1, false);
    wait_for("the barrier is in a window", || {
        outbox.take();
        outbox.deliveries.iter().any(|delivery| delivery.by_barrier)
    });
    let starts = slow.starts();
    slow.close();
    site.wait_for_finding("dock", code::REFUSED, "closes this connection");
    wait_for("it is started again", || slow.starts() > starts);
    bridge.stop();
}

#[test]
fn an_llrp_reader_that_does_not_start_at_first_is_reported_once_and_read_when_it_does() {
    let booting = Llrp::start(11, Model::Impinj).unwrap();
    booting.set_field(tags(14, 3));
    booting.set_faults(llrp::Faults { refuses_starts: true, ..llrp::Faults::default() });
    let device = format!("device.llrp = {{ address = \"{}\" }}", booting.address);
    let site = Site::new(&reader("dock", &device));
    let bridge = site.start();
    let mut outbox = site.outbox();
    let told = site.wait_for_finding("dock", code::REFUSED, "radio busy");
    assert!(told.text.contains("tries to start reading every 5 s"), "{}", told.text);
    wait_for("the start is tried again", || booting.refused_starts() >= 2);
    booting.set_faults(llrp::Faults::default());
    wait_for_tags(&site, &mut outbox, "dock", &tags(14, 3));
    site.wait_for_finding("dock", code::BACK, "accepts its commands again");
    bridge.stop();
    let found: Vec<_> = site.findings().into_iter().map(|it| (it.code, it.count)).collect();
    assert_eq!(found.iter().map(|it| it.1).collect::<Vec<_>>(), [1, 1], "{found:?}");
}

#[test]
fn an_llrp_reader_that_accepts_the_connection_and_sends_nothing_is_reported_with_possible_causes() {
    let mute = Llrp::start(12, Model::Plain).unwrap();
    mute.silence(true);
    let device = format!("device.llrp = {{ address = \"{}\" }}", mute.address);
    let site = Site::new(&reader("dock", &device));
    let bridge = site.start();
    site.wait_for_finding("dock", code::NO_ANSWER, "another client may be connected");
    site.wait_for_finding("dock", code::NO_ANSWER, "did not answer GET_READER_CAPABILITIES");
    bridge.stop();
}

#[test]
fn an_llrp_reader_that_refuses_events_still_sends_keepalives() {
    let picky = Llrp::start(13, Model::Plain).unwrap();
    picky.set_faults(llrp::Faults { refuses_events: true, ..llrp::Faults::default() });
    let device = format!("device.llrp = {{ address = \"{}\" }}", picky.address);
    let site = Site::new(&reader("dock", &device));
    let bridge = site.start();
    site.wait_for_finding("dock", code::REFUSED, "SET_READER_CONFIG for events");
    // With no tag in its field nothing else says that it lives.
    wait_for("signs of life are answered", || picky.acknowledged() >= 2);
    assert_eq!((picky.starts(), picky.is_reading()), (1, true));
    bridge.stop();
}

#[test]
fn a_rospec_that_our_lost_connection_left_on_an_llrp_reader_is_deleted_without_a_finding() {
    let busy = Llrp::start(14, Model::Impinj).unwrap();
    let mut cable = Cable::to(busy.address).unwrap();
    let device = format!("device.llrp = {{ address = \"{}\" }}", cable.address);
    let site = Site::new(&reader("dock", &device));
    let bridge = site.start();
    wait_for("it reads", || busy.is_reading());
    cable.pull();
    site.wait_for_finding("dock", code::LOST, "closed the connection");
    assert!(busy.is_reading());
    cable.plug(busy.address).unwrap();
    site.wait_for_finding("dock", code::BACK, "answers again");
    wait_for("it is started again", || busy.starts() == 2);
    bridge.stop();
    let found = site.findings();
    assert!(found.iter().all(|it| it.code != code::REFUSED), "{found:#?}");
}
