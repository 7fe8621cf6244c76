//! The scene: steps on the running processes, each with checks that can fail.
//!
//! Not here: the attacks ([`super::attacks`]), the end ([`super::ending`]), the sentences ([`super::words`]).

use anyhow::Context as _;
use demo::simulators::impinj_r700::R700;
use epc::TagEpc;
use ledger::json::Json;

use super::documents;
use super::site::{
    ANNOUNCED_TOO_MANY, BOX_DESPATCH_ADVICE, BOXES, DESPATCH_ADVICE, FACTORY, HUB, ITEMS,
    ITEMS_PER_CASE, SHOP, gtin, scan_path,
};
use super::stage::{BROWSER, SEED, Stage, banks, wait_for};
use super::words::{WARM_IN_CHINESE, WARM_IN_ENGLISH, figure};
use crate::web;

/// A phone in Shanghai, as the proxy says it.
pub const SHANGHAI: &str = "%E4%B8%8A%E6%B5%B7;31.23;121.47;20";
const CHENGDU: &str = "%E6%88%90%E9%83%BD;30.57;104.07;20";
/// Records of the shop: a case received and unpacked, one bottle sold.
pub const SHOP_RECORDS: u64 = 3;

fn uris(tags: &[TagEpc]) -> Vec<String> {
    tags.iter().map(|tag| tag.epc.to_uri()).collect()
}

/// The verdict of an answer.
pub fn verdict(answer: &Json) -> &str {
    answer.get("verdict").and_then(Json::as_str).unwrap_or_default()
}

impl Stage {
    /// 1. The factory makes bottles and gift boxes and packs them.
    ///
    /// # Errors
    ///
    /// The first thing that failed or did not hold; so do the steps below.
    pub fn factory(&mut self) -> anyhow::Result<()> {
        let lang = self.voice.lang;
        let step = self.voice.step("1", &lang.factory(&figure(ITEMS), BOXES))?;
        let cases = ITEMS / ITEMS_PER_CASE;
        let mut size = 0;
        for case in 0..cases {
            self.voice.progress(&lang.packs(case, cases), case, cases)?;
            let mut tags = banks(self.goods.in_case(case))?;
            tags.extend(banks(&self.goods.cases[case..=case])?);
            // Made, and packed.
            size += 2;
            self.in_field(tags, size)?;
        }
        self.voice.progress(&lang.packs(cases, cases), cases, cases)?;
        self.voice.doing(&lang.builds_pallet())?;
        let mut tags = banks(&self.goods.cases)?;
        tags.extend(banks(std::slice::from_ref(&self.goods.pallet))?);
        self.in_field(tags, size + 1)?;
        self.voice.doing(&lang.packs_boxes())?;
        let case = self.goods.box_case.clone();
        let mut tags = banks(&self.goods.boxes)?;
        tags.extend(banks(std::slice::from_ref(&case))?);
        self.in_field(tags, size + 3)?;
        self.in_field(banks(&[case, self.goods.box_pallet.clone()])?, size + 4)?;
        drop(step);
        self.check_factory(cases + 1)
    }

    /// What the factory's ledger has now.
    fn check_factory(&mut self, cases: usize) -> anyhow::Result<()> {
        let lang = self.voice.lang;
        // Two pallets.
        let (makings, packings) = (cases, cases + 2);
        let size = self.size(FACTORY)?;
        self.voice
            .check(size == (makings + packings) as u64, &lang.made(makings, packings, FACTORY))?;
        let last = self.goods.items[ITEMS - 1].epc.to_uri();
        let history = self.history(&last)?;
        let own = history.iter().filter(|one| one.get("inferredVia") == Some(&Json::Null));
        self.voice.check(own.count() == 2, &lang.made_once())?;
        let notices = self.station.notices();
        self.voice.say(&lang.noise(&figure(usize::try_from(notices).unwrap_or(usize::MAX))));
        Ok(())
    }

