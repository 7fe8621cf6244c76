//! The driver against servers that answer late, refuse, close and fall silent.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream as Plain};
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::thread;

use super::*;

/// A server that answers each connection in a thread of its own; ends with the test's process.
fn serve(answer: impl Fn(&str, &mut Plain) -> bool + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || {
                let mut stream = stream.unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                loop {
                    let Some(body) = request(&mut reader) else { return };
                    if !answer(&body, &mut stream) {
                        return;
                    }
                }
            });
        }
    });
    address
}

/// The path and body of the next request of a connection.
fn request(reader: &mut BufReader<Plain>) -> Option<String> {
    let mut text = String::new();
    reader.read_line(&mut text).ok()?;
    let path = text.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(path + &String::from_utf8(body).ok()?)
}

fn reply(stream: &mut Plain, status: &str, body: &str) {
    let text = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(text.as_bytes()).ok();
}

fn plan(address: SocketAddr) -> Plan {
    Plan {
        target: address.into(),
        connections: 4,
        pace: Pace::AsAnswered,
        lasting: Duration::from_mins(1),
        timeout: Duration::from_secs(20),
        retry: None,
        stop: Arc::default(),
    }
}

/// Sends so many numbers, and keeps what was answered.
struct Numbers {
    target: Target,
    count: u64,
    answered: Vec<(u64, Option<u16>, String, u32)>,
}

impl Numbers {
    fn new(plan: &Plan, count: u64) -> Self {
        Self { target: plan.target.clone(), count, answered: Vec::new() }
    }
}

impl Workload for Numbers {
    fn next(&mut self, number: u64) -> Option<Request> {
        let request = Request::post(&self.target, "/echo/", &[], number.to_string().as_bytes());
        (number < self.count).then(|| request.named(number))
    }

    fn done(&mut self, done: &Done<'_>) {
        let text = done.answer.map(|answer| String::from_utf8_lossy(&answer.body).into_owned());
        let text = text.or(done.error.map(str::to_owned)).unwrap_or_default();
        let status = done.answer.map(|answer| answer.status);
        self.answered.push((done.request.id, status, text, done.attempts));
    }
}

#[test]
fn every_request_is_sent_once_and_its_own_answer_comes_back() {
    let served = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&served);
    let address = serve(move |text, stream| {
        // Each fifth answer is the connection's last, without a word about it.
        let number = seen.fetch_add(1, Ordering::SeqCst);
        reply(stream, "200 OK", text);
        number % 5 != 4
    });
    let plan = plan(address);
    let mut numbers = Numbers::new(&plan, 500);
    let report = drive(&plan, &mut numbers).unwrap();
    assert_eq!((report.requests, report.statuses[&200], report.retries), (500, 500, 0));
    assert_eq!(report.unanswered, Errors::default());
    assert_eq!(report.latency.count(), 500);
    numbers.answered.sort();
    for (number, answered) in numbers.answered.iter().enumerate() {
        let expected = (number as u64, Some(200), format!("/echo/{number}"), 1);
        assert_eq!(*answered, expected);
    }
    assert_eq!(served.load(Ordering::SeqCst), 500);
}

#[test]
fn latency_counts_from_when_a_request_was_due_also_while_every_connection_waits() {
    // One connection; the first answer takes as long as ten requests.
    let is_first = AtomicBool::new(true);
    let address = serve(move |_, stream| {
        if is_first.swap(false, Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(500));
        }
        reply(stream, "200 OK", "");
        true
    });
    let pace = Pace::Rate { per_second: 20.0, ramp: Duration::ZERO };
    let plan = Plan { connections: 1, pace, ..plan(address) };
    let report = drive(&plan, &mut Numbers::new(&plan, 11)).unwrap();
    assert_eq!(report.requests, 11);
    // Due at 0, 50, … 500 ms and all answered from 500 ms on: the median waited for 250 ms.
    let median = report.latency.quantile(500);
    assert!(median >= Duration::from_millis(200), "the median is {median:?}");
}

#[test]
fn a_refusal_for_now_and_a_lost_connection_are_sent_again_where_that_is_asked_for() {
    let failures = Arc::new(Mutex::new(BTreeMap::<String, u32>::new()));
    let address = serve(move |text, stream| {
        let mut failures = failures.lock().unwrap();
        let count = failures.entry(text.to_owned()).or_default();
        *count += 1;
        match *count {
            1 => {
                let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n";
                stream.write_all(busy.as_bytes()).is_ok()
            }
            // Half of an answer.
            2 => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Len").ok();
                false
            }
            _ => {
                reply(stream, "200 OK", text);
                true
            }
        }
    });
    let retry = Retry { within: Duration::from_secs(20), longest_pause: Duration::from_secs(1) };
    let patient = Plan { retry: Some(retry), ..plan(address) };
    let mut numbers = Numbers::new(&patient, 20);
    let report = drive(&patient, &mut numbers).unwrap();
    assert_eq!((report.statuses[&200], report.retries), (20, 40));
    assert!(numbers.answered.iter().all(|(_, _, _, attempts)| *attempts == 3));

    // Numbers that the server has not refused yet.
    let impatient = plan(serve(|_, stream| {
        reply(stream, "503 Busy", "");
        true
    }));
    let report = drive(&impatient, &mut Numbers::new(&impatient, 3)).unwrap();
    assert_eq!((report.statuses[&503], report.retries), (3, 0));
}

#[test]
fn a_request_without_an_answer_is_an_error_with_its_reason_and_not_lost() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let plan = plan(nobody);
    let report = drive(&plan, &mut Numbers::new(&plan, 7)).unwrap();
    assert_eq!((report.requests, report.unanswered.count), (7, 7));
    let (text, count) = report.unanswered.texts.first_key_value().unwrap();
    assert!(text.contains("refused") && *count == 7, "{text}");

    let (silent, silence) = std::sync::mpsc::channel::<()>();
    let silence = Mutex::new(silence);
    let address = serve(move |_, _| silence.lock().unwrap().recv().is_ok());
    let waiting = Plan { timeout: Duration::from_millis(50), ..self::plan(address) };
    let report = drive(&waiting, &mut Numbers::new(&waiting, 2)).unwrap();
    drop(silent);
    assert_eq!(report.unanswered.texts["no answer within 0.05 s"], 2);
}

#[test]
fn a_run_ends_when_it_is_asked_to_and_waits_for_what_was_sent() {
    let stop = Arc::new(AtomicBool::new(false));
    let (setter, seen) = (Arc::clone(&stop), AtomicU64::new(0));
    let address = serve(move |_, stream| {
        if seen.fetch_add(1, Ordering::SeqCst) == 9 {
            setter.store(true, Ordering::SeqCst);
        }
        reply(stream, "200 OK", "");
        true
    });
    let pace = Pace::Rate { per_second: 1000.0, ramp: Duration::ZERO };
    let plan = Plan { pace, stop, ..plan(address) };
    let report = drive(&plan, &mut Numbers::new(&plan, 1_000_000)).unwrap();
    assert!((10..1000).contains(&report.requests), "{} requests", report.requests);
    assert_eq!(report.statuses[&200], report.requests);

    let over =
        Plan { lasting: Duration::from_millis(100), pace, ..self::plan(plan.target.address) };
    let report = drive(&over, &mut Numbers::new(&over, 1_000_000)).unwrap();
    assert_eq!(report.requests, 100, "those that are due within the time");
}
