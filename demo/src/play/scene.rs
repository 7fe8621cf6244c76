//! The scene: eight steps, each on the running processes, each with checks that can fail.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use demo::simulators::impinj_r700::R700;
use ledger::json::Json;

use super::site::{
    ANNOUNCED_TOO_MANY, CENTRE, DESPATCH_ADVICE, FACTORY, HUB, ITEMS, ITEMS_PER_CASE, SHOP, gtin,
    scan_path,
};
use super::stage::{BROWSER, SEED, Stage, banks, wait_for};
use super::voice::Voice;
use super::{documents, stop};
use crate::web;

const SHANGHAI: &str = "%E4%B8%8A%E6%B5%B7;31.23;121.47;20";
const CHENGDU: &str = "%E6%88%90%E9%83%BD;30.57;104.07;20";

/// Plays the scene in `folder`; unless `once`, the pages then stay up until the demo is stopped.
///
/// # Errors
///
/// The first thing that failed or did not hold.
pub fn play(folder: &Path, once: bool) -> anyhow::Result<()> {
    let voice = Voice::new();
    out!("Chopmark demo: from a reader's bytes to a proof in a consumer's hand");
    out!("data in {}", folder.display());
    let mut stage = Stage::set(voice, folder)?;
    stage.factory()?;
    stage.dock_door()?;
    stage.cold_store()?;
    stage.shop()?;
    stage.anchor()?;
    stage.scans()?;
    stage.proof()?;
    stage.attacks()?;
    stage.account(once);
    Ok(())
}

impl Stage {
    /// 1. The factory makes 1,700 items and packs them.
    fn factory(&mut self) -> anyhow::Result<()> {
        let step = self
            .voice
            .step("1", "A factory makes 1,700 items, packs 17 cases, builds a pallet · 工厂");
        let cases = ITEMS / ITEMS_PER_CASE;
        for case in 0..cases {
            let mut tags = banks(self.goods.in_case(case))?;
            tags.extend(banks(&self.goods.cases[case..=case])?);
            self.in_field(tags, 2 * (case as u64 + 1))?;
            if (case + 1) % 6 == 0 || case + 1 == cases {
                self.voice.say(&format!("{} of {cases} cases packed", case + 1));
            }
        }
        let mut tags = banks(&self.goods.cases)?;
        tags.extend(banks(std::slice::from_ref(&self.goods.pallet))?);
        self.in_field(tags, 2 * cases as u64 + 1)?;
        drop(step);
        let size = self.size(FACTORY)?;
        let want = 2 * cases as u64 + 1;
        self.voice.check(
            size == want,
            &format!("{cases} commissioning and {} aggregation events are in {FACTORY}", cases + 1),
        )?;
        let last = self.goods.items[ITEMS - 1].epc.to_uri();
        let history = self.history(&last)?;
        self.voice.check(
            history.iter().filter(|one| one.get("inferredVia") == Some(&Json::Null)).count() == 2,
            "the last item was made once and packed once",
        )?;
        let notices = self.station.notices();
        self.voice.say(&format!("the R200 sent {notices} reads, some with garbage between frames"));
        Ok(())
    }

