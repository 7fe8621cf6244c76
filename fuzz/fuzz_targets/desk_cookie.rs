//! Cookies and ways back as browsers send them to the desk: read in full or not at all, and nothing leads to another site.
#![no_main]

use access::{Channel, Cookie, SameSite, SessionSecret};
use desk::own_path::own_path;
use gate::login::PendingLogin;
use libfuzzer_sys::fuzz_target;

const COOKIE: Cookie = Cookie {
    name: "chopmark-session",
    same_site: SameSite::Strict,
    lasts: jiff::SignedDuration::from_hours(12),
};

fuzz_target!(|text: &str| {
    let (first, second) = text.split_once('\n').unwrap_or((text, ""));
    for channel in [Channel::Tls, Channel::Loopback] {
        let Some(value) = COOKIE.value(channel, &[first, second]) else { continue };
        assert!(first.contains(value) || second.contains(value));
        let doubled = [first, second, first, second];
        assert_eq!(COOKIE.value(channel, &doubled), None, "a cookie that comes twice is none");
    }
    if let Some(secret) = SessionSecret::parse(text) {
        assert_eq!(SessionSecret::parse(&secret.text()), Some(secret.clone()));
        assert!(secret.is_csrf(&secret.csrf()));
    }
    if let Some(pending) = PendingLogin::parse(text) {
        assert_eq!(PendingLogin::parse(&pending.text()), Some(pending.clone()));
        let back = own_path(&pending.way_back);
        assert!(back.starts_with('/') && !back.starts_with("//"), "{back}");
    }
    let path = own_path(text);
    assert!(path.starts_with('/') && !path.starts_with("//") && !path.contains('\\'), "{path}");
    assert!(path.bytes().all(|byte| byte.is_ascii_graphic()), "{path}");
});
