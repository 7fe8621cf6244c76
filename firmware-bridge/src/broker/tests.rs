//! What a subscription does with a broker that answers byte for byte as the test says.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use process::Clock;
use reads::Finding;

use super::*;
use crate::metrics::Metrics;

const LIMIT: Duration = Duration::from_secs(20);

/// A broker's end of one connection, which says what the test says, byte for byte.
struct Scripted(TcpStream);

impl Scripted {
    /// Waits for a client, and answers its CONNECT and its one SUBSCRIBE.
    fn accept(listener: &TcpListener, session_present: u8) -> Self {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let mut broker = Self(stream);
        assert_eq!(broker.receive().0, 0x10);
        broker.send(&[0x20, 2, session_present, 0]);
        let (kind, subscribe) = broker.receive();
        assert_eq!(kind, 0x82);
        broker.send(&[0x90, 3, subscribe[0], subscribe[1], 1]);
        broker
    }

    fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    /// The next packet: its first byte, and what follows its length.
    fn receive(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).unwrap();
        assert!(head[1] < 0x80, "no packet of these tests is that long");
        let mut body = vec![0; usize::from(head[1])];
        self.0.read_exact(&mut body).unwrap();
        (head[0], body)
    }

    /// The number that is acknowledged next.
    fn acknowledged(&mut self) -> u8 {
        loop {
            if let (0x40, body) = self.receive() {
                return body[1];
            }
        }
    }
}

/// `PUBLISH` of `payload` on topic `t`; at `QoS` 0 if the number is 0.
fn message(number: u8, payload: u8) -> Vec<u8> {
    match number {
        0 => vec![0x30, 4, 0, 1, b't', payload],
        _ => vec![0x32, 6, 0, 1, b't', 0, number, payload],
    }
}

/// Every message is a finding with its payload as text, and a read with a time in whole seconds.
struct Parrot;

impl Format for Parrot {
    fn topics(&self) -> Vec<String> {
        vec!["t".to_owned()]
    }

    fn take(&mut self, message: &Message<'_>) -> Result<DeviceData, String> {
        let text = String::from_utf8_lossy(message.payload).into_owned();
        let finding = Finding { code: code::CHANGED, text };
        let read = reads::Read {
            epc: [0x30].into(),
            tid: None,
            antenna: 0,
            rssi_cdbm: -4500,
            at: message.at,
            reader_time: Some(Timestamp::UNIX_EPOCH),
            direction: None,
        };
        Ok(DeviceData { findings: vec![finding], reads: vec![read], ..DeviceData::default() })
    }
}

fn broker(address: SocketAddr) -> Broker {
    Broker {
        host: address.ip().to_string(),
        port: address.port(),
        client_id: "c".to_owned(),
        is_lasting: true,
        login: None,
        tls: None,
        max_packet_bytes: 4096,
    }
}

/// A subscription that runs until the guard is dropped, and what it hands in.
fn start(address: SocketAddr) -> (Guard, Receiver<Input>) {
    let (inputs, data) = sync_channel(100);
    let sink = Sink {
        source: 0,
        reader: "r".to_owned(),
        inputs,
        metrics: Metrics::new(),
        clock: Clock::system(),
    };
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let subscription = Subscription { broker: broker(address), format: Box::new(Parrot), sink };
    let thread = std::thread::spawn(move || subscription.run(&flag));
    (Guard(stop, Some(thread)), data)
}

struct Guard(Arc<AtomicBool>, Option<std::thread::JoinHandle<()>>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        if let Some(thread) = self.1.take() {
            thread.join().ok();
        }
    }
}

/// The next input with this finding; those before it are in `passed`.
fn wait_for(inputs: &Receiver<Input>, code: &str, text: &str, passed: &mut Vec<Input>) -> Finding {
    loop {
        let input = inputs.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("no {code} {text}"));
        let found = input.data.findings.iter().find(|f| f.code == code && f.text.contains(text));
        let found = found.cloned();
        passed.push(input);
        if let Some(found) = found {
            return found;
        }
    }
}

