//! Parameters of an address, read one by one, so that a problem names the one that is at fault.
//!
//! What holds: a parameter that is needed and missing, there twice, or of another form is a [`Problem::Malformed`] with
//! its name, what was got and what was expected; parameters of other names are ignored.
//!
//! Source: WHATWG URL, section 5 (`application/x-www-form-urlencoded`).

use actix_web::HttpRequest;
use actix_web::web::Query;

use crate::problem::Problem;

/// A parameter that may be absent.
///
/// # Errors
///
/// [`Problem::Malformed`] if it is there twice.
pub fn text(request: &HttpRequest, name: &str) -> Result<Option<String>, Problem> {
    let pairs = Query::<Vec<(String, String)>>::from_query(request.query_string());
    let pairs = pairs.map_err(|error| Problem::Malformed(error.to_string()))?.into_inner();
    let mut values = pairs.into_iter().filter(|(found, _)| found == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(Problem::Malformed(format!(
            "got the parameter `{name}` more than once, expected it once"
        ))),
    }
}

/// A whole number that must be there.
///
/// # Errors
///
/// [`Problem::Malformed`] if it is not.
pub fn number(request: &HttpRequest, name: &str) -> Result<u64, Problem> {
    let wrong = |got: &str| {
        let expected = "expected a whole number from 0 to 18446744073709551615";
        Problem::Malformed(format!("the parameter `{name}`: {got}, {expected}"))
    };
    let value = text(request, name)?.ok_or_else(|| wrong("got none"))?;
    let is_digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    value.parse().ok().filter(|_| is_digits).ok_or_else(|| {
        let shown: String = value.chars().take(40).collect();
        wrong(&format!("got `{shown}`"))
    })
}