    /// 2. The distribution centre receives what passes the dock door.
    ///
    /// # Errors
    ///
    /// As [`Self::factory`].
    pub fn dock_door(&mut self) -> anyhow::Result<()> {
        let lang = self.voice.lang;
        let step = self.voice.step("2", &lang.dock_door())?;
        let mut announced = uris(&self.goods.items);
        announced.extend(uris(&self.goods.never_made));
        let pallet = self.goods.pallet.epc.to_uri();
        self.despatch(DESPATCH_ADVICE, &announced, &pallet)?;
        self.voice.say(&lang.announced(&figure(announced.len())));
        let bridge = self.addresses.centre_bridge;
        self.world.start("centre-bridge", "centre-bridge.toml", "bridge", bridge)?;
        self.voice.doing(&lang.connects())?;
        let mut reader = R700::connect(self.broker, "door/3/tags", "impinj-13-f8-f5")
            .map_err(|e| anyhow::anyhow!(e))?;
        wait_for("the bridge listens to the reader", || self.is_connected("dock-door-3"))?;
        let before = self.receipts()?.len();
        self.pass(&mut reader, &self.goods.items, &self.goods.strays)?;
        wait_for("the receipt is recorded", || Ok(self.receipts()?.len() > before))?;
        drop(step);
        let receipts = self.receipts()?;
        self.voice.check(receipts.len() == before + 1, &lang.one_receipt())?;
        self.check_receipt(&receipts[0])?;
        let mut strays = 0;
        for stray in &self.goods.strays {
            let url = self.operator(&format!("/items/{}/history", stray.epc.to_uri()));
            strays += u32::from(web::get(&url, &[])?.status != 404);
        }
        self.voice.check(strays == 0, &lang.no_strays(self.goods.strays.len()))?;
        self.second_pallet(&mut reader, before + 1)
    }

    /// The gift boxes pass the same door.
    fn second_pallet(&mut self, reader: &mut R700, before: usize) -> anyhow::Result<()> {
        let lang = self.voice.lang;
        let step = self.voice.work(&lang.passes())?;
        let pallet = self.goods.box_pallet.epc.to_uri();
        self.despatch(BOX_DESPATCH_ADVICE, &uris(&self.goods.boxes), &pallet)?;
        self.pass(reader, &self.goods.boxes, &[])?;
        wait_for("the second receipt is recorded", || Ok(self.receipts()?.len() > before))?;
        drop(step);
        let receipt = self.receipts()?.swap_remove(0);
        let count = |name: &str| receipt.get(name).and_then(Json::as_array).map(<[Json]>::len);
        let received = receipt.get("received").and_then(Json::as_number).unwrap_or_default();
        self.voice.check(
            received == BOXES.to_string()
                && count("missing") == Some(0)
                && count("unexpected") == Some(0),
            &lang.boxes_received(BOXES),
        )
    }

    /// The factory announces items to the distribution centre, and ships the pallet that should hold them.
    fn despatch(&self, advice: &str, announced: &[String], pallet: &str) -> anyhow::Result<()> {
        self.capture(&self.tokens.factory, &documents::despatch(advice, announced))?;
        self.capture(&self.tokens.factory, &documents::ship_pallet(pallet))?;
        Ok(())
    }

    /// Lets tags pass the door while others stand beside it.
    fn pass(&self, reader: &mut R700, tags: &[TagEpc], strays: &[TagEpc]) -> anyhow::Result<()> {
        let lang = self.voice.lang;
        self.voice.doing(&lang.passes())?;
        let published = reader
            .pass(&banks(tags)?, &banks(strays)?, SEED)
            .map_err(|error| anyhow::anyhow!(error))?;
        if !strays.is_empty() {
            let [messages, reads, strays] =
                [published.messages, published.passing_reads, published.stray_reads]
                    .map(|number| figure(usize::try_from(number).unwrap_or(usize::MAX)));
            self.voice.say(&lang.published(&messages, &reads, &strays));
        }
        Ok(())
    }

    /// The receipt has what passed, and its difference from the despatch advice is what never came.
    fn check_receipt(&mut self, receipt: &Json) -> anyhow::Result<()> {
        let lang = self.voice.lang;
        let list = |name: &str| -> Vec<String> {
            let items = receipt.get(name).and_then(Json::as_array).unwrap_or_default();
            items.iter().filter_map(Json::as_str).map(str::to_owned).collect()
        };
        let received = receipt.get("received").and_then(Json::as_number).unwrap_or_default();
        self.voice.check(received == ITEMS.to_string(), &lang.exactly(&figure(ITEMS)))?;
        let mut missing = list("missing");
        let mut expected = uris(&self.goods.never_made);
        missing.sort();
        expected.sort();
        self.voice.check(
            missing == expected && list("unexpected").is_empty(),
            &lang.short(ANNOUNCED_TOO_MANY),
        )
    }

