//! Addresses that are GS1 Digital Links: which answer a client wants of what the code names.
//!
//! The way through: [`get`] reads the address (plain or compressed); a client that asks for the set of links gets it, one
//! that asks for a type of link is led to it, and everybody else gets the page or the JSON of the code itself.
//!
//! What holds: links lead where the configuration says, with the query of the request, and nowhere else; limits come before
//! any work; a malformed address is 400, a type of which there is no link 404.
//!
//! Unlike resolvers that only lead elsewhere, the default link of an item is the answer at its own address: a redirect to
//! it would cost a person another round trip (docs/decisions/0070-digital-links.md).
//!
//! Sources: GS1-Conformant Resolver 1.2; GS1 Digital Link URI syntax 1.4; RFC 9264.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ALLOW, HeaderMap, HeaderValue, LINK, LOCATION,
};
use actix_web::web::{self, Data, Query};
use actix_web::{HttpRequest, HttpResponse, Resource};
use process::problem::method_not_allowed;
use serde_json::{Value, json};

use super::scan_get::{self, Parameters};
use crate::http::guard::language;
use crate::link_set::{Choice, LinkSet, some_json};
use crate::links::kind_of;
use crate::problem::Problem;
use crate::scanned::Scanned;
use crate::state::{AppState, MAX_PART};

/// Media type of a set of links.
const LINK_SET: &str = "application/linkset+json";
/// Methods of these addresses.
const METHODS: &str = "GET, HEAD, OPTIONS";
/// Where it is said what the members of a set of links mean.
const CONTEXT_FILE: &str = "https://ref.gs1.org/standards/resolver/linkset-context";
/// The same, as a header names it.
const CONTEXT: &str = "<https://ref.gs1.org/standards/resolver/linkset-context>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"";

/// Paths of the keys of GS1 Digital Link.
pub const KEYS: &str =
    "/{key:00|01|253|255|401|402|414|415|417|8003|8004|8006|8010|8013|8017|8018}/{code:.*}";
/// Paths of compressed links.
pub const COMPRESSED: &str = "/{bits:e[hx][^/]+}";

/// The resource at a path of these.
#[must_use]
pub fn resource(path: &str) -> Resource {
    web::resource(path)
        .route(web::get().to(get))
        .route(web::head().to(get))
        .default_service(web::to(other))
}

/// Any other method. `OPTIONS` says where the links of the code are, as `GET` does; of a token in the address nothing is said, so that
/// nobody tries tokens here, where no limit counts.
async fn other(state: Data<AppState>, request: HttpRequest) -> HttpResponse {
    if request.method() != actix_web::http::Method::OPTIONS {
        return method_not_allowed(&request, METHODS);
    }
    let mut answer = HttpResponse::NoContent().finish();
    let headers = answer.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static(METHODS));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers
        .insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Accept, Accept-Language"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if let Ok(code) = read(&request) {
        let code = code.shown(&state.config().names, None);
        add_headers(answer.headers_mut(), &state, &request, &code);
    }
    answer
}

/// What a client asks of a code.
#[derive(Debug, PartialEq, Eq)]
enum Wish {
    /// Page or JSON.
    Itself,
    /// All links.
    Links,
    /// A link of a type; none if what was asked for is no type.
    Link(Option<String>),
}

fn wish(request: &HttpRequest) -> Result<Wish, Problem> {
    let pairs = request.query_string().split('&');
    let mut stated = pairs.filter_map(|pair| pair.strip_prefix("linkType="));
    let (asked, more) = (stated.next(), stated.next());
    if more.is_some() {
        let detail = "the parameter `linkType`: got it twice, expected it once";
        return Err(Problem::Malformed(detail.into()));
    }
    let decoded = |text| percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    let asked = asked.map(|text| decoded(text).into_owned());
    Ok(match asked.as_deref() {
        Some("linkset" | "all") => Wish::Links,
        Some(text) => Wish::Link(kind_of(text)),
        None if scan_get::header(request, "Accept").contains(LINK_SET) => Wish::Links,
        None => Wish::Itself,
    })
}

/// Handles the address of a code.
///
/// # Errors
///
/// [`Problem`].
pub async fn get(
    state: Data<AppState>,
    request: HttpRequest,
    query: Query<Parameters>,
) -> Result<HttpResponse, Problem> {
    let code = read(&request)?.shown(&state.config().names, query.t.as_deref());
    let mut answer = match wish(&request)? {
        Wish::Itself => scan_get::answer(&state, &request, &query, &code).await?,
        wish => {
            // No records are looked up, but it is work that strangers ask for.
            _ = state.admit_code(&request)?;
            linked(&state, &request, &code, &wish)?
        }
    };
    add_headers(answer.headers_mut(), &state, &request, &code);
    Ok(answer)
}

