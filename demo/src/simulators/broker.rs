//! An MQTT broker in this process, on a free port of the loopback interface, and a device's connection to one.
//!
//! The way through: [`start`] gives the broker's address; [`Publisher::connect`] makes a device's session with it.
//!
//! What holds: what [`Publisher::flush`] waited for is with the broker.
//!
//! Not here: what devices say.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rumqttc::{Client, Event, MqttOptions, Outgoing, Packet, QoS};
use rumqttd::{Broker, Config, ConnectionSettings, RouterConfig, ServerSettings};

/// Largest message of a usual broker.
const USUAL_MESSAGE: usize = 1024 * 1024;
/// Longest wait for the broker.
const PATIENCE: Duration = Duration::from_mins(1);

/// Starts a broker and waits until it answers; it lives as long as the process.
///
/// # Errors
///
/// If it does not start.
pub fn start() -> Result<SocketAddr, String> {
    let listen = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map_err(|error| format!("no free port for the broker: {error}"))?;
    start_at(listen)
}

/// Starts a broker at an address.
///
/// # Errors
///
/// If it does not start.
pub fn start_at(listen: SocketAddr) -> Result<SocketAddr, String> {
    start_with(listen, USUAL_MESSAGE)
}

/// Starts a broker at an address that takes messages of up to `largest` bytes.
///
/// # Errors
///
/// If it does not start.
pub fn start_with(listen: SocketAddr, largest: usize) -> Result<SocketAddr, String> {
    run(listen, largest, None)
}

/// Starts a broker at a free address that takes nobody but `user` with `password`.
///
/// # Errors
///
/// If it does not start.
pub fn start_for(user: &str, password: &str) -> Result<SocketAddr, String> {
    let listen = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map_err(|error| format!("no free port for the broker: {error}"))?;
    run(listen, USUAL_MESSAGE, Some(HashMap::from([(user.to_owned(), password.to_owned())])))
}

fn run(
    listen: SocketAddr,
    largest: usize,
    auth: Option<HashMap<String, String>>,
) -> Result<SocketAddr, String> {
    let server = ServerSettings {
        name: "v4".to_owned(),
        listen,
        tls: None,
        next_connection_delay_ms: 1,
        connections: ConnectionSettings {
            connection_timeout_ms: 60_000,
            max_payload_size: largest,
            max_inflight_count: 500,
            auth,
            external_auth: None,
            dynamic_filters: true,
        },
    };
    let config = Config {
        id: 0,
        router: RouterConfig {
            max_connections: 100,
            max_outgoing_packet_count: 500,
            // Room for a pallet's reads several times over: the broker keeps all in memory.
            max_segment_size: 64 * 1024 * 1024,
            max_segment_count: 16,
            ..RouterConfig::default()
        },
        v4: Some(HashMap::from([("1".to_owned(), server)])),
        ..Config::default()
    };
    std::thread::spawn(move || Broker::new(config).start().map_err(|error| error.to_string()));
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect_timeout(&listen, Duration::from_millis(200)).is_err() {
        if Instant::now() > deadline {
            return Err(format!("the broker does not answer at {listen}"));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(listen)
}

/// A device's session with a broker.
pub struct Publisher {
    client: Client,
    acknowledged: Arc<AtomicU64>,
    sent: u64,
}

impl Publisher {
    /// Connects to the broker under a name of its own.
    ///
    /// # Errors
    ///
    /// None now; the first [`Publisher::flush`] says whether the broker answers.
    pub fn connect(broker: SocketAddr, name: &str) -> Result<Self, String> {
        let mut options = MqttOptions::new(name, broker.ip().to_string(), broker.port());
        options.set_keep_alive(Duration::from_secs(30)).set_inflight(100);
        options.set_max_packet_size(64 * USUAL_MESSAGE, 64 * USUAL_MESSAGE);
        let (client, mut connection) = Client::new(options, 1000);
        let acknowledged = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&acknowledged);
        std::thread::spawn(move || {
            for event in connection.iter() {
                match event {
                    Ok(Event::Incoming(Packet::PubAck(_))) => {
                        counter.fetch_add(1, Ordering::SeqCst);
                    }
                    Ok(Event::Outgoing(Outgoing::Disconnect)) => return,
                    Ok(_) => {}
                    Err(_) => std::thread::sleep(Duration::from_millis(100)),
                }
            }
        });
        Ok(Self { client, acknowledged, sent: 0 })
    }

    /// Publishes at `QoS` 1.
    ///
    /// - `retain`: whether the broker keeps it for late subscribers.
    ///
    /// # Errors
    ///
    /// If the connection is gone.
    pub fn publish(&mut self, topic: &str, payload: &[u8], retain: bool) -> Result<(), String> {
        self.client
            .publish(topic, QoS::AtLeastOnce, retain, payload)
            .map_err(|error| format!("publishing failed: {error}"))?;
        self.sent += 1;
        Ok(())
    }

    /// Waits until the broker has taken everything.
    ///
    /// # Errors
    ///
    /// If it does not within a minute.
    pub fn flush(&self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        while self.acknowledged.load(Ordering::SeqCst) < self.sent {
            if Instant::now() > deadline {
                return Err("the broker did not take all messages within a minute".into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.client.try_disconnect().ok();
    }
}
