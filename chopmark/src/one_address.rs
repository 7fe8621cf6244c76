//! Whether ingest and trace-api are answered at one address, and what that needs.
//!
//! The way through: [`check`] with the rest of a configuration; `up` asks [`is_shared`] and lets the two roles meet
//! (`process::one_address`).
//!
//! What holds: an address is shared only by roles of one process that show the same certificate.

use std::net::SocketAddr;

use process::config::{Installation, Problem, Problems};

use crate::role::{Resolved, Role};

/// The address that both sections name; none if they name two, or if the system chooses.
pub fn of(installation: &Installation) -> Option<SocketAddr> {
    let (ingest, trace) = (installation.ingest.as_ref()?, installation.trace_api.as_ref()?);
    Some(ingest.listen).filter(|listen| *listen == trace.listen && listen.port() != 0)
}

/// Whether two of these roles share an address.
pub fn is_shared(roles: &[Resolved]) -> bool {
    let ingest = roles.iter().find_map(|role| match role {
        Resolved::Ingest(config) => Some(config.settings.listen),
        _ => None,
    });
    let trace = roles.iter().find_map(|role| match role {
        Resolved::TraceApi(config) => Some(config.listen),
        _ => None,
    });
    ingest.is_some_and(|listen| trace == Some(listen) && listen.port() != 0)
}

/// What is wrong with an address that both sections name.
///
/// - `roles`: those that one process runs.
///
/// # Errors
///
/// [`Problems`].
pub fn check(installation: &Installation, roles: &[Role]) -> Result<(), Problems> {
    let (Some(ingest), Some(trace)) = (&installation.ingest, &installation.trace_api) else {
        return Ok(());
    };
    let Some(listen) = of(installation) else { return Ok(()) };
    let mut problems = Problems::default();
    let alone = match (roles.contains(&Role::Ingest), roles.contains(&Role::TraceApi)) {
        (true, false) => Some(("[ingest]", "[trace_api]")),
        (false, true) => Some(("[trace_api]", "[ingest]")),
        _ => None,
    };
    if let Some((own, other)) = alone {
        let got = format!("{listen}, which is that of {other} as well");
        let expected = "another one for roles that run as processes of their own; one `chopmark up` that runs both roles shares it";
        problems.push(Problem::value(own, "listen", got, expected));
        return problems.unless_any(Some(()));
    }
    for (key, own, other) in [
        ("tls_certificate", &ingest.tls_certificate, &trace.tls_certificate),
        ("tls_key", &ingest.tls_key, &trace.tls_key),
        ("tls_client_ca", &ingest.tls_client_ca, &trace.tls_client_ca),
        ("tls_client_crl", &ingest.tls_client_crl, &trace.tls_client_crl),
    ] {
        if own != other {
            let shown = |path: &Option<std::path::PathBuf>| {
                path.as_ref().map_or_else(|| "none".to_owned(), |path| path.display().to_string())
            };
            let expected =
                format!("{}, as in [trace_api], since both listen on {listen}", shown(other));
            problems.push(Problem::value("[ingest]", key, shown(own), expected));
        }
    }
    problems.unless_any(Some(()))
}
