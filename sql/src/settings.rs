//! How a process reaches PostgreSQL: URL, pool size, name.
//!
//! The way through: [`Settings::parse`] takes the TLS parameters out of the URL (tokio-postgres knows only some
//! of them), passes the rest to tokio-postgres, and adds the time limits that every connection has.
//!
//! What holds: no message and no debug output repeats the URL, which may hold a password.
//!
//! Not here: what the TLS parameters mean ([`crate::tls`]).
//!
//! Source: PostgreSQL 17 manual, section 32.1.2 (parameter key words).

use std::fmt;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::access::Access;
use crate::error::Error;
use crate::tls::{self, MakeTls, TlsParameters};

/// Connections in the pool of a process whose configuration names no number.
pub const DEFAULT_CONNECTIONS: usize = 12;
/// Fewest and most connections in the pool of one process: one for the writer's lease and one for work at least;
/// PostgreSQL's own default for a whole server is 100.
pub const CONNECTIONS: std::ops::RangeInclusive<usize> = 2..=200;

/// How a process reaches PostgreSQL.
#[derive(Clone)]
pub struct Settings {
    /// `postgresql://user@host/database`, with `sslmode`, `sslrootcert`, `sslcert` and `sslkey` as libpq has them.
    pub url: String,
    /// Most connections in the pool, 2 to 200.
    pub connections: usize,
    /// Name of the process in `pg_stat_activity`, outside transactions.
    pub application: &'static str,
    /// The role whose rights the connections have, if the URL is the owner's: PostgreSQL's parameter `role`. It keeps a
    /// fault from doing what the process never does; it does not stop somebody who runs `reset role`.
    pub role: Option<Access>,
}

/// Where PostgreSQL's own programs connect to, and the password apart.
pub(crate) struct Login {
    pub(crate) url: String,
    pub(crate) password: Option<String>,
}

impl Settings {
    /// Settings with [`DEFAULT_CONNECTIONS`] for the program `chopmark`.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connections: DEFAULT_CONNECTIONS,
            application: "chopmark",
            role: None,
        }
    }

    /// Checks the settings, the URL and the certificates that it names, without connecting.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] with what was expected.
    pub fn check(&self) -> Result<(), Error> {
        self.parse().map(drop)
    }

    /// What PostgreSQL's own programs need to connect: the URL without its password, and the password.
    pub(crate) fn login(&self) -> Result<Login, Error> {
        let (config, _) = self.parse()?;
        let password =
            config.get_password().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let (address, parameters) = self.url.split_once('?').unwrap_or((&self.url, ""));
        let (scheme, rest) = address.split_once("://").unwrap_or(("postgresql", address));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let user = user.split_once(':').map_or(user, |(user, _)| user);
        let at = if user.is_empty() { "" } else { "@" };
        let kept: Vec<&str> = parameters
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.starts_with("password="))
            .collect();
        let mark = if kept.is_empty() { "" } else { "?" };
        let url = format!("{scheme}://{user}{at}{host}/{path}{mark}{}", kept.join("&"));
        Ok(Login { url, password })
    }

    /// Checks the settings and gives what tokio-postgres needs to connect.
    pub(crate) fn parse(&self) -> Result<(Config, MakeTls), Error> {
        if !CONNECTIONS.contains(&self.connections) {
            return Err(Error::data(format!(
                "database connections: got {}, expected {} to {}",
                self.connections,
                CONNECTIONS.start(),
                CONNECTIONS.end()
            )));
        }
        let (url, parameters) = take_tls_parameters(&self.url)?;
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            // The cause names the parameter; it never holds its value.
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let cause = cause.unwrap_or_else(|| error.to_string());
            Error::data(format!("database url cannot be parsed: {cause}"))
        })?;
        config
            .connect_timeout(Duration::from_secs(5))
            .keepalives_idle(Duration::from_secs(30))
            .application_name(self.application)
            .options(self.options());
        // PostgreSQL has no TLS on unix sockets; libpq ignores `sslmode` there as well.
        let hosts = config.get_hosts();
        let is_local = !hosts.is_empty() && hosts.iter().all(|host| matches!(host, Host::Unix(_)));
        let parameters = if is_local { TlsParameters::disabled() } else { parameters };
        let (mode, connector) = tls::connector(&parameters)?;
        config.ssl_mode(mode);
        Ok((config, connector))
    }

    /// What every session is set to: limits of time, and plans that do not know how large a table was when they were made. A plan is
    /// made once a connection, perhaps while a table is empty, and then reading it whole looks cheapest; so an index is used
    /// wherever there is one (docs/decisions/0042).
    fn options(&self) -> String {
        let mut options = "-c statement_timeout=30s -c idle_in_transaction_session_timeout=60s \
                           -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off"
            .to_owned();
        if let Some(role) = self.role {
            options.push_str(" -c role=");
            options.push_str(role.role_name());
        }
        options
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Settings")
            .field("connections", &self.connections)
            .field("application", &self.application)
            .finish_non_exhaustive()
    }
}