    /// 2. The distribution centre receives what passes the dock door.
    fn dock_door(&mut self) -> anyhow::Result<()> {
        let step = self
            .voice
            .step("2", "A dock door receives the pallet, strays beside it · 配送中心收货");
        let announced: Vec<String> = self
            .goods
            .items
            .iter()
            .chain(&self.goods.never_made)
            .map(|tag| tag.epc.to_uri())
            .collect();
        self.capture(&self.tokens.factory, &documents::despatch(&announced))?;
        self.voice.say(&format!("the factory's ERP announces {} items", announced.len()));
        let pallet = self.goods.pallet.epc.to_uri();
        self.capture(&self.tokens.factory, &documents::ship_pallet(&pallet))?;
        self.world.start(
            "centre-bridge",
            "centre-bridge.toml",
            "bridge",
            self.addresses.centre_bridge,
        )?;
        let before = self.receipts()?.len();
        let mut reader = R700::connect(self.broker, "door/3/tags", "impinj-13-f8-f5")
            .map_err(|e| anyhow::anyhow!(e))?;
        wait_for("the bridge listens to the reader", || self.is_connected("dock-door-3"))?;
        let published = reader
            .pass(&banks(&self.goods.items)?, &banks(&self.goods.strays)?, SEED)
            .map_err(|error| anyhow::anyhow!(error))?;
        self.voice.say(&format!(
            "{} MQTT messages in about 3 s: {} reads of the pallet, {} of strays, {} doubled",
            published.messages, published.passing_reads, published.stray_reads, published.doubles
        ));
        wait_for("the receipt is recorded", || Ok(self.receipts()?.len() > before))?;
        drop(step);
        let receipts = self.receipts()?;
        self.voice.check(receipts.len() == before + 1, "one receiving event resulted")?;
        self.check_receipt(&receipts[0])?;
        let mut strays = 0;
        for stray in &self.goods.strays {
            let url = self.operator(&format!("/items/{}/history", stray.epc.to_uri()));
            strays += u32::from(web::get(&url, &[])?.status != 404);
        }
        self.voice
            .check(strays == 0, &format!("none of {} strays became stock", self.goods.strays.len()))
    }

    /// The receipt has what passed, and its difference from the despatch advice is what never came.
    fn check_receipt(&mut self, receipt: &Json) -> anyhow::Result<()> {
        let list = |name: &str| -> Vec<String> {
            let items = receipt.get(name).and_then(Json::as_array).unwrap_or_default();
            items.iter().filter_map(Json::as_str).map(str::to_owned).collect()
        };
        let received = receipt.get("received").and_then(Json::as_number).unwrap_or_default();
        self.voice
            .check(received == ITEMS.to_string(), "it has exactly the 1,700 items that passed")?;
        let mut missing = list("missing");
        let mut expected: Vec<String> =
            self.goods.never_made.iter().map(|tag| tag.epc.to_uri()).collect();
        missing.sort();
        expected.sort();
        self.voice.check(
            missing == expected && list("unexpected").is_empty(),
            &format!(
                "{ANNOUNCED_TOO_MANY} short of despatch advice {DESPATCH_ADVICE}, and the difference names both"
            ),
        )
    }

    /// 3. The cold store gets too warm.
    fn cold_store(&mut self) -> anyhow::Result<()> {
        let step = self.voice.step("3", "A cold store gets too warm · 冷库超温");
        let item = self.goods.items[0].epc.to_uri();
        let before = self.scan(&self.goods.items[151].epc.clone(), "203.0.113.12", SHANGHAI)?;
        self.voice.check(
            Self::verdict(&before) == "CONSISTENT",
            &format!("an item of the lot before: {}", Self::verdict(&before)),
        )?;
        self.sensor.set_tenths(92);
        self.voice.say("the sensor now measures 9.2 °C; the limit is 8.0 °C");
        let is_flagged =
            |records: &[Json]| records.iter().any(|one| one.get("lot") == Some(&Json::Bool(true)));
        wait_for("the lot is flagged", || Ok(is_flagged(&self.history(&item)?)))?;
        self.sensor.set_tenths(45);
        drop(step);
        let flags = self
            .history(&item)?
            .iter()
            .filter(|one| one.get("lot") == Some(&Json::Bool(true)))
            .count();
        self.voice.check(
            flags == 1,
            "the limit was crossed for longer than the rule allows; the lot is flagged once",
        )
    }

    /// 4. A shop receives a case and sells an item.
    fn shop(&mut self) -> anyhow::Result<()> {
        let step = self.voice.step("4", "A shop receives a case and sells an item · 商店");
        let case = self.goods.cases[0].epc.to_uri();
        let items: Vec<String> = self.goods.in_case(0).iter().map(|tag| tag.epc.to_uri()).collect();
        self.capture(&self.tokens.centre, &documents::ship_case(&case))?;
        self.capture(&self.tokens.shop, &documents::receive_case(&case))?;
        self.capture(&self.tokens.shop, &documents::unpack_case(&case, &items))?;
        self.capture(&self.tokens.shop, &documents::sell(&items[0]))?;
        drop(step);
        let size = self.size(SHOP)?;
        self.voice.check(size == 3, "received, unpacked and sold are in the shop's own ledger")?;
        let again = self.capture(&self.tokens.shop, &Json::Null);
        self.voice
            .check(again.is_err(), "a document without EPCIS events is refused, with a reason")
    }

