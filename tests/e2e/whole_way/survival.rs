//! Processes killed for real while observations flow: nothing lost, nothing twice, the ledger whole.

use std::io::Read as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use demo::simulators::impinj_r700::R700;

use tests::stage::{Process, Stage, get, tag};
use tests::waiting::wait_for;

/// Items of one pass, and passes: ten thousand observations.
const PER_PASS: u64 = 1_000;
const PASSES: u64 = 10;

/// One message per tag, as the reader writes it.
fn publish_pass(reader: &mut R700, pass: u64) {
    for serial in pass * PER_PASS..(pass + 1) * PER_PASS {
        let (_, bank) = tag(serial);
        let now = jiff::Timestamp::now();
        let message = format!(
            "{{\"timestamp\":\"{now:.9}\",\"hostname\":\"r\",\"tagInventoryEvent\":{{\"epcHex\":\"{}\",\"antennaPort\":1,\"peakRssiCdbm\":-4500}}}}",
            hex::encode_upper(bank)
        );
        reader.publish(message.as_bytes()).expect("the broker takes it");
    }
    reader.flush().expect("the broker takes it");
}

/// Plays ten passes while the bridge and ingest are killed at the given places, and restarted each time.
fn survive(kills: &[(&str, &str)]) {
    let broker = demo::simulators::broker::start().expect("a broker starts");
    let stage = Stage::new(Some(broker));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let mut ingest = stage.start_ingest();
    let mut bridge = stage.start("bridge.toml", "bridge", None);
    let connected = || {
        get(&format!("http://{}/metrics", stage.bridge))
            .1
            .contains("bridge_connected_readers{reader=\"door-3\"} 1")
    };
    wait_for("the bridge listens", connected);
    let mut reader = R700::connect(broker, "tags", "survival-reader").expect("the broker answers");
    for pass in 0..PASSES {
        let kill = kills.get(usize::try_from(pass).expect("few passes"));
        match kill {
            Some(("bridge", place)) => {
                bridge.stop();
                bridge = stage.start("bridge.toml", "bridge", Some(place));
            }
            Some((_, place)) => {
                ingest.stop();
                ingest = stage.start("chopmark.toml", "ingest", Some(place));
                wait_for("ingest is ready", || {
                    get(&format!("http://{}/readyz", stage.ingest)).0 == 200
                });
            }
            None => {}
        }
        publish_pass(&mut reader, pass);
        match kill {
            Some(("bridge", place)) => {
                let status = bridge.wait();
                assert!(!status.success(), "the bridge passed {place} unharmed");
                bridge = stage.start("bridge.toml", "bridge", None);
            }
            Some((_, place)) => {
                let status = ingest.wait();
                assert!(!status.success(), "ingest passed {place} unharmed");
                ingest = stage.start_ingest();
            }
            None => {}
        }
    }
    let all = PER_PASS * PASSES;
    wait_for("every observation is in the ledger", || stage.named(&runtime).len() as u64 >= all);
    // Whatever was sent a second time has been answered by the time the outbox is empty.
    wait_for("the bridge has nothing left to send", || {
        get(&format!("http://{}/metrics", stage.bridge)).1.contains("bridge_waiting_deliveries 0")
    });
    let named = stage.named(&runtime);
    for serial in 0..all {
        let (uri, _) = tag(serial);
        assert_eq!(named.get(&uri), Some(&1), "{uri} is not in the ledger exactly once");
    }
    stage.check_whole_ledger();
    assert!(bridge.stop().success(), "{}", bridge.tail());
    assert!(ingest.stop().success(), "{}", ingest.tail());
}

#[test]
fn a_bridge_killed_at_every_durable_step_loses_nothing_and_doubles_nothing() {
    survive(&[
        ("bridge", "spool.before_commit:2"),
        ("bridge", "spool.after_commit:3"),
        ("bridge", "deliver.before_send:1"),
        ("bridge", "deliver.after_answer:1"),
    ]);
}

