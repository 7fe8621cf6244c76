//! How much a host keeps at most, whatever is sent to it.

/// Most nodes at one time. A site has some dozen; nodes that are not born are replaced by new ones.
pub const MAX_NODES: usize = 1024;
/// Most metrics kept over all nodes and devices, where a device counts as one more. With names of 100 bytes
/// that is some 30 megabytes.
pub const MAX_KEPT: usize = 100_000;
/// Most bytes of messages that wait for missing ones, over all nodes: two seconds of a busy site.
pub const MAX_WAITING: usize = 8 * 1024 * 1024;
