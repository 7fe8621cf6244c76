//! HTTP/1.1 as far as a load generator needs it: requests as bytes, answers by length or in chunks.
//!
//! What holds: a request is one write; an answer that is too large or malformed is an error and never a panic; what
//! comes after an answer on the same connection is an error, because nothing was asked.
//!
//! Not here: TLS. The processes speak plain HTTP, and a proxy in front of them is not what is measured.
//!
//! Source: RFC 9112 sections 4, 6 and 7.

use std::fmt::Write as _;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};

use anyhow::Context as _;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Largest head of an answer.
const MAX_HEAD: usize = 64 << 10;
/// Largest body of an answer.
const MAX_BODY: usize = 64 << 20;
/// How much is read at once.
const READ: usize = 16 << 10;

/// Where requests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The address that is connected to.
    pub address: SocketAddr,
    /// What the header `Host` says.
    pub host: String,
    /// What stands before every path; empty, or `/below`.
    pub base: String,
}

impl Target {
    /// Reads a URL: `http://127.0.0.1:8081`, with a path if the service is below one.
    ///
    /// # Errors
    ///
    /// If it is none, is not plain HTTP, or its host has no address.
    pub fn parse(url: &str) -> anyhow::Result<Self> {
        let rest = url.strip_prefix("http://").with_context(|| {
            format!("got `{url}`, expected http://HOST:PORT, the address that the process itself listens on")
        })?;
        let (host, base) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let place = if has_port { host.to_owned() } else { format!("{host}:80") };
        let address = place.to_socket_addrs().ok().and_then(|mut found| found.next());
        let address = address.with_context(|| {
            format!("got `{url}`, expected a host that has an address; `{host}` has none")
        })?;
        let base = base.trim_end_matches('/').to_owned();
        Ok(Self { address, host: host.to_owned(), base })
    }
}

impl From<SocketAddr> for Target {
    fn from(address: SocketAddr) -> Self {
        Self { address, host: address.to_string(), base: String::new() }
    }
}

/// A request, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The sender's own name for it, given back with the answer.
    pub id: u64,
}

impl Request {
    /// A `GET`.
    ///
    /// - `headers`: names and values, besides `Host`.
    #[must_use]
    pub fn get(target: &Target, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut head = head("GET", target, path, headers);
        head.push_str("\r\n");
        Self { bytes: head.into_bytes(), id: 0 }
    }

    /// A `POST`.
    ///
    /// - `headers`: names and values, besides `Host` and `Content-Length`.
    #[must_use]
    pub fn post(target: &Target, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let mut head = head("POST", target, path, headers);
        write!(head, "Content-Length: {}\r\n\r\n", body.len()).ok();
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        Self { bytes, id: 0 }
    }

    /// The same, under the sender's own name for it.
    #[must_use]
    pub fn named(mut self, id: u64) -> Self {
        self.id = id;
        self
    }
}

fn head(method: &str, target: &Target, path: &str, headers: &[(&str, &str)]) -> String {
    let Target { host, base, .. } = target;
    let mut head = String::with_capacity(256);
    write!(head, "{method} {base}{path} HTTP/1.1\r\nHost: {host}\r\n").ok();
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").ok();
    }
    head
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Seconds after which to ask again, if it says so.
    pub retry_after_s: Option<u64>,
    /// Whether the server closes the connection.
    pub closes: bool,
    /// Body.
    pub body: Vec<u8>,
}

/// How long a body is.
enum Length {
    Known(usize),
    Chunked,
    UntilClose,
}

/// Reads answers from a connection.
#[derive(Debug, Default)]
pub struct Reader {
    buffer: Vec<u8>,
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the answer {what}"))
}

