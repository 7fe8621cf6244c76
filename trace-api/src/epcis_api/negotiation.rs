//! What the headers of a request ask for, and what those of an answer say: versions, formats, media types.
//!
//! The way through: [`Wanted::of`] reads the headers of a request or refuses them; [`announce`] adds those of every answer.
//!
//! What holds: a header of the standard is honoured or refused in plain words, never ignored; no value of a header is repeated
//! in one of the answer.
//!
//! Source: EPCIS 2.0 REST binding (headers); RFC 9110 section 12 (`Accept`).

use actix_web::HttpRequest;
use actix_web::http::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use epcis::Context;
use epcis::query::translate::EpcFormat;
use epcis::xml::{Version, Words};

use super::exception::Exception;

/// The version of EPCIS that is spoken.
pub const EPCIS_VERSION: &str = "2.0.0";
/// The version of the vocabulary that is spoken.
pub const CBV_VERSION: &str = "2.0.0";
/// The prefix and namespace of what we add to answers.
pub const EXTENSION: (&str, &str) = ("chopmark", "urn:chopmark:epcis:");
/// Header with the number of events that match and that the caller may not see.
pub const HIDDEN: HeaderName = HeaderName::from_static("chopmark-hidden-events");
/// Header with the format of the identifiers of an answer.
pub const IDENTIFIERS: HeaderName = HeaderName::from_static("gs1-epc-format");
/// Header with what the version of the XML cannot say: names with the number of events, `sensorElementList=2`.
pub const LEFT_OUT: HeaderName = HeaderName::from_static("chopmark-left-out");
/// The media types of JSON.
const JSON_TYPES: [&str; 2] = ["application/json", "application/ld+json"];
/// The media types of answers with events, the preferred one first.
const EVENT_TYPES: [&str; 4] =
    ["application/json", "application/ld+json", "application/xml", "text/xml"];
/// The versions of EPCIS in XML, the preferred one first.
const XML_VERSIONS: [(&str, Version); 2] =
    [(EPCIS_VERSION, Version::V2_0), ("1.2.0", Version::V1_2)];
/// Longest value of a header that is read.
const LONGEST: usize = 4096;
/// The formats of vocabulary in XML that the standard names.
const CBV_FORMATS: [(&str, Words); 4] = [
    ("No_Preference", Words::Kept),
    ("Always_Web_URI", Words::Web),
    ("Always_URN", Words::Urn),
    ("Never_Translates", Words::Kept),
];

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Media type of the answer.
    pub media_type: &'static str,
    /// How the answer is written if it is XML.
    pub xml: Option<(Version, Words)>,
    /// How identifiers are spelled.
    pub identifiers: EpcFormat,
    /// Prefixes of extensions with their namespaces, from `GS1-Extensions`.
    pub extensions: Context,
}

impl Wanted {
    /// Reads the headers of a request whose answer is JSON and has no event.
    ///
    /// # Errors
    ///
    /// [`Exception::NotAcceptable`].
    pub fn of(request: &HttpRequest) -> Result<Self, Exception> {
        let wanted = Self::read(request.headers(), &JSON_TYPES)?;
        if matches!(wanted.identifiers, EpcFormat::AlwaysDigitalLink | EpcFormat::AlwaysUrn) {
            let format = wanted.identifiers.name();
            return Err(Exception::NotAcceptable(format!(
                "GS1-EPC-Format: got `{format}`, expected No_Preference or Never_Translates: identifiers are translated in \
                 answers with events and nowhere else"
            )));
        }
        Ok(wanted)
    }

    /// Reads the headers of a request whose answer has events: JSON or XML, identifiers in any format.
    ///
    /// # Errors
    ///
    /// [`Exception::NotAcceptable`].
    pub fn of_events(request: &HttpRequest) -> Result<Self, Exception> {
        Self::read(request.headers(), &EVENT_TYPES)
    }

