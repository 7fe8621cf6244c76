//! Ledgers to public chain: the hub, the contract, epochs, receipts.
