//! `GET /reports/{id}/photo`: the photo that somebody sent with a report.
//!
//! What holds: it is given out as the picture that its first bytes say, or not at all; a browser that is led to it saves it and runs nothing
//! of it; to open it is recorded as a read of its own.
//!
//! Sources: CSP Level 3 (`sandbox`); RFC 6266.

use access::Act;
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::web::{Data, Path, Query};

use super::one::{Wanted, find};
use crate::failure::Failure;
use crate::reads::{self, Done};
use crate::state::DeskState;
use crate::visitor::Visitor;

/// Nothing of what is opened by itself may do anything.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

/// Media type and ending of a picture; none if it is no picture that a report may have.
fn kind(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        Some(("image/jpeg", "jpg"))
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some(("image/png", "png"))
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some(("image/webp", "webp"))
    } else {
        None
    }
}

/// `GET /reports/{id}/photo`.
///
/// # Errors
///
/// [`Failure::NotFound`] if there is none that whoever asks may see, [`Failure::Malformed`] without a reason.
pub async fn get(
    visitor: Visitor,
    state: Data<DeskState>,
    number: Path<String>,
    wanted: Query<Wanted>,
) -> Result<HttpResponse, Failure> {
    let sight = visitor.sight(Act::ReadReports, &state)?;
    let report = find(&state, &sight, &number).await?;
    let photo = sql::reports::photo(&state.db, report.id).await?.ok_or(Failure::NotFound)?;
    let unknown = || Failure::Internal(format!("the photo of report {} is none", report.id));
    let (media_type, ending) = kind(&photo).ok_or_else(unknown)?;
    let asked = format!("GET /reports/{}/photo", report.id);
    let done = Done { act: Act::ReadReports, asked: &asked, why: &wanted.why, counts: (1, 0) };
    reads::record(&state, &visitor, &sight, done, None).await?;
    let name = format!("attachment; filename=\"report-{}.{ending}\"", report.id);
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((CONTENT_DISPOSITION, name))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(photo))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_picture_has_no_type() {
        for bytes in [
            &b"<svg onload=alert(1)>"[..],
            b"<!doctype html>",
            b"GIF89a",
            b"RIFF1234AVI ",
            b"%PDF",
            b"",
        ] {
            assert_eq!(kind(bytes), None);
        }
        assert_eq!(kind(b"RIFF1234WEBP"), Some(("image/webp", "webp")));
        assert_eq!(kind(&[0xff, 0xd8, 0xff, 0xd9]), Some(("image/jpeg", "jpg")));
    }
}
