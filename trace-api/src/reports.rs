//! Reports of a suspicion: what a person sends about an item, and the receipt by which they follow it.
//!
//! The way through: [`Report::read`] takes the fields of a form, bounded; [`send`] makes the receipt, stores the report under its
//! hash with what it rests on, and has the digest of that in the log of reads; [`follow`] gives whoever has the receipt what came of it;
//! [`delete_old`] removes reports when they are old.
//!
//! What holds: a report decides nothing about an item; nothing of who sends it is kept but what they wrote; the receipt has 80 random bits,
//! comes from a secret, and only its hash is stored; the same form sent twice gives the same receipt and one report, and another text in the
//! same form is another report; text is stored without control characters and without marks that turn its direction; a report has one entry
//! in the log, made before its receipt is shown, or none if it could not be written.
//!
//! Not here: pages ([`crate::page::report`]), photos ([`photo`]), what the digest is of (`history::frozen`), who reads reports (`desk`) and
//! who answers (`chopmark report`).
//!
//! Sources: docs/decisions/0093-reports-of-a-suspicion.md, docs/decisions/0102-reports-reach-brand-and-authority.md.

pub mod photo;

use access::typed::LongCode;
use gate::read_log::NotRecorded;
use history::frozen::{self, Shown, Statement};
use jiff::{SignedDuration, Timestamp};
use ledger::Hash;
use ledger::hash::sha256;
use process::Randomness;
use sql::reports::{Evidence, MOST_DELETED, NewReport, Outcome, SECRET, Stored};

use crate::language::Language;
use crate::once::{FORM_LENGTH, code};
use crate::problem::Problem;
use crate::state::AppState;
use crate::typed::{self, Typed};

/// Most bytes of what names the item.
pub const MOST_CODE: usize = 500;
/// Most characters of the text.
pub const MOST_MESSAGE: usize = 2_000;
/// Most characters of where it was.
pub const MOST_PLACE: usize = 200;

/// What people suspect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspicion {
    /// It looks like a copy.
    Copy,
    /// The seal or the pack was opened.
    Opened,
    /// Seller or source.
    Seller,
    /// What the page says does not fit the thing.
    Record,
    /// Anything else.
    Other,
}

impl Suspicion {
    /// All, in the order of the form.
    pub const ALL: [Self; 5] = [Self::Copy, Self::Opened, Self::Seller, Self::Record, Self::Other];

    /// Its code, as it is stored and sent.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Opened => "opened",
            Self::Seller => "seller",
            Self::Record => "record",
            Self::Other => "other",
        }
    }

    /// The one with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// What the fields of a form hold, as they were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    /// Number of the form.
    pub form: String,
    /// What names the item.
    pub code: String,
    /// Code of a [`Suspicion`].
    pub reason: String,
    /// What they write.
    pub message: String,
    /// Where.
    pub place: String,
    /// [`TICKED`] if inspectors are to read it.
    pub authorities: String,
}

/// What a ticked box sends.
pub const TICKED: &str = "yes";

/// Why a report is not taken as it was sent; the person can send it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It names no item.
    NoCode,
    /// No reason was chosen.
    NoReason,
    /// A text is longer than [`MOST_CODE`], [`MOST_MESSAGE`] or [`MOST_PLACE`].
    TooLong,
    /// The photo has more bytes than [`sql::reports::MOST_PHOTO`].
    PhotoTooLarge,
    /// The photo is no picture that can be read.
    PhotoUnread,
}

/// A report that can be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    form: String,
    /// Digital Link of the item, or the text where none can be read from it.
    pub item: String,
    reason: Suspicion,
    message: String,
    place: String,
    photo: Option<Vec<u8>>,
    for_authorities: bool,
}

impl Report {
    /// Reads the fields of a form.
    ///
    /// - `photo`: as it was sent; none if it is empty.
    /// - `own_host`: host and port of our own address.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    pub fn read(fields: &Fields, photo: Option<&[u8]>, own_host: &str) -> Result<Self, Refused> {
        let [code, message, place] =
            [&fields.code, &fields.message, &fields.place].map(|text| plain(text));
        if code.is_empty() {
            return Err(Refused::NoCode);
        }
        let reason = Suspicion::parse(&fields.reason).ok_or(Refused::NoReason)?;
        if code.len() > MOST_CODE
            || message.chars().count() > MOST_MESSAGE
            || place.chars().count() > MOST_PLACE
            || fields.form.len() > FORM_LENGTH
        {
            return Err(Refused::TooLong);
        }
        let photo = photo.filter(|bytes| !bytes.is_empty()).map(photo::without_metadata);
        let photo = photo.transpose().map_err(|_| Refused::PhotoUnread)?;
        let item = item_of(&code, own_host);
        let for_authorities = fields.authorities == TICKED;
        Ok(Self { form: fields.form.clone(), item, reason, message, place, photo, for_authorities })
    }

    /// What is stored of it.
    fn statement(
        &self,
        received_at: Timestamp,
        photo: Option<(Hash, u64)>,
        language: Language,
    ) -> Statement<'_> {
        Statement {
            received_at,
            item: &self.item,
            reason: self.reason.code(),
            message: &self.message,
            place: &self.place,
            language: language.tag(),
            for_authorities: self.for_authorities,
            photo,
        }
    }

    /// Its receipt: nobody without the secret can compute it, and the same report in the same form has the same.
    fn receipt(&self, secret: &[u8]) -> Receipt {
        let photo = self.photo.as_deref().map(|photo| hex::encode(sha256(photo).as_bytes()));
        let photo = photo.unwrap_or_default();
        let ticked = if self.for_authorities { TICKED } else { "" };
        let texts = [&*self.form, &self.item, self.reason.code(), &self.message, &self.place];
        let parts = [&texts[..], &[&photo, ticked]].concat();
        Receipt(code(secret, b"chopmark.org/report-receipt@v1\n", &parts))
    }
}

