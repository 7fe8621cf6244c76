//! Several Modbus sensors on one line, on a bridge that runs.
//!
//! The way through and what holds: as in `supervision`, whose tests these are.

use super::*;

/// Two sensors of one line at the addresses 1 and 2, and a site that asks both twice a second.
fn plug_two() -> ([XyMd02; 2], Site) {
    let both = XyMd02::start_on_one_line([(1, 50), (2, -205)]).expect("a terminal");
    let own = |id: &str, address: u8| {
        let more = format!(", every_ms = 500, address = {address}, sensor = \"urn:example:{id}\"");
        reader(id, &serial("xy-md02", &both[0].path, &more))
    };
    let site = Site::new(&[own("door", 1), own("freezer", 2)].concat());
    (both, site)
}

fn is_connected(site: &Site, id: &str) -> bool {
    metric(site, "bridge_connected_readers", id) == Some(1)
}

/// Waits until a reader delivers a temperature.
fn wait_for_value(outbox: &mut tests::site::Outbox, id: &str, value: &str) {
    wait_for(&format!("{id} delivers {value}"), || {
        outbox.take();
        outbox.readings(id).iter().any(|reading| reading.value == value)
    });
}

#[test]
fn two_modbus_sensors_on_one_line_deliver_each_their_own_readings() {
    let ([door, freezer], site) = plug_two();
    let bridge = site.start();
    let mut outbox = site.outbox();
    wait_for_value(&mut outbox, "door", "5.0");
    wait_for_value(&mut outbox, "freezer", "-20.5");
    assert!(is_connected(&site, "door") && is_connected(&site, "freezer"));
    door.set_tenths(61);
    freezer.set_tenths(-183);
    wait_for_value(&mut outbox, "door", "6.1");
    wait_for_value(&mut outbox, "freezer", "-18.3");
    bridge.stop();
    for (id, own) in [("door", ["5.0", "6.1"]), ("freezer", ["-20.5", "-18.3"])] {
        for reading in outbox.readings(id) {
            assert_eq!(reading.sensor, format!("urn:example:{id}"));
            let is_own = own.contains(&reading.value.as_str()) || reading.value == "54.6";
            assert!(is_own, "{id}: {reading:?}");
        }
    }
    assert_eq!(site.findings(), []);
    assert_eq!((door.crowded(), freezer.crowded()), (0, 0));
}

#[test]
fn a_modbus_sensor_without_its_wire_is_lost_alone_and_the_others_of_its_line_go_on() {
    let ([door, freezer], site) = plug_two();
    let bridge = site.start();
    let mut outbox = site.outbox();
    wait_for_value(&mut outbox, "door", "5.0");
    wait_for_value(&mut outbox, "freezer", "-20.5");
    freezer.unplug(true);
    site.wait_for_finding("freezer", code::LOST, "got no bytes; check its power");
    assert!(!is_connected(&site, "freezer") && is_connected(&site, "door"));
    door.set_tenths(62);
    wait_for_value(&mut outbox, "door", "6.2");
    let (asked, asked_in_vain) = (door.questions(), freezer.questions());
    wait_for("the lost one is asked again", || freezer.questions() >= asked_in_vain + 3);
    // Two questions in vain take a second of the four or more between the first and the last of three.
    assert!(door.questions() >= asked + 4, "{} questions", door.questions() - asked);
    freezer.set_tenths(-179);
    freezer.unplug(false);
    wait_for_value(&mut outbox, "freezer", "-17.9");
    site.wait_for_finding("freezer", code::BACK, "the sensor answers again");
    assert!(is_connected(&site, "freezer"));
    for (id, code, times) in [
        ("freezer", code::LOST, 1),
        ("freezer", code::BACK, 1),
        ("door", code::LOST, 0),
        ("door", code::BACK, 0),
    ] {
        assert_eq!(times_told(&site, id, code), times, "{id} {code}: {:#?}", site.findings());
    }
    // Nobody closed the port.
    for id in ["door", "freezer"] {
        assert_eq!(metric(&site, "bridge_reconnects_total", id), Some(0), "{id}");
    }
    bridge.stop();
}

#[test]
fn a_line_without_any_modbus_sensor_is_reopened_and_each_is_reported_lost_and_back() {
    let ([door, freezer], site) = plug_two();
    let bridge = site.start();
    let mut outbox = site.outbox();
    wait_for_value(&mut outbox, "door", "5.0");
    wait_for_value(&mut outbox, "freezer", "-20.5");
    door.unplug(true);
    freezer.unplug(true);
    for id in ["door", "freezer"] {
        site.wait_for_finding(id, code::LOST, "no usable answer for 10 s");
        wait_for("the line is opened anew", || {
            metric(&site, "bridge_reconnects_total", id) >= Some(1)
        });
        assert!(!is_connected(&site, id), "{id}");
    }
    door.unplug(false);
    freezer.unplug(false);
    for id in ["door", "freezer"] {
        site.wait_for_finding(id, code::BACK, "the sensor answers again");
        assert!(is_connected(&site, id), "{id}");
        assert_eq!(times_told(&site, id, code::LOST), 1, "{id}: {:#?}", site.findings());
    }
    bridge.stop();
}

#[test]
fn a_pulled_line_is_reported_for_each_of_its_modbus_sensors() {
    let (both, site) = plug_two();
    let bridge = site.start();
    for id in ["door", "freezer"] {
        wait_for(&format!("{id} is there"), || is_connected(&site, id));
    }
    drop(both);
    for id in ["door", "freezer"] {
        site.wait_for_finding(id, code::LOST, "the cable may have been pulled");
        assert!(!is_connected(&site, id), "{id}");
    }
    bridge.stop();
}

#[test]
fn a_modbus_sensor_that_answers_too_late_costs_the_others_of_its_line_nothing_but_time() {
    let ([door, freezer], site) = plug_two();
    // The door's time is over, and the freezer's question may be on its way.
    door.answer_after(530);
    let bridge = site.start();
    let mut outbox = site.outbox();
    wait_for_value(&mut outbox, "freezer", "-20.5");
    site.wait_for_finding("door", code::LOST, "no usable answer for 10 s");
    bridge.stop();
    outbox.take();
    assert_eq!(outbox.readings("door"), Vec::<&reads::SensorReading>::new());
    let own = ["-20.5", "54.6"];
    let readings = outbox.readings("freezer");
    assert!(readings.iter().all(|it| own.contains(&it.value.as_str())), "{readings:?}");
    assert_eq!((door.crowded(), freezer.crowded()), (0, 0));
    assert_eq!(times_told(&site, "freezer", code::LOST), 0, "{:#?}", site.findings());
}

#[test]
fn what_a_modbus_sensor_answers_too_late_is_no_answer_to_its_next_question() {
    let there = XyMd02::start(50).unwrap();
    there.answer_after(530);
    let site = Site::new(&cold(&there.path));
    let bridge = site.start();
    let mut outbox = site.outbox();
    site.wait_for_finding("cold", code::LOST, "no usable answer for 10 s");
    bridge.stop();
    outbox.take();
    assert_eq!(outbox.readings("cold"), Vec::<&reads::SensorReading>::new());
}
