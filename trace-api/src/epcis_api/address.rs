//! What the address of a request says: the thing in its path, the criteria of a query, which page.
//!
//! What holds: a thing in a path is read from the address as it was sent, so that an identifier may be escaped or stand there as it
//! is; parameters are bounded in number and length; those of paging are taken out and the others are a query's.
//!
//! Sources: RFC 3986 section 2; WHATWG URL, section 5; EPCIS 2.0 REST binding (`perPage`, `nextPageToken`).

use actix_web::HttpRequest;
use actix_web::web::Query;
use percent_encoding::percent_decode_str;

use super::exception::Exception;

/// Longest path and parameters together.
const LONGEST: usize = 16 * 1024;
/// Events or names on a page where the request does not say.
const PER_PAGE: usize = 30;
/// Most events or names on a page.
pub const MOST_PER_PAGE: usize = 1000;

/// Parameters of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Those of the query, in the order of the address.
    pub criteria: Vec<(String, String)>,
    /// Most events or names on the page.
    pub per_page: usize,
    /// Whether the request says so.
    pub states_per_page: bool,
    /// Where the list goes on.
    pub token: Option<String>,
}

impl Parameters {
    /// Reads the parameters of a request.
    ///
    /// # Errors
    ///
    /// [`Exception::UriTooLong`], [`Exception::QueryParameter`].
    pub fn of(request: &HttpRequest) -> Result<Self, Exception> {
        let length = request.path().len() + request.query_string().len();
        if length > LONGEST {
            return Err(Exception::UriTooLong(length, LONGEST));
        }
        let pairs = Query::<Vec<(String, String)>>::from_query(request.query_string());
        let pairs = pairs.map_err(|error| Exception::QueryParameter(vec![error.to_string()]))?;
        let mut parameters = Self { per_page: PER_PAGE, ..Self::default() };
        for (name, value) in pairs.into_inner() {
            let twice = || {
                Exception::QueryParameter(vec![format!("{name}: got it twice, expected it once")])
            };
            match name.as_str() {
                "perPage" if parameters.states_per_page => return Err(twice()),
                "nextPageToken" if parameters.token.is_some() => return Err(twice()),
                "perPage" => {
                    parameters.per_page = per_page(&value)?;
                    parameters.states_per_page = true;
                }
                "nextPageToken" => parameters.token = Some(value),
                _ => parameters.criteria.push((name, value)),
            }
        }
        Ok(parameters)
    }

    /// The same of a list that has no criteria.
    ///
    /// # Errors
    ///
    /// As [`Self::of`], and for any other parameter.
    pub fn of_list(request: &HttpRequest) -> Result<Self, Exception> {
        let parameters = Self::of(request)?;
        let unknown = |(name, _): &(String, String)| {
            let name: String = name.chars().take(80).collect();
            format!(
                "{name}: got a parameter that this resource has not, expected perPage or nextPageToken"
            )
        };
        let unknown: Vec<String> = parameters.criteria.iter().map(unknown).collect();
        if unknown.is_empty() { Ok(parameters) } else { Err(Exception::QueryParameter(unknown)) }
    }

    /// The criteria as one text, to tell lists apart: the same criteria in another order are the same list.
    #[must_use]
    pub fn list(&self, path: &str) -> String {
        let mut pairs: Vec<String> = self.criteria.iter().map(|pair| format!("{pair:?}")).collect();
        pairs.sort();
        format!("{path}?{}", pairs.join("&"))
    }
}

fn per_page(text: &str) -> Result<usize, Exception> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse::<usize>().ok().filter(|number| is_digits && *number > 0);
    // The standard lets a server have a limit of its own that a request cannot raise.
    number.map(|number| number.min(MOST_PER_PAGE)).ok_or_else(|| {
        let got: String = text.chars().take(40).collect();
        Exception::QueryParameter(vec![format!(
            "perPage: got `{got}`, expected a whole number from 1 to {MOST_PER_PAGE}"
        )])
    })
}

