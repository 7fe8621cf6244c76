//! Delivers to ingest: signed, in order, with retries until each delivery is recorded.
//!
//! What holds:
//!
//! - a delivery is signed for one ledger, so that nobody can send it to another one;
//! - the certificate of ingest is checked; a redirect is not followed;
//! - a delivery is deleted only after ingest answered 200 or 201;
//! - the order of the spool is kept: no delivery is sent before an older one that must wait;
//! - a delivery that ingest will never accept (413, 422) is set aside complete, with the reason, so that it does not
//!   block the others; after a refused key (401) the delivery waits;
//! - a delivery whose number belongs to another one (409) is sent again with a number of a new boot;
//! - only answers of ingest itself count: an answer of a proxy or a portal leads to a retry, whatever its status.
//!
//! This is the only file that names the HTTP client.
//!
//! Source: docs/formats/observation-v1.md, sections "Signature" and "Answers".

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::keys::SourceKey;
use process::{Clock, CrashPoints};
use reads::Finding;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::metrics::Metrics;
use crate::pause::pause;
use crate::spool::{RETRY, Spool, SpoolError, Waiting, code};
use crate::windows::notes::note;

/// Wait when there is nothing to send.
const IDLE: Duration = Duration::from_millis(20);
/// First and longest wait after a failure.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// Most bytes of an answer that are read; one with the indexes of 10,000 records has about a tenth of that.
const ANSWER_BYTES: u64 = 1024 * 1024;
/// Prefix of the type of every problem that ingest answers with; no other program uses it.
const PROBLEM: &str = "urn:chopmark:problem:";

/// The result of one attempt.
#[derive(Debug, PartialEq, Eq)]
enum Attempt {
    Recorded,
    /// Never acceptable, with the answer's text.
    Refused(String),
    /// Its number belongs to another delivery.
    NumberTaken,
    /// Try again, with the reason.
    Later(String),
}

/// Where deliveries go, and who sends them.
pub struct Route {
    /// Ingest's base address: `https://…`, or `http://…` on one machine.
    pub url: String,
    /// Certificates that may sign that of ingest, DER; none for the usual public ones.
    pub ca: Option<Vec<Vec<u8>>>,
    /// Origin of the ledger that they are for.
    pub ledger: String,
    /// The bridge.
    pub bridge: String,
    /// Its signing key.
    pub key: SourceKey,
}

/// Sends the deliveries that wait in the spool.
pub struct Deliverer {
    agent: ureq::Agent,
    route: Route,
    spool: Spool,
    metrics: Metrics,
    clock: Clock,
    crash: CrashPoints,
    /// The boot of the deliveries that were renumbered.
    new_boot: Option<u64>,
    /// Wait before the next attempt.
    wait: Duration,
    /// Whether the last attempt failed.
    was_away: bool,
}

impl Deliverer {
    /// A deliverer for one bridge.
    #[must_use]
    pub fn new(
        route: Route,
        spool: Spool,
        metrics: Metrics,
        clock: Clock,
        crash: CrashPoints,
    ) -> Self {
        // Another part of the program may have installed the same provider already.
        rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        let mut tls = TlsConfig::builder();
        if let Some(ca) = &route.ca {
            let trusted: Vec<_> =
                ca.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
            tls = tls.root_certs(RootCerts::new_with_certs(&trusted));
        }
        let agent = ureq::Agent::config_builder()
            .tls_config(tls.build())
            // A redirect is no answer of ingest, and could lead away from TLS.
            .https_only(route.url.starts_with("https://"))
            .max_redirects(0)
            .timeout_global(Some(Duration::from_mins(1)))
            .timeout_connect(Some(Duration::from_secs(5)))
            .http_status_as_error(false)
            .build()
            .into();
        Self {
            agent,
            route: Route {
                url: format!("{}/observations", route.url.trim_end_matches('/')),
                ..route
            },
            spool,
            metrics,
            clock,
            crash,
            new_boot: None,
            wait: BACK_OFF.0,
            was_away: false,
        }
    }