    fn read(headers: &HeaderMap, offered: &[&'static str]) -> Result<Self, Exception> {
        check_version(headers, "GS1-CBV", CBV_VERSION)?;
        let format = text(headers, "GS1-EPC-Format")?.unwrap_or("Never_Translates");
        let identifiers = EpcFormat::from_header(format).ok_or_else(|| {
            let known = EpcFormat::ALL.map(EpcFormat::name).join(", ");
            refuse("GS1-EPC-Format", format, &known)
        })?;
        let format = text(headers, "GS1-CBV-XML-Format")?.unwrap_or("No_Preference");
        let words = CBV_FORMATS.iter().find(|(name, _)| *name == format).ok_or_else(|| {
            refuse("GS1-CBV-XML-Format", format, &CBV_FORMATS.map(|(name, _)| name).join(", "))
        })?;
        let extensions = text(headers, "GS1-Extensions")?.map(epcis::query::extensions).transpose();
        let extensions = extensions.map_err(|problems| {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Exception::NotAcceptable(problems.join("; "))
        })?;
        let (media_type, version) = form(headers, offered)?;
        let xml = version.map(|version| (version, words.1));
        Ok(Self { media_type, xml, identifiers, extensions: extensions.unwrap_or_default() })
    }
}

/// Media type and, if it is XML, version of the answer: the first of the accepted types that has a version which the request allows.
fn form(
    headers: &HeaderMap,
    offered: &[&'static str],
) -> Result<(&'static str, Option<Version>), Exception> {
    let accepted = accepted(headers)?;
    let mut why = None;
    for media_type in ranked(&accepted, offered) {
        if JSON_TYPES.contains(&media_type) {
            match check_version(headers, "GS1-EPCIS", EPCIS_VERSION) {
                Ok(()) => return Ok((media_type, None)),
                Err(exception) => why = why.or(Some(exception)),
            }
            continue;
        }
        for (name, version) in XML_VERSIONS {
            match check_version(headers, "GS1-EPCIS", name) {
                Ok(()) => return Ok((media_type, Some(version))),
                Err(exception) => why = why.or(Some(exception)),
            }
        }
    }
    Err(why.unwrap_or_else(|| refuse("Accept", &accepted, &offered.join(" or "))))
}

/// The value of `Accept`; of several such headers all values.
fn accepted(headers: &HeaderMap) -> Result<String, Exception> {
    let mut all = Vec::new();
    for value in headers.get_all(ACCEPT) {
        let value = value.to_str();
        all.push(value.map_err(|_| refuse("Accept", "bytes that are no text", "visible ASCII"))?);
    }
    let all = all.join(",");
    if all.len() > LONGEST {
        return Err(refuse("Accept", &format!("{} bytes", all.len()), "at most 4096"));
    }
    Ok(all)
}

/// Whether a request prefers XML to JSON, for the form of a problem document.
#[must_use]
pub fn prefers_xml(headers: &HeaderMap) -> bool {
    const TYPES: [&str; 6] = [
        "application/problem+json",
        "application/json",
        "application/ld+json",
        "application/problem+xml",
        "application/xml",
        "text/xml",
    ];
    let accepted = accepted(headers).unwrap_or_default();
    ranked(&accepted, &TYPES).first().is_some_and(|first| first.ends_with("xml"))
}

fn refuse(name: &str, got: &str, expected: &str) -> Exception {
    let got: String = got.chars().take(100).collect();
    Exception::NotAcceptable(format!("{name}: got `{got}`, expected {expected}"))
}

/// The value of a header that may be absent, and may not be there twice.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Exception> {
    let mut values = headers.get_all(name);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(refuse(name, "the header twice", "it once"));
    }
    let text =
        value.to_str().map_err(|_| refuse(name, "bytes that are no text", "visible ASCII"))?;
    if text.len() > LONGEST {
        return Err(refuse(name, &format!("{} bytes", text.len()), "at most 4096"));
    }
    Ok(Some(text.trim()))
}

