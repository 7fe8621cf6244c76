//! Sends requests over many connections and keeps account of every one.
//!
//! The way through: [`drive`] starts a task for each connection. A task takes the next number, waits until that request is
//! due ([`Pace`]), gets it from the [`Workload`], sends it, and hands the answer back. So at most as many requests are on
//! their way as there are connections, and those that are due meanwhile wait; their waiting is part of their latency.
//!
//! What holds:
//!
//! - one thread, so that a workload needs no locks, and the figures of a run are those of one core at most;
//! - a request is asked for only when it is sent, and after that ends exactly once, in [`Workload::done`];
//! - a connection that the server closed while it was idle is opened anew, without an error.
//!
//! Latency: from the time at which the request was due to the last byte of its answer, pauses and repetitions included. A
//! timer of ours that is late by up to [`TIMER`] is not counted as the server's time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::histogram::Histogram;
use super::pace::Pace;
use super::wire::{Answer, Reader, Request, Target};

/// How late a timer may wake us without being counted.
const TIMER: Duration = Duration::from_millis(2);
/// Longest sleep before the request to stop is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// First and longest pause before a connection is tried again.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(1)];
/// How many different errors are kept.
const KEPT: usize = 8;

/// What is sent, and what is made of the answers.
pub trait Workload {
    /// The next request, which is sent now; none ends the run.
    ///
    /// - `number`: from 0, rising by one.
    fn next(&mut self, number: u64) -> Option<Request>;

    /// A request has come to its end.
    fn done(&mut self, done: &Done<'_>);
}

/// How a request ended.
#[derive(Debug)]
pub struct Done<'a> {
    /// The request.
    pub request: &'a Request,
    /// Its last answer; none if none came.
    pub answer: Option<&'a Answer>,
    /// Why no answer came.
    pub error: Option<&'a str>,
    /// From when it was due until now.
    pub latency: Duration,
    /// How often it was sent.
    pub attempts: u32,
}

/// When a request is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How long after it was first sent it may still be sent again.
    pub within: Duration,
    /// Longest pause, if `Retry-After` asks for more.
    pub longest_pause: Duration,
}

/// How requests are sent.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where to.
    pub target: Target,
    /// Over how many connections, at least 1.
    pub connections: usize,
    /// How fast.
    pub pace: Pace,
    /// For how long; requests that are due later are not sent.
    pub lasting: Duration,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// What happens after 503 and after a lost connection; none: they are final. 503 is repeated after the pause that it
    /// asks for.
    pub retry: Option<Retry>,
    /// Ends the run early when it is set; what was sent is waited for.
    pub stop: Arc<AtomicBool>,
}

/// Texts of errors, each with how often it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Errors {
    /// How many in all.
    pub count: u64,
    /// The first different ones.
    pub texts: BTreeMap<String, u64>,
}

impl Errors {
    /// Counts an error.
    pub fn note(&mut self, text: &str) {
        self.count += 1;
        if let Some(count) = self.texts.get_mut(text) {
            *count += 1;
        } else if self.texts.len() < KEPT {
            self.texts.insert(text.to_owned(), 1);
        }
    }
}

/// What came of a run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Requests that came to their end.
    pub requests: u64,
    /// Final answers, by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Latencies of final answers, of every status.
    pub latency: Histogram,
    /// Requests that no answer came for.
    pub unanswered: Errors,
    /// How often a request was sent again.
    pub retries: u64,
    /// From the start to the last answer.
    pub elapsed: Duration,
}

/// Sends requests until the time is over, the workload has no more, or a stop is asked for; waits for all answers.
///
/// # Errors
///
/// If the runtime cannot be made. What happens to requests is in the report.
pub fn drive(plan: &Plan, workload: &mut impl Workload) -> io::Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let begun = Instant::now();
    let shared =
        RefCell::new(Shared { number: 0, is_over: false, workload, report: Report::default() });
    let driver = Driver { plan, begun, shared: &shared };
    let connections = (0..plan.connections.max(1)).map(|_| driver.connection());
    runtime.block_on(futures::future::join_all(connections));
    let mut report = shared.into_inner().report;
    report.elapsed = begun.elapsed();
    Ok(report)
}

/// What the connections share.
struct Shared<'w, W> {
    number: u64,
    is_over: bool,
    workload: &'w mut W,
    report: Report,
}

struct Driver<'a, 'w, W> {
    plan: &'a Plan,
    begun: Instant,
    shared: &'a RefCell<Shared<'w, W>>,
}

