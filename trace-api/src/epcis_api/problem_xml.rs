//! Problem documents in XML, for callers who prefer it.
//!
//! What holds: the same members as in JSON, in the same order; whoever does not prefer XML gets JSON.
//!
//! Not here: what the problems are ([`super::exception`]).
//!
//! Source: RFC 9457 appendix B; EPCIS 2.0 REST binding (`application/problem+xml`).

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::middleware::Next;
use ledger::json::{Json, Limits, parse};
use process::problem::{MEDIA_TYPE, XML_MEDIA_TYPE};

use super::negotiation::prefers_xml;

/// The namespace of problem documents.
const NAMESPACE: &str = "urn:ietf:rfc:7807";
/// Members, in the order of the schema.
const MEMBERS: [&str; 4] = ["type", "title", "detail", "status"];

/// Gives a problem document the form that the caller prefers; used with `actix_web::middleware::from_fn`.
///
/// # Errors
///
/// What the handlers return.
pub async fn as_wanted(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let wants_xml = prefers_xml(request.headers());
    let answer = next.call(request).await?.map_into_boxed_body();
    let kind = answer.headers().get(CONTENT_TYPE);
    if !wants_xml || kind.is_none_or(|kind| kind != MEDIA_TYPE) {
        return Ok(answer);
    }
    Ok(answer.map_body(|head, body| match body.try_into_bytes() {
        Ok(bytes) => match xml(&bytes) {
            Some(text) => {
                head.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(XML_MEDIA_TYPE));
                BoxBody::new(text)
            }
            None => BoxBody::new(bytes),
        },
        Err(body) => body,
    }))
}

/// A problem document in XML; none if `json` is none.
fn xml(json: &[u8]) -> Option<String> {
    let json = parse(json, &Limits::default()).ok()?;
    let mut text =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<problem xmlns=\"{NAMESPACE}\">");
    for name in MEMBERS {
        let value = match json.get(name)? {
            Json::String(text) => epcis::xml::escaped(text),
            Json::Number(digits) => digits.clone(),
            _ => return None,
        };
        for part in ["<", name, ">", &value, "</", name, ">"] {
            text.push_str(part);
        }
    }
    text.push_str("</problem>\n");
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_the_same_members_in_xml_and_nothing_in_it_is_markup() {
        let json = r#"{"type":"epcisException:ValidationException","title":"T","status":400,"detail":"got `<a>&\u0001`"}"#;
        let found = xml(json.as_bytes()).unwrap();
        let tail = found.split_once("?>\n").unwrap().1;
        assert_eq!(
            tail,
            "<problem xmlns=\"urn:ietf:rfc:7807\"><type>epcisException:ValidationException</type><title>T</title>\
             <detail>got `&lt;a&gt;&amp;\u{fffd}`</detail><status>400</status></problem>\n"
        );
        assert_eq!(xml(b"{}"), None);
        assert_eq!(xml(b"no"), None);
    }
}
