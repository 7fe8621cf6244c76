//! The one form in which a GS1 key is hashed: a Digital Link at id.gs1.org.
//!
//! What holds: any spelling of a key gives one text, also spellings that the reference implementation leaves as they
//! are (escaped characters in links, capital letters in the scheme, compressed links).
//!
//! Two differences from [`epc::thing_key`]: short names (`/gtin/`) are read, because section 8.9 refers to GS1 Digital
//! Link URI syntax 1.2, which has them (1.3 removed them); and `'`, `;` and `=` are not escaped, as in the reference
//! implementation.
//!
//! Sources: CBV 2.0 section 8.9; GS1 Digital Link URI syntax 1.2 section 3 (short names) and 4.11 (canonical form).

/// Short names and their application identifiers.
const SHORT_NAMES: [(&str, &str); 18] = [
    ("gtin", "01"),
    ("itip", "8006"),
    ("cpid", "8010"),
    ("gln", "414"),
    ("party", "417"),
    ("gsrnp", "8017"),
    ("gsrn", "8018"),
    ("gcn", "255"),
    ("sscc", "00"),
    ("gdti", "253"),
    ("ginc", "401"),
    ("gsin", "402"),
    ("grai", "8003"),
    ("giai", "8004"),
    ("cpv", "22"),
    ("lot", "10"),
    ("ser", "21"),
    ("glnx", "254"),
];

/// The form in which the GS1 key in `text` is hashed; `None` if it has none.
pub(super) fn hashed(text: &str) -> Option<String> {
    if !text.contains(':') {
        return None;
    }
    let link = epc::gs1_thing_key(text).or_else(|| epc::gs1_thing_key(&with_identifiers(text)?))?;
    if !link.contains('%') {
        return Some(link);
    }
    // In the canonical link every `%` starts an escape, so each of these stands for its character.
    Some(link.replace("%27", "'").replace("%3B", ";").replace("%3D", "="))
}

/// A link with application identifiers for its short names; `None` if it is no link or has none.
fn with_identifiers(text: &str) -> Option<String> {
    let start = text.find("://")? + 3;
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let path = text.get(start..end)?;
    let mut is_changed = false;
    let segments = path.split('/').enumerate().map(|(place, segment)| {
        let short = SHORT_NAMES.iter().find(|(name, _)| place > 0 && *name == segment);
        is_changed |= short.is_some();
        short.map_or(segment, |(_, identifier)| *identifier)
    });
    let path = segments.collect::<Vec<_>>().join("/");
    is_changed.then(|| format!("{}{path}", text.get(..start).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_key_is_hashed_as_one() {
        let serial = "https://id.gs1.org/01/09506000134352/21/a'b;c=d";
        for text in [
            "urn:epc:id:sgtin:9506000.013435.a'b;c=d",
            "https://id.gs1.org/01/09506000134352/21/a'b;c=d",
            "https://mill.example/x/01/9506000134352/10/L/21/a%27b%3Bc%3Dd?17=270101",
            "HTTPS://mill.example/gtin/09506000134352/lot/L/ser/a'b;c=d",
            "https://mill.example/gtin/09506000134352/21/a%27b;c=d#top",
        ] {
            assert_eq!(hashed(text).as_deref(), Some(serial), "{text}");
        }
        for other in ["Lot 7", "urn:uuid:1", "https://mill.example/gtin", "https://gtin/1"] {
            assert_eq!(hashed(other), None, "{other}");
        }
    }

    #[test]
    fn a_value_that_contains_a_short_name_after_its_key_stays_what_it_is() {
        let link = "https://id.gs1.org/01/09506000134352/21/lot";
        assert_eq!(hashed(link).as_deref(), Some(link));
    }
}
