//! Cookies that keep a secret in one browser, and no other host's.
//!
//! What holds:
//!
//! - with TLS a cookie has the prefix `__Host-`: browsers take it only with `Secure`, for this very host and all its paths, so that
//!   no other name of the same domain can set it;
//! - without TLS a cookie is for this machine alone, and has another name: what was set without TLS is never taken with it;
//! - a cookie that comes twice is none: somebody else may have set one of them.
//!
//! Sources: RFC 6265 and its revision (`__Host-`, `SameSite`); decision 0071.

use jiff::SignedDuration;

/// How browsers reach us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// With TLS, ours or that of a proxy in front.
    Tls,
    /// Without, from this machine only.
    Loopback,
}

/// When a browser sends a cookie along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// Never with what another site led to.
    Strict,
    /// Also when another site leads here by a link or a redirect.
    Lax,
}

/// A cookie of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cookie {
    /// Its name, without a prefix.
    pub name: &'static str,
    /// When it is sent.
    pub same_site: SameSite,
    /// How long the browser keeps it.
    pub lasts: SignedDuration,
}

impl Cookie {
    fn full_name(self, channel: Channel) -> String {
        match channel {
            Channel::Tls => format!("__Host-{}", self.name),
            Channel::Loopback => self.name.to_owned(),
        }
    }

    /// The `Set-Cookie` header that gives `value` to the browser.
    ///
    /// - `value`: letters, digits, `-`, `_` and `.` only.
    #[must_use]
    pub fn set(self, channel: Channel, value: &str) -> String {
        self.header(channel, value, self.lasts.as_secs())
    }

    /// The `Set-Cookie` header that takes it away.
    #[must_use]
    pub fn end(self, channel: Channel) -> String {
        self.header(channel, "", 0)
    }

    fn header(self, channel: Channel, value: &str, age: i64) -> String {
        let name = self.full_name(channel);
        let secure = match channel {
            Channel::Tls => " Secure;",
            Channel::Loopback => "",
        };
        let same_site = match self.same_site {
            SameSite::Strict => "Strict",
            SameSite::Lax => "Lax",
        };
        format!("{name}={value}; Path=/; Max-Age={age};{secure} HttpOnly; SameSite={same_site}")
    }

    /// Its value in the `Cookie` headers of a request; none if there is none, or more than one.
    #[must_use]
    pub fn value<'a>(self, channel: Channel, headers: &[&'a str]) -> Option<&'a str> {
        let name = self.full_name(channel);
        let pairs = headers.iter().flat_map(|header| header.split(';'));
        let mut values = pairs.filter_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            // RFC 6265 section 5.2: what is around the sign does not count.
            (key.trim_end() == name).then(|| value.trim_start())
        });
        let (value, None) = (values.next()?, values.next()) else { return None };
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Cookie = Cookie {
        name: "chopmark-session",
        same_site: SameSite::Strict,
        lasts: SignedDuration::from_hours(12),
    };

    #[test]
    fn with_tls_a_cookie_is_of_this_very_host_and_hidden_from_scripts() {
        let set = OURS.set(Channel::Tls, "abc");
        assert_eq!(
            set,
            "__Host-chopmark-session=abc; Path=/; Max-Age=43200; Secure; HttpOnly; SameSite=Strict"
        );
        let end = OURS.end(Channel::Tls);
        assert!(end.starts_with("__Host-chopmark-session=; Path=/; Max-Age=0; Secure;"), "{end}");
    }

    #[test]
    fn a_cookie_that_comes_twice_is_none() {
        let value = |headers: &[&str]| OURS.value(Channel::Tls, headers).map(str::to_owned);
        let one = "__Host-chopmark-session=abc";
        assert_eq!(value(&[&format!("a=b; {one}; c=d")]).as_deref(), Some("abc"));
        for twice in [
            vec![format!("{one}; __Host-chopmark-session=tossed")],
            vec![format!("{one}; {one}")],
            vec![one.to_owned(), "__Host-chopmark-session=tossed".to_owned()],
            vec![format!("{one}; __Host-chopmark-session =tossed")],
        ] {
            let headers: Vec<&str> = twice.iter().map(String::as_str).collect();
            assert_eq!(value(&headers), None, "{twice:?}");
        }
        assert_eq!(value(&["a=b", ""]), None);
    }

    #[test]
    fn what_was_set_without_tls_is_not_taken_with_it() {
        let plain = OURS.set(Channel::Loopback, "abc");
        assert!(plain.starts_with("chopmark-session=abc; Path=/;") && !plain.contains("Secure"));
        let pair = plain.split(';').next().unwrap();
        assert_eq!(OURS.value(Channel::Tls, &[pair]), None);
        assert_eq!(OURS.value(Channel::Loopback, &[pair]), Some("abc"));
        assert_eq!(OURS.value(Channel::Loopback, &["__Host-chopmark-session=abc"]), None);
    }
}
