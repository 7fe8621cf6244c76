//! The scene: eight steps, each on the running processes, each with checks that can fail.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use ledger::json::Json;
use simulators::impinj_r700::R700;
use simulators::r200::{Faults, R200};
use simulators::xy_md02::XyMd02;

use super::documents;
use super::files::{Addresses, Tokens, Wiring, write};
use super::site::{
    ANNOUNCED_TOO_MANY, CENTRE, DESPATCH_ADVICE, FACTORY, Goods, HUB, ITEMS, ITEMS_PER_CASE, SHOP,
    scan_path,
};
use super::tell::Voice;
use super::world::{World, free_address, prepare_folder};
use super::{is_stopped, web};

/// The seed of everything that looks random.
const SEED: u64 = 952;
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(90);
const BROWSER: &str =
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140 Mobile Safari/537.36";
const SHANGHAI: &str = "%E4%B8%8A%E6%B5%B7;31.23;121.47;20";
const CHENGDU: &str = "%E6%88%90%E9%83%BD;30.57;104.07;20";

/// Everything on stage.
struct Stage {
    voice: Voice,
    world: World,
    addresses: Addresses,
    tokens: Tokens,
    goods: Goods,
    station: R200,
    sensor: XyMd02,
    broker: SocketAddr,
    anvil: anchor::anvil::Anvil,
}

/// Plays the scene in `folder`; unless `once`, the pages then stay up until the demo is stopped.
///
/// # Errors
///
/// The first thing that failed or did not hold.
pub fn play(folder: &Path, once: bool) -> anyhow::Result<()> {
    let voice = Voice::new();
    out!("Chopmark demo: from a reader's bytes to a proof in a consumer's hand");
    out!("data in {}", folder.display());
    let mut stage = set(voice, folder)?;
    stage.factory()?;
    stage.dock_door()?;
    stage.cold_store()?;
    stage.shop()?;
    stage.anchor()?;
    stage.scans()?;
    stage.proof()?;
    stage.attack()?;
    stage.account(once);
    Ok(())
}

