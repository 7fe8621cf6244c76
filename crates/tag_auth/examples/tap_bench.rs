//! How long the check of one tap takes, beside its floor: so many blocks of AES under keys that are new, one after another.
//!
//! `cargo run --example tap_bench`

use std::time::{Duration, Instant};

use tag_auth::block::{BLOCK, Key};
use tag_auth::key_set::KeySet;
use tag_auth::session::{ChipTap, Mode, UID};
use tag_auth::tap::check;

const ROUNDS: usize = 2000;

/// Least and middle time of a call.
fn time(mut call: impl FnMut()) -> (Duration, Duration) {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            call();
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    (times[0], times[ROUNDS / 2])
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for (mode, name) in [(Mode::Aes, "aes"), (Mode::Lrp, "lrp")] {
        let set = KeySet::parse(&format!(
            "name: t\nproducts: 0952\nmode: {name}\nuid: u\ncounter: n\ncmac: c\ncmac_from: path\n\
             file_key: 00112233445566778899aabbccddeeff\nsystem: 01\n"
        ))?;
        let chip = ChipTap { uid: [4; UID], counter: 17 };
        let text = "/01/09521141000014/21/A1?u=04040404040404&n=000011&c=";
        let code = chip.code(mode, &set.key_of(chip.uid), text.as_bytes());
        let address = text.to_owned() + &hex::encode_upper(code);
        let (least, middle) = time(|| assert!(check(&set, &address).is_ok()));
        println!("{name}: least {least:?}, middle {middle:?}");
    }
    // A chain of ten blocks under three keys: what AES alone needs for that address.
    let (least, middle) = time(|| {
        let mut block = [1; BLOCK];
        for blocks in [3, 2, 5] {
            let cipher = Key::new(block).cipher();
            for _ in 0..blocks {
                block = cipher.encrypt(block);
            }
        }
        assert_ne!(block, [1; BLOCK]);
    });
    println!("floor (aes): least {least:?}, middle {middle:?}");
    Ok(())
}
