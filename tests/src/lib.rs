//! Simulators of every device at the wire, and what end-to-end tests stand on.
