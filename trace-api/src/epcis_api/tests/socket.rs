//! Results over a WebSocket: a real server on the loopback interface, and a client that nobody here wrote.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use actix_web::HttpServer;
use actix_web::dev::ServerHandle;
use tungstenite::client::IntoClientRequest as _;
use tungstenite::http::HeaderValue;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{HandshakeError, Message, WebSocket};

use super::stored::post;
use super::*;

const QUERY: &str =
    r#"{"name":"storing","query":{"eventType":["ObjectEvent"],"EQ_bizStep":["storing"]}}"#;
const PATH: &str = "/queries/storing/events";
const WITHIN: Duration = Duration::from_secs(20);

/// The journey with the query, served.
struct Served {
    scene: Scene,
    address: SocketAddr,
    handle: ServerHandle,
}

impl Served {
    async fn new(name: &str) -> Self {
        let scene = partner_scene(name).await;
        for who in [FACTORY_KEY, AUDITOR] {
            let stored = post(&scene, who, "/queries", QUERY).await;
            // An auditor stores no queries.
            assert_eq!(
                stored.status,
                if who == FACTORY_KEY { 201 } else { 403 },
                "{}",
                stored.body
            );
        }
        let state = scene.state.clone();
        let server =
            HttpServer::new(move || crate::http::application(state.clone(), Audience::Public))
                .workers(1)
                .disable_signals()
                .shutdown_timeout(1)
                .bind("127.0.0.1:0")
                .expect("a port");
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { scene, address, handle }
    }

    /// A connection of a caller, or the status of its refusal.
    async fn connect(&self, who: Option<(&str, &str)>, parameters: &str) -> Result<Client, u16> {
        let address = self.address;
        let mut request =
            format!("ws://{address}{PATH}{parameters}").into_client_request().expect("a request");
        if let Some((_, value)) = who {
            let value = HeaderValue::from_str(value).expect("a key");
            request.headers_mut().insert("Authorization", value);
        }
        let connect = move || {
            let stream = TcpStream::connect(address).expect("a connection");
            stream.set_read_timeout(Some(WITHIN)).expect("a timeout");
            match tungstenite::client(request, stream) {
                Ok((socket, response)) => {
                    assert!(response.headers().contains_key("gs1-query-min-record-time"));
                    Ok(Client(Some(socket)))
                }
                Err(HandshakeError::Failure(tungstenite::Error::Http(response))) => {
                    Err(response.status().as_u16())
                }
                Err(error) => panic!("{error}"),
            }
        };
        tokio::task::spawn_blocking(connect).await.expect("the client ends")
    }

    async fn record(&self, number: usize) {
        let at = format!("2026-11-24T12:00:{number:02}.000+08:00");
        let id = format!("urn:uuid:20000000-0000-4000-8000-{number:012}");
        let event = complete(object_event(&at, "storing"), &id);
        self.scene.site.append(&[event], "2026-11-24T05:00:00Z").await;
        project(&self.scene).await;
    }

    fn taken(&self) -> u64 {
        self.scene.state.metrics.messages.with_label_values(&["taken"]).get()
    }

