//! `GET /exports/{id}/{part}`: the file of an export, its manifest, its signature.
//!
//! What holds:
//!
//! - only whoever asked for it is given it, and only while they still may see all that it was made for;
//! - that a file is taken is recorded before its first byte, with its hash and counts;
//! - of a file that was changed on the disk the end is not given.

use std::fs::File;
use std::io;

use access::Act;
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Data, Path};
use export::Format;
use export::request::still_sees;
use futures::TryStreamExt as _;
use ledger::Hash;
use ledger::json::Json;
use sql::exports::State;

use super::one::{find, manifest_of};
use crate::failure::Failure;
use crate::jobs::{checked, path_of};
use crate::reads::{self, Done};
use crate::state::DeskState;
use crate::visitor::Visitor;

/// The media type of a form.
fn media_type(format: Format) -> &'static str {
    match format {
        Format::FsmaCsv | Format::EventsCsv => "text/csv; charset=utf-8",
        Format::FsmaXlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Format::EpcisJson => "application/ld+json",
        Format::EpcisXml12 => "application/xml",
        Format::Pack => "application/zip",
        Format::Report => "application/pdf",
    }
}

/// What of a manifest a download needs.
struct Facts {
    scope: Json,
    export: String,
    sha256: Hash,
    bytes: u64,
    counts: (u64, u64),
}

fn facts(json: &Json) -> Option<Facts> {
    let number =
        |outer: &str, name: &str| json.get(outer)?.get(name)?.as_number()?.parse::<u64>().ok();
    Some(Facts {
        scope: json.get("request")?.get("scope")?.clone(),
        export: json.get("id")?.as_str()?.to_owned(),
        sha256: json.get("file")?.get("sha256")?.as_str()?.parse().ok()?,
        bytes: number("file", "bytes")?,
        counts: (number("counts", "events")?, number("counts", "hiddenByScope")?),
    })
}

/// `GET /exports/{id}/{part}`.
///
/// # Errors
///
/// [`Failure::NotFound`] for whatever is not there or not theirs, [`Failure::NotAllowed`] if they may not see all of it any more.
pub async fn get(
    visitor: Visitor,
    state: Data<DeskState>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Failure> {
    let (id, part) = path.into_inner();
    let stored = find(&state, &visitor, &id).await?;
    let is_there = stored.expires_at.is_some_and(|at| state.clock.now() < at);
    let format = Format::from_name(&stored.format);
    let (Some(format), Some(settings), true) = (format, &state.config.exports, is_there) else {
        return Err(Failure::NotFound);
    };
    let broken = || Failure::Internal(format!("the manifest of {id} lacks something"));
    let facts = facts(&manifest_of(&stored)?).ok_or_else(broken)?;
    let sight = visitor.sight(Act::QueryEvents, &state)?;
    if stored.state != State::Done || !still_sees(&sight, &facts.scope) {
        let why = "the export was made for limits that are no longer given; ask for it again";
        return Err(Failure::NotAllowed(why.to_owned()));
    }
    let name = format!("chopmark-export-{}.{}", &facts.export[..12], format.extension());
    let (kind, name) = match part.as_str() {
        "file" => (media_type(format), name),
        "manifest" => ("application/json", format!("{name}.manifest.json")),
        "signature" => ("text/plain; charset=utf-8", format!("{name}.sig")),
        _ => return Err(Failure::NotFound),
    };
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_TYPE, kind));
    answer.insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
    let text = match part.as_str() {
        "manifest" => stored.manifest.map(|text| text + "\n"),
        "signature" => stored.signature,
        _ => {
            let file = open(&path_of(&settings.folder, &id, format), facts.bytes)?;
            let done = Done {
                act: Act::QueryEvents,
                asked: &format!("GET /exports/{id}/file {} {}", facts.export, facts.sha256),
                why: &stored.why,
                counts: facts.counts,
            };
            reads::record(&state, &visitor, &sight, done, None).await?;
            let bytes = checked(file, facts.sha256);
            let logged = bytes
                .inspect_err(move |error| tracing::error!(%error, export = id, "not given out"));
            return Ok(answer.no_chunking(facts.bytes).streaming(logged));
        }
    };
    text.map(|text| answer.body(text)).ok_or(Failure::NotFound)
}

/// The file, if it is there and as long as it was.
fn open(path: &std::path::Path, bytes: u64) -> Result<File, Failure> {
    let problem = |what: String| Failure::Internal(format!("{}: {what}", path.display()));
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Failure::NotFound),
        Err(error) => return Err(problem(error.to_string())),
    };
    let length = file.metadata().map_err(|error| problem(error.to_string()))?.len();
    if length == bytes {
        Ok(file)
    } else {
        Err(problem(format!("got {length} bytes, expected {bytes}: the file was changed")))
    }
}