/// Waits for `condition`, asking every few milliseconds.
fn wait_for(what: &str, mut condition: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        anyhow::ensure!(!is_stopped(), "stopped");
        if condition()? {
            return Ok(());
        }
        anyhow::ensure!(
            Instant::now() < deadline,
            "after {} s still not: {what}",
            PATIENCE.as_secs()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Starts everything.
fn set(voice: Voice, folder: &Path) -> anyhow::Result<Stage> {
    let step = voice.step("0", "Set the stage · 搭台");
    prepare_folder(folder)?;
    let goods = Goods::seeded(SEED)?;
    let mut world = World::build(folder.to_owned())?;
    voice.say("private PostgreSQL on a unix socket");
    let anvil = anchor::anvil::Anvil::start(anchor::anvil::Mining::EverySeconds(1))?;
    let random = ledger::keys::SystemRandom::new();
    let wallet = anchor::wallet::Wallet::create(&folder.join("keys/publisher.key"), &random)?;
    anvil.fund(wallet.address())?;
    let deployed = anchor::deploy::deploy(&anvil.rpc(), &wallet, Duration::from_secs(30))?;
    voice.say(&format!("local chain (anvil) at {}, contract {}", anvil.url(), deployed.contract));
    let broker = simulators::broker::start().map_err(|error| anyhow::anyhow!(error))?;
    voice.say(&format!("MQTT broker at {broker}"));
    let station =
        R200::start(SEED, Faults { garbage_every: 97, bad_checksum_every: 0, in_pieces: true })?;
    let sensor = XyMd02::start(45)?;
    voice.say(&format!(
        "R200 reader at {}, sensor at {}",
        station.path.display(),
        sensor.path.display()
    ));
    let addresses = Addresses {
        ingest: free_address()?,
        anchor: free_address()?,
        trace: free_address()?,
        factory_bridge: free_address()?,
        centre_bridge: free_address()?,
    };
    let wiring = Wiring {
        addresses,
        database: world.cluster.url(),
        rpc: anvil.url(),
        contract: deployed.contract.to_string(),
        station: &station.path,
        sensor: &sensor.path,
        broker,
    };
    let made = write(folder, &wiring)?;
    world.start("ingest", "chopmark.toml", "ingest", addresses.ingest)?;
    world.start("trace-api", "chopmark.toml", "trace-api", addresses.trace)?;
    world.start("factory-bridge", "factory-bridge.toml", "bridge", addresses.factory_bridge)?;
    voice.say("ingest, trace-api and the factory's bridge run, each a process of its own");
    drop(step);
    Ok(Stage {
        voice,
        world,
        addresses,
        tokens: made.tokens,
        goods,
        station,
        sensor,
        broker,
        anvil,
    })
}

fn banks(tags: &[epc::TagEpc]) -> anyhow::Result<Vec<Vec<u8>>> {
    tags.iter().map(|tag| tag.encode().map_err(anyhow::Error::from)).collect()
}

impl Stage {
    fn trace(&self, path: &str) -> String {
        format!("http://{}{path}", self.addresses.trace)
    }

    /// Size of a ledger, as anyone can ask for it.
    fn size(&self, origin: &str) -> anyhow::Result<u64> {
        let answer = web::get_json(&self.trace("/ledgers"), &[])?;
        let ledgers = answer.get("ledgers").and_then(Json::as_array).unwrap_or_default();
        let found =
            ledgers.iter().find(|one| one.get("origin").and_then(Json::as_str) == Some(origin));
        let size = found.and_then(|one| one.get("size")?.as_number()?.parse().ok());
        Ok(size.unwrap_or(0))
    }

    fn capture(&self, token: &str, document: &Json) -> anyhow::Result<Json> {
        web::capture(&format!("http://{}/capture", self.addresses.ingest), token, document)
    }

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

    /// Holds tags in the reader's field until each was read three times, takes them out, and waits until the
    /// factory's ledger has `size` records.
    fn in_field(&self, tags: Vec<Vec<u8>>, size: u64) -> anyhow::Result<()> {
        self.station.set_field(tags);
        wait_for("every tag was read three times", || Ok(self.station.rounds() >= 3))?;
        self.station.set_field(Vec::new());
        wait_for("the window is in the ledger", || Ok(self.size(FACTORY)? >= size))
    }

    fn history(&self, uri: &str) -> anyhow::Result<Vec<Json>> {
        let answer = web::get_json(&self.trace(&format!("/items/{uri}/history")), &[])?;
        Ok(answer.get("records").and_then(Json::as_array).unwrap_or_default().to_vec())
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
        let receipt = &receipts[0];
        let number =
            |name: &str| receipt.get(name).and_then(Json::as_number).unwrap_or_default().to_owned();
        let list = |name: &str| -> Vec<String> {
            let items = receipt.get(name).and_then(Json::as_array).unwrap_or_default();
            items.iter().filter_map(Json::as_str).map(str::to_owned).collect()
        };
        self.voice.check(
            number("received") == ITEMS.to_string(),
            "it has exactly the 1,700 items that passed",
        )?;
        let mut missing = list("missing");
        let mut want: Vec<String> =
            self.goods.never_made.iter().map(|tag| tag.epc.to_uri()).collect();
        missing.sort();
        want.sort();
        self.voice.check(
            missing == want && list("unexpected").is_empty(),
            &format!(
                "{ANNOUNCED_TOO_MANY} short of despatch advice {DESPATCH_ADVICE}, and the difference names both"
            ),
        )?;
        let mut strays = 0;
        for stray in &self.goods.strays {
            let url = self.trace(&format!("/items/{}/history", stray.epc.to_uri()));
            strays += u32::from(web::get(&url, &[])?.status != 404);
        }
        self.voice
            .check(strays == 0, &format!("none of {} strays became stock", self.goods.strays.len()))
    }

    fn receipts(&self) -> anyhow::Result<Vec<Json>> {
        let answer = web::get_json(&self.trace("/deliveries"), &[])?;
        Ok(answer.get("deliveries").and_then(Json::as_array).unwrap_or_default().to_vec())
    }

    fn is_connected(&self, reader: &str) -> anyhow::Result<bool> {
        let url = format!("http://{}/metrics", self.addresses.centre_bridge);
        let text = String::from_utf8(web::get(&url, &[])?.body)?;
        Ok(text.contains(&format!("bridge_connected_readers{{reader=\"{reader}\"}} 1")))
    }

    /// 3. The cold store gets too warm.
    fn cold_store(&mut self) -> anyhow::Result<()> {
        let step = self.voice.step("3", "A cold store gets too warm · 冷库超温");
        let item = self.goods.items[0].epc.to_uri();
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
            .check(again.is_err(), "a document that is none is refused, with what would be right")
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
        self.voice.say("the transaction is final: two blocks stand on its block");
        let hub = self.size(HUB)?;
        self.voice.check(
            hub >= 3,
            &format!("checkpoints of all three ledgers are in the hub ({hub} entries)"),
        )
    }

    fn scan(&self, item: &epc::Epc, address: &str, place: &str) -> anyhow::Result<Json> {
        let headers =
            [("User-Agent", BROWSER), ("X-Forwarded-For", address), ("Chopmark-Place", place)];
        web::get_json(&self.trace(&scan_path(item)), &headers)
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
                "a serial scanned in Shanghai first",
                "CONSISTENT",
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
            ("an unsold item", "CONSISTENT", self.scan(&unsold, "203.0.113.10", SHANGHAI)?),
        ];
        drop(step);
        for (what, want, answer) in &answers {
            let found = Self::verdict(answer);
            self.voice.check(found == *want, &format!("{what}: {found}"))?;
        }
        let long = format!("/01/{}/21/{}", super::site::gtin(), "9".repeat(4096));
        let answer = web::get(&self.trace(&long), &[("User-Agent", BROWSER)])?;
        self.voice
            .check(answer.status == 400, "a serial of 4 KiB gets a clear answer, not a verdict")?;
        for (language, words) in
            [("zh-CN", "记录完整，未发现异常"), ("en", "Records are complete and consistent")]
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

    /// Runs `chopmark` as a person would, and gives exit status and output.
    fn chopmark(&self, words: &[&str]) -> anyhow::Result<(i32, String)> {
        let output = Command::new(std::env::current_exe()?)
            .args(words)
            .current_dir(&self.world.folder)
            .output()
            .context("could not start chopmark")?;
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok((output.status.code().unwrap_or(-1), text))
    }

    /// 7. The proof outlives the servers.
    fn proof(&mut self) -> anyhow::Result<()> {
        let step = self.voice.step("7", "The proof, with every server stopped · 离线凭证");
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
            .check(
                offline == 0,
                "servers and database stopped: chopmark verify proves it all the same",
            )
            .with_context(|| text)?;
        let policy: ledger::policy::Policy =
            std::fs::read_to_string(self.world.folder.join("policy.txt"))?.parse()?;
        let mut bytes = bundle.body;
        let mut tried = 0;
        let mut survived = 0;
        // A prime stride visits bytes all over the file and every bit of a byte.
        for bit in (0..bytes.len() * 8).step_by(331) {
            bytes[bit / 8] ^= 1 << (bit % 8);
            let report = ledger::bundle::verify(&bytes, &policy);
            bytes[bit / 8] ^= 1 << (bit % 8);
            tried += 1;
            survived += u32::from(report.outcome != ledger::bundle::Outcome::Refuted);
        }
        self.voice.check(
            survived == 0,
            &format!("{tried} files with one flipped bit: every one is refuted"),
        )?;
        self.world.cluster.launch_again()?;
        self.world.start("trace-api", "chopmark.toml", "trace-api", self.addresses.trace)?;
        drop(step);
        Ok(())
    }

    /// 8. The database's owner changes history.
    fn attack(&mut self) -> anyhow::Result<()> {
        let step = self.voice.step("8", "The database's owner alters a stored event · 篡改");
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
        out!("  {:<28} {}", "receipts", self.trace("/deliveries"));
        out!(
            "The saved proof: {}/item.bundle.json, policy.txt beside it.",
            self.world.folder.display()
        );
        while !is_stopped() {
            std::thread::sleep(Duration::from_millis(100));
        }
        out!("\nstopping …");
    }
}

/// Alters the receiving record of the centre as the owner of the tables could, and gives its place.
async fn alter(url: &str) -> anyhow::Result<u64> {
    let db = sql::Db::connect(url).await?;
    let receipt = sql::expected::differences(&db, Some(DESPATCH_ADVICE)).await?;
    let index = receipt.first().context("no receipt to alter")?.leaf_index;
    sql::testing::alter_record_as_owner(&db, CENTRE, index, "receiving", "returning").await?;
    Ok(index)
}