    /// 5. The anchor worker publishes.
    fn anchor(&mut self) -> anyhow::Result<()> {
        let step = self.voice.step("5", "The hub is anchored on the public chain · 锚定公链");
        // What is stored from here on changes no ledger, so one final anchor covers everything.
        self.world.stop("factory-bridge")?;
        self.world.stop("centre-bridge")?;
        self.world.start("anchor", "chopmark.toml", "anchor", self.addresses.anchor)?;
        let page = self.trace(&scan_path(&self.goods.items[1].epc));
        wait_for("the anchor is final", || {
            let answer = web::get_json(&page, &[("User-Agent", "demo-monitor")])?;
            Ok(answer
                .get("clocks")
                .and_then(|c| c.get("anchored"))
                .and_then(Json::as_str)
                .is_some())
        })?;
        drop(step);
        self.voice.say("the transaction is final: two blocks follow its block");
        let hub = self.size(HUB)?;
        self.voice.check(
            hub >= 3,
            &format!("checkpoints of all three ledgers are in the hub ({hub} entries)"),
        )
    }

    fn verdict(answer: &Json) -> &str {
        answer.get("verdict").and_then(Json::as_str).unwrap_or_default()
    }

    /// 6. People scan.
    fn scans(&mut self) -> anyhow::Result<()> {
        let step = self.voice.step("6", "People scan · 扫码");
        let sold = self.goods.items[0].epc.clone();
        let copied = self.goods.items[2].epc.clone();
        let unsold = self.goods.items[150].epc.clone();
        let never: epc::Epc = format!("{}1", self.goods.never_made[0].epc.to_uri()).parse()?;
        let answers = [
            ("the sold item", "SOLD", self.scan(&sold, "203.0.113.7", SHANGHAI)?),
            (
                "a serial of the warm lot, scanned in Shanghai first",
                "CONDITION",
                self.scan(&copied, "203.0.113.8", SHANGHAI)?,
            ),
            (
                "the same serial in Chengdu within the hour",
                "CONFLICT",
                self.scan(&copied, "198.51.100.9", CHENGDU)?,
            ),
            (
                "a serial that was never issued",
                "REJECTED",
                self.scan(&never, "203.0.113.7", SHANGHAI)?,
            ),
            ("an announced serial that was never applied", "REJECTED", {
                let announced = self.goods.never_made[1].epc.clone();
                self.scan(&announced, "203.0.113.7", SHANGHAI)?
            }),
            (
                "an unsold item of the warm lot",
                "CONDITION",
                self.scan(&unsold, "203.0.113.10", SHANGHAI)?,
            ),
        ];
        drop(step);
        for (what, want, answer) in &answers {
            let found = Self::verdict(answer);
            self.voice.check(found == *want, &format!("{what}: {found}"))?;
        }
        let long = format!("/01/{}/21/{}", gtin(), "9".repeat(4096));
        let answer = web::get(&self.trace(&long), &[("User-Agent", BROWSER)])?;
        self.voice
            .check(answer.status == 400, "a serial of 4 KiB gets a clear answer, not a verdict")?;
        for (language, words) in
            [("zh-CN", "记录显示储运条件曾超限"), ("en", "Storage limits were exceeded")]
        {
            let headers = [
                ("Accept", "text/html"),
                ("Accept-Language", language),
                ("User-Agent", BROWSER),
                ("X-Forwarded-For", "203.0.113.10"),
            ];
            let page = web::get(&self.trace(&scan_path(&unsold)), &headers)?;
            let text = String::from_utf8_lossy(&page.body);
            self.voice.check(
                text.contains(words) && page.body.len() <= 40 * 1024,
                &format!("the page in {language}, {} bytes: {words}", page.body.len()),
            )?;
        }
        Ok(())
    }