/// The URL without its TLS parameters, and these.
fn take_tls_parameters(url: &str) -> Result<(String, TlsParameters), Error> {
    if !url.starts_with("postgresql://") && !url.starts_with("postgres://") {
        return Err(Error::data(
            "database url cannot be parsed: expected `postgresql://user@host/database`",
        ));
    }
    let mut parameters = TlsParameters::default();
    let Some((address, query)) = url.split_once('?') else {
        return Ok((url.to_owned(), parameters));
    };
    let mut others = Vec::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decode_str(value).decode_utf8().map_err(|_| {
            Error::data(format!("parameter `{name}` of the database url is not UTF-8"))
        })?;
        if !parameters.set(name, &value)? {
            others.push(pair);
        }
    }
    let mut rest = address.to_owned();
    if !others.is_empty() {
        rest.push('?');
        rest.push_str(&others.join("&"));
    }
    Ok((rest, parameters))
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::SslMode;

    use super::*;

    fn parse(url: &str) -> Result<Config, Error> {
        Settings::new(url).parse().map(|(config, _)| config)
    }

    #[test]
    fn tls_parameters_leave_the_url_and_the_others_stay() {
        let config = parse("postgresql://a@h/d?sslmode=require&target_session_attrs=read-write")
            .expect("usable");
        assert_eq!(config.get_ssl_mode(), SslMode::Require);
        assert_eq!(config.get_user(), Some("a"));
        assert_eq!(config.get_dbname(), Some("d"));
    }

    #[test]
    fn without_sslmode_a_host_is_asked_for_tls_and_a_unix_socket_is_not() {
        let mode = |url: &str| parse(url).expect("usable").get_ssl_mode();
        assert_eq!(mode("postgresql://a@h/d"), SslMode::Prefer);
        assert_eq!(mode("postgresql://a@h/d?sslmode=disable"), SslMode::Disable);
        assert_eq!(mode("postgresql://a@/d?host=%2Ftmp"), SslMode::Disable);
        assert_eq!(mode("postgresql://a@/d?host=%2Ftmp&sslmode=verify-full"), SslMode::Disable);
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_showing_the_password() {
        for (url, message) in [
            ("host=h user=a password=hidden", "expected `postgresql://user@host/database`"),
            ("postgresql://a:hidden@h/d?sslmode=allow", "got `allow`"),
            ("postgresql://a:hidden@h/d?sslmode=verify-full", "sslrootcert"),
            ("postgresql://a:hidden@h/d?sslmode=require&sslrootcert=system", "verify-full"),
            ("postgresql://a:hidden@h/d?sslmode=require&sslrootcert=%2Fno.pem", "/no.pem"),
            ("postgresql://a:hidden@h/d?sslcert=c.pem", "sslkey"),
            ("postgresql://a:hidden@h/d?colour=red", "colour"),
        ] {
            let error = parse(url).expect_err(url).to_string();
            assert!(error.contains(message), "{url}: {error}");
            assert!(!error.contains("hidden"), "{error}");
        }
        let settings = Settings::new("postgresql://a:hidden@h/d");
        assert!(!format!("{settings:?}").contains("hidden"));
    }

    #[test]
    fn programs_of_postgresql_get_the_url_without_its_password() {
        for (url, expected, password) in [
            (
                "postgresql://a:s%40x@h:1/d?sslmode=disable",
                "postgresql://a@h:1/d?sslmode=disable",
                Some("s@x"),
            ),
            (
                "postgresql://a@/d?host=%2Ftmp&password=s",
                "postgresql://a@/d?host=%2Ftmp",
                Some("s"),
            ),
            ("postgresql://h/d", "postgresql://h/d", None),
        ] {
            let login = Settings::new(url).login().expect(url);
            assert_eq!((login.url.as_str(), login.password.as_deref()), (expected, password));
        }
    }

    #[test]
    fn a_pool_has_two_to_two_hundred_connections() {
        for (connections, is_usable) in [(1, false), (2, true), (200, true), (201, false)] {
            let settings = Settings { connections, ..Settings::new("postgresql://a@h/d") };
            assert_eq!(settings.parse().is_ok(), is_usable, "{connections}");
        }
    }
}
