//! What the headers of a request ask for, and what those of an answer say: versions, formats, media types.
//!
//! The way through: [`Wanted::of`] reads the headers of a request or refuses them; [`announce`] adds those of every answer.
//!
//! What holds: a header of the standard is honoured or refused in plain words, never ignored; no value of a header is repeated
//! in one of the answer.
//!
//! Source: EPCIS 2.0 REST binding (headers); RFC 9110 section 12 (`Accept`).

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use epcis::Context;

use super::exception::Exception;

/// The version of EPCIS that is spoken.
pub const EPCIS_VERSION: &str = "2.0.0";
/// The version of the vocabulary that is spoken.
pub const CBV_VERSION: &str = "2.0.0";
/// The prefix and namespace of what we add to answers.
pub const EXTENSION: (&str, &str) = ("chopmark", "urn:chopmark:epcis:");
/// Header with the number of events that match and that the caller may not see.
pub const HIDDEN: HeaderName = HeaderName::from_static("chopmark-hidden-events");
/// The media types of answers.
const MEDIA_TYPES: [&str; 2] = ["application/json", "application/ld+json"];
/// Longest value of a header that is read.
const LONGEST: usize = 4096;
/// The formats of identifiers that the standard names.
const EPC_FORMATS: [&str; 4] =
    ["No_Preference", "Always_GS1_Digital_Link", "Always_EPC_URN", "Never_Translates"];
/// The formats of vocabulary in XML that the standard names.
const CBV_FORMATS: [&str; 4] =
    ["No_Preference", "Always_Web_URI", "Always_URN", "Never_Translates"];

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Media type of the answer.
    pub media_type: &'static str,
    /// Prefixes of extensions with their namespaces, from `GS1-Extensions`.
    pub extensions: Context,
}

impl Wanted {
    /// Reads the headers of a request.
    ///
    /// # Errors
    ///
    /// [`Exception::NotAcceptable`].
    pub fn of(request: &HttpRequest) -> Result<Self, Exception> {
        let headers = request.headers();
        version(headers, "GS1-EPCIS", EPCIS_VERSION)?;
        version(headers, "GS1-CBV", CBV_VERSION)?;
        let format = text(headers, "GS1-EPC-Format")?;
        one_of("GS1-EPC-Format", format, &EPC_FORMATS)?;
        if let Some(format @ ("Always_GS1_Digital_Link" | "Always_EPC_URN")) = format {
            return Err(Exception::NotAcceptable(format!(
                "GS1-EPC-Format: got `{format}`, expected No_Preference or Never_Translates: identifiers are answered as they \
                 were recorded, since what was signed is what is shown; a query finds them in every spelling"
            )));
        }
        one_of("GS1-CBV-XML-Format", text(headers, "GS1-CBV-XML-Format")?, &CBV_FORMATS)?;
        let extensions = text(headers, "GS1-Extensions")?.map(epcis::query::extensions).transpose();
        let extensions = extensions.map_err(|problems| {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Exception::NotAcceptable(problems.join("; "))
        })?;
        Ok(Self {
            media_type: media_type(text(headers, "Accept")?)?,
            extensions: extensions.unwrap_or_default(),
        })
    }
}

fn refuse(name: &str, got: &str, expected: &str) -> Exception {
    let got: String = got.chars().take(100).collect();
    Exception::NotAcceptable(format!("{name}: got `{got}`, expected {expected}"))
}

/// The value of a header that may be absent; several of one name are joined, as HTTP has it.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Exception> {
    let mut values = headers.get_all(name);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() && name != "Accept" {
        return Err(refuse(name, "the header twice", "it once"));
    }
    let text =
        value.to_str().map_err(|_| refuse(name, "bytes that are no text", "visible ASCII"))?;
    if text.len() > LONGEST {
        return Err(refuse(name, &format!("{} bytes", text.len()), "at most 4096"));
    }
    Ok(Some(text.trim()))
}

fn one_of(name: &str, got: Option<&str>, known: &[&str]) -> Result<(), Exception> {
    match got {
        Some(got) if !known.contains(&got) => Err(refuse(name, got, &known.join(", "))),
        _ => Ok(()),
    }
}

/// Checks the versions that a request names: ours must be the one, or between the two.
fn version(headers: &HeaderMap, of: &str, own: &str) -> Result<(), Exception> {
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

/// The media type to answer with.
fn media_type(accepted: Option<&str>) -> Result<&'static str, Exception> {
    let Some(accepted) = accepted.filter(|accepted| !accepted.is_empty()) else {
        return Ok(MEDIA_TYPES[0]);
    };
    let mut best: Option<(u32, &'static str)> = None;
    for range in accepted.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let range = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1000, thousandths);
        let found = match range.as_str() {
            "*/*" | "application/*" => Some(MEDIA_TYPES[0]),
            range => MEDIA_TYPES.into_iter().find(|own| *own == range),
        };
        if let Some(found) = found.filter(|_| weight > best.map_or(0, |(weight, _)| weight)) {
            best = Some((weight, found));
        }
    }
    best.map(|(_, found)| found)
        .ok_or_else(|| refuse("Accept", accepted, "application/json or application/ld+json"))
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
pub fn describe(headers: &mut HeaderMap) {
    announce(headers);
    for (name, value) in [
        ("gs1-epcis-min", EPCIS_VERSION),
        ("gs1-epcis-max", EPCIS_VERSION),
        ("gs1-cbv-min", CBV_VERSION),
        ("gs1-cbv-max", CBV_VERSION),
        ("gs1-epc-format", "Never_Translates"),
        ("gs1-cbv-xml-format", "Never_Translates"),
        ("gs1-vendor-version", concat!("chopmark-", env!("CARGO_PKG_VERSION"))),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn wanted(headers: &[(&str, &str)]) -> Result<Wanted, String> {
        let mut request = TestRequest::get();
        for (name, value) in headers {
            request = request.append_header((*name, *value));
        }
        Wanted::of(&request.to_http_request()).map_err(|exception| exception.to_string())
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