#[test]
fn an_ingest_killed_at_every_durable_step_loses_nothing_and_doubles_nothing() {
    survive(&[
        ("ingest", "ingest.before_append:1"),
        ("ingest", "ingest.before_commit:1"),
        ("ingest", "ingest.after_commit:1"),
    ]);
}

#[test]
fn a_database_restarted_under_load_loses_nothing_and_doubles_nothing() {
    let broker = demo::simulators::broker::start().expect("a broker starts");
    let mut stage = Stage::new(Some(broker));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let mut ingest = stage.start_ingest();
    let mut bridge = stage.start("bridge.toml", "bridge", None);
    let address = stage.bridge;
    wait_for("the bridge listens", || {
        get(&format!("http://{address}/metrics"))
            .1
            .contains("bridge_connected_readers{reader=\"door-3\"} 1")
    });
    let mut reader = R700::connect(broker, "tags", "restart-reader").expect("the broker answers");
    for pass in 0..6 {
        publish_pass(&mut reader, pass);
        if pass % 2 == 0 {
            stage.cluster.stop();
            wait_for("ingest notices", || get(&format!("http://{}/readyz", stage.ingest)).0 == 503);
            publish_pass(&mut reader, 6 + pass / 2);
            stage.cluster.launch_again().expect("the database starts again");
        }
    }
    let all = 9 * PER_PASS;
    wait_for("every observation is in the ledger", || stage.named(&runtime).len() as u64 >= all);
    wait_for("the bridge has nothing left to send", || {
        get(&format!("http://{address}/metrics")).1.contains("bridge_waiting_deliveries 0")
    });
    assert!(stage.named(&runtime).values().all(|count| *count == 1));
    stage.check_whole_ledger();
    assert!(bridge.stop().success() && ingest.stop().success());
}

/// A bridge whose ingest takes connections and never answers, with a delivery under way.
fn a_bridge_that_waits_for_ingest(
    stage: &Stage,
    broker: SocketAddr,
) -> (Process, (TcpListener, TcpStream)) {
    let mute = TcpListener::bind(stage.ingest).expect("the address is free");
    let bridge = stage.start("bridge.toml", "bridge", None);
    wait_for("the bridge listens", || {
        get(&format!("http://{}/metrics", stage.bridge))
            .1
            .contains("bridge_connected_readers{reader=\"door-3\"} 1")
    });
    let mut reader = R700::connect(broker, "tags", "mute-reader").expect("the broker answers");
    publish_pass(&mut reader, 0);
    let (mut delivery, _) = mute.accept().expect("the bridge delivers");
    let mut first = [0; 4];
    delivery.read_exact(&mut first).expect("the bridge delivers");
    assert_eq!(&first, b"POST");
    // Both stay open: closed, they would be an answer.
    (bridge, (mute, delivery))
}

#[test]
fn a_bridge_stops_within_five_seconds_while_ingest_is_mute_and_loses_nothing() {
    let broker = demo::simulators::broker::start().expect("a broker starts");
    let stage = Stage::new(Some(broker));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let (mut bridge, mute) = a_bridge_that_waits_for_ingest(&stage, broker);
    let asked = Instant::now();
    bridge.terminate();
    assert!(bridge.wait().success(), "{}", bridge.tail());
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    drop(mute);
    let mut ingest = stage.start_ingest();
    let mut bridge = stage.start("bridge.toml", "bridge", None);
    wait_for("all is recorded", || stage.named(&runtime).len() as u64 >= PER_PASS);
    assert!(stage.named(&runtime).values().all(|count| *count == 1));
    stage.check_whole_ledger();
    assert!(bridge.stop().success() && ingest.stop().success());
}

#[test]
fn a_second_signal_ends_a_bridge_that_still_waits_for_ingest_at_once() {
    let broker = demo::simulators::broker::start().expect("a broker starts");
    let stage = Stage::new(Some(broker));
    let (mut bridge, _mute) = a_bridge_that_waits_for_ingest(&stage, broker);
    wait_for("the bridge ends", || {
        bridge.terminate();
        !bridge.is_running()
    });
    assert_eq!(bridge.wait().code(), Some(130), "{}", bridge.tail());
}