/// By what a report is followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Receipt(LongCode);

impl Receipt {
    /// Reads a receipt as people type it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        LongCode::parse(text).map(Self)
    }

    /// What is stored of it.
    fn stored(self) -> [u8; 32] {
        let mut text = b"chopmark.org/report@v1\n".to_vec();
        text.extend(self.0.0);
        *sha256(&text).as_bytes()
    }
}

impl std::fmt::Display for Receipt {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(out)
    }
}

/// Stores a report, with what it rests on, and has the digest of that in the log of reads; gives the receipt, and whether it is new.
///
/// - `shown`: what the page of the item says now.
///
/// # Errors
///
/// [`Problem`].
pub async fn send(
    state: &AppState,
    report: &Report,
    shown: &Shown,
    language: Language,
) -> Result<(Receipt, Stored), Problem> {
    let receipt = report.receipt(&state.config().scan_secret);
    let mut secret = [0; SECRET];
    let drawn = Randomness::system().source().fill(&mut secret);
    drawn.map_err(|_| Problem::Internal("no random bytes".to_owned()))?;
    // As the database keeps it, so that the document can be compared with what is stored.
    let now = state.clock.now();
    let at = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
    let photo = report.photo.as_deref().map(|photo| (sha256(photo), photo.len() as u64));
    let evidence = [photo, None].map(|photo| {
        let document = frozen::document(&report.statement(at, photo, language), shown);
        Evidence { digest: frozen::digest(&secret, &document), document }
    });
    let [whole, without_photo] = &evidence;
    let new = NewReport {
        receipt: &receipt.stored(),
        at,
        item: &report.item,
        reason: report.reason.code(),
        message: &report.message,
        place: &report.place,
        language: language.tag(),
        photo: report.photo.as_deref(),
        for_authorities: report.for_authorities,
        secret: &secret,
        evidence: whole,
        without_photo,
    };
    let stored = sql::reports::insert(&state.db, new).await?;
    if let Stored::New { id, with_photo } = stored {
        let has_room = with_photo || report.photo.is_none();
        let digest = if has_room { whole.digest } else { without_photo.digest };
        log(state, id, &digest).await;
    }
    Ok((receipt, stored))
}

/// Has the digest of a report in the log of reads. What cannot be logged stays a report whose pages say so.
async fn log(state: &AppState, id: u64, digest: &Hash) {
    let place = match state.read_log.record_report((id, digest)).await {
        Ok(place) => place,
        Err(NotRecorded::NoLog) => return,
        Err(problem) => {
            tracing::error!(%problem, report = id, "the digest of a report is in no log");
            return;
        }
    };
    let set = async |tx: &sql::Transaction<'_>| sql::reports::set_logged(tx, id, &place).await;
    if let Err(error) = state.db.run_tx("trace_api.log_report", set).await {
        tracing::error!(%error, report = id, "a report does not say which log has its digest");
    }
}

/// What came of a report.
///
/// # Errors
///
/// [`Problem`].
pub async fn follow(state: &AppState, receipt: Receipt) -> Result<Option<Outcome>, Problem> {
    Ok(sql::reports::of_receipt(&state.db, &receipt.stored()).await?)
}

/// Deletes the reports that are older than the configuration says; gives their number.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn delete_old(state: &AppState) -> Result<u64, sql::Error> {
    let age = SignedDuration::from_hours(24 * i64::from(state.config().keep_reports_days));
    let before = state.clock.now().checked_sub(age).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let delete = async |tx: &sql::Transaction<'_>| sql::reports::delete_before(tx, before).await;
    let mut all = 0;
    loop {
        let deleted = state.db.run_tx("trace_api.delete_reports", delete).await?;
        all += deleted;
        if deleted < MOST_DELETED {
            return Ok(all);
        }
    }
}

/// The link of the item that a text names, which does not depend on who licensed its prefix; the text itself if that is none, since a code that nobody issued is reported too.
fn item_of(code: &str, own_host: &str) -> String {
    let page = match typed::read(code, own_host) {
        Ok(Typed::Page(page) | Typed::Elsewhere { page, .. }) => {
            format!("https://id.gs1.org{page}")
        }
        Err(_) => code.to_owned(),
    };
    epc::identify(&page).map_or_else(|_| code.to_owned(), |item| item.to_digital_link())
}

/// A text without control characters but line ends, and without what turns the direction of writing, at its ends trimmed.
fn plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let is_kept = |c: &char| {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        (*c == '\n' || !c.is_control()) && !turns
    };
    text.chars().filter(is_kept).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests;
