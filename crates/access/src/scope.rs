//! To which events a role is limited.
//!
//! What holds: every limit that a scope has must hold; an empty list is no limit. A limit is compared with what an event
//! names by the key of the thing, so that no other spelling goes around it.
//!
//! Source: decision 0058.

use jiff::Timestamp;

use crate::fact::Facts;

/// Limits of a grant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    products: Vec<String>,
    parties: Vec<String>,
    jurisdictions: Vec<String>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    /// Products, parties and jurisdictions as they were stated.
    stated: [Vec<String>; 3],
}

/// What of a scope cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: got `{got}`, expected {expected}")]
pub struct ScopeError {
    /// Which limit.
    pub what: &'static str,
    /// What was stated.
    pub got: String,
    /// What would have been understood.
    pub expected: &'static str,
}

/// Whether a text is digits of a GS1 prefix: 4 to 12 of them.
fn is_prefix(text: &str) -> bool {
    (4..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Scope {
    /// Limits it to things of a product: `what` is the digits of a GS1 company prefix (4 to 12), or a thing or class in any
    /// spelling (`https://id.gs1.org/01/09521141123454`), which stands for all items of that class.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] if it is neither.
    pub fn with_product(mut self, what: &str) -> Result<Self, ScopeError> {
        let digits =
            if is_prefix(what) { Some(what.to_owned()) } else { epc::licence_digits(what) };
        let expected = "4 to 12 digits of a GS1 prefix, or a GS1 Digital Link or EPC URN";
        let digits =
            digits.ok_or_else(|| ScopeError { what: "product", got: what.to_owned(), expected })?;
        self.products.push(digits);
        self.stated[0].push(what.to_owned());
        Ok(self)
    }

    /// Limits it to events that a party stated or that name it.
    ///
    /// - `pgln`: the party, in any spelling.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] if it has no GS1 key.
    pub fn with_party(mut self, pgln: &str) -> Result<Self, ScopeError> {
        if !epc::has_gs1_key(pgln) {
            let expected = "the PGLN of a party as an EPC URN or GS1 Digital Link";
            return Err(ScopeError { what: "party", got: pgln.to_owned(), expected });
        }
        self.parties.push(epc::thing_key(pgln));
        self.stated[1].push(pgln.to_owned());
        Ok(self)
    }

    /// Limits it to events at places of a jurisdiction: `what` is the digits that its GLNs begin with (4 to 12), or one site.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] if it is neither.
    pub fn with_jurisdiction(mut self, what: &str) -> Result<Self, ScopeError> {
        let place = if is_prefix(what) {
            Some(what.to_owned())
        } else {
            epc::has_gs1_key(what).then(|| epc::site_key(what))
        };
        let expected = "4 to 12 digits that GLNs begin with, or the SGLN of a site";
        let place = place.ok_or_else(|| ScopeError {
            what: "jurisdiction",
            got: what.to_owned(),
            expected,
        })?;
        self.jurisdictions.push(place);
        self.stated[2].push(what.to_owned());
        Ok(self)
    }

    /// Limits it to events that happened from `from` on and before `until`.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] if nothing is between them.
    pub fn with_period(
        mut self,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Self, ScopeError> {
        if let (Some(from), Some(until)) = (from, until)
            && from >= until
        {
            let got = format!("{from} to {until}");
            return Err(ScopeError { what: "period", got, expected: "an end after its beginning" });
        }
        self.from = from;
        self.until = until;
        Ok(self)
    }

    /// Limits as lists and a period, as they are stored.
    ///
    /// - `lists`: products, parties, jurisdictions.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] of the first that cannot be understood.
    pub fn of_lists(
        [products, parties, jurisdictions]: [&[String]; 3],
        (from, until): (Option<Timestamp>, Option<Timestamp>),
    ) -> Result<Self, ScopeError> {
        let mut scope = Self::default().with_period(from, until)?;
        for one in products {
            scope = scope.with_product(one)?;
        }
        for one in parties {
            scope = scope.with_party(one)?;
        }
        for one in jurisdictions {
            scope = scope.with_jurisdiction(one)?;
        }
        Ok(scope)
    }

    /// Products, parties and jurisdictions as they were stated: what [`Self::of_lists`] reads, and what people are shown.
    #[must_use]
    pub fn stated(&self) -> [&[String]; 3] {
        self.stated.each_ref().map(Vec::as_slice)
    }

    /// Digits of the products; empty if they are not limited.
    #[must_use]
    pub fn products(&self) -> &[String] {
        &self.products
    }

    /// Keys of the parties; empty if they are not limited.
    #[must_use]
    pub fn parties(&self) -> &[String] {
        &self.parties
    }

    /// Digits of GLNs and keys of sites; empty if they are not limited.
    #[must_use]
    pub fn jurisdictions(&self) -> &[String] {
        &self.jurisdictions
    }

    /// From when on, and until when.
    #[must_use]
    pub fn period(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        (self.from, self.until)
    }

    /// Whether whatever is within the limits of `other` is within these: each kind that is limited here is limited there to values that are
    /// each within one of these.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        let is_within = |own: &[String], others: &[String], is_in: &dyn Fn(&str, &str) -> bool| {
            let of_one = |one: &String| own.iter().any(|limit| is_in(one, limit));
            own.is_empty() || !others.is_empty() && others.iter().all(of_one)
        };
        let is_in_place = |one: &str, limit: &str| {
            let begins = |digits: String| is_prefix(limit) && digits.starts_with(limit);
            let digits =
                if is_prefix(one) { Some(one.to_owned()) } else { epc::licence_digits(one) };
            one == limit || digits.is_some_and(begins)
        };
        let begins = self.from.is_none_or(|from| other.from.is_some_and(|own| from <= own));
        let ends = self.until.is_none_or(|until| other.until.is_some_and(|own| own <= until));
        begins
            && ends
            && is_within(&self.products, &other.products, &|one, limit| one.starts_with(limit))
            && is_within(&self.parties, &other.parties, &|one, limit| one == limit)
            && is_within(&self.jurisdictions, &other.jurisdictions, &is_in_place)
    }

    /// Whether an event is within all limits.
    pub(crate) fn covers(&self, facts: &Facts<'_>) -> bool {
        self.covers_time(facts.event_time)
            && (self.products.is_empty() || self.names_product(facts))
            && (self.parties.is_empty() || self.names_party(facts))
            && (self.jurisdictions.is_empty() || self.names_place(facts))
    }

    fn covers_time(&self, time: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= time) && self.until.is_none_or(|until| time < until)
    }

    /// Whether an item at a time is within the limits of products and time. Without limits of products it is only if there are none of
    /// parties and places either, since an item alone has neither.
    pub(crate) fn covers_item(&self, item: &str, at: Timestamp) -> bool {
        let others_are_free = self.parties.is_empty() && self.jurisdictions.is_empty();
        let is_free = self.products.is_empty() && others_are_free;
        self.covers_time(at) && (is_free || self.has_product(item))
    }

    fn names_product(&self, facts: &Facts<'_>) -> bool {
        facts.things.iter().any(|thing| self.has_product(thing))
    }

    fn has_product(&self, thing: &str) -> bool {
        epc::licence_digits(thing)
            .is_some_and(|digits| self.products.iter().any(|one| digits.starts_with(one)))
    }

    fn names_party(&self, facts: &Facts<'_>) -> bool {
        facts.parties.iter().any(|party| self.parties.contains(&epc::thing_key(party)))
    }

    fn names_place(&self, facts: &Facts<'_>) -> bool {
        facts.places.iter().any(|place| {
            let (site, digits) = (epc::site_key(place), epc::licence_digits(place));
            self.jurisdictions.iter().any(|one| {
                *one == site
                    || is_prefix(one)
                        && digits.as_ref().is_some_and(|digits| digits.starts_with(one))
            })
        })
    }
}
