//! How many endpoints must agree, and what each said: one endpoint alone can lie.
//!
//! The way through: [`Quorum::new`] makes a client for each endpoint; [`Quorum::confirm`] asks every one of them by
//! itself about a block; [`Confirmation`] counts. [`Quorum::agree_on`] does the same for any other question.
//!
//! What holds: an endpoint counts once; one that does not answer, or says something else, never counts as agreeing;
//! every endpoint is asked, also after enough have agreed, so that a disagreement is seen.
//!
//! Not here: the questions ([`crate::on_chain`], [`crate::chain::ethereum`]), when they are asked (`receipts`, `recheck`).
//!
//! Source: docs/decisions/0025-ledgers-never-shrink.md, "Endpoints".

use std::fmt;

use evm::Address;
use ledger::bundle::AnchorClaim;
use process::Clock;

use crate::on_chain::{self, BlockClaim, ChainAnswer, Exchange};
use crate::rpc::{Rpc, RpcError};

/// How many endpoints must agree if nobody says so: two where there are two or more.
#[must_use]
pub fn default_quorum(endpoints: usize) -> usize {
    endpoints.clamp(1, 2)
}

/// Endpoints that are asked one by one.
pub struct Quorum {
    endpoints: Vec<Rpc>,
    needed: usize,
}

/// What one endpoint said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointAnswer {
    /// Its host and port; the rest of the address may hold a provider's key.
    pub host: String,
    /// Its answer.
    pub answer: Result<ChainAnswer, RpcError>,
    /// What it was asked for that, and what it said, in this order.
    pub exchanges: Vec<Exchange>,
}

impl fmt::Display for EndpointAnswer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.answer {
            Ok(answer) => write!(out, "{}: {answer}", self.host),
            Err(error) => write!(out, "{}: {error}", self.host),
        }
    }
}

/// What all endpoints said about one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// In the order of the configuration.
    pub answers: Vec<EndpointAnswer>,
    /// How many must agree.
    pub needed: usize,
}

impl Confirmation {
    /// How many endpoints were asked.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.answers.len()
    }

    /// How many have the block and the receipt, deep enough.
    #[must_use]
    pub fn agreed(&self) -> usize {
        self.count(|answer| answer.as_ref().is_ok_and(ChainAnswer::is_final))
    }

    /// How many have something else.
    #[must_use]
    pub fn contradicting(&self) -> usize {
        self.count(|answer| answer.as_ref().is_ok_and(ChainAnswer::contradicts))
    }

    /// How many answered at all.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.count(Result::is_ok)
    }

    /// Whether as many agree as must.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.agreed() >= self.needed
    }

    /// Whether as many have something else as would be needed to agree.
    #[must_use]
    pub fn is_refuted(&self) -> bool {
        self.contradicting() >= self.needed && !self.is_final()
    }

    fn count(&self, is_counted: impl Fn(&Result<ChainAnswer, RpcError>) -> bool) -> usize {
        self.answers.iter().filter(|one| is_counted(&one.answer)).count()
    }
}

/// `2 of 2 endpoints agree, 2 are needed; a.example: block 7 is on the chain …; b.example: …`
impl fmt::Display for Confirmation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (agreed, asked, needed) = (self.agreed(), self.asked(), self.needed);
        write!(out, "{agreed} of {asked} endpoints agree, {needed} needed")?;
        self.answers.iter().try_for_each(|answer| write!(out, "; {answer}"))
    }
}

/// What each endpoint said to a question: its host, and its answer.
pub type Said<T, E> = Vec<(String, Result<T, E>)>;

impl Quorum {
    /// Clients for these endpoints; sends no request yet.
    ///
    /// - `urls`: one for each endpoint.
    /// - `chain_id`: the id that every endpoint must name before it counts.
    /// - `needed`: how many must agree, from 1.
    #[must_use]
    pub fn new(urls: &[String], chain_id: u64, needed: usize, clock: &Clock) -> Self {
        let one = |url| Rpc::new(std::slice::from_ref(url), chain_id, clock.clone());
        Self { endpoints: urls.iter().map(one).collect(), needed: needed.max(1) }
    }