/// Checks the versions that a request names: ours must be the one, or between the two.
fn check_version(headers: &HeaderMap, of: &str, own: &str) -> Result<(), Exception> {
    let own_numbers = numbers(own).unwrap_or_default();
    for (end, is_right) in [
        ("Min", (|asked, own| asked <= own) as fn([u32; 3], [u32; 3]) -> bool),
        ("Max", |asked, own| asked >= own),
        ("Version", |asked, own| asked[..2] == own[..2]),
    ] {
        let name = format!("{of}-{end}");
        let Some(got) = text(headers, &name)? else { continue };
        let asked = numbers(got).ok_or_else(|| refuse(&name, got, "a version such as 2.0.0"))?;
        if !is_right(asked, own_numbers) {
            return Err(refuse(
                &name,
                got,
                &format!("one that includes {own}, the only version here"),
            ));
        }
    }
    Ok(())
}

/// A version as three numbers; what is left out is 0.
fn numbers(text: &str) -> Option<[u32; 3]> {
    let mut numbers = [0; 3];
    for (place, part) in text.split('.').enumerate() {
        let is_digits =
            (1..=6).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        *numbers.get_mut(place)? = part.parse().ok().filter(|_| is_digits)?;
    }
    Some(numbers)
}

/// Those of the `offered` media types that are accepted, the most wanted one first: by weight, then by how exactly it is named, then by
/// the order of `Accept`, then by ours.
fn ranked(accepted: &str, offered: &[&'static str]) -> Vec<&'static str> {
    if accepted.trim().is_empty() {
        return offered.to_vec();
    }
    let ranges: Vec<(String, u32)> = accepted.split(',').map(range).collect();
    let mut found: Vec<_> = offered
        .iter()
        .filter_map(|offered| {
            // What names the type most exactly says how much it is wanted.
            let fits = ranges.iter().enumerate().filter_map(|(place, (range, weight))| {
                Some((exactness(range, offered)?, std::cmp::Reverse(place), *weight))
            });
            let (exactness, place, weight) = fits.max()?;
            (weight > 0).then_some((std::cmp::Reverse((weight, exactness, place)), *offered))
        })
        .collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, offered)| offered).collect()
}

/// A media range of `Accept` and its weight.
fn range(text: &str) -> (String, u32) {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().unwrap_or_default().to_ascii_lowercase();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    (range, weight.map_or(1000, thousandths))
}

/// How exactly a range names a type: 2 for itself, 1 for all of its kind, 0 for all; none if it does not.
fn exactness(range: &str, media_type: &str) -> Option<u8> {
    let kind = media_type.split('/').next().unwrap_or_default();
    match range {
        "*/*" => Some(0),
        range if range == media_type => Some(2),
        range if range.strip_suffix("/*") == Some(kind) => Some(1),
        _ => None,
    }
}

/// A weight of `Accept` in thousandths; 0 if it is none.
fn thousandths(text: &str) -> u32 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = format!("{part:0<3}");
    let is_weight =
        ["0", "1"].contains(&whole) && part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit());
    let number = format!("{whole}{part}").parse().unwrap_or(0);
    if is_weight { number } else { 0 }
}