    /// Sends until `stop` is set; what is not sent stays in the spool.
    ///
    /// # Errors
    ///
    /// [`SpoolError`] if the spool is damaged; one that cannot be written just now is tried again.
    pub fn run(mut self, stop: &AtomicBool) -> Result<(), SpoolError> {
        let mut was_stuck = false;
        while !stop.load(Ordering::Relaxed) {
            match self.deliver(stop) {
                // A recorded delivery that could not be deleted is sent again and answered with 200.
                Err(error) if error.passes() => {
                    if !was_stuck {
                        tracing::error!(%error, "the spool cannot be written; deliveries are retried");
                    }
                    was_stuck = true;
                    pause(&self.clock, RETRY, stop);
                }
                other => {
                    other?;
                    was_stuck = false;
                }
            }
        }
        Ok(())
    }

    /// Sends the oldest delivery once, if there is one.
    fn deliver(&mut self, stop: &AtomicBool) -> Result<(), SpoolError> {
        self.metrics.waiting.set(i64::try_from(self.spool.waiting()?).unwrap_or(i64::MAX));
        let Some(waiting) = self.spool.oldest()? else {
            std::thread::sleep(IDLE);
            return Ok(());
        };
        self.crash.pass("deliver.before_send");
        let attempt = self.send(&waiting);
        self.crash.pass("deliver.after_answer");
        match attempt {
            Attempt::Recorded => {
                self.spool.forget(waiting.boot, waiting.seq)?;
                self.metrics.deliveries.with_label_values(&["recorded"]).inc();
                if self.was_away {
                    tracing::info!("ingest accepts deliveries again");
                }
                (self.wait, self.was_away) = (BACK_OFF.0, false);
            }
            Attempt::Refused(reason) => self.set_aside(&waiting, &reason)?,
            Attempt::NumberTaken => {
                self.renumber(&waiting)?;
                pause(&self.clock, BACK_OFF.0, stop);
            }
            Attempt::Later(reason) => {
                self.metrics.deliveries.with_label_values(&["later"]).inc();
                if !self.was_away {
                    tracing::warn!(
                        reason,
                        "ingest does not accept deliveries; they wait in the spool"
                    );
                }
                self.was_away = true;
                pause(&self.clock, self.wait, stop);
                self.wait = (self.wait * 2).min(BACK_OFF.1);
            }
        }
        Ok(())
    }

    /// Sets aside a delivery that ingest will never accept, so that it does not block the others.
    fn set_aside(&mut self, waiting: &Waiting, reason: &str) -> Result<(), SpoolError> {
        tracing::error!(boot = waiting.boot, seq = waiting.seq, reason, "delivery refused");
        self.spool.refuse(waiting, reason, self.clock.now())?;
        self.metrics.deliveries.with_label_values(&["refused"]).inc();
        let text = "ingest refused deliveries permanently; they are kept complete. `chopmark reader resend --list` shows \
                    why; when that is fixed, `chopmark reader resend` sends them again";
        self.find(code::DELIVERY_REFUSED, text.to_owned())
    }

    /// Gives a delivery a number of a new boot; of the same one as the last renumbered delivery, unless that is taken
    /// too.
    fn renumber(&mut self, waiting: &Waiting) -> Result<(), SpoolError> {
        let boot = match self.new_boot {
            Some(boot) if boot != waiting.boot => boot,
            _ => self.spool.new_boot(self.clock.now())?,
        };
        self.new_boot = Some(boot);
        match self.spool.renumber(waiting, boot) {
            Err(SpoolError::Data(reason)) => return self.set_aside(waiting, &reason),
            other => other?,
        };
        self.metrics.deliveries.with_label_values(&["number-taken"]).inc();
        let bridge = &self.route.bridge;
        let text = format!(
            "ingest has another delivery with the number of one of this bridge, which is sent again with a new number. \
             Either two bridges have the id `{bridge}`: give each its own; or this spool is a copy of another: \
             let each bridge start with its own file"
        );
        self.find(code::NUMBER_TAKEN, text)
    }

    fn find(&mut self, code: &'static str, text: String) -> Result<(), SpoolError> {
        let mut batch = self.spool.begin()?;
        note(
            &mut batch,
            &self.metrics,
            &self.route.bridge,
            &Finding { code, text },
            self.clock.now(),
        )?;
        batch.commit()
    }

