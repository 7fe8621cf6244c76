//! Who says that they own an item, and what they gave out.
//!
//! The way through: [`claim`] makes somebody the first owner; [`make_link`] stores a link of the present owner, and [`withdraw`] ends it;
//! [`accept`] makes whoever has a link the next owner; [`of_secret`] and [`of_link`] read what an owner and a link show; [`registered`] says
//! since when an item has an owner, and when its hidden code was used.
//!
//! What holds: an item has at most one first owner, and each owner at most one next, however many try at once; owners are never changed
//! or removed; a link holds only while its maker is the present owner, and one to pass the item on is used once; of secrets and links the
//! hashes are stored.
//!
//! Not here: who may claim, secrets, how long links hold (`trace-api`).
//!
//! Source: docs/decisions/0095-owners.md.

use std::time::SystemTime;

use jiff::Timestamp;
use tokio_postgres::types::ToSql;

use crate::db::{Db, query, query_opt, system_time, timestamp};
use crate::error::Error;
use crate::queries::{
    OWNERS_ACCEPT, OWNERS_CLAIM, OWNERS_MAKE_LINK, OWNERS_OF_LINK, OWNERS_OF_SECRET,
    OWNERS_REGISTERED, OWNERS_WITHDRAW,
};

/// SHA-256 of a secret or of a link.
pub type Stored = [u8; 32];

/// By what somebody became the first owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// The hidden code.
    Code,
    /// A tap of the chip.
    Tag,
}

/// What an owner gives out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// Whoever has it may become the next owner.
    Transfer,
    /// Whoever has it sees that its maker is the present owner.
    Passport,
}

impl LinkKind {
    /// Its code in the table.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Passport => "passport",
        }
    }
}

/// An owner of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Digital Link of the item.
    pub item: String,
    /// Since when each owner up to this one is, in order; the last is this one.
    pub since: Vec<Timestamp>,
    /// When the item was passed on; none of the present owner.
    pub ended: Option<Timestamp>,
    /// Until when the link to pass it on holds, if there is one.
    pub transfer: Option<Timestamp>,
    /// Until when the passport holds, if there is one.
    pub passport: Option<Timestamp>,
}

/// What a link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// Digital Link of the item.
    pub item: String,
    /// Since when each owner is, in order; the last is the present one, who made the link.
    pub since: Vec<Timestamp>,
    /// Until when it holds.
    pub expires_at: Timestamp,
}

/// Makes somebody the first owner of an item; gives whether they are: not if it has an owner.
///
/// - `item`: its Digital Link at id.gs1.org.
///
/// # Errors
///
/// [`Error`].
pub async fn claim(
    db: &Db,
    item: &str,
    secret: &Stored,
    shown: Shown,
    at: Timestamp,
) -> Result<bool, Error> {
    let way = match shown {
        Shown::Code => "code",
        Shown::Tag => "tag",
    };
    let values: [&(dyn ToSql + Sync); 4] = [&item, &&secret[..], &system_time(at), &way];
    Ok(!db.query_alone("owners::claim", OWNERS_CLAIM, &values).await?.is_empty())
}

/// The owner with this secret, present or earlier.
///
/// # Errors
///
/// [`Error`].
pub async fn of_secret(db: &Db, secret: &Stored, now: Timestamp) -> Result<Option<Owner>, Error> {
    let rows = query(&db.client().await?, OWNERS_OF_SECRET, &[&&secret[..]]).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let mut owner = Owner {
        item: first.get(1),
        since: Vec::new(),
        ended: None,
        transfer: None,
        passport: None,
    };
    let own: i32 = first.get(0);
    let mut last = 0;
    for row in &rows {
        let (number, since): (i32, _) = (row.get(2), timestamp(row.get(3))?);
        if number > own {
            owner.ended = Some(since);
            continue;
        }
        if number != last {
            owner.since.push(since);
            last = number;
        }
        let expires: Option<SystemTime> = row.get(5);
        let expires = expires.map(timestamp).transpose()?.filter(|at| number == own && *at > now);
        match row.get::<_, Option<&str>>(4) {
            Some("transfer") => owner.transfer = expires,
            Some("passport") => owner.passport = expires,
            _ => {}
        }
    }
    Ok(Some(owner))
}

/// Stores a link of the present owner with this secret, in place of an earlier one of the kind; gives whether it did: not for an unknown
/// secret or an earlier owner.
///
/// - `token`: SHA-256 of what the link has.
///
/// # Errors
///
/// [`Error`].
pub async fn make_link(
    db: &Db,
    secret: &Stored,
    kind: LinkKind,
    token: &Stored,
    expires_at: Timestamp,
) -> Result<bool, Error> {
    let values: [&(dyn ToSql + Sync); 4] =
        [&&secret[..], &kind.code(), &&token[..], &system_time(expires_at)];
    Ok(!db.query_alone("owners::make_link", OWNERS_MAKE_LINK, &values).await?.is_empty())
}

/// Ends the link of this kind that the owner with this secret made; gives whether there was one.
///
/// # Errors
///
/// [`Error`].
pub async fn withdraw(db: &Db, secret: &Stored, kind: LinkKind) -> Result<bool, Error> {
    let values: [&(dyn ToSql + Sync); 2] = [&&secret[..], &kind.code()];
    Ok(!db.query_alone("owners::withdraw", OWNERS_WITHDRAW, &values).await?.is_empty())
}

/// What a link of this kind leads to, if it holds.
///
/// # Errors
///
/// [`Error`].
pub async fn of_link(
    db: &Db,
    token: &Stored,
    kind: LinkKind,
    now: Timestamp,
) -> Result<Option<Linked>, Error> {
    let values: [&(dyn ToSql + Sync); 3] = [&&token[..], &kind.code(), &system_time(now)];
    let rows = query(&db.client().await?, OWNERS_OF_LINK, &values).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let since = rows.iter().map(|row| timestamp(row.get(2))).collect::<Result<_, _>>()?;
    Ok(Some(Linked { item: first.get(0), since, expires_at: timestamp(first.get(3))? }))
}

/// Makes whoever has the link the next owner; gives whether they are: not if it does not hold.
///
/// - `secret`: SHA-256 of the next owner's secret.
///
/// # Errors
///
/// [`Error`].
pub async fn accept(
    db: &Db,
    token: &Stored,
    secret: &Stored,
    now: Timestamp,
) -> Result<bool, Error> {
    let values: [&(dyn ToSql + Sync); 3] = [&&token[..], &&secret[..], &system_time(now)];
    Ok(!db.query_alone("owners::accept", OWNERS_ACCEPT, &values).await?.is_empty())
}

/// What people registered of an item, as everybody may know it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Registered {
    /// When its hidden code was used for the first time.
    pub code_used: Option<Timestamp>,
    /// Since when it has an owner.
    pub owned: Option<Timestamp>,
}

/// What people registered of an item.
///
/// - Cost: one statement.
///
/// # Errors
///
/// [`Error`].
pub async fn registered(db: &Db, item: &str) -> Result<Registered, Error> {
    let row = query_opt(&db.client().await?, OWNERS_REGISTERED, &[&item]).await?;
    let row = row.ok_or_else(|| Error::data("no row of what is registered of an item"))?;
    let at = |place: usize| row.get::<_, Option<SystemTime>>(place).map(timestamp).transpose();
    Ok(Registered { code_used: at(0)?, owned: at(1)? })
}
