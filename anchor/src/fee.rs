//! The fees to offer for a transaction: little while there is time, more as the wait grows, never beyond the cap.
//!
//! `offer = min(max_fee, optimal_fee * urgency)`, all in wei per gas. The urgency comes from the age of the
//! oldest checkpoint that is not anchored yet, measured in epochs:
//!
//! | age | urgency |
//! |---|---|
//! | 0 | 0.8 |
//! | 1 epoch | 1.0 |
//! | 2 epochs | 1.5 |
//! | n epochs | 1 + (n - 1) / 2, at most 4 |
//!
//! What holds: pure and in whole numbers; no offer is ever above the cap; an offer below the base fee is not
//! made, because it could not be mined and would block the account's next transaction.
//!
//! Sources: EIP-1559 for base fee and priority fee; a node replaces a pending transaction only if both fees
//! rise by a tenth (go-ethereum `txpool.pricebump`); a replacement here offers an eighth more.

use std::time::Duration;

/// Urgency in thousandths of a new checkpoint.
const CALM: u128 = 800;
/// Urgency in thousandths after one epoch.
const DUE: u128 = 1_000;
/// Urgency in thousandths gained per further epoch.
const PER_EPOCH: u128 = 500;
/// Urgency in thousandths that is never exceeded.
const HIGHEST: u128 = 4_000;

/// Prices of the market, in wei per gas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Market {
    /// Base fee of the next block.
    pub base_fee_wei: u128,
    /// Priority fee that half of the recent blocks' gas paid.
    pub priority_fee_wei: u128,
}

/// Fees of one transaction, in wei per gas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fees {
    /// Most that is paid at all.
    pub max_fee_wei: u128,
    /// Most that goes to the proposer; at most `max_fee_wei`.
    pub max_priority_fee_wei: u128,
}

/// Why no transaction is sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The base fee is above the cap, or above what the urgency allows so far.
    FeeTooHigh {
        /// The offer that was not made.
        offer_wei: u128,
        /// Base fee of the next block.
        base_fee_wei: u128,
    },
    /// Replacing the pending transaction would cost more than the cap.
    CapReached {
        /// The least that a replacement must offer.
        needed_wei: u128,
    },
}

/// How urgent anchoring is, in thousandths (800 to 4000).
///
/// - `age`: of the oldest checkpoint that is not anchored.
/// - `epoch`: how often the site means to anchor; zero counts as one second.
#[must_use]
pub fn urgency_permille(age: Duration, epoch: Duration) -> u128 {
    let epoch_ms = epoch.as_millis().max(1_000);
    let age_ms = age.as_millis();
    if age_ms <= epoch_ms {
        return CALM + (DUE - CALM) * age_ms / epoch_ms;
    }
    let late_ms = age_ms - epoch_ms;
    DUE.saturating_add(PER_EPOCH.saturating_mul(late_ms) / epoch_ms).min(HIGHEST)
}

/// The fees to offer.
///
/// - `max_fee_wei`: the cap, wei per gas.
/// - `replaces`: the fees of the pending transaction of the same nonce, if there is one.
///
/// # Errors
///
/// [`Hold`], if nothing should be sent now.
pub fn offer(
    market: Market,
    max_fee_wei: u128,
    urgency_permille: u128,
    replaces: Option<Fees>,
) -> Result<Fees, Hold> {
    // Twice the base fee: it can rise by an eighth a block, so this lasts for six full blocks.
    let optimal = market.base_fee_wei.saturating_mul(2).saturating_add(market.priority_fee_wei);
    let mut max_fee = (optimal.saturating_mul(urgency_permille) / 1_000).min(max_fee_wei);
    let mut priority = market.priority_fee_wei.saturating_mul(urgency_permille) / 1_000;
    if let Some(pending) = replaces {
        let needed = bump(pending.max_fee_wei);
        if needed > max_fee_wei {
            return Err(Hold::CapReached { needed_wei: needed });
        }
        max_fee = max_fee.max(needed);
        priority = priority.max(bump(pending.max_priority_fee_wei));
    }
    if max_fee < market.base_fee_wei {
        return Err(Hold::FeeTooHigh { offer_wei: max_fee, base_fee_wei: market.base_fee_wei });
    }
    Ok(Fees { max_fee_wei: max_fee, max_priority_fee_wei: priority.min(max_fee) })
}

/// An eighth more, rounded up.
fn bump(fee_wei: u128) -> u128 {
    fee_wei.saturating_add(fee_wei / 8).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GWEI: u128 = 1_000_000_000;

    #[test]
    fn urgency_grows_with_the_age_of_the_oldest_unanchored_checkpoint() {
        let epoch = Duration::from_mins(10);
        let cases = [
            (0, 800),
            (300, 900),
            (600, 1_000),
            (900, 1_250),
            (1_200, 1_500),
            (3_000, 3_000),
            (4_200, 4_000),
            (86_400, 4_000),
        ];
        for (age_s, expected) in cases {
            assert_eq!(urgency_permille(Duration::from_secs(age_s), epoch), expected, "{age_s} s");
        }
        assert_eq!(urgency_permille(Duration::MAX, Duration::ZERO), 4_000);
    }

    #[test]
    fn the_offer_follows_the_market_and_the_urgency_up_to_the_cap() {
        let market = Market { base_fee_wei: 10 * GWEI, priority_fee_wei: 2 * GWEI };
        let cap = 50 * GWEI;
        let cases = [(800, 17_600_000_000), (1_000, 22 * GWEI), (2_000, 44 * GWEI), (4_000, cap)];
        for (urgency, expected) in cases {
            let fees = offer(market, cap, urgency, None).unwrap();
            assert_eq!(fees.max_fee_wei, expected, "urgency {urgency}");
        }
        assert_eq!(
            offer(market, 9 * GWEI, 4_000, None),
            Err(Hold::FeeTooHigh { offer_wei: 9 * GWEI, base_fee_wei: 10 * GWEI })
        );
    }

    #[test]
    fn a_replacement_offers_an_eighth_more_or_is_held_at_the_cap() {
        let market = Market { base_fee_wei: 1, priority_fee_wei: 0 };
        let pending = Fees { max_fee_wei: 80, max_priority_fee_wei: 8 };
        let fees = offer(market, 1_000, 1_000, Some(pending)).unwrap();
        assert_eq!(fees, Fees { max_fee_wei: 91, max_priority_fee_wei: 10 });
        assert_eq!(
            offer(market, 90, 4_000, Some(pending)),
            Err(Hold::CapReached { needed_wei: 91 })
        );
    }

    proptest! {
        #[test]
        fn no_offer_is_above_the_cap_or_below_the_base_fee(
            base in any::<u128>(), tip in any::<u128>(), cap in any::<u128>(),
            urgency in 800_u128..=4_000, pending in proptest::option::of((any::<u128>(), any::<u128>())),
        ) {
            let market = Market { base_fee_wei: base, priority_fee_wei: tip };
            let replaces = pending.map(|(max_fee_wei, max_priority_fee_wei)| Fees {
                max_fee_wei, max_priority_fee_wei,
            });
            if let Ok(fees) = offer(market, cap, urgency, replaces) {
                prop_assert!(fees.max_fee_wei <= cap && fees.max_fee_wei >= base);
                prop_assert!(fees.max_priority_fee_wei <= fees.max_fee_wei);
            }
        }
    }
}
