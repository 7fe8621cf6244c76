//! Gift boxes whose labels have a chip, and codes under a scratch layer: what a verdict or a page needs besides records.
//!
//! The way through: [`Stage::import_chip_keys`] gives trace-api the keys; [`Stage::chip_pages`] programs a chip for each verdict of chips
//! and taps it; [`Stage::list_codes`] writes `codes.txt`, a line for each item with a hidden code: whether it was used, the item and the code.
//!
//! What holds: a tap counts once, so a page of a chip has an address for each look, in the order in which they count; the tap by which its
//! verdict is checked is not among them.

use std::fmt::Write as _;
use std::fs;

use access::hidden_code::HiddenCodeKey;
use anyhow::Context as _;
use demo::simulators::ntag424::{Keys, Ntag424};

use super::ending::page_verdict;
use super::files::CODE_KEY;
use super::site::{CODE_GTIN, box_gtin, scan_path};
use super::stage::Stage;
use crate::world::write_secret;
use crate::{program, web};

/// The keys of the demo's chips.
const KEYS: Keys<'_> =
    Keys { meta: "3f1c5a7be2094d6688aa13c7d05e92b4", file: "9b70e4126dcf4a358eb1f7035c28d96a" };
/// The file that `chopmark tags keys import` reads.
const KEY_FILE: &str = "keys/boxes.keys";
/// Addresses of a chip that are listed: one for each look in two languages and two colours.
const LOOKS: usize = 4;
/// Items with a hidden code that nobody used before.
const UNUSED: usize = LOOKS;

/// A verdict of chips.
struct Tapped {
    code: &'static str,
    name: &'static str,
    chip: Ntag424,
}

impl Stage {
    /// Gives trace-api the keys of the chips.
    ///
    /// # Errors
    ///
    /// If they are not taken.
    pub fn import_chip_keys(&self) -> anyhow::Result<()> {
        let folder = &self.world.folder;
        write_secret(&folder.join(KEY_FILE), &KEYS.set("gift-boxes", &box_gtin()))?;
        let words = ["tags", "keys", "import", KEY_FILE, "--config", "chopmark.toml"];
        program::output(folder, &words).map(drop)
    }

    /// The chips: one that is whole, one that somebody made without the key, one whose seal was opened.
    fn chips(&self) -> anyhow::Result<Vec<Tapped>> {
        let chip = |at: usize, keys: Keys<'_>| {
            let number = [0x04, 0x9a, 0x31, 0xc2, 0x77, 0x5e, u8::try_from(at)?];
            let path = scan_path(&self.goods.boxes[at].epc);
            Ntag424::new(number, &path, keys).context("the demo's keys of chips are none")
        };
        let forged = Keys { file: KEYS.meta, ..KEYS };
        Ok(vec![
            Tapped { code: "STRONG", name: "strong", chip: chip(4, KEYS)? },
            Tapped { code: "TAG_FAIL", name: "tag-fail", chip: chip(5, forged)? },
            Tapped { code: "OPENED", name: "opened", chip: chip(6, KEYS)?.opened() },
        ])
    }

    /// A line for each verdict of chips: its code, its name, and addresses that show it, each once.
    ///
    /// # Errors
    ///
    /// If one shows another.
    pub fn chip_pages(&self) -> anyhow::Result<String> {
        let mut lines = String::new();
        for Tapped { code, name, mut chip } in self.chips()? {
            let url = self.trace(&chip.tap());
            let shown = page_verdict(&url)?;
            anyhow::ensure!(shown == code, "{url} shows {shown}, expected {code}");
            let urls: Vec<String> = (0..LOOKS).map(|_| self.trace(&chip.tap())).collect();
            writeln!(lines, "{code} {name} {}", urls.join(" "))?;
        }
        Ok(lines)
    }

    /// Writes which items have which hidden codes; one of them was used before.
    ///
    /// # Errors
    ///
    /// If a code is not taken.
    pub fn list_codes(&self) -> anyhow::Result<()> {
        let folder = &self.world.folder;
        let secret = fs::read_to_string(folder.join(CODE_KEY))?;
        let key = HiddenCodeKey::read(&secret)
            .map_err(|got| anyhow::anyhow!("the key of hidden codes has {got} bytes"))?;
        let mut lines = String::new();
        for number in 0..=UNUSED {
            let item = format!("https://id.gs1.org/01/{CODE_GTIN}/21/{}", 4101 + number);
            let code = key.code(&item);
            let is_used = number == UNUSED;
            if is_used {
                let form = [("item", item.as_str()), ("code", &code)];
                let answer = web::send_form(&self.trace("/code?lang=en"), &form)?;
                anyhow::ensure!(
                    answer.status == 200,
                    "{item}: {code} was answered {}",
                    answer.status
                );
            }
            writeln!(lines, "{} {item} {code}", if is_used { "used" } else { "unused" })?;
        }
        let path = folder.join("codes.txt");
        fs::write(&path, lines).with_context(|| format!("could not write {}", path.display()))
    }
}
