//! Records of an item to its state, its verdict and its bundle.

pub mod bundle;
pub mod story;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod verdict;
