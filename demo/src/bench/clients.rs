//! The bench as senders and as phones: closed loops over many connections, every answer looked at.
//!
//! The way through: each connection has a source of requests of its own, which gives the next one when the last was answered;
//! [`run`] sends until the sources are at their end, [`run_until`] until it is told to stop, or its time is over.
//!
//! What holds: an answer that is not the expected one ends the measure with an error; a figure never counts answers that say
//! that the work was not done.
//!
//! Not here: HTTP and its connections (`demo::traffic`).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use demo::traffic::{Done, Pace, Plan, Request, Retry, Target, Workload, drive};

use super::goods::{Document, Speaker};
use super::measure::float;

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_mins(2);
/// Longest run.
const LONGEST: Duration = Duration::from_hours(4);
/// When a sender that was asked to try again does so.
const RETRY: Retry = Retry { within: PATIENCE, longest_pause: Duration::from_secs(1) };

/// What every answer must be.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    status: u16,
    text: &'static str,
}

impl Expected {
    /// A document was recorded.
    pub const RECORDED: Self = Self { status: 202, text: "" };
    /// Something was done.
    pub const DONE: Self = Self { status: 200, text: "" };
    /// A clean verdict, as JSON.
    pub const CONSISTENT: Self = Self { status: 200, text: "\"verdict\":\"CONSISTENT\"" };

    /// An answer of 200 with this text in it.
    #[must_use]
    pub const fn with(text: &'static str) -> Self {
        Self { status: 200, text }
    }
}

/// When a run ends before its sources do.
#[derive(Debug, Clone)]
pub struct Until {
    /// Ends it when it is set.
    pub stop: Arc<AtomicBool>,
    /// Longest time in which requests are sent.
    pub lasting: Duration,
}

impl Default for Until {
    fn default() -> Self {
        Self { stop: Arc::default(), lasting: LONGEST }
    }
}

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Sent {
    /// From the first request to the last answer.
    pub seconds: f64,
    /// Seconds until each answer.
    pub latencies: Vec<f64>,
    /// Bytes of all bodies that came back.
    pub bytes: u64,
    /// The last body that came back.
    pub last: Vec<u8>,
}

impl Sent {
    /// Answers a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        float(u64::try_from(self.latencies.len()).unwrap_or(u64::MAX)) / self.seconds
    }
}

/// Who sends documents, and to whom.
#[derive(Debug, Clone)]
pub struct Sender {
    /// Ingest.
    pub ingest: SocketAddr,
    /// Tokens of factory, centre and shop.
    pub tokens: [String; 3],
}

impl Sender {
    /// The request that states a document.
    #[must_use]
    pub fn request(&self, document: &Document) -> Request {
        let [factory, centre, shop] = &self.tokens;
        let token = match document.speaker {
            Speaker::Factory => factory,
            Speaker::Centre => centre,
            Speaker::Shop => shop,
        };
        let token = format!("Bearer {token}");
        let headers = [("Authorization", &*token), ("Content-Type", "application/ld+json")];
        Request::post(&Target::from(self.ingest), "/capture", &headers, document.text.as_bytes())
    }
}

/// The sources, and what came of their requests.
struct Sources<S> {
    /// None is at its end.
    open: Vec<Option<S>>,
    idle: Vec<usize>,
    expected: Expected,
    sent: Sent,
    wrong: Option<String>,
}

impl<S: Iterator<Item = Request>> Workload for Sources<S> {
    fn next(&mut self, _number: u64) -> Option<Request> {
        while let Some(place) = self.idle.pop().filter(|_| self.wrong.is_none()) {
            let source = self.open.get_mut(place)?;
            if let Some(request) = source.as_mut().and_then(Iterator::next) {
                return Some(request.named(place as u64));
            }
            *source = None;
        }
        None
    }

    fn done(&mut self, done: &Done<'_>) {
        self.idle.extend(usize::try_from(done.request.id).ok());
        let Some(answer) = done.answer else {
            self.wrong = done.error.map(str::to_owned).or(Some("no answer".to_owned()));
            return;
        };
        let is_right =
            answer.status == self.expected.status && holds(&answer.body, self.expected.text);
        if !is_right {
            let text: String = String::from_utf8_lossy(&answer.body).chars().take(600).collect();
            self.wrong = Some(format!("the answer was {}: {text}", answer.status));
            return;
        }
        self.sent.latencies.push(done.latency.as_secs_f64());
        self.sent.bytes += answer.body.len() as u64;
        self.sent.last.clone_from(&answer.body);
    }
}

fn holds(body: &[u8], text: &str) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Sends what the sources give, over one connection for each.
///
/// # Errors
///
/// If a request gets no answer, or another one than expected; what is on its way then is waited for.
pub fn run<S: Iterator<Item = Request>>(
    address: SocketAddr,
    sources: Vec<S>,
    expected: &Expected,
) -> anyhow::Result<Sent> {
    run_until(address, sources, expected, &Until::default())
}

