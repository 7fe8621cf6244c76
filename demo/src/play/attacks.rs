//! The attacks: what somebody does who has no right to the factory's numbers, and what the owner of the database does.
//!
//! The way through: the database is copied; ingest and trace-api run on the copy as they run on the original; each
//! attack is made there: against a number of the factory's, the second pallet's goods, and the shop's ledger.
//!
//! What holds: the installation that people look at afterwards is the one that no attack was made on.
//!
//! Source: docs/decisions/0057-attacks-on-a-copy.md.

use anyhow::Context as _;
use ledger::json::Json;
use tokio::runtime::Runtime;

use super::documents;
use super::files::COPY_FILE;
use super::scene::{SHOP_RECORDS, verdict};
use super::site::{BOX_DESPATCH_ADVICE, CENTRE, SHOP};
use super::stage::{COPY, Stage};
use crate::web;

/// The colour of the record lamp of an answer.
fn record_lamp(answer: &Json) -> Option<&str> {
    answer.get("lamps")?.get("record")?.as_str()
}

impl Stage {
    /// 8. Three people cheat: a rival, and the database's owner twice.
    ///
    /// # Errors
    ///
    /// The first thing that failed or did not hold.
    pub fn attacks(&mut self) -> anyhow::Result<()> {
        let lang = self.voice.lang;
        let step = self.voice.step("8", &lang.attacks())?;
        self.voice.doing(&lang.copies())?;
        self.world.cluster.launch_again()?;
        let runtime = Runtime::new()?;
        runtime.block_on(sql::testing::copy_database(&self.world.cluster, COPY))?;
        self.voice.doing(&lang.starts_processes())?;
        self.world.start("trace-api", "chopmark.toml", "trace-api", self.addresses.operator)?;
        self.world.start("trace-api-copy", COPY_FILE, "trace-api", self.copy.operator)?;
        drop(step);
        self.foreign_commissioning()?;
        self.changed_row(&runtime)?;
        self.rolled_back_ledger(&runtime)
    }

    /// A party that has no right to the factory's numbers issues one of them.
    fn foreign_commissioning(&mut self) -> anyhow::Result<()> {
        let lang = self.voice.lang;
        let part = self.voice.part("a", &lang.rival())?;
        self.world.start("ingest-copy", COPY_FILE, "ingest", self.copy.ingest)?;
        let fake: epc::Epc = format!("{}7", self.goods.never_made[0].epc.to_uri()).parse()?;
        let document = documents::commission_anothers(&fake.to_uri());
        let ingest = format!("http://{}/capture", self.copy.ingest);
        web::capture(&ingest, &self.tokens.rival, &document)?;
        self.world.stop("ingest-copy")?;
        let answer = self.scan_copy(&fake)?;
        let (audit, text) = self.audit_copy()?;
        drop(part);
        self.voice.check(verdict(&answer) == "REJECTED", &lang.rival_rejected())?;
        self.voice.check(audit == 0, &lang.rival_whole()).with_context(|| text)
    }

    /// The database's owner changes history.
    fn changed_row(&mut self, runtime: &Runtime) -> anyhow::Result<()> {
        let lang = self.voice.lang;
        let part = self.voice.part("b", &lang.altered())?;
        let item = self.goods.boxes[0].epc.clone();
        let before = self.scan_copy(&item)?;
        let found = verdict(&before);
        anyhow::ensure!(found == "CONSISTENT", "got {found} before the attack");
        let index = runtime.block_on(alter(&self.copy_url()))?;
        self.voice.say(&lang.altered_how());
        let (after, text) = self.audit_copy()?;
        drop(part);
        self.voice
            .check(
                after == 1 && text.contains(CENTRE) && text.contains(&format!("#{index}")),
                &lang.altered_named(CENTRE, index),
            )
            .with_context(|| text)?;
        let answer = self.scan_copy(&item)?;
        let shows = verdict(&answer) == "GAP" && record_lamp(&answer) == Some("broken");
        self.voice.check(shows, &lang.altered_shown()).with_context(|| answer.canonical())
    }

    /// The database's owner removes the newest record of the shop's ledger: the sale never happened.
    fn rolled_back_ledger(&mut self, runtime: &Runtime) -> anyhow::Result<()> {
        let lang = self.voice.lang;
        let part = self.voice.part("c", &lang.rolled_back())?;
        let url = self.copy_url();
        runtime.block_on(async {
            let db = sql::Db::connect(&sql::Settings::new(&url)).await?;
            sql::testing::roll_back_as_owner(&db, SHOP, SHOP_RECORDS - 1).await
        })?;
        self.voice.say(&lang.rolled_back_how());
        let (audit, text) = self.audit_copy()?;
        let answer = self.scan_copy(&self.goods.items[0].epc)?;
        let (code, refusal) = self.chopmark(&["up", "--role", "ingest", "--config", COPY_FILE])?;
        drop(part);
        self.voice
            .check(
                audit == 3 && text.contains("ROLLED BACK") && text.contains(SHOP),
                &lang.rolled_back_named(SHOP),
            )
            .with_context(|| text)?;
        self.voice.check(record_lamp(&answer) == Some("broken"), &lang.rolled_back_shown())?;
        self.voice
            .check(code != 0 && refusal.contains("shrank"), &lang.refuses_to_sign())
            .with_context(|| refusal)
    }

    fn copy_url(&self) -> String {
        self.world.cluster.url_of(COPY, sql::Access::Owner)
    }

    /// Audits the copy; exit status and what it said.
    fn audit_copy(&self) -> anyhow::Result<(i32, String)> {
        self.voice.doing(&self.voice.lang.audits())?;
        self.chopmark(&["audit", "--config", COPY_FILE, "--policy", "policy.txt"])
    }
}

/// Alters the gift boxes' receipt as the owner of the tables could, and gives its place in the ledger.
async fn alter(url: &str) -> anyhow::Result<u64> {
    let db = sql::Db::connect(&sql::Settings::new(url)).await?;
    let receipt = sql::expected::differences(&db, Some(BOX_DESPATCH_ADVICE)).await?;
    let index = receipt.first().context("no receipt to alter")?.leaf_index;
    sql::testing::alter_record_as_owner(&db, CENTRE, index, "receiving", "returning").await?;
    Ok(index)
}
