//! Items for the verdicts that the scene does not end with: recalled, stolen, expired, sold to one, a gap without an attack.
//!
//! The way through: [`Stage::more_verdicts`] lets the partners state what leads to each verdict, waits until all of it is
//! anchored, and scans; [`Stage::list_pages`] writes `pages.txt`, a line for each verdict: its code, a name and the page that shows it, of
//! a chip several addresses.
//!
//! What holds: every verdict is that of real records through the real server; a page that shows another one fails the demo.
//!
//! Not here: the chips ([`super::chips`]).

use std::fmt::Write as _;

use anyhow::Context as _;
use epc::Epc;
use ledger::json::Json;

use super::documents;
use super::ending::page_verdict;
use super::scene::{SHANGHAI, verdict};
use super::site::{EXPIRED_ITEM, FACTORY, gtin, scan_path};
use super::stage::{Stage, wait_for};
use crate::program;

/// A code of a range that nobody in the demo's directory issues under.
const FOREIGN_CODE: &str = "/01/09506000134352/21/1";

impl Stage {
    /// Makes the items.
    ///
    /// # Errors
    ///
    /// The first thing that failed or did not hold.
    pub fn more_verdicts(&mut self) -> anyhow::Result<()> {
        let [recalled, stolen, missing] = [1, 2, 3].map(|at| self.goods.boxes[at].epc.clone());
        let sold = self.goods.items[1].epc.clone();
        let expired: Epc = EXPIRED_ITEM.parse()?;
        let (factory, shop) = (&self.tokens.factory, &self.tokens.shop);
        self.capture(factory, &documents::commission_expired(&expired.to_uri()))?;
        self.capture(
            factory,
            &self.approved(&documents::withdraw(&recalled.to_uri(), "recalled"))?,
        )?;
        self.capture(factory, &documents::withdraw(&stolen.to_uri(), "stolen"))?;
        self.capture(shop, &documents::receive_case(&missing.to_uri()))?;
        self.capture(shop, &documents::sell(&sold.to_uri()))?;
        for (item, expected) in
            [(&recalled, "RECALLED"), (&stolen, "STOLEN"), (&expired, "EXPIRED"), (&missing, "GAP")]
        {
            let answer = self.scan(item, "203.0.113.14", SHANGHAI)?;
            let found = verdict(&answer);
            anyhow::ensure!(
                found == expected,
                "{item} is {found}, expected {expected}: {answer:?}"
            );
        }
        self.import_chip_keys()?;
        let audit = ["audit", "--policy", "policy.txt", "--require-anchored"];
        // 4 and 5: records wait for the hub, entries of the hub for an anchor.
        wait_for("every record is anchored", || Ok(!matches!(self.chopmark(&audit)?.0, 4 | 5)))
    }

    /// A recall with the approval of the factory's admin, which it needs to count.
    fn approved(&self, recall: &Json) -> anyhow::Result<Json> {
        std::fs::write(self.world.folder.join("recall.json"), recall.canonical())?;
        let words = ["directory", "approve-event", "--key", "keys/lin.pem", "--ledger", FACTORY];
        let words = [&words[..], &["recall.json"]].concat();
        let note = program::output(&self.world.folder, &words)?;
        Ok(documents::with_approval(recall, &note))
    }

    /// Writes which page shows which verdict.
    ///
    /// # Errors
    ///
    /// If one shows another.
    pub fn list_pages(&self) -> anyhow::Result<()> {
        let goods = &self.goods;
        let item = |epc: &Epc| self.trace(&scan_path(epc));
        let expired: Epc = EXPIRED_ITEM.parse()?;
        let pages = [
            ("NOT_COVERED", "not-covered", self.trace(FOREIGN_CODE)),
            ("RECALLED", "recalled", item(&goods.boxes[1].epc)),
            ("STOLEN", "stolen", item(&goods.boxes[2].epc)),
            ("EXPIRED", "expired", item(&expired)),
            ("REJECTED", "rejected", self.trace(&format!("/01/{}/21/never", gtin()))),
            ("CONFLICT", "conflict", item(&goods.items[2].epc)),
            ("SOLD", "sold", item(&goods.items[0].epc)),
            ("SOLD", "sold-to-you", item(&goods.items[1].epc)),
            ("GAP", "gap", item(&goods.boxes[3].epc)),
            ("GAP", "altered", self.trace_copy(&scan_path(&goods.boxes[0].epc))),
            ("CONDITION", "condition", item(&goods.items[150].epc)),
            ("CONSISTENT", "consistent", item(&goods.boxes[0].epc)),
        ];
        let mut lines = String::new();
        for (code, name, url) in pages {
            let shown = page_verdict(&url)?;
            anyhow::ensure!(shown == code, "{url} shows {shown}, expected {code}");
            writeln!(lines, "{code} {name} {url}")?;
        }
        lines += &self.chip_pages()?;
        let path = self.world.folder.join("pages.txt");
        std::fs::write(&path, lines).with_context(|| format!("could not write {}", path.display()))
    }
}