/// As [`run`], and no longer than `until` says.
///
/// # Errors
///
/// As [`run`].
pub fn run_until<S: Iterator<Item = Request>>(
    address: SocketAddr,
    sources: Vec<S>,
    expected: &Expected,
    until: &Until,
) -> anyhow::Result<Sent> {
    let mut work = Sources {
        open: sources.into_iter().map(Some).collect(),
        idle: Vec::new(),
        expected: *expected,
        sent: Sent { seconds: 0.0, latencies: Vec::new(), bytes: 0, last: Vec::new() },
        wrong: None,
    };
    let begun = Instant::now();
    // A source that is at its end ends the drive; the others then go on.
    while work.wrong.is_none() && !until.stop.load(Ordering::Relaxed) {
        let lasting = until.lasting.saturating_sub(begun.elapsed());
        work.idle = (0..work.open.len()).rev().filter(|at| work.open[*at].is_some()).collect();
        if work.idle.is_empty() || lasting.is_zero() {
            break;
        }
        let plan = Plan {
            target: Target::from(address),
            connections: work.idle.len(),
            pace: Pace::AsAnswered,
            lasting,
            timeout: PATIENCE,
            retry: Some(RETRY),
            stop: Arc::clone(&until.stop),
        };
        drive(&plan, &mut work).context("could not send")?;
    }
    if let Some(wrong) = work.wrong {
        anyhow::bail!("{address}: {wrong}");
    }
    work.sent.seconds = begun.elapsed().as_secs_f64();
    Ok(work.sent)
}

/// Sources for `connections` connections that share `count` requests; `make` gets numbers from 0.
pub fn shared<F: Fn(u64) -> Request>(
    connections: usize,
    count: u64,
    make: &F,
) -> Vec<impl Iterator<Item = Request> + use<'_, F>> {
    let next = Rc::new(Cell::new(0));
    let source = || {
        let next = Rc::clone(&next);
        std::iter::from_fn(move || {
            let number = next.get();
            (number < count).then(|| {
                next.set(number + 1);
                make(number)
            })
        })
    };
    (0..connections.max(1)).map(|_| source()).collect()
}

/// As [`shared`], with every request made before the first is sent, so that making them costs a measure nothing.
pub fn ready(
    connections: usize,
    count: u64,
    make: &dyn Fn(u64) -> Request,
) -> Vec<impl Iterator<Item = Request> + use<>> {
    let requests: VecDeque<Request> = (0..count).map(make).collect();
    let queue = Rc::new(RefCell::new(requests));
    let source = || {
        let queue = Rc::clone(&queue);
        std::iter::from_fn(move || queue.borrow_mut().pop_front())
    };
    (0..connections.max(1)).map(|_| source()).collect()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    /// A server that answers everything with `status` and `body`; gives its address.
    fn server(status: u16, body: &'static str) -> SocketAddr {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                std::thread::spawn(move || {
                    let mut buffer = [0; 4096];
                    while stream.read(&mut buffer).is_ok_and(|bytes| bytes > 0) {
                        let head = format!(
                            "HTTP/1.1 {status} x\r\nContent-Length: {}\r\n\r\n",
                            body.len()
                        );
                        if stream.write_all((head + body).as_bytes()).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        address
    }

    #[test]
    fn every_request_of_every_source_is_sent_once_and_in_the_order_of_its_source() {
        let address = server(200, "ok");
        let seen = RefCell::new(Vec::new());
        let make = |number: u64| {
            seen.borrow_mut().push(number);
            Request::get(&Target::from(address), "/", &[])
        };
        let sent = run(address, shared(3, 50, &make), &Expected::DONE).unwrap();
        assert_eq!((sent.latencies.len(), sent.bytes), (50, 100));
        assert_eq!(*seen.borrow(), (0..50).collect::<Vec<_>>());
        assert!(sent.rate() > 0.0);
        let sources = ready(3, 50, &make);
        assert_eq!(seen.borrow().len(), 100, "all are made before the first is sent");
        let sent = run(address, sources, &Expected::DONE).unwrap();
        assert_eq!((sent.latencies.len(), seen.borrow().len()), (50, 100));
    }

    #[test]
    fn a_source_that_ends_early_does_not_end_the_others() {
        let address = server(200, "");
        let source = |count: usize| {
            std::iter::repeat_with(move || Request::get(&Target::from(address), "/", &[]))
                .take(count)
        };
        let sent = run(address, vec![source(1), source(40), source(0), source(7)], &Expected::DONE);
        assert_eq!(sent.unwrap().latencies.len(), 48);
    }

    #[test]
    fn a_run_without_end_ends_when_its_time_is_over() {
        let address = server(200, "");
        let make = |_| Request::get(&Target::from(address), "/", &[]);
        let until = Until { lasting: Duration::from_millis(50), ..Until::default() };
        let sent = run_until(address, shared(2, u64::MAX, &make), &Expected::DONE, &until).unwrap();
        assert!(!sent.latencies.is_empty());
    }

    #[test]
    fn an_answer_that_is_not_the_expected_one_ends_the_run_with_its_text() {
        for (status, body, expected) in [
            (422, "refused", Expected::RECORDED),
            (200, "{\"verdict\":\"GAP\"}", Expected::CONSISTENT),
        ] {
            let address = server(status, body);
            let make = |_| Request::get(&Target::from(address), "/", &[]);
            let error = run(address, shared(2, 10, &make), &expected).unwrap_err().to_string();
            assert!(error.contains(body) && error.contains(&status.to_string()), "{error}");
        }
    }
}
