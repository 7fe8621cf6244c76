//! Links to what is known about a code elsewhere, and the types of such links.
//!
//! Not here: which links a code has, and which of them fits a request ([`crate::link_set`]).
//!
//! Source: GS1-Conformant Resolver 1.2; GS1's web vocabulary.

/// GS1's vocabulary, in which types of links are defined.
pub const GS1_VOC: &str = "https://ref.gs1.org/voc/";
/// Its former address.
const FORMER_VOC: &str = "https://gs1.org/voc/";
/// Most characters of a type that is asked for.
const MAX_TYPE: usize = 200;

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its type, a URI: `https://ref.gs1.org/voc/pip`.
    pub kind: String,
    /// Where it leads.
    pub href: String,
    /// For people.
    pub title: String,
    /// Language of what is there, a tag: `zh`.
    pub lang: Option<String>,
    /// Media type of what is there: `text/html`.
    pub media: Option<String>,
}

/// The URI of a type of link: `gs1:pip` and both addresses of GS1's vocabulary give the same; another URI is itself.
///
/// `None` if it is neither.
#[must_use]
pub fn kind_of(text: &str) -> Option<String> {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let name = ["gs1:", GS1_VOC, FORMER_VOC].iter().find_map(|start| text.strip_prefix(start));
    if let Some(name) = name {
        return is_name(name).then(|| format!("{GS1_VOC}{name}"));
    }
    let is_other = text.len() <= MAX_TYPE
        && text.starts_with("https://")
        && text.chars().all(|c| c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c));
    is_other.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_type_is_one_and_what_is_none_is_refused() {
        for text in ["gs1:pip", "https://ref.gs1.org/voc/pip", "https://gs1.org/voc/pip"] {
            assert_eq!(kind_of(text).as_deref(), Some("https://ref.gs1.org/voc/pip"), "{text}");
        }
        let other = "https://schema.org/review";
        assert_eq!(kind_of(other).as_deref(), Some(other));
        for text in ["", "pip", "gs1:", "gs1:a b", "javascript:1", "http://x/y", "https://x/\"y"] {
            assert_eq!(kind_of(text), None, "{text}");
        }
    }
}
