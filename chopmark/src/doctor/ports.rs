//! Addresses that the processes listen on: free, already served by one of ours, or taken by another program.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use process::config::Installation;

use super::check::Check;
use crate::one_address;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Looks at every address.
pub fn look(installation: &Installation) -> Vec<Check> {
    let mut addresses: Vec<(&str, SocketAddr)> = Vec::new();
    if let Some(address) = one_address::of(installation) {
        addresses.push(("[ingest] and [trace_api] listen", address));
    } else if let Some(ingest) = &installation.ingest {
        addresses.push(("[ingest] listen", ingest.listen));
    }
    if let Some(anchor) = &installation.anchor {
        addresses.push(("[anchor] listen", anchor.listen));
    }
    if let Some(trace) = &installation.trace_api {
        if one_address::of(installation).is_none() {
            addresses.push(("[trace_api] listen", trace.listen));
        }
        addresses.push(("[trace_api] internal_listen", trace.internal_listen));
    }
    if let Some(desk) = &installation.desk {
        addresses.push(("[desk] listen", desk.listen));
        addresses.push(("[desk] internal_listen", desk.internal_listen));
    }
    if let Some(bridge) = &installation.firmware_bridge {
        addresses.push(("[firmware_bridge] listen", bridge.listen));
    }
    let mut checks = Vec::new();
    for (place, (key, address)) in addresses.iter().enumerate() {
        let earlier = addresses[..place].iter().find(|(_, other)| other == address);
        checks.push(match earlier {
            Some((other, _)) if address.port() != 0 => Check::failed(
                *key,
                format!("{address} is that of {other} too"),
                "give each an address of its own",
            ),
            _ => one(key, *address),
        });
    }
    checks
}

fn one(key: &str, address: SocketAddr) -> Check {
    match TcpListener::bind(address).map_err(|error| (error.kind(), error)) {
        Ok(_) => Check::ok(key, format!("{address} is free")),
        Err((ErrorKind::AddrInUse, _)) if is_alive(address) => {
            Check::ok(key, format!("{address} is served already"))
        }
        Err((ErrorKind::AddrInUse, _)) => Check::failed(
            key,
            format!("{address} is taken by a program that does not answer /healthz as ours do"),
            format!(
                "stop it (`ss -ltnp 'sport = :{}'` names it), or choose another port",
                address.port()
            ),
        ),
        Err((ErrorKind::PermissionDenied, _)) => Check::failed(
            key,
            format!("{address}: this user may not listen on a port below 1024"),
            "choose a port from 1024 on, with a proxy before it, or give the service CAP_NET_BIND_SERVICE",
        ),
        Err((ErrorKind::AddrNotAvailable, _)) => Check::failed(
            key,
            format!("{address}: this machine has no such address"),
            "name one that `ip address` lists, 0.0.0.0 for all of them, or 127.0.0.1",
        ),
        Err((_, error)) => {
            Check::failed(key, format!("{address}: {error}"), "choose another address")
        }
    }
}

/// Whether one of our processes answers there, in clear or behind TLS that speaks of its own.
fn is_alive(address: SocketAddr) -> bool {
    let own = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let ask = || -> std::io::Result<Vec<u8>> {
        let mut stream =
            TcpStream::connect_timeout(&SocketAddr::new(own, address.port()), PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream
            .write_all(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.take(4096).read_to_end(&mut answer)?;
        Ok(answer)
    };
    // An alert of TLS: somebody there wants a handshake first.
    ask().is_ok_and(|answer| answer.ends_with(b"alive\n") || answer.starts_with(&[0x15, 0x03]))
}
