//! A bundle of which only the beginning arrived: nobody says that it is false, and nobody says that it is true.

use std::fs;

use crate::three::{Batch, repository};

#[test]
fn a_bundle_that_is_cut_at_any_byte_is_cannot_tell_for_all_verifiers() {
    let golden =
        |name: &str| fs::read(repository("crates/ledger/tests/golden").join(name)).unwrap();
    let mut batch = Batch::default();
    // Every byte of one, and some places of one with a proof of the directory.
    for (bundle, policy, step) in [
        ("valid/item.bundle.json", "policy.txt", 1),
        ("directory/bundle/item.bundle.json", "directory/bundle/policy.txt", 31),
    ] {
        let (whole, policy) = (golden(bundle), golden(policy));
        for length in (0..whole.len()).step_by(step) {
            batch.add(whole[..length].to_vec(), &policy);
        }
        batch.add(whole, &policy);
    }
    let mut proved = 0;
    for (place, found) in batch.run().into_iter().enumerate() {
        let length = batch.bundle(place).len();
        assert!(found.agree(), "{found:?}, cut at {length}");
        if found.ours == "proved" {
            proved += 1;
        } else {
            assert_eq!(found.ours, "cannot tell", "cut at {length}");
        }
    }
    assert_eq!(proved, 2, "the two whole bundles alone");
}