    /// Waits until that many messages have arrived.
    async fn wait_taken(&self, count: u64) {
        let begun = Instant::now();
        while self.taken() != count {
            assert!(begun.elapsed() < WITHIN, "got {}, expected {count}", self.taken());
            tokio::task::yield_now().await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// The other end.
struct Client(Option<WebSocket<TcpStream>>);

impl Client {
    /// Does something that waits, where waiting is allowed.
    async fn with<T: Send + 'static>(
        &mut self,
        act: impl FnOnce(&mut WebSocket<TcpStream>) -> T + Send + 'static,
    ) -> T {
        let mut socket = self.0.take().expect("it is open");
        let done = tokio::task::spawn_blocking(move || {
            let done = act(&mut socket);
            (socket, done)
        });
        let (socket, done) = done.await.expect("the client ends");
        self.0 = Some(socket);
        done
    }

    /// The next message; pings are answered when the one after them is asked for.
    async fn next(&mut self) -> Message {
        let next = |socket: &mut WebSocket<TcpStream>| loop {
            let message = socket.read().expect("a message");
            if !message.is_ping() {
                return message;
            }
        };
        self.with(next).await
    }

    /// The last digits of the ids of the events of the next message.
    async fn ids(&mut self) -> Vec<String> {
        let message = self.next().await;
        let document: Value = serde_json::from_str(message.to_text().expect("text")).expect("JSON");
        let results = &document["epcisBody"]["queryResults"];
        assert_eq!(results["queryName"], "storing");
        let events = results["resultsBody"]["eventList"].as_array().expect("a list");
        assert_eq!(document["chopmark:evidence"].as_array().expect("a list").len(), events.len());
        let ids = events.iter().map(|one| one["eventID"].as_str().expect("an id"));
        ids.map(|id| id[id.len() - 1..].to_owned()).collect()
    }

    /// Code and text of the close frame that comes next.
    async fn closed(&mut self) -> (CloseCode, String) {
        match self.next().await {
            Message::Close(Some(frame)) => (frame.code, frame.reason.to_string()),
            other => panic!("got {other:?}, expected the end"),
        }
    }
}

#[actix_web::test]
async fn what_is_recorded_after_connecting_comes_once_and_in_order() {
    let served = Served::new("socket_stream").await;
    let mut client = served.connect(Some(FACTORY_KEY), "?stream=true").await.expect("open");
    served.record(1).await;
    assert_eq!(client.ids().await, ["1"], "and nothing of before");
    for number in 2..=4 {
        served.record(number).await;
    }
    let mut found = Vec::new();
    while found.len() < 3 {
        found.extend(client.ids().await);
    }
    assert_eq!(found, ["2", "3", "4"]);
    let mut older = served
        .connect(Some(FACTORY_KEY), "?stream=true&initialRecordTime=2026-11-24T00:00:00Z")
        .await
        .expect("open");
    assert_eq!(older.ids().await, ["1", "2", "3", "4"], "who connects again misses nothing");
    served.handle.stop(false).await;
}

#[actix_web::test]
async fn a_client_that_does_not_read_holds_one_message_and_no_more() {
    let served = Served::new("socket_slow").await;
    let mut client = served.connect(Some(FACTORY_KEY), "?stream=true").await.expect("open");
    served.record(1).await;
    assert_eq!(client.ids().await, ["1"]);
    // The ping behind the message waits in the client's buffer, so this message is not known to have arrived.
    for number in 2..=3 {
        served.record(number).await;
    }
    assert_eq!(served.taken(), 0);
    assert_eq!(client.ids().await, ["2", "3"], "in one message, made after the first was taken");
    let answered = |socket: &mut WebSocket<TcpStream>| {
        assert!(socket.read().expect("a ping").is_ping());
        socket.flush().expect("its pong is sent");
    };
    client.with(answered).await;
    served.wait_taken(2).await;
    served.handle.stop(false).await;
}

#[actix_web::test]
async fn a_key_that_is_revoked_closes_its_connections_before_anything_is_sent() {
    let served = Served::new("socket_revoked").await;
    let mut client = served.connect(Some(FACTORY_KEY), "?stream=true").await.expect("open");
    let key = ApiKey::parse(FACTORY_KEY.1.trim_start_matches("Bearer ")).expect("a key");
    let now = served.scene.state.clock.now();
    let revoke =
        async |tx: &sql::Transaction<'_>| sql::access_keys::revoke(tx, key.prefix(), now).await;
    assert!(served.scene.db.db().run_tx("test.revoke", revoke).await.expect("revoked"));
    served.record(1).await;
    let (code, why) = client.closed().await;
    assert_eq!(code, CloseCode::Policy, "{why}");
    assert!(!why.is_empty());
    served.handle.stop(false).await;
}

#[actix_web::test]
async fn a_schedule_sends_at_its_moments_and_says_so_when_there_is_nothing() {
    let served = Served::new("socket_schedule").await;
    // It is 08:00:00 UTC.
    let parameters = "?hour=9&minute=[0-59]&reportIfEmpty=true";
    let mut client = served.connect(Some(FACTORY_KEY), parameters).await.expect("open");
    served.record(1).await;
    served.scene.state.clock.advance(Duration::from_hours(1));
    assert_eq!(client.ids().await, ["1"], "09:00");
    let answered = |socket: &mut WebSocket<TcpStream>| {
        assert!(socket.read().expect("a ping").is_ping());
        socket.flush().expect("its pong is sent");
    };
    client.with(answered).await;
    served.wait_taken(1).await;
    served.scene.state.clock.advance(Duration::from_mins(1));
    assert_eq!(client.ids().await, Vec::<String>::new(), "09:01, nothing new");
    served.handle.stop(false).await;
}

#[actix_web::test]
async fn a_client_that_talks_and_a_server_that_stops_end_the_connection() {
    let served = Served::new("socket_ends").await;
    let mut talks = served.connect(Some(FACTORY_KEY), "?stream=true").await.expect("open");
    talks.with(|socket| socket.send(Message::text("hello")).expect("sent")).await;
    assert_eq!(talks.closed().await.0, CloseCode::Unsupported);
    let mut waits = served.connect(Some(FACTORY_KEY), "?stream=true").await.expect("open");
    served.scene.state.sockets.close_all();
    assert_eq!(waits.closed().await.0, CloseCode::Away);
    served.handle.stop(false).await;
}

#[actix_web::test]
async fn what_is_not_asked_rightly_is_no_connection() {
    let served = Served::new("socket_refused").await;
    for (who, parameters, status) in [
        (None, "?stream=true", 401),
        (Some(STRANGER), "?stream=true", 404),
        (Some(FACTORY_KEY), "", 400),
        (Some(FACTORY_KEY), "?stream=true&minute=5", 400),
        (Some(FACTORY_KEY), "?stream=yes", 400),
        (Some(FACTORY_KEY), "?minute=60", 400),
        (Some(FACTORY_KEY), "?stream=true&initialRecordTime=now", 400),
        (Some(FACTORY_KEY), "?stream=true&EQ_bizStep=storing", 400),
        // What they read is recorded, and they give no reason.
        (Some(REGULATOR), "?stream=true", 400),
    ] {
        let refused = served.connect(who, parameters).await.err();
        assert_eq!(refused, Some(status), "{who:?} {parameters}");
    }
    let mut open = Vec::new();
    for number in 0..20 {
        let client = served.connect(Some(FACTORY_KEY), "?stream=true").await;
        open.push(client.unwrap_or_else(|status| panic!("{status} at {number}")));
    }
    assert_eq!(served.connect(Some(FACTORY_KEY), "?stream=true").await.err(), Some(403));
    // A place is free when the server has seen that a connection ended.
    drop(open.pop());
    let begun = Instant::now();
    while served.connect(Some(FACTORY_KEY), "?stream=true").await.is_err() {
        assert!(begun.elapsed() < WITHIN, "the place is never free");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    served.handle.stop(false).await;
}
