//! What happened to things: the EPCIS 2.0 model, JSON-LD, validation, event hash.