    /// 3. The cold store gets too warm.
    ///
    /// # Errors
    ///
    /// As [`Self::factory`].
    pub fn cold_store(&mut self) -> anyhow::Result<()> {
        let lang = self.voice.lang;
        let step = self.voice.step("3", &lang.cold_store())?;
        let item = self.goods.items[0].epc.to_uri();
        let before = self.scan(&self.goods.items[151].epc, "203.0.113.12", SHANGHAI)?;
        self.voice
            .check(verdict(&before) == "CONSISTENT", &lang.before_warmth(verdict(&before)))?;
        self.sensor.set_tenths(92);
        self.voice.say(&lang.warm());
        self.voice.doing(&lang.waits_for_flag())?;
        let is_flag = |one: &&Json| one.get("lot") == Some(&Json::Bool(true));
        wait_for("the lot is flagged", || {
            Ok(self.history(&item)?.iter().any(|one| is_flag(&one)))
        })?;
        self.sensor.set_tenths(45);
        drop(step);
        let flags = self.history(&item)?.iter().filter(is_flag).count();
        self.voice.check(flags == 1, &lang.flagged_once())
    }

    /// 4. A shop receives a case of bottles and sells one. The gift boxes stay where they are.
    ///
    /// # Errors
    ///
    /// As [`Self::factory`].
    pub fn shop(&mut self) -> anyhow::Result<()> {
        let lang = self.voice.lang;
        let step = self.voice.step("4", &lang.shop())?;
        self.voice.doing(&lang.states())?;
        let bottles = uris(self.goods.in_case(0));
        let case = self.goods.cases[0].epc.to_uri();
        self.capture(&self.tokens.centre, &documents::ship_case(&case))?;
        self.capture(&self.tokens.shop, &documents::receive_case(&case))?;
        self.capture(&self.tokens.shop, &documents::unpack_case(&case, &bottles))?;
        self.capture(&self.tokens.shop, &documents::sell(&bottles[0]))?;
        drop(step);
        let size = self.size(SHOP)?;
        self.voice.check(size == SHOP_RECORDS, &lang.in_shops_ledger(SHOP_RECORDS))?;
        let again = self.capture(&self.tokens.shop, &Json::Null);
        self.voice.check(again.is_err(), &lang.empty_refused())
    }

    /// 5. The anchor worker publishes.
    ///
    /// # Errors
    ///
    /// As [`Self::factory`].
    pub fn anchor(&mut self) -> anyhow::Result<()> {
        let lang = self.voice.lang;
        let step = self.voice.step("5", &lang.anchor())?;
        // What is stored from here on changes no ledger, so one final anchor covers everything.
        self.world.stop("factory-bridge")?;
        self.world.stop("centre-bridge")?;
        self.world.start("anchor", "chopmark.toml", "anchor", self.addresses.anchor)?;
        self.voice.doing(&lang.waits_for_final())?;
        let page = self.trace(&scan_path(&self.goods.items[0].epc));
        wait_for("the anchor is final", || {
            let answer = web::get_json(&page, &[("User-Agent", "demo-monitor")])?;
            let clock = answer.get("clocks").and_then(|clocks| clocks.get("anchored"));
            Ok(clock.and_then(Json::as_str).is_some())
        })?;
        let audit = ["audit", "--policy", "policy.txt", "--require-anchored"];
        let mut last = (0, String::new());
        wait_for("every record is anchored", || {
            last = self.chopmark(&audit)?;
            // 4 and 5: records wait for the hub, entries of the hub for an anchor.
            Ok(!matches!(last.0, 4 | 5))
        })?;
        drop(step);
        self.voice.say(&lang.is_final());
        let hub = self.size(HUB)?;
        self.voice.check(hub >= 3, &lang.in_hub(hub))?;
        let (status, text) = last;
        self.voice.check(status == 0, &lang.all_anchored()).with_context(|| text)
    }

    /// 6. People scan.
    ///
    /// # Errors
    ///
    /// As [`Self::factory`].
    pub fn scans(&mut self) -> anyhow::Result<()> {
        let lang = self.voice.lang;
        let step = self.voice.step("6", &lang.scans())?;
        self.voice.doing(&lang.scanned())?;
        let epc = |tag: &TagEpc| tag.epc.clone();
        let goods = &self.goods;
        let (sold, copied) = (epc(&goods.items[0]), epc(&goods.items[2]));
        let (unsold, gift_box) = (epc(&goods.items[150]), epc(&goods.boxes[0]));
        let announced = epc(&goods.never_made[1]);
        let never: epc::Epc = format!("{}1", goods.never_made[0].epc.to_uri()).parse()?;
        let scans = [
            (lang.scan_sold(), "SOLD", &sold, "203.0.113.7", SHANGHAI),
            (lang.scan_first(), "CONDITION", &copied, "203.0.113.8", SHANGHAI),
            (lang.scan_second(), "CONFLICT", &copied, "198.51.100.9", CHENGDU),
            (lang.scan_never(), "REJECTED", &never, "203.0.113.7", SHANGHAI),
            (lang.scan_announced(), "REJECTED", &announced, "203.0.113.7", SHANGHAI),
            (lang.scan_warm(), "CONDITION", &unsold, "203.0.113.10", SHANGHAI),
            (lang.scan_box(), "CONSISTENT", &gift_box, "203.0.113.13", SHANGHAI),
        ];
        for (what, expected, item, address, place) in scans {
            let answer = self.scan(item, address, place)?;
            let found = verdict(&answer);
            self.voice.check(found == expected, &lang.is(&what, found))?;
        }
        drop(step);
        let endless = format!("/01/{}/21/{}", gtin(), "9".repeat(4096));
        let answer = web::get(&self.trace(&endless), &[("User-Agent", BROWSER)])?;
        self.voice.check(answer.status == 400, &lang.long_serial())?;
        self.pages(&unsold)
    }