    /// Asks every endpoint about a block. Blocks the thread.
    #[must_use]
    pub fn confirm(&self, claim: &BlockClaim) -> Confirmation {
        let ask = |rpc: &Rpc| {
            let mut exchanges = Vec::new();
            let answer = on_chain::ask(rpc, claim, &mut exchanges);
            EndpointAnswer { host: rpc.host(), answer, exchanges }
        };
        Confirmation { answers: self.endpoints.iter().map(ask).collect(), needed: self.needed }
    }

    /// Asks every endpoint the same question, and returns the first answer that as many give as must.
    ///
    /// # Errors
    ///
    /// What every endpoint said, in their order, if no answer was given often enough.
    pub fn agree_on<T: PartialEq, E>(
        &self,
        question: impl Fn(&Rpc) -> Result<T, E>,
    ) -> Result<T, Said<T, E>> {
        let said: Vec<_> = self.endpoints.iter().map(|rpc| (rpc.host(), question(rpc))).collect();
        let votes = |wanted: &T| {
            said.iter().filter(|(_, answer)| answer.as_ref().is_ok_and(|got| got == wanted)).count()
        };
        let place = said
            .iter()
            .position(|(_, answer)| answer.as_ref().is_ok_and(|got| votes(got) >= self.needed));
        let mut said = said;
        match place.map(|place| said.swap_remove(place)) {
            Some((_, Ok(answer))) => Ok(answer),
            _ => Err(said),
        }
    }

    /// How many must agree.
    #[must_use]
    pub fn needed(&self) -> usize {
        self.needed
    }

    /// How often a request to an endpoint failed.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.endpoints.iter().map(Rpc::failures).sum()
    }
}

/// Asks endpoints whether the block that a bundle names is on their chain.
///
/// - `rpc_urls`: the endpoints; one of another chain than the claim's does not count.
/// - `needed`: how many must agree.
/// - `confirmations`: blocks on top of the anchor's block that make it final.
/// - `clock`: measures the pauses of endpoints that failed.
#[must_use]
pub fn check_on_chain(
    rpc_urls: &[String],
    claim: &AnchorClaim,
    needed: usize,
    confirmations: u64,
    clock: &Clock,
) -> Confirmation {
    Quorum::new(rpc_urls, claim.chain_id, needed, clock).confirm(&BlockClaim {
        number: claim.block_number,
        hash: claim.block_hash.0,
        contract: Address(claim.contract),
        confirmations,
        receipt: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confirmation(answers: &[Result<bool, ()>], needed: usize) -> Confirmation {
        let answer = |said: &Result<bool, ()>| match said {
            Ok(true) => Ok(ChainAnswer::Final { block_number: 7, confirmations: 3 }),
            Ok(false) => Ok(ChainAnswer::OtherBlock { block_number: 7, found: [1; 32] }),
            Err(()) => Err(RpcError::Unreachable { endpoints: 1, last: "refused".into() }),
        };
        let answers = answers
            .iter()
            .map(|said| {
                let (host, exchanges) = ("rpc.example".into(), Vec::new());
                EndpointAnswer { host, answer: answer(said), exchanges }
            })
            .collect();
        Confirmation { answers, needed }
    }

    #[test]
    fn final_is_what_enough_endpoints_have_and_silence_is_no_agreement() {
        let (yes, no, silent) = (Ok(true), Ok(false), Err(()));
        for (answers, needed, is_final, is_refuted) in [
            (&[yes][..], 1, true, false),
            (&[yes, yes], 2, true, false),
            (&[yes, no], 2, false, false),
            (&[yes, silent], 2, false, false),
            (&[yes, yes, no], 2, true, false),
            (&[no, no], 2, false, true),
            (&[no, silent], 2, false, false),
            (&[no], 1, false, true),
            (&[silent], 1, false, false),
            (&[], 1, false, false),
        ] {
            let found = confirmation(answers, needed);
            assert_eq!((found.is_final(), found.is_refuted()), (is_final, is_refuted), "{found}");
        }
        assert_eq!([0, 1, 2, 3].map(default_quorum), [1, 1, 2, 2]);
    }

    #[test]
    fn the_text_says_how_many_agreed_and_what_each_said() {
        let text = confirmation(&[Ok(true), Err(())], 2).to_string();
        assert_eq!(
            text,
            "1 of 2 endpoints agree, 2 needed; rpc.example: block 7 is on the chain with 3 blocks on top of it; \
             rpc.example: none of 1 chain endpoints answered; the last failure: refused"
        );
    }
}