/// Adds what every answer of the interface says of itself.
pub fn announce(headers: &mut HeaderMap) {
    let (prefix, namespace) = EXTENSION;
    let extension = format!("{prefix}={namespace}");
    for (name, value) in [
        ("gs1-epcis-version", EPCIS_VERSION),
        ("gs1-cbv-version", CBV_VERSION),
        ("gs1-extensions", extension.as_str()),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Adds what a resource says of itself to `OPTIONS`.
///
/// - `has_events`: whether its answers have events, which come as XML too, and with identifiers in any format.
pub fn describe(headers: &mut HeaderMap, has_events: bool) {
    announce(headers);
    let oldest = if has_events { XML_VERSIONS.map(|(name, _)| name)[1] } else { EPCIS_VERSION };
    let format = if has_events { "No_Preference" } else { "Never_Translates" };
    for (name, value) in [
        ("gs1-epcis-min", oldest),
        ("gs1-epcis-max", EPCIS_VERSION),
        ("gs1-cbv-min", CBV_VERSION),
        ("gs1-cbv-max", CBV_VERSION),
        ("gs1-epc-format", format),
        ("gs1-cbv-xml-format", format),
        ("gs1-vendor-version", concat!("chopmark-", env!("CARGO_PKG_VERSION"))),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn request(headers: &[(&str, &str)]) -> HttpRequest {
        let request = TestRequest::get();
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.append_header((*name, *value)));
        request.to_http_request()
    }

    fn wanted(headers: &[(&str, &str)]) -> Result<Wanted, String> {
        Wanted::of(&request(headers)).map_err(|exception| exception.to_string())
    }

    fn wanted_of_events(headers: &[(&str, &str)]) -> Result<Wanted, String> {
        Wanted::of_events(&request(headers)).map_err(|exception| exception.to_string())
    }

    #[test]
    fn the_most_wanted_type_that_has_an_allowed_version_is_given() {
        let (xml, json) = ("application/xml", "application/json");
        for (headers, media_type, version) in [
            (&[("Accept", "application/xml")][..], xml, Some(Version::V2_0)),
            (&[("Accept", "text/xml")], "text/xml", Some(Version::V2_0)),
            (&[("Accept", "text/*")], "text/xml", Some(Version::V2_0)),
            (&[("Accept", "*/*")], json, None),
            (
                &[("Accept", "application/json;q=0.3, application/xml;q=0.4")],
                xml,
                Some(Version::V2_0),
            ),
            (&[("Accept", "application/xml;q=0.3, application/json;q=0.4")], json, None),
            (&[("Accept", "application/xml, application/json")], xml, Some(Version::V2_0)),
            (&[("Accept", "*/*;q=0.9, application/json;q=0")], "application/ld+json", None),
            (&[("Accept", "application/xml;q=0.5"), ("Accept", "application/json")], json, None),
            (
                &[("Accept", "text/html, application/xml;q=0.9, */*;q=0.8")],
                xml,
                Some(Version::V2_0),
            ),
            (&[("Accept", xml), ("GS1-EPCIS-Version", "1.2")], xml, Some(Version::V1_2)),
            (&[("Accept", xml), ("GS1-EPCIS-Max", "1.2.0")], xml, Some(Version::V1_2)),
            (
                &[("Accept", xml), ("GS1-EPCIS-Min", "1.0"), ("GS1-EPCIS-Max", "2.0.0")],
                xml,
                Some(Version::V2_0),
            ),
            (&[("GS1-EPCIS-Version", "1.2")], xml, Some(Version::V1_2)),
            (&[("GS1-EPC-Format", "Always_EPC_URN")], json, None),
        ] {
            let found = wanted_of_events(headers).unwrap();
            let written = found.xml.map(|(version, _)| version);
            assert_eq!((found.media_type, written), (media_type, version), "{headers:?}");
        }
        for (headers, says) in [
            (
                &[("Accept", "application/xml"), ("GS1-EPCIS-Max", "1.1")][..],
                "GS1-EPCIS-Max: got `1.1`",
            ),
            (
                &[("Accept", "application/json"), ("GS1-EPCIS-Version", "1.2")],
                "GS1-EPCIS-Version: got `1.2`",
            ),
            (
                &[("Accept", "text/csv")],
                "application/json or application/ld+json or application/xml or text/xml",
            ),
            (&[("Accept", "application/xml;q=0")], "Accept: got `application/xml;q=0`"),
        ] {
            let found = wanted_of_events(headers).unwrap_err();
            assert!(found.contains(says), "{headers:?}: {found}");
        }
        let web = &[("Accept", xml), ("GS1-CBV-XML-Format", "Always_Web_URI")];
        assert_eq!(wanted_of_events(web).unwrap().xml, Some((Version::V2_0, Words::Web)));
    }

    #[test]
    fn a_program_that_prefers_xml_is_told_from_others() {
        for (accept, is_preferred) in [
            ("application/xml", true),
            ("application/problem+xml", true),
            ("application/xml;q=0.5, application/json", false),
            ("*/*", false),
            ("", false),
            ("text/csv", false),
        ] {
            assert_eq!(
                prefers_xml(request(&[("Accept", accept)]).headers()),
                is_preferred,
                "{accept}"
            );
        }
    }

    #[test]
    fn what_can_be_given_is_given() {
        for headers in [
            &[][..],
            &[("GS1-EPCIS-Min", "2.0.0")],
            &[("GS1-EPCIS-Min", "1.0"), ("GS1-EPCIS-Max", "2.0.0")],
            &[("GS1-CBV-Min", "2"), ("GS1-CBV-Max", "3")],
            &[("GS1-EPCIS-Version", "2.0.1")],
            &[("GS1-EPC-Format", "No_Preference"), ("GS1-CBV-XML-Format", "Always_URN")],
            &[("GS1-EPC-Format", "Never_Translates")],
            &[("Accept", "text/html, application/*;q=0.5")],
        ] {
            assert_eq!(wanted(headers).unwrap().media_type, "application/json", "{headers:?}");
        }
        for accept in [
            "application/ld+json",
            "application/json;q=0.5, application/ld+json",
            "APPLICATION/LD+JSON",
        ] {
            assert_eq!(
                wanted(&[("Accept", accept)]).unwrap().media_type,
                "application/ld+json",
                "{accept}"
            );
        }
        let both = wanted(&[("GS1-Extensions", "a=https://a.example/, b=urn:b:")]).unwrap();
        let found: Vec<_> = both.extensions.own().collect();
        assert_eq!(found, [("a", "https://a.example/"), ("b", "urn:b:")]);
    }

    #[test]
    fn what_cannot_be_given_is_refused_in_plain_words() {
        for (headers, says) in [
            (
                &[("GS1-EPCIS-Min", "2.1")][..],
                "GS1-EPCIS-Min: got `2.1`, expected one that includes 2.0.0",
            ),
            (&[("GS1-EPCIS-Max", "1.2")], "GS1-EPCIS-Max: got `1.2`"),
            (&[("GS1-CBV-Max", "1.9.9")], "GS1-CBV-Max: got `1.9.9`"),
            (&[("GS1-CBV-Version", "1.2")], "GS1-CBV-Version: got `1.2`"),
            (&[("GS1-EPCIS-Min", "two")], "GS1-EPCIS-Min: got `two`, expected a version"),
            (
                &[("GS1-EPCIS-Min", "2.0"), ("GS1-EPCIS-Min", "2.0")],
                "GS1-EPCIS-Min: got `the header twice`",
            ),
            (&[("GS1-EPC-Format", "Always_EPC_URN")], "expected No_Preference or Never_Translates"),
            (&[("GS1-EPC-Format", "urn")], "GS1-EPC-Format: got `urn`, expected No_Preference, "),
            (&[("GS1-CBV-XML-Format", "x")], "GS1-CBV-XML-Format: got `x`"),
            (
                &[("Accept", "application/xml")],
                "Accept: got `application/xml`, expected application/json",
            ),
            (&[("Accept", "text/html")], "Accept: got `text/html`"),
            (&[("Accept", "application/json;q=0")], "Accept: got"),
            (&[("GS1-Extensions", "a")], "GS1-Extensions: not a prefix: got `a`"),
        ] {
            let found = wanted(headers).unwrap_err();
            assert!(found.contains(says), "{headers:?}: {found}");
        }
    }
}
