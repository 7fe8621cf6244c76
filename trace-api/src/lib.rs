//! Ledgers to answers: verdict pages, histories, proofs, bundles.
