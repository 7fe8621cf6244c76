//! Paths of ours to which a browser may be sent back.
//!
//! What holds: nothing that a browser could read as an address of somebody else is one; neither is the login, which would lead back to
//! itself.
//!
//! Source: WHATWG URL, section 4.4: `\` counts as `/`, and tabs and line breaks are left out.

/// Most characters of a path with its query.
const LONGEST: usize = 1000;

/// The path to go to: this one if it is ours, otherwise the home page.
#[must_use]
pub fn own_path(text: &str) -> &str {
    let is_plain =
        text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_path = text.starts_with('/') && !text.starts_with("//");
    let is_login = ["/login", "/logout"].iter().any(|begin| text.starts_with(begin));
    if is_plain && is_path && !is_login { text } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_to_another_site() {
        for own in ["/", "/items?epc=urn:epc:id:sgtin:9521141.012345.602&lang=zh", "/a//b", "/@x"] {
            assert_eq!(own_path(own), own);
        }
        let long = format!("/{}", "a".repeat(LONGEST));
        for other in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            " //evil.example",
            "javascript:alert(1)",
            "evil.example",
            "/中文",
            "/login?to=/login",
            "/logout",
            &long,
        ] {
            assert_eq!(own_path(other), "/", "{other}");
        }
    }
}