/// What the address names.
fn read(request: &HttpRequest) -> Result<Scanned, Problem> {
    let path = request.uri().path();
    if let Some(item) = scan_get::read_item(path)? {
        return Ok(item);
    }
    let link = format!("https://id.gs1.org{path}");
    if link.len() > 6 * MAX_PART {
        let detail = format!(
            "got an address of {} characters, expected at most {}",
            path.len(),
            6 * MAX_PART
        );
        return Err(Problem::Malformed(detail));
    }
    let link = epc::parse_digital_link(&link)
        .and_then(|link| link.check_values().map(|()| link))
        .map_err(|error| Problem::Malformed(format!("no GS1 Digital Link: {error}")))?;
    Ok(Scanned::of_link(&link))
}

/// The set of links, or the way to one of them.
fn linked(
    state: &AppState,
    request: &HttpRequest,
    code: &Scanned,
    wish: &Wish,
) -> Result<HttpResponse, Problem> {
    let config = state.config();
    let set = LinkSet::of(code, &config, language(request));
    let Wish::Link(kind) = wish else {
        return Ok(links(StatusCode::OK, &set.json()));
    };
    let Some(kind) = kind else {
        let detail = "linkType: got something that is no type of link, expected such as `gs1:pip`, or `linkset`";
        return Err(Problem::Malformed(detail.into()));
    };
    let (languages, media) =
        (scan_get::header(request, "Accept-Language"), scan_get::header(request, "Accept"));
    match set.choose(kind, languages, media) {
        Choice::One(link) => {
            let target = with_query(&link.href, request.query_string());
            let target = HeaderValue::from_str(&target).map_err(|_| {
                Problem::Malformed("got a query that cannot be passed on, expected ASCII".into())
            })?;
            let mut answer = HttpResponse::TemporaryRedirect().finish();
            answer.headers_mut().insert(LOCATION, target);
            Ok(answer)
        }
        Choice::Several(several) => {
            let anchor = format!("{}{}", config.public_url, code.path());
            Ok(links(StatusCode::MULTIPLE_CHOICES, &some_json(&anchor, &several)))
        }
        Choice::None => Err(Problem::NotFound(format!(
            "there is no link of type {kind} for this code; linkType=linkset lists all"
        ))),
    }
}

fn links(status: StatusCode, document: &Value) -> HttpResponse {
    let mut answer = HttpResponse::build(status).content_type(LINK_SET).body(document.to_string());
    answer.headers_mut().append(LINK, HeaderValue::from_static(CONTEXT));
    answer
}

/// An address with the query of the request behind its own, before its fragment.
fn with_query(href: &str, query: &str) -> String {
    if query.is_empty() {
        return href.to_owned();
    }
    let (address, fragment) = href.split_once('#').map_or((href, None), |(a, f)| (a, Some(f)));
    let separator = if address.contains('?') { '&' } else { '?' };
    let fragment = fragment.map_or_else(String::new, |fragment| format!("#{fragment}"));
    format!("{address}{separator}{query}{fragment}")
}

/// Where all links are, what a compressed address says, and that programs in browsers may read it.
fn add_headers(headers: &mut HeaderMap, state: &AppState, request: &HttpRequest, code: &Scanned) {
    let config = state.config();
    let own = format!("{}{}", config.public_url, code.path());
    let with = code.query();
    let separator = if with.is_empty() { "?" } else { "&" };
    let all =
        format!("<{own}{with}{separator}linkType=linkset>; rel=\"linkset\"; type=\"{LINK_SET}\"");
    let same = format!("<{own}>; rel=\"owl:sameAs\"");
    let is_compressed = request.uri().path().starts_with("/e");
    for text in std::iter::once(all).chain(is_compressed.then_some(same)) {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.append(LINK, value);
        }
    }
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Link, Location"));
}

/// `GET /.well-known/gs1resolver`: what this resolver is, and what it knows.
pub async fn description(state: Data<AppState>) -> HttpResponse {
    let config = state.config();
    let mut document = json!({
        "name": "Chopmark",
        "resolverRoot": config.public_url,
        "supportedPrimaryKeys": [
            "00", "01", "253", "255", "401", "402", "414", "415", "417", "8003", "8004", "8006", "8010", "8013", "8017", "8018",
        ],
        "supportedLinkType": [{ "namespace": crate::links::GS1_VOC, "prefix": "gs1:" }],
        "linkTypeDefaultCanBeLinkset": false,
        "jsonLdContextLocation": CONTEXT_FILE,
    });
    if let Some(contact) = &config.report_contact {
        document["contact"] = json!({ "url": contact });
    }
    HttpResponse::Ok()
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header(("Cache-Control", "max-age=3600"))
        .json(document)
}

#[cfg(test)]
mod tests;