/// A connection, open or not yet.
#[derive(Default)]
struct Connection {
    stream: Option<TcpStream>,
    reader: Reader,
}

impl<W: Workload> Driver<'_, '_, W> {
    /// What one connection does.
    async fn connection(&self) {
        let mut connection = Connection::default();
        while let Some((request, since)) = self.take().await {
            self.finish(&mut connection, &request, since).await;
        }
    }

    /// The next request, when it is due, and since when its latency counts.
    async fn take(&self) -> Option<(Request, Instant)> {
        let number = {
            let mut shared = self.shared.borrow_mut();
            shared.number += 1;
            shared.number - 1
        };
        let due = self.plan.pace.due(number).map(|due| self.begun.checked_add(due));
        let due = match due {
            None => Instant::now(),
            Some(due) => due?,
        };
        let end = self.begun + self.plan.lasting;
        loop {
            if self.plan.stop.load(Ordering::Relaxed) || due >= end || self.shared.borrow().is_over
            {
                return None;
            }
            let wait = due.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                break;
            }
            tokio::time::sleep(wait.min(LOOK)).await;
        }
        let mut shared = self.shared.borrow_mut();
        let request = shared.workload.next(number);
        shared.is_over |= request.is_none();
        let now = Instant::now();
        let since = if now.saturating_duration_since(due) <= TIMER { now } else { due };
        request.map(|request| (request, since))
    }

    /// Sends a request until it has a final answer, and hands that over.
    async fn finish(&self, connection: &mut Connection, request: &Request, since: Instant) {
        let sent = Instant::now();
        let mut attempts = 0;
        let mut pause = PAUSES[0];
        let result = loop {
            attempts += 1;
            let result = self.attempt(connection, request).await;
            let wait = match &result {
                Ok(answer) if answer.status != 503 => break result,
                Ok(answer) => answer.retry_after_s.map_or(PAUSES[1], Duration::from_secs),
                Err(_) => pause,
            };
            let Some(retry) = self.plan.retry else { break result };
            let wait = wait.min(retry.longest_pause);
            if sent.elapsed() + wait > retry.within {
                break result;
            }
            pause = (pause * 2).min(PAUSES[1]);
            tokio::time::sleep(wait).await;
        };
        let latency = since.elapsed();
        let mut shared = self.shared.borrow_mut();
        let report = &mut shared.report;
        report.requests += 1;
        report.retries += u64::from(attempts - 1);
        let text = result.as_ref().err().map(ToString::to_string);
        match (&result, &text) {
            (Ok(answer), _) => {
                *report.statuses.entry(answer.status).or_default() += 1;
                report.latency.record(latency);
            }
            (_, text) => report.unanswered.note(text.as_deref().unwrap_or_default()),
        }
        let answer = result.as_ref().ok();
        let error = text.as_deref();
        shared.workload.done(&Done { request, answer, error, latency, attempts });
    }

    /// Sends a request once; twice if the connection turns out to have been closed before.
    async fn attempt(&self, connection: &mut Connection, request: &Request) -> io::Result<Answer> {
        let exchange = async {
            let was_open = connection.stream.is_some();
            let result = connection.exchange(&self.plan.target, &request.bytes).await;
            match result {
                Err(error) if was_open && is_closed(&error) => {
                    connection.exchange(&self.plan.target, &request.bytes).await
                }
                result => result,
            }
        };
        let result = tokio::time::timeout(self.plan.timeout, exchange).await;
        let result = result.unwrap_or_else(|_| {
            let text = format!("no answer within {} s", self.plan.timeout.as_secs_f64());
            Err(io::Error::new(io::ErrorKind::TimedOut, text))
        });
        // An answer that comes after its request was given up must not be taken for the next one's.
        if result.is_err() {
            connection.stream = None;
        }
        result
    }
}

/// Whether the connection was closed before anything of an answer came.
fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

impl Connection {
    async fn exchange(&mut self, target: &Target, bytes: &[u8]) -> io::Result<Answer> {
        // Taken out, so that a connection on which something fails is not used again.
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => open(target).await?,
        };
        stream.write_all(bytes).await?;
        let answer = self.reader.read(&mut stream).await?;
        if !answer.closes {
            self.stream = Some(stream);
        }
        Ok(answer)
    }
}

async fn open(target: &Target) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(target.address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(test)]
mod tests;