impl Reader {
    /// Reads one answer.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::UnexpectedEof`] if the connection ends before the first byte of it; other kinds if it ends
    /// later, or the answer is malformed or too large.
    pub async fn read(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Answer> {
        self.buffer.clear();
        let mut seen = 0;
        let end = loop {
            if let Some(end) = find(&self.buffer, seen.max(3) - 3, b"\r\n\r\n") {
                break end;
            }
            seen = self.buffer.len();
            if seen > MAX_HEAD {
                return Err(malformed("has a head of more than 64 KiB"));
            }
            if !self.more(stream).await? {
                return Err(if seen == 0 {
                    io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed")
                } else {
                    malformed("ended within its head")
                });
            }
        };
        let (mut answer, length) = parse_head(&self.buffer[..end])?;
        // A server that goes on with 100 was asked to; we never ask.
        if answer.status < 200 {
            return Err(malformed("is an interim one"));
        }
        let begin = end + 4;
        let end = match length {
            Length::Known(length) => {
                answer.body = self.exactly(stream, begin, length).await?;
                begin + length
            }
            Length::Chunked => self.chunks(stream, begin, &mut answer.body).await?,
            Length::UntilClose => {
                while self.more(stream).await? {
                    self.check_size(begin)?;
                }
                answer.closes = true;
                answer.body = self.buffer.split_off(begin);
                begin
            }
        };
        if self.buffer.len() > end {
            return Err(malformed("is followed by bytes that nobody asked for"));
        }
        Ok(answer)
    }

    async fn more(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<bool> {
        self.buffer.reserve(READ);
        Ok(stream.read_buf(&mut self.buffer).await? > 0)
    }

    fn check_size(&self, begin: usize) -> io::Result<()> {
        if self.buffer.len() - begin > MAX_BODY {
            return Err(malformed("has a body of more than 64 MiB"));
        }
        Ok(())
    }

    /// The `length` bytes from `begin`, which are read if they are not there yet.
    async fn exactly(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        begin: usize,
        length: usize,
    ) -> io::Result<Vec<u8>> {
        if length > MAX_BODY {
            return Err(malformed("has a body of more than 64 MiB"));
        }
        while self.buffer.len() < begin + length {
            if !self.more(stream).await? {
                return Err(malformed("ended within its body"));
            }
        }
        Ok(self.buffer[begin..begin + length].to_vec())
    }

    /// Reads chunks into `body`; gives where they end.
    async fn chunks(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        mut at: usize,
        body: &mut Vec<u8>,
    ) -> io::Result<usize> {
        loop {
            let line_end = self.line_end(stream, at).await?;
            let line = std::str::from_utf8(&self.buffer[at..line_end]).unwrap_or_default();
            let digits = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(digits, 16)
                .map_err(|_| malformed("has a chunk without a size"))?;
            at = line_end + 2;
            if size == 0 {
                break;
            }
            if body.len().saturating_add(size) > MAX_BODY {
                return Err(malformed("has a body of more than 64 MiB"));
            }
            body.extend(self.exactly(stream, at, size).await?);
            self.exactly(stream, at + size, 2).await?;
            at += size + 2;
        }
        // Trailers, then an empty line.
        loop {
            let line_end = self.line_end(stream, at).await?;
            let is_last = line_end == at;
            at = line_end + 2;
            if is_last {
                return Ok(at);
            }
        }
    }

    async fn line_end(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        from: usize,
    ) -> io::Result<usize> {
        loop {
            if let Some(end) = find(&self.buffer, from, b"\r\n") {
                return Ok(end);
            }
            if self.buffer.len() - from > MAX_HEAD || !self.more(stream).await? {
                return Err(malformed("ended within a line"));
            }
        }
    }
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(what.len()).position(|window| window == what).map(|at| from + at)
}

fn parse_head(head: &[u8]) -> io::Result<(Answer, Length)> {
    let text = std::str::from_utf8(head).map_err(|_| malformed("has a head that is no text"))?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1."));
    let status = status.and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let mut answer =
        Answer { status: status.ok_or_else(|| malformed("has no status"))?, ..Answer::default() };
    let is_empty = matches!(answer.status, 204 | 304);
    let mut length = if is_empty { Length::Known(0) } else { Length::UntilClose };
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            return Err(malformed("has a header without a colon"));
        };
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") && !matches!(length, Length::Chunked) {
            let known = value.parse().map_err(|_| malformed("has a length that is no number"))?;
            length = Length::Known(known);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            length = Length::Chunked;
        } else if name.eq_ignore_ascii_case("connection") {
            answer.closes = value.eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("retry-after") {
            answer.retry_after_s = value.parse().ok();
        }
    }
    Ok((answer, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads one answer that comes in pieces of this many bytes.
    async fn read(text: &str, piece: usize) -> io::Result<Answer> {
        let (mut near, mut far) = tokio::io::duplex(piece);
        let bytes = text.as_bytes().to_vec();
        let sent = tokio::spawn(async move {
            tokio::io::AsyncWriteExt::write_all(&mut far, &bytes).await.ok();
        });
        let answer = Reader::default().read(&mut near).await;
        drop(near);
        sent.await.unwrap();
        answer
    }

    #[tokio::test]
    async fn an_answer_is_read_by_its_length_in_chunks_or_until_the_end() {
        for (text, status, body, closes) in [
            ("HTTP/1.1 202 Accepted\r\ncontent-length: 5\r\n\r\nhello", 202, "hello", false),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
                200,
                "abc0123456789",
                false,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: x\r\n\r\n",
                200,
                "",
                false,
            ),
            (
                "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                503,
                "",
                true,
            ),
            ("HTTP/1.0 200 OK\r\n\r\nall of it", 200, "all of it", true),
            ("HTTP/1.1 204 No Content\r\n\r\n", 204, "", false),
        ] {
            for piece in [1, 7, 4096] {
                let answer =
                    read(text, piece).await.unwrap_or_else(|error| panic!("{text}: {error}"));
                assert_eq!(answer.status, status, "{text}");
                assert_eq!(String::from_utf8_lossy(&answer.body), body, "{text}");
                assert_eq!(answer.closes, closes, "{text}");
            }
        }
        let answer =
            read("HTTP/1.1 429 No\r\nRetry-After: 60\r\ncontent-length: 0\r\n\r\n", 9).await;
        assert_eq!(answer.unwrap().retry_after_s, Some(60));
    }

    #[tokio::test]
    async fn a_malformed_answer_is_an_error_that_says_what_is_wrong() {
        for (text, words) in [
            ("", "the connection was closed"),
            ("HTTP/1.1 200", "ended within its head"),
            ("SSH-2.0\r\n\r\n", "no status"),
            ("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", "without a colon"),
            ("HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n", "no number"),
            ("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n", "more than 64 MiB"),
            ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort", "ended within its body"),
            ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nlong", "nobody asked for"),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "without a size"),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n",
                "more than 64 MiB",
            ),
            ("HTTP/1.1 100 Continue\r\n\r\n", "interim"),
        ] {
            let error = read(text, 4096).await.unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn a_target_is_a_plain_address_with_or_without_a_path() {
        let target = Target::parse("http://127.0.0.1:8081").unwrap();
        assert_eq!(target, Target::from(SocketAddr::from(([127, 0, 0, 1], 8081))));
        let below = Target::parse("http://127.0.0.1/trace/").unwrap();
        assert_eq!((below.address.port(), below.base.as_str()), (80, "/trace"));
        let request = Request::post(&below, "/capture", &[("X-A", "b")], b"{}");
        let text = "POST /trace/capture HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: b\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(String::from_utf8(request.bytes).unwrap(), text);
        for url in ["https://id.example.com", "127.0.0.1:8081", "http://", "http://127.0.0.1:x"] {
            let error = Target::parse(url).unwrap_err().to_string();
            assert!(error.contains(&format!("got `{url}`, expected")), "{error}");
        }
    }
}
