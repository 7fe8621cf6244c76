//! Writes an export.
//!
//! The way through: [`write()`] takes the [`Snapshot`], walks the events and gives each batch to the form that was asked for, while the next batch is looked
//! for; at the end it gives the [`Manifest`].
//!
//! What holds: what was written before an error is no export; whoever gives the sink keeps it under another name until then.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use directory::Rights;

use crate::descriptions::Descriptions;
use crate::error::Error;
use crate::job::{Job, Source};
use crate::manifest::Manifest;
use crate::request::{Format, Request};
use crate::rows::each;
use crate::sheet::{ROWS_OF_A_SHEET, Workbook};
use crate::snapshot::Snapshot;
use crate::tally::{Counts, Hashing};
use crate::walk::Row;
use crate::{csv, fsma, json_ld, pack, report, table, xml};

/// Bytes that are collected before the sink is asked to take them.
const ROOM: usize = 256 * 1024;

/// Writes an export to a sink, and gives its manifest.
///
/// - Memory does not depend on the number of rows; an evidence pack keeps the names of its items, at most as many as the request allows.
/// - The future is long: whoever has others to serve gives it a task of its own.
///
/// # Errors
///
/// [`Error`]; what was written until then is no export.
pub async fn write(
    source: &Source<'_>,
    request: &Request,
    sink: &mut (dyn Write + Send),
    mut job: Job<'_>,
) -> Result<Manifest, Error> {
    let snapshot = Snapshot::take(source.db, &source.current.policy, source.pins).await?;
    let mut manifest = Manifest::begin(request, &snapshot);
    let sink = BufWriter::with_capacity(ROOM, Hashing::new(sink));
    let sink = if request.format == Format::Pack {
        pack::write(source, request, &snapshot, &mut manifest, sink, &mut job).await?
    } else if request.format == Format::Report {
        let rights = rights_at(source, &snapshot).await?;
        report::write(source, request, &snapshot, rights, &mut manifest, sink, &mut job).await?
    } else {
        let rights = rights_at(source, &snapshot).await?;
        let mut form = Form::begin(request, &manifest, sink)?;
        let mut names = Descriptions::new(source.db, rights, snapshot.master, snapshot.at());
        let mut counts = Counts::default();
        let is_described = form.is_described();
        let add = &mut |row: &Row, names: &Descriptions<'_>, counts: &mut Counts| {
            form.add(row, names, counts)
        };
        let described = is_described.then_some(&mut names);
        each(source.db, request, &snapshot, described, &mut counts, &mut job, add).await?;
        manifest.counts = counts;
        form.end(&manifest)?
    };
    let sink = sink.into_inner().map_err(io::IntoInnerError::into_error)?;
    manifest.file = Some(sink.finish());
    Ok(manifest)
}

/// Who may say what, as of the directory's size in the snapshot.
async fn rights_at(source: &Source<'_>, snapshot: &Snapshot) -> Result<Arc<Rights>, Error> {
    let current = source.current;
    let Some(loaded) = &current.loaded else { return Ok(current.rights.clone()) };
    let origin = loaded.directory.origin();
    let pinned = snapshot.size_of(origin).filter(|size| *size < loaded.directory.size());
    match (pinned, loaded.directory.policy().directory) {
        (Some(size), Some(pin)) => Ok(Arc::new(loaded.at(source.db, &pin, size).await?.rights())),
        _ => Ok(current.rights.clone()),
    }
}

/// A form that is being written.
enum Form<W: Write> {
    FsmaCsv(W),
    FsmaXlsx(Workbook<W>),
    EventsCsv(W),
    Json(W, bool),
    Xml(W),
}

impl<W: Write> Form<W> {
    fn begin(request: &Request, manifest: &Manifest, mut sink: W) -> Result<Self, Error> {
        let mark = |sink: &mut W| {
            if request.options.has_mark { sink.write_all(csv::MARK) } else { Ok(()) }
        };
        Ok(match request.format {
            Format::FsmaCsv => {
                mark(&mut sink)?;
                csv::row(&mut sink, &fsma::COLUMNS)?;
                Self::FsmaCsv(sink)
            }
            Format::EventsCsv => {
                mark(&mut sink)?;
                csv::row(&mut sink, &table::COLUMNS)?;
                Self::EventsCsv(sink)
            }
            Format::FsmaXlsx => Self::FsmaXlsx(Workbook::new(
                sink,
                "Tracking events",
                &fsma::COLUMNS,
                ROWS_OF_A_SHEET,
            )),
            Format::EpcisJson => {
                json_ld::begin(&mut sink, manifest.at)?;
                Self::Json(sink, true)
            }
            Format::EpcisXml12 => {
                xml::begin(&mut sink, manifest.at)?;
                Self::Xml(sink)
            }
            Format::Pack | Format::Report => {
                let problem = "evidence packs and reports are not written row by row".to_owned();
                return Err(Error::Request(problem));
            }
        })
    }

    /// Whether it says what places and products are called.
    fn is_described(&self) -> bool {
        matches!(self, Self::FsmaCsv(_) | Self::FsmaXlsx(_))
    }

    fn add(&mut self, row: &Row, names: &Descriptions<'_>, counts: &mut Counts) -> io::Result<()> {
        match self {
            Self::FsmaCsv(sink) => add_fsma(row, names, counts, |cells| csv::row(sink, cells)),
            Self::FsmaXlsx(book) => add_fsma(row, names, counts, |cells| book.row(cells)),
            Self::EventsCsv(sink) => {
                counts.rows += 1;
                csv::row(sink, &table::cells(row))
            }
            Self::Json(sink, is_first) => {
                counts.rows += 1;
                let event = json_ld::event(row.event.json(), row.record_time);
                json_ld::add(sink, std::mem::take(is_first), &event)
            }
            Self::Xml(sink) => xml::add(sink, row, counts),
        }
    }

    fn end(self, manifest: &Manifest) -> io::Result<W> {
        Ok(match self {
            Self::FsmaCsv(mut sink) => {
                csv::row(&mut sink, &about(manifest, fsma::COLUMNS.len()))?;
                sink
            }
            Self::EventsCsv(mut sink) => {
                csv::row(&mut sink, &about(manifest, table::COLUMNS.len()))?;
                sink
            }
            Self::FsmaXlsx(mut book) => {
                book.other_sheet("About this export")?;
                book.plain_row(&["What", "Value"])?;
                book.plain_row(&["Summary", &manifest.sentence()])?;
                let text = manifest.to_json().canonical();
                // A cell does not take more.
                let shown: String = text.chars().take(fsma::MOST_CHARACTERS).collect();
                book.plain_row(&["Manifest", &shown])?;
                book.finish()?
            }
            Self::Json(mut sink, _) => {
                json_ld::end(&mut sink, manifest)?;
                sink
            }
            Self::Xml(mut sink) => {
                xml::end(&mut sink, manifest)?;
                sink
            }
        })
    }
}

fn add_fsma(
    row: &Row,
    names: &Descriptions<'_>,
    counts: &mut Counts,
    mut write: impl FnMut(&fsma::Cells) -> io::Result<()>,
) -> io::Result<()> {
    let rows = fsma::rows(row, names);
    if rows.is_empty() {
        counts.outside_layout += 1;
    }
    for cells in rows {
        counts.rows += 1;
        write(&cells)?;
    }
    Ok(())
}

/// The last row of a table: what the file leaves out.
fn about(manifest: &Manifest, cells: usize) -> Vec<String> {
    let mut row = vec![String::new(); cells];
    "About this export".clone_into(&mut row[0]);
    row[5] = manifest.sentence();
    row
}