/// The thing that a path names behind `prefix` and before `suffix`, without escapes.
///
/// The web framework has joined slashes by now: a link that stands in the path as it is gets its slashes back.
///
/// # Errors
///
/// [`Exception::NoSuchResource`] if it is empty or no text.
pub fn named(request: &HttpRequest, prefix: &str, suffix: &str) -> Result<String, Exception> {
    let none = || {
        Exception::NoSuchResource {
        detail: "got an empty name or one that is no text in the address, expected a name with its percent escapes".to_owned(),
        hidden: 0,
    }
    };
    let path = request.uri().path();
    let raw =
        path.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix)).ok_or_else(none)?;
    let raw = raw.trim_matches('/');
    let decoded = percent_decode_str(raw).decode_utf8().map_err(|_| none())?;
    if decoded.is_empty() {
        return Err(none());
    }
    for scheme in ["https:/", "http:/"] {
        if let Some(rest) = raw.strip_prefix(scheme) {
            return Ok(format!("{scheme}/{}", rest.trim_start_matches('/')));
        }
    }
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn parameters(uri: &str) -> Result<Parameters, String> {
        let request = TestRequest::with_uri(uri).to_http_request();
        Parameters::of(&request).map_err(|exception| exception.to_string())
    }

    #[test]
    fn paging_is_taken_out_of_the_criteria_and_bounded() {
        let found = parameters(
            "/events?perPage=5&EQ_bizStep=shipping%7Creceiving&nextPageToken=abc&eventType=a+b",
        )
        .unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            found.criteria,
            [pair("EQ_bizStep", "shipping|receiving"), pair("eventType", "a b")]
        );
        assert_eq!((found.per_page, found.token.as_deref()), (5, Some("abc")));
        assert_eq!(parameters("/events").unwrap().per_page, 30);
        assert_eq!(parameters("/events?perPage=100000").unwrap().per_page, MOST_PER_PAGE);
        for (bad, says) in [
            ("perPage=0", "perPage: got `0`, expected a whole number from 1 to 1000"),
            ("perPage=-1", "perPage: got `-1`"),
            ("perPage=", "perPage: got ``"),
            ("perPage=x", "perPage: got `x`"),
            ("perPage=1&perPage=1", "perPage: got it twice"),
            ("nextPageToken=a&nextPageToken=b", "nextPageToken: got it twice"),
            (&*"a".repeat(17_000), "got an address of 17007 bytes, expected at most 16384"),
        ] {
            let error = parameters(&format!("/events?{bad}")).unwrap_err();
            assert!(error.starts_with(says), "{error}");
        }
    }

    #[test]
    fn the_same_criteria_in_another_order_are_the_same_list() {
        let list = |uri: &str| parameters(uri).unwrap().list("/events");
        assert_eq!(list("/events?a=1&b=2"), list("/events?b=2&perPage=3&a=1"));
        assert_ne!(list("/events?a=1&b=2"), list("/events?a=2&b=1"));
        assert_ne!(list("/events?a=1%22&b=2"), list("/events?a=1&b=2"));
    }

    #[test]
    fn a_thing_in_a_path_is_found_escaped_and_as_it_is() {
        for (uri, expected) in [
            ("/epcs/urn:epc:id:sgtin:1.2.3/events", "urn:epc:id:sgtin:1.2.3"),
            ("/epcs/urn%3Aepc%3Aid%3Asgtin%3A1.2.3/events", "urn:epc:id:sgtin:1.2.3"),
            (
                "/epcs/https%3A%2F%2Fid.gs1.org%2F01%2F1%2F21%2Fa%252Fb/events",
                "https://id.gs1.org/01/1/21/a%2Fb",
            ),
            ("/epcs/https:/id.gs1.org/01/1/21/a%2Fb/events", "https://id.gs1.org/01/1/21/a%2Fb"),
            ("/epcs/https://id.gs1.org/01/1/events", "https://id.gs1.org/01/1"),
            (
                "/epcs/ni%3A%2F%2F%2Fsha-256%3Bab%3Fver%3DCBV2.0/events",
                "ni:///sha-256;ab?ver=CBV2.0",
            ),
        ] {
            let request = TestRequest::with_uri(uri).to_http_request();
            assert_eq!(named(&request, "/epcs/", "/events").unwrap(), expected, "{uri}");
        }
        for bad in ["/epcs//events", "/epcs/%ff/events"] {
            let request = TestRequest::with_uri(bad).to_http_request();
            assert!(named(&request, "/epcs/", "/events").is_err(), "{bad}");
        }
    }
}