#[test]
fn what_came_on_a_lost_connection_is_never_acknowledged_on_the_next() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (_guard, inputs) = start(listener.local_addr().unwrap());
    let mut first = Scripted::accept(&listener, 0);
    first.send(&message(3, b'a'));
    let mut data = Vec::new();
    wait_for(&inputs, code::CHANGED, "a", &mut data);
    // The last packet, of a kind that does not exist, ends the connection with two messages before it unread.
    first.send(&[message(4, b'b'), message(0, b'c'), vec![0x00, 0]].concat());
    wait_for(&inputs, code::LOST, "connection to broker", &mut data);
    for acknowledge in data.iter_mut().filter_map(|input| input.acknowledge.take()) {
        acknowledge();
    }
    let texts = |data: &[Input]| -> Vec<String> {
        let findings = data.iter().flat_map(|input| &input.data.findings);
        findings.filter(|f| f.code == code::CHANGED).map(|f| f.text.clone()).collect()
    };
    // What nobody would send again is there; what the broker must send again is not taken as acknowledged.
    assert!(texts(&data).contains(&"c".to_owned()), "{:?}", texts(&data));

    let mut second = Scripted::accept(&listener, 0);
    second.send(&message(77, b'd'));
    wait_for(&inputs, code::CHANGED, "d", &mut data);
    for acknowledge in data.iter_mut().filter_map(|input| input.acknowledge.take()) {
        acknowledge();
    }
    assert_eq!(second.acknowledged(), 77);
}

#[test]
fn what_a_reader_says_twice_in_a_second_is_two_messages_and_what_a_broker_sends_again_is_the_first()
{
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (_guard, inputs) = start(listener.local_addr().unwrap());
    let mut first = Scripted::accept(&listener, 0);
    first.send(&[message(1, b'a'), message(2, b'a')].concat());
    let mut data = Vec::new();
    for _ in 0..2 {
        wait_for(&inputs, code::CHANGED, "a", &mut data);
    }
    drop(first);
    let mut second = Scripted::accept(&listener, 1);
    second.send(&[message(1, b'a'), message(2, b'a')].concat());
    for _ in 0..2 {
        wait_for(&inputs, code::CHANGED, "a", &mut data);
    }
    let digests: Vec<_> = data.iter().filter_map(|input| input.message).collect();
    assert_eq!(digests.len(), 4);
    assert_ne!(digests[0], digests[1]);
    assert_eq!(digests[..2], digests[2..]);
}

fn messages(topic: &str, payload: &str, reader: &str) -> ledger::Hash {
    digest(&[reader.as_bytes(), topic.as_bytes(), payload.as_bytes()])
}

#[test]
fn a_message_is_another_on_another_topic_and_for_another_reader() {
    let one = messages("t", "p", "r");
    let others = [messages("t", "p", "q"), messages("u", "p", "r"), messages("tp", "", "r")];
    assert!(!others.contains(&one));
    assert_eq!(messages("t", "p", "r"), one);
}

#[test]
fn equal_messages_are_counted_within_two_seconds_and_not_after() {
    let (mut repeats, begun) = (RepeatCounter::default(), Instant::now());
    let after = |ms: u64| begun + Duration::from_millis(ms);
    let (one, other) = (messages("t", "p", "r"), messages("t", "q", "r"));
    let counts = [
        repeats.before(one, after(0)),
        repeats.before(one, after(900)),
        repeats.before(other, after(900)),
        repeats.before(one, after(1_999)),
        repeats.before(one, after(2_000)),
        repeats.before(other, after(2_000)),
    ];
    assert_eq!(counts, [0, 1, 0, 2, 0, 1]);
    repeats.before(one, after(60_000));
    assert_eq!(
        (repeats.counts.len(), repeats.first.len()),
        (1, 1),
        "what is long past is forgotten"
    );
}

#[test]
fn a_broker_that_never_answers_is_no_silent_one() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let broker = broker(silent.local_addr().unwrap());
    let reason = listen(&broker, "#", Duration::from_millis(300)).unwrap_err();
    assert!(reason.contains("did not answer"), "{reason}");
}
