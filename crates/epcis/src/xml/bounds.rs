//! Bounds of an XML text, checked before it is parsed: its size, depth, attributes and namespaces, and no DTD.
//!
//! What holds: after [`check`], parsing costs time and memory in proportion to the size of the text; nothing in the text
//! can define an entity. A DOCTYPE that only names the root element is harmless and accepted: GS1's own examples have it.
//!
//! Not here: whether the text is well-formed, which the parser checks.
//!
//! Source: XML 1.0, sections 2.8 and 4.

/// Limits on what is parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes.
    pub max_bytes: usize,
    /// Most elements nested in one another.
    pub max_depth: usize,
    /// Most elements, texts and comments, and most attributes.
    pub max_nodes: u32,
}

impl Default for Limits {
    /// 16 MiB, 32 deep, 2 million nodes. The JSON form of 32 elements in one another is within the default depth of
    /// [`ledger::json::Limits`].
    fn default() -> Self {
        Self { max_bytes: 16 * 1024 * 1024, max_depth: 32, max_nodes: 2_000_000 }
    }
}

/// Most attributes of one element, declarations of namespaces included. The largest element of the standard has 24.
const ATTRIBUTES: u32 = 128;
/// Most namespaces in scope at one place.
const IN_SCOPE: usize = 256;
/// Most namespaces in scope, summed over the elements that declare one: the parser copies them there.
const COPIES: usize = 4_000_000;

/// What is out of bounds, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outside {
    /// Byte in the text.
    pub at: usize,
    pub problem: &'static str,
    pub expected: String,
}

/// Checks `text`, and returns whether it has a DOCTYPE (that only names the root element).
pub(super) fn check(text: &str, limits: &Limits) -> Result<bool, Outside> {
    let mut scan =
        Scan { text, limits, open: Vec::new(), attributes: 0, copies: 0, has_doctype: false };
    let mut at = 0;
    // What is cut off in the middle of a tag is left to the parser, which reports it.
    while let Some(place) = find(text, at, "<") {
        let Some(end) = scan.markup(place)? else { break };
        at = end;
    }
    Ok(scan.has_doctype)
}

fn find(text: &str, from: usize, what: &str) -> Option<usize> {
    text.get(from..)?.find(what).map(|place| from + place)
}

struct Scan<'a> {
    text: &'a str,
    limits: &'a Limits,
    /// How many namespaces are in scope in each open element.
    open: Vec<usize>,
    attributes: u32,
    copies: usize,
    has_doctype: bool,
}

impl Scan<'_> {
    /// Reads the markup that starts at `at`, and returns the byte after it; `None` if it has no end.
    fn markup(&mut self, at: usize) -> Result<Option<usize>, Outside> {
        let rest = self.text.get(at..).unwrap_or_default();
        for (start, end) in [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")] {
            if rest.starts_with(start) {
                return Ok(find(self.text, at + start.len(), end).map(|place| place + end.len()));
            }
        }
        if rest.starts_with("<!") {
            return self.doctype(at).map(Some);
        }
        if rest.starts_with("</") {
            self.open.pop();
            return Ok(find(self.text, at, ">").map(|place| place + 1));
        }
        self.start_tag(at)
    }

    fn doctype(&mut self, at: usize) -> Result<usize, Outside> {
        let expected = "no DTD and no entities of its own; `<!DOCTYPE name>` at most".to_owned();
        let outside = Outside { at, problem: "has a DTD", expected };
        let rest = self.text.get(at..).unwrap_or_default();
        let Some(end) = rest.find('>') else { return Err(outside) };
        let name = rest.get(..end).and_then(|inner| inner.strip_prefix("<!DOCTYPE"));
        let is_bare = name.is_some_and(|name| {
            let mut words = name.split_ascii_whitespace();
            let word = words.next().unwrap_or_default();
            let is_name = |c: char| c.is_alphanumeric() || "_-.:".contains(c);
            !word.is_empty() && words.next().is_none() && word.chars().all(is_name)
        });
        if !is_bare || self.has_doctype || !self.open.is_empty() {
            return Err(outside);
        }
        self.has_doctype = true;
        Ok(at + end + 1)
    }

    fn start_tag(&mut self, at: usize) -> Result<Option<usize>, Outside> {
        let Some(tag) = self.tag(at)? else { return Ok(None) };
        self.attributes = self.attributes.saturating_add(tag.attributes);
        if self.attributes > self.limits.max_nodes {
            let expected = format!("at most {} in the document", self.limits.max_nodes);
            return Err(Outside { at, problem: "too many attributes", expected });
        }
        let in_scope = self.open.last().copied().unwrap_or_default() + tag.namespaces;
        if tag.namespaces > 0 {
            self.copies += in_scope;
        }
        if in_scope > IN_SCOPE || self.copies > COPIES {
            let expected = format!("at most {IN_SCOPE} in scope at one place");
            return Err(Outside { at, problem: "too many namespaces", expected });
        }
        if self.open.len() >= self.limits.max_depth {
            let expected = format!("at most {} elements in one another", self.limits.max_depth);
            return Err(Outside { at, problem: "nested too deep", expected });
        }
        if !tag.is_empty {
            self.open.push(in_scope);
        }
        Ok(Some(tag.end))
    }

    /// Reads the start tag at `at`; `None` if it has no end.
    fn tag(&self, at: usize) -> Result<Option<Tag>, Outside> {
        let bytes = self.text.as_bytes();
        let mut tag = Tag { end: 0, is_empty: false, attributes: 0, namespaces: 0 };
        let (mut name_at, mut place) = (at, at + 1);
        while let Some(&byte) = bytes.get(place) {
            match byte {
                b'>' => {
                    tag.end = place + 1;
                    tag.is_empty = bytes.get(place - 1) == Some(&b'/');
                    return Ok(Some(tag));
                }
                b'"' | b'\'' => {
                    let quote = if byte == b'"' { "\"" } else { "'" };
                    let Some(end) = find(self.text, place + 1, quote) else { return Ok(None) };
                    place = end;
                }
                b' ' | b'\t' | b'\r' | b'\n'
                    if bytes.get(place + 1).is_some_and(u8::is_ascii_alphanumeric) =>
                {
                    name_at = place + 1;
                }
                b'=' => {
                    tag.attributes += 1;
                    let name = self.text.get(name_at..place).unwrap_or_default();
                    tag.namespaces += usize::from(name.starts_with("xmlns"));
                    if tag.attributes > ATTRIBUTES {
                        let expected = format!("at most {ATTRIBUTES} for one element");
                        return Err(Outside { at, problem: "too many attributes", expected });
                    }
                }
                _ => {}
            }
            place += 1;
        }
        Ok(None)
    }
}