    fn send(&self, waiting: &Waiting) -> Attempt {
        let Route { url, ledger, bridge, key, .. } = &self.route;
        let signed = reads::signing_bytes(ledger, bridge, waiting.boot, waiting.seq, &waiting.body);
        let answer = self
            .agent
            .post(url)
            .content_type("application/json")
            .header("Chopmark-Bridge", bridge)
            .header("Chopmark-Boot", waiting.boot.to_string())
            .header("Chopmark-Sequence", waiting.seq.to_string())
            .header("Chopmark-Signature", STANDARD.encode(key.sign(&signed)))
            .send(&waiting.body[..]);
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Attempt::Later(error.to_string()),
        };
        let status = answer.status().as_u16();
        let text = answer.body_mut().with_config().limit(ANSWER_BYTES).read_to_string();
        interpret(status, &text.unwrap_or_default())
    }
}

/// Interprets an answer.
fn interpret(status: u16, words: &str) -> Attempt {
    let answer: serde_json::Value = serde_json::from_str(words).unwrap_or_default();
    let problem = answer["type"].as_str().and_then(|name| name.strip_prefix(PROBLEM));
    match (status, problem) {
        (200 | 201, None) if answer["outcome"].is_string() => Attempt::Recorded,
        (409, Some("number-taken")) => Attempt::NumberTaken,
        (413 | 422, Some(_)) => Attempt::Refused(format!("{status}: {words}")),
        (_, Some(_)) => Attempt::Later(format!("{status}: {words}")),
        (_, None) => {
            let words: String = words.chars().take(500).collect();
            Attempt::Later(format!(
                "the answer is not from ingest but from a proxy or portal in between; {status}: {words}"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::sync::mpsc::{Sender, channel};
    use std::time::Instant;

    use ledger::keys::SystemRandom;

    use super::*;
    use crate::spool::tests::{delivery, put};

    const RECORDED: &str =
        r#"{"outcome":"recorded","ledger":"l","size":1,"indexes":[0],"refusals":[]}"#;
    const TAKEN: &str = r#"{"type":"urn:chopmark:problem:number-taken","status":409}"#;

    /// Answers one request with what `answer` gives for its boot and sequence, and sends both to `asked`.
    fn serve(
        mut line: impl Read + Write,
        answer: impl Fn(u64, u64) -> (u16, &'static str),
        asked: &Sender<(u64, u64)>,
    ) {
        let mut request = Vec::new();
        let number = |request: &str, name: &str| -> Option<u64> {
            request.lines().find_map(|line| {
                let (key, value) = line.split_once(": ")?;
                key.eq_ignore_ascii_case(name).then(|| value.parse().ok())?
            })
        };
        loop {
            let mut piece = [0; 4096];
            // A client that does not trust the server ends the handshake.
            let Ok(count @ 1..) = line.read(&mut piece) else { return };
            request.extend(&piece[..count]);
            let text = String::from_utf8_lossy(&request).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            if (body.len() as u64) < number(head, "content-length").unwrap() {
                continue;
            }
            let place = (
                number(head, "chopmark-boot").unwrap(),
                number(head, "chopmark-sequence").unwrap(),
            );
            let (status, words) = answer(place.0, place.1);
            let length = words.len();
            let text = format!(
                "HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{words}"
            );
            // Sent before the answer, so that the next request is not sent first.
            asked.send(place).ok();
            line.write_all(text.as_bytes()).unwrap();
            return;
        }
    }

    /// Sends two deliveries to an ingest that answers like this, until the outbox is empty; gives the spool and the
    /// boots and sequence numbers of the requests, in order.
    fn send_two(
        answer: impl Fn(u64, u64) -> (u16, &'static str) + Send + 'static,
    ) -> (Spool, Vec<(u64, u64)>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let mut spool = Spool::open(&path).unwrap();
        put(&mut spool, &[delivery(1, 1), delivery(1, 2)]);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, asked) = channel();
        std::thread::spawn(move || {
            for line in listener.incoming() {
                serve(line.unwrap(), &answer, &sender);
            }
        });
        let key = SourceKey::generate(&SystemRandom::new()).unwrap();
        let own = Spool::open(&path).unwrap();
        let ledger = "site.example/1".to_owned();
        let deliverer = Deliverer::new(
            Route { url, ca: None, ledger, bridge: "b1".to_owned(), key },
            own,
            Metrics::new(),
            Clock::system(),
            CrashPoints::none(),
        );
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || deliverer.run(&stopped));
        let deadline = Instant::now() + Duration::from_secs(30);
        while spool.waiting().unwrap() > 0 {
            assert!(Instant::now() < deadline, "asked: {:?}", asked.try_iter().collect::<Vec<_>>());
            pause(&Clock::system(), IDLE, &stop);
        }
        stop.store(true, Ordering::Relaxed);
        thread.join().unwrap().unwrap();
        (spool, asked.try_iter().collect(), folder)
    }

    /// A deliverer to the TLS server at `port` that trusts the certificate `ca`, with the spool `path`.
    fn start(
        port: u16,
        ca: &[u8],
        path: &std::path::Path,
        stop: &Arc<AtomicBool>,
    ) -> std::thread::JoinHandle<Result<(), SpoolError>> {
        let route = Route {
            url: format!("https://localhost:{port}"),
            ca: Some(vec![ca.to_vec()]),
            ledger: "site.example/1".to_owned(),
            bridge: "b1".to_owned(),
            key: SourceKey::generate(&SystemRandom::new()).unwrap(),
        };
        let (spool, crash) = (Spool::open(path).unwrap(), CrashPoints::none());
        let deliverer = Deliverer::new(route, spool, Metrics::new(), Clock::system(), crash);
        let stop = Arc::clone(stop);
        std::thread::spawn(move || deliverer.run(&stop))
    }

    fn wait_until(mut condition: impl FnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !condition() {
            assert!(Instant::now() < deadline, "nothing of the kind within 30 s");
            pause(&Clock::system(), IDLE, &AtomicBool::new(false));
        }
    }

    #[test]
    fn deliveries_go_to_an_ingest_with_a_certificate_of_the_configured_authority_and_to_no_other() {
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(own.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key.unwrap())
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, asked) = channel();
        let (tried, attempts) = channel();
        std::thread::spawn(move || {
            for line in listener.incoming() {
                let tls = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
                let line = rustls::StreamOwned::new(tls, line.unwrap());
                serve(line, |_, _| (201, RECORDED), &sender);
                tried.send(()).ok();
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let mut spool = Spool::open(&path).unwrap();
        put(&mut spool, &[delivery(1, 1)]);
        let stop = Arc::new(AtomicBool::new(false));
        let running = start(port, other.cert.der(), &path, &stop);
        wait_until(|| attempts.try_recv().is_ok());
        wait_until(|| attempts.try_recv().is_ok());
        stop.store(true, Ordering::Relaxed);
        running.join().unwrap().unwrap();
        assert_eq!((spool.waiting().unwrap(), asked.try_iter().count()), (1, 0));
        stop.store(false, Ordering::Relaxed);
        let running = start(port, own.cert.der(), &path, &stop);
        wait_until(|| spool.waiting().unwrap() == 0);
        stop.store(true, Ordering::Relaxed);
        running.join().unwrap().unwrap();
        assert_eq!(asked.try_iter().collect::<Vec<_>>(), [(1, 1)]);
    }

    #[test]
    fn a_redirect_is_not_followed_and_is_no_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
        elsewhere.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let location = elsewhere.local_addr().unwrap();
        let (tried, attempts) = channel();
        std::thread::spawn(move || {
            for line in listener.incoming() {
                let mut line = line.unwrap();
                let mut request = [0; 16 * 1024];
                if line.read(&mut request).is_ok() {
                    let head = format!(
                        "HTTP/1.1 307 x\r\nLocation: http://{location}/observations\r\n\
                         Content-Length: 0\r\nConnection: close\r\n\r\n"
                    );
                    line.write_all(head.as_bytes()).ok();
                }
                tried.send(()).ok();
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let mut spool = Spool::open(&path).unwrap();
        put(&mut spool, &[delivery(1, 1)]);
        let key = SourceKey::generate(&SystemRandom::new()).unwrap();
        let ledger = "site.example/1".to_owned();
        let route = Route { url, ca: None, ledger, bridge: "b1".to_owned(), key };
        let own = Spool::open(&path).unwrap();
        let deliverer =
            Deliverer::new(route, own, Metrics::new(), Clock::system(), CrashPoints::none());
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let running = std::thread::spawn(move || deliverer.run(&stopped));
        wait_until(|| attempts.try_recv().is_ok());
        wait_until(|| attempts.try_recv().is_ok());
        stop.store(true, Ordering::Relaxed);
        running.join().unwrap().unwrap();
        assert!(elsewhere.accept().is_err(), "it went elsewhere");
        assert_eq!(spool.waiting().unwrap(), 1);
    }

    fn codes(spool: &Spool) -> Vec<String> {
        spool.findings(10).unwrap().into_iter().map(|found| found.code).collect()
    }

    #[test]
    fn a_delivery_whose_number_is_taken_comes_under_a_new_one_before_what_waits_behind_it() {
        let (spool, asked, _folder) = send_two(|boot, seq| match (boot, seq) {
            (1, 1) => (409, TAKEN),
            _ => (201, RECORDED),
        });
        let new = asked[1].0;
        assert!(new > 1_700_000_000_000, "{new}");
        assert_eq!(asked, [(1, 1), (new, 1), (1, 2)]);
        assert_eq!(codes(&spool), [code::NUMBER_TAKEN]);
    }

    #[test]
    fn a_new_number_that_is_taken_as_well_is_followed_by_one_of_another_boot() {
        let first = std::sync::OnceLock::new();
        let (_, asked, _folder) = send_two(move |boot, _| {
            let is_first_new = boot > 1 && *first.get_or_init(|| boot) == boot;
            if boot == 1 || is_first_new { (409, TAKEN) } else { (200, RECORDED) }
        });
        let (second, third) = (asked[1].0, asked[2].0);
        assert!(second < third);
        assert_eq!(asked, [(1, 1), (second, 1), (third, 1), (1, 2), (third, 2)]);
    }

    #[test]
    fn a_refused_delivery_is_set_aside_whole_and_told_and_the_next_one_goes() {
        let malformed = r#"{"type":"urn:chopmark:problem:malformed","status":422,"detail":"no"}"#;
        let (spool, asked, _folder) = send_two(move |_, seq| match seq {
            1 => (422, malformed),
            _ => (201, RECORDED),
        });
        assert_eq!(asked, [(1, 1), (1, 2)]);
        let refused = spool.refused().unwrap();
        let bytes = delivery(1, 1).body.len() as u64;
        assert_eq!((refused.len(), refused[0].seq, refused[0].bytes), (1, 1, bytes));
        assert_eq!(refused[0].reason, format!("422: {malformed}"));
        assert_eq!(codes(&spool), [code::DELIVERY_REFUSED]);
    }

    #[test]
    fn an_nginx_that_refuses_delays_a_delivery_and_never_sets_it_aside() {
        let times = std::sync::atomic::AtomicU64::new(0);
        let (spool, asked, _folder) =
            send_two(move |_, _| match times.fetch_add(1, Ordering::Relaxed) {
                0 => (413, "<html>413 Request Entity Too Large</html>"),
                1 => (200, "<html>Welcome! Please log in</html>"),
                _ => (201, RECORDED),
            });
        assert_eq!(asked, [(1, 1), (1, 1), (1, 1), (1, 2)]);
        assert_eq!(spool.refused().unwrap(), []);
    }

    #[test]
    fn only_what_ingest_itself_refuses_is_refused_and_only_what_it_itself_recorded_is_recorded() {
        let own = |code: &str| format!(r#"{{"type":"urn:chopmark:problem:{code}","status":422}}"#);
        let later =
            |status: u16, words: &str| matches!(interpret(status, words), Attempt::Later(_));
        assert_eq!(interpret(201, RECORDED), Attempt::Recorded);
        assert_eq!(interpret(200, RECORDED), Attempt::Recorded);
        assert_eq!(interpret(409, &own("number-taken")), Attempt::NumberTaken);
        for (status, code) in [(413, "too-large"), (422, "malformed")] {
            assert!(matches!(interpret(status, &own(code)), Attempt::Refused(_)));
        }
        // A portal's welcome page, nginx in front of ingest, and a plain port that is asked for TLS.
        assert!(later(200, "<html>Welcome! Please log in</html>") && later(201, "{}"));
        assert!(later(413, "<html>413 Request Entity Too Large</html>"));
        assert!(later(400, "<html>The plain HTTP request was sent to HTTPS port</html>"));
        assert!(later(422, "") && later(409, "{}"));
        assert!(later(401, &own("not-admitted")) && later(503, &own("unavailable")));
    }
}