    /// 7. The proof outlives the servers.
    fn proof(&mut self) -> anyhow::Result<()> {
        let step = self.voice.step("7", "The proof, with every server stopped · 离线证明文件");
        let item = self.goods.items[0].epc.to_uri();
        let bundle = web::get(&self.trace(&format!("/items/{item}/bundle")), &[])?;
        anyhow::ensure!(
            bundle.status == 200,
            "no bundle: {}",
            String::from_utf8_lossy(&bundle.body)
        );
        let file = self.world.folder.join("item.bundle.json");
        std::fs::write(&file, &bundle.body)?;
        self.voice.say(&format!("saved {} ({} bytes)", file.display(), bundle.body.len()));
        let rpc = self.anvil.url().to_owned();
        let (on_chain, text) = self.chopmark(&[
            "verify",
            "item.bundle.json",
            "--policy",
            "policy.txt",
            "--rpc",
            &rpc,
        ])?;
        self.voice
            .check(on_chain == 0, "proved, and its anchor's block is on the chain")
            .with_context(|| text)?;
        for name in ["anchor", "ingest", "trace-api"] {
            self.world.stop(name)?;
        }
        self.world.cluster.stop();
        let (offline, text) =
            self.chopmark(&["verify", "item.bundle.json", "--policy", "policy.txt"])?;
        self.voice
            .check(offline == 0, "servers and database stopped: chopmark verify still proves it")
            .with_context(|| text)?;
        self.flip_bits(bundle.body)?;
        self.world.cluster.launch_again()?;
        self.world.start("trace-api", "chopmark.toml", "trace-api", self.addresses.operator)?;
        drop(step);
        Ok(())
    }

