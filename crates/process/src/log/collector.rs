//! The HTTP connection to an OpenTelemetry collector: the only file of this crate that names the HTTP client.
//!
//! What holds: a collector that does not accept spans is reported once, and once more when it accepts them again; it is
//! called on the thread of the batches only, never on one that works.

use std::fmt::Display;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};

/// Longest answer that is read.
const MAX_ANSWER_BYTES: u64 = 64 << 10;

/// A collector.
#[derive(Debug)]
pub struct Collector {
    agent: ureq::Agent,
    is_away: AtomicBool,
}

type Answer = Result<Response<Bytes>, HttpError>;

impl Collector {
    /// - `longest`: longest that one request may take.
    pub fn new(longest: Duration) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ureq::tls::TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(longest))
            .http_status_as_error(false)
            .max_redirects(0)
            .tls_config(tls.build())
            .build()
            .new_agent();
        Self { agent, is_away: AtomicBool::new(false) }
    }

    /// Sends a request and waits for its answer.
    fn send(&self, request: Request<Bytes>) -> Answer {
        let (head, body) = request.into_parts();
        let uri = head.uri.to_string();
        let answer = self.agent.run(Request::from_parts(head, &body[..]));
        let mut answer = answer.inspect_err(|error| self.report_away(&uri, error))?;
        let status = answer.status();
        if status.is_success() {
            self.report_back(&uri);
        } else {
            self.report_away(&uri, &format!("it answered {status}"));
        }
        let body = answer.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_vec()?;
        let mut copy = Response::new(Bytes::from(body));
        *copy.status_mut() = status;
        *copy.headers_mut() = answer.headers().clone();
        Ok(copy)
    }

    fn report_away(&self, uri: &str, reason: &dyn Display) {
        if !self.is_away.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                collector = uri,
                %reason,
                "the OpenTelemetry collector does not accept traces; they are dropped until it does"
            );
        }
    }

    fn report_back(&self, uri: &str) {
        if self.is_away.swap(false, Ordering::Relaxed) {
            tracing::info!(collector = uri, "the OpenTelemetry collector accepts traces again");
        }
    }
}

/// Blocks: the thread of the batches has nothing else to do.
impl HttpClient for Collector {
    fn send_bytes<'a, 'async_trait>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + 'async_trait>>
    where
        'a: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move { self.send(request) })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;
    use std::sync::{Mutex, PoisonError};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn request(uri: &str) -> Request<Bytes> {
        Request::post(uri).body(Bytes::from_static(b"spans")).unwrap()
    }

    /// Answers each of these statuses to one connection.
    fn answer(listener: TcpListener, statuses: &'static [&'static str]) {
        std::thread::spawn(move || {
            for status in statuses {
                let (stream, _) = listener.accept().unwrap();
                crate::log::tests::read_request(&stream);
                let head =
                    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                (&stream).write_all(head.as_bytes()).unwrap();
            }
        });
    }

    #[test]
    fn a_collector_that_is_away_or_refuses_is_reported_once_and_its_return_once() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        let collector = Collector::new(Duration::from_secs(5));
        tracing::subscriber::with_default(subscriber, || {
            collector.send(request("http://127.0.0.1:1/v1/traces")).unwrap_err();
            collector.send(request("http://127.0.0.1:1/v1/traces")).unwrap_err();
            answer(listener, &["503 Service Unavailable", "200 OK", "200 OK"]);
            assert_eq!(collector.send(request(&uri)).unwrap().status(), 503);
            assert_eq!(collector.send(request(&uri)).unwrap().status(), 200);
            assert_eq!(collector.send(request(&uri)).unwrap().status(), 200);
        });
        let bytes = lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert_eq!(text.matches("does not accept traces").count(), 1, "{text}");
        assert_eq!(text.matches("accepts traces again").count(), 1, "{text}");
    }
}
