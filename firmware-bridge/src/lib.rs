//! Reader to observation: drivers, settling, spool, delivery.