/// A start tag.
struct Tag {
    /// The byte after it.
    end: usize,
    is_empty: bool,
    attributes: u32,
    /// How many namespaces it declares.
    namespaces: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> Option<&'static str> {
        let limits = Limits { max_depth: 4, ..Limits::default() };
        check(text, &limits).err().map(|outside| outside.problem)
    }

    #[test]
    fn every_kind_of_dtd_is_refused_and_a_doctype_that_only_names_the_root_is_not() {
        for text in [
            "<!DOCTYPE a [<!ENTITY x \"1\">]><a>&x;</a>",
            "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
            "<!DOCTYPE a PUBLIC '-//X' 'http://x/'><a/>",
            "<!DOCTYPE a [ % p; ]><a/>",
            "<!DOCTYPE><a/>",
            "<!DOCTYPE a><!DOCTYPE a><a/>",
            "<a><!DOCTYPE a></a>",
            "<!ENTITY x '1'><a/>",
            "<!DOCTYPE a",
        ] {
            assert_eq!(problem(text), Some("has a DTD"), "{text}");
        }
        assert_eq!(check("<!DOCTYPE project>\n<a/>", &Limits::default()), Ok(true));
        assert_eq!(check("<!-- <!DOCTYPE a [ --><a/>", &Limits::default()), Ok(false));
        assert_eq!(check("<a><![CDATA[<!DOCTYPE a []>]]></a>", &Limits::default()), Ok(false));
    }

    #[test]
    fn depth_attributes_and_namespaces_are_bounded() {
        assert_eq!(problem("<a><b><c><d></d></c></b></a>"), None);
        assert_eq!(problem("<a><b><c><d><e/></d></c></b></a>"), Some("nested too deep"));
        assert_eq!(problem("<a><b/><b/><b/><b/><b/><b/></a>"), None);
        assert_eq!(problem("<a x='<b><b><b><b><b>' y=\"'>\"/>"), None);
        let many = |count: usize, name: &str| {
            (0..count).fold(String::new(), |out, place| format!("{out} {name}{place}='http://x'"))
        };
        assert_eq!(problem(&format!("<a{}/>", many(128, "b"))), None);
        assert_eq!(problem(&format!("<a{}/>", many(129, "b"))), Some("too many attributes"));
        let limits = Limits { max_nodes: 9, ..Limits::default() };
        let found =
            check(&"<a b='1' c='2'/>".repeat(5), &limits).map_err(|outside| outside.problem);
        assert_eq!(found, Err("too many attributes"));
        let own = many(64, "xmlns:n");
        let one = format!("<a{own}>");
        assert_eq!(problem(&one.repeat(4)), None);
        let last = "<b xmlns='http://x'/>";
        let flat = format!("<a{own}>{}</a>", last.repeat(COPIES / 65 + 1));
        assert_eq!(problem(&flat), Some("too many namespaces"));
    }
}