    /// Flips bits all over the bundle, one at a time: none of these files may be proved, and none that is still a bundle may be undecided.
    fn flip_bits(&mut self, mut bytes: Vec<u8>) -> anyhow::Result<()> {
        let policy: ledger::policy::Policy =
            std::fs::read_to_string(self.world.folder.join("policy.txt"))?.parse()?;
        let mut tried = 0;
        let mut survived = 0;
        // A prime stride visits bytes all over the file and every bit of a byte.
        for bit in (0..bytes.len() * 8).step_by(331) {
            bytes[bit / 8] ^= 1 << (bit % 8);
            let report = ledger::bundle::verify(&bytes, &policy);
            tried += 1;
            let is_whole = ledger::bundle::parse(&bytes).is_ok();
            survived += u32::from(match report.outcome {
                ledger::bundle::Outcome::Proved => true,
                ledger::bundle::Outcome::CannotTell => is_whole,
                ledger::bundle::Outcome::Refuted => false,
            });
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        self.voice.check(
            survived == 0,
            &format!("{tried} files with one flipped bit: none is proved, and every one that is still a bundle is refuted"),
        )
    }

    /// 8. Three people cheat: a rival, and the database's owner twice.
    fn attacks(&mut self) -> anyhow::Result<()> {
        self.foreign_commissioning()?;
        self.changed_row()?;
        self.rolled_back_ledger()
    }

    /// A party that has no right to the factory's numbers issues one of them.
    fn foreign_commissioning(&mut self) -> anyhow::Result<()> {
        let step =
            self.voice.step("8a", "A rival puts the factory's number on its own goods · 冒用");
        self.world.start("ingest", "chopmark.toml", "ingest", self.addresses.ingest)?;
        let fake: epc::Epc = format!("{}7", self.goods.never_made[0].epc.to_uri()).parse()?;
        let document = documents::commission_anothers(&fake.to_uri());
        self.capture(&self.tokens.rival, &document)?;
        self.world.stop("ingest")?;
        let answer = self.scan(&fake, "203.0.113.11", SHANGHAI)?;
        let (audit, text) = self.chopmark(&["audit", "--policy", "policy.txt"])?;
        drop(step);
        self.voice.check(
            Self::verdict(&answer) == "REJECTED",
            "the rival's own ledger says that it was made; the page says REJECTED",
        )?;
        self.voice
            .check(audit == 0, "audit: every ledger is whole, also the one that says so")
            .with_context(|| text)
    }

    /// The database's owner removes the newest records of the shop's ledger: the sale never happened.
    fn rolled_back_ledger(&mut self) -> anyhow::Result<()> {
        let step = self.voice.step("8c", "The database's owner rolls a ledger back · 回滚");
        let runtime = tokio::runtime::Runtime::new()?;
        let url = self.world.cluster.url().to_owned();
        runtime.block_on(async {
            let db = sql::Db::connect(&sql::Settings::new(&url)).await?;
            sql::testing::roll_back_as_owner(&db, SHOP, 2).await
        })?;
        self.voice.say("the sale's record, its checkpoint and its index entries are gone");
        let (audit, text) = self.chopmark(&["audit", "--policy", "policy.txt"])?;
        let item = self.goods.items[0].epc.clone();
        let answer = self.scan(&item, "203.0.113.7", SHANGHAI)?;
        let (code, refusal) =
            self.chopmark(&["up", "--role", "ingest", "--config", "chopmark.toml"])?;
        drop(step);
        self.voice
            .check(
                audit == 3 && text.contains("ROLLED BACK") && text.contains(SHOP),
                &format!("audit says that {SHOP} was rolled back: the hub holds more of it"),
            )
            .with_context(|| text)?;
        let lamp = answer.get("lamps").and_then(|lamps| lamps.get("record")).and_then(Json::as_str);
        self.voice.check(
            lamp == Some("broken"),
            "the item's page shows a broken record lamp, not an unsold item",
        )?;
        self.voice
            .check(code != 0 && refusal.contains("shrank"), "ingest refuses to sign that ledger")
            .with_context(|| refusal)
    }

    /// The database's owner changes history.
    fn changed_row(&mut self) -> anyhow::Result<()> {
        let step = self.voice.step("8b", "The database's owner alters a stored event · 篡改");
        let (before, text) = self.chopmark(&["audit", "--policy", "policy.txt"])?;
        self.voice
            .check(before == 0, "audit before: every ledger is whole")
            .with_context(|| text)?;
        let runtime = tokio::runtime::Runtime::new()?;
        let url = self.world.cluster.url().to_owned();
        let index = runtime.block_on(alter(&url))?;
        self.voice.say("append-only trigger disabled, one received item's event altered, trigger enabled again");
        let (after, text) = self.chopmark(&["audit", "--policy", "policy.txt"])?;
        drop(step);
        self.voice.check(
            after == 1 && text.contains(CENTRE) && text.contains(&format!("#{index}")),
            &format!("audit names ledger {CENTRE}, record #{index}, and what does not fit"),
        )?;
        for line in text.lines().filter(|line| line.contains('#')).take(2) {
            self.voice.say(line.trim());
        }
        let item = self.goods.items[150].epc.clone();
        let answer = self.scan(&item, "203.0.113.10", SHANGHAI)?;
        let lamp = answer.get("lamps").and_then(|lamps| lamps.get("record")).and_then(Json::as_str);
        self.voice.check(
            Self::verdict(&answer) == "GAP" && lamp == Some("broken"),
            "the item's page no longer shows a clean verdict: GAP, record lamp red",
        )
    }

    /// What happened, where to look, and, unless `once`, a wait.
    fn account(&self, once: bool) {
        let (checks, seconds) = self.voice.account();
        out!();
        out!("All {checks} checks held, in {seconds:.0} s.");
        if once {
            return;
        }
        out!();
        out!("Open in a browser (Ctrl-C ends everything):");
        for (what, place) in
            [("sold", 0), ("in two cities", 2), ("unsold, its receipt altered", 150)]
        {
            out!("  {what:<28} {}", self.trace(&scan_path(&self.goods.items[place].epc)));
        }
        out!("  {:<28} {}", "verify a saved proof", self.trace("/verify"));
        out!("  {:<28} {}", "receipts", self.operator("/deliveries"));
        out!(
            "The saved proof: {}/item.bundle.json, policy.txt beside it.",
            self.world.folder.display()
        );
        while !stop::is_requested() {
            std::thread::sleep(Duration::from_millis(100));
        }
        out!("\nstopping …");
    }
}

/// Alters the receiving record of the centre as the owner of the tables could, and gives its place.
async fn alter(url: &str) -> anyhow::Result<u64> {
    let db = sql::Db::connect(&sql::Settings::new(url)).await?;
    let receipt = sql::expected::differences(&db, Some(DESPATCH_ADVICE)).await?;
    let index = receipt.first().context("no receipt to alter")?.leaf_index;
    sql::testing::alter_record_as_owner(&db, CENTRE, index, "receiving", "returning").await?;
    Ok(index)
}
