//! Checks what cryptographic tags answer: the address that an NTAG 424 DNA writes at each tap, and the response of a UHF tag.
//!
//! The way through: [`key_set::KeySet`] is what an operator knows of the tags of a product; [`tap::check`] takes the raw path and
//! query of a request and gives a [`tap::Tap`]: which chip, which tap, which state of the seal. [`tam`] checks UHF tags, with the
//! keys of [`tam_keys`] or by a service that `tag_service` asks.
//!
//! What holds: pure, without clock, randomness or I/O; no input panics; codes are compared in constant time; keys are wiped
//! after use and `Debug` shows none; a correct code says that the chip made this address, not that the address is new: whoever
//! calls compares the counter with the highest one before (`sql::tag_taps`).
//!
//! Not here: where keys are kept (`keystore::wrapped`, `sql::tag_keys`), the verdict (`history::verdict`).
//!
//! Sources: NXP AN12196 (NTAG 424 DNA), AN12304 (LRP), AN10922 (diversified keys); RFC 4493; ISO/IEC 29167-10.

pub mod block;
pub mod diversify;
pub mod key_set;
pub mod lrp;
pub mod session;
pub mod tag_keys;
pub mod tam;
pub mod tam_keys;
pub mod tap;