    /// The page of an item of the warm lot, in both languages.
    fn pages(&mut self, item: &epc::Epc) -> anyhow::Result<()> {
        let lang = self.voice.lang;
        for (language, words) in [("zh-CN", WARM_IN_CHINESE), ("en", WARM_IN_ENGLISH)] {
            let headers = [
                ("Accept", "text/html"),
                ("Accept-Language", language),
                ("User-Agent", BROWSER),
                ("X-Forwarded-For", "203.0.113.10"),
            ];
            let page = web::get(&self.trace(&scan_path(item)), &headers)?;
            let text = String::from_utf8_lossy(&page.body);
            self.voice.check(
                text.contains(words) && page.body.len() <= 40 * 1024,
                &lang.page(language, &figure(page.body.len()), words),
            )?;
        }
        Ok(())
    }

    /// 7. The proof outlives the servers.
    ///
    /// # Errors
    ///
    /// As [`Self::factory`].
    pub fn proof(&mut self) -> anyhow::Result<()> {
        let lang = self.voice.lang;
        let step = self.voice.step("7", &lang.proof())?;
        let item = self.goods.items[0].epc.to_uri();
        let bundle = web::get(&self.trace(&format!("/items/{item}/bundle")), &[])?;
        let answer = || String::from_utf8_lossy(&bundle.body);
        anyhow::ensure!(bundle.status == 200, "no bundle: {}", answer());
        std::fs::write(self.world.folder.join("item.bundle.json"), &bundle.body)?;
        self.voice.say(&lang.saved(&figure(bundle.body.len())));
        self.voice.doing(&lang.verifies())?;
        let verify = ["verify", "item.bundle.json", "--policy", "policy.txt"];
        let rpc = self.anvil.url().to_owned();
        let (on_chain, text) = self.chopmark(&[&verify[..], &["--rpc", &rpc]].concat())?;
        self.voice.check(on_chain == 0, &lang.proved_on_chain()).with_context(|| text)?;
        self.voice.doing(&lang.stops_servers())?;
        for name in ["anchor", "ingest", "trace-api"] {
            self.world.stop(name)?;
        }
        self.world.cluster.stop();
        let (offline, text) = self.chopmark(&verify)?;
        self.voice.check(offline == 0, &lang.proved_offline()).with_context(|| text)?;
        self.voice.doing(&lang.flips())?;
        let (tried, survived) = self.flip_bits(bundle.body)?;
        drop(step);
        self.voice.check(survived == 0, &lang.flipped(&figure(tried)))
    }

    /// Flips bits all over the bundle, one at a time; gives how many files that made, and how many of them were proved, or were
    /// undecided though still a bundle.
    fn flip_bits(&self, mut bytes: Vec<u8>) -> anyhow::Result<(usize, usize)> {
        let policy: ledger::policy::Policy =
            std::fs::read_to_string(self.world.folder.join("policy.txt"))?.parse()?;
        let (mut tried, mut survived) = (0, 0);
        // A prime stride visits bytes all over the file and every bit of a byte.
        for bit in (0..bytes.len() * 8).step_by(331) {
            super::stop::check()?;
            bytes[bit / 8] ^= 1 << (bit % 8);
            let report = ledger::bundle::verify(&bytes, &policy);
            tried += 1;
            let is_whole = ledger::bundle::parse(&bytes).is_ok();
            survived += usize::from(match report.outcome {
                ledger::bundle::Outcome::Proved => true,
                ledger::bundle::Outcome::CannotTell => is_whole,
                ledger::bundle::Outcome::Refuted => false,
            });
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        Ok((tried, survived))
    }
}
