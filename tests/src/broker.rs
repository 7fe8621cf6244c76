//! An MQTT broker in this process, on a free port of the loopback interface.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use rumqttd::{Broker, Config, ConnectionSettings, RouterConfig, ServerSettings};

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
    let server = ServerSettings {
        name: "v4".to_owned(),
        listen,
        tls: None,
        next_connection_delay_ms: 1,
        connections: ConnectionSettings {
            connection_timeout_ms: 60_000,
            max_payload_size: 1024 * 1024,
            max_inflight_count: 500,
            auth: None,
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
