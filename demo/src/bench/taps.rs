//! Checking the code of one tap of a chip, against the blocks of AES that it needs.

use std::hint::black_box;

use anyhow::Context as _;
use tag_auth::block::{BLOCK, Key};
use tag_auth::key_set::KeySet;
use tag_auth::session::{ChipTap, Mode, UID};
use tag_auth::tap::check;

use super::measure::{Row, alternate, microseconds};
use super::report::Report;

/// Checks of a round.
const TIMES: usize = 2_000;
/// Most microseconds that are asked for.
const MOST_MICROSECONDS: f64 = 50.0;

/// Checks an address with readable number and counter, of a chip with a key of its own, in both modes.
///
/// # Errors
///
/// Never in practice: the key sets are valid, and the code is the chip's.
pub fn run(rounds: usize, report: &mut Report) -> anyhow::Result<()> {
    Report::part("Taps of chips");
    for (mode, name, what) in [
        (Mode::Aes, "aes", "one tap checked in AES mode, with the chip's own key"),
        (Mode::Lrp, "lrp", "one tap checked in LRP mode, with the chip's own key"),
    ] {
        let set = KeySet::parse(&format!(
            "name: t\nproducts: 0952\nmode: {name}\nuid: u\ncounter: n\ncmac: c\ncmac_from: path\n\
             file_key: 00112233445566778899aabbccddeeff\nsystem: 01\n"
        ))
        .context("the key set of the bench")?;
        let chip = ChipTap { uid: [4; UID], counter: 17 };
        let text = "/01/09521141000014/21/A1?u=04040404040404&n=000011&c=";
        let code = chip.code(mode, &set.key_of(chip.uid), text.as_bytes());
        let address = text.to_owned() + &hex::encode_upper(code);
        let is_right = || check(&set, black_box(&address)).is_ok();
        anyhow::ensure!(is_right(), "expected that the chip's own code is right");
        let (floors, ours) = alternate(
            rounds,
            |_| Ok(microseconds(TIMES, &blocks)),
            |_| Ok(microseconds(TIMES, &is_right)),
        )?;
        report.add(
            Row::new("taps", what, "us", ours)
                .against("ten blocks of AES under three keys, one after another", floors)
                .at_most(MOST_MICROSECONDS),
        );
    }
    Ok(())
}

/// What AES alone needs for that address in AES mode.
fn blocks() -> bool {
    let mut block = black_box([1; BLOCK]);
    for count in [3, 2, 5] {
        let cipher = Key::new(block).cipher();
        for _ in 0..count {
            block = cipher.encrypt(block);
        }
    }
    block != [1; BLOCK]
}
