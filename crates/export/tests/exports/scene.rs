//! What the tests of exports share: ledgers in a database, projected, and requests to export them.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use access::{Act, Decision, Grant, Identity, Means, Role, Scope, Sight, decide};
use export::{Error, Format, Job, Manifest, Options, Pins, Request, Source, write};
use history::Cache;
use history::directory::Current;
use history::projected::project;
use history::testing::{
    CASE, CENTRE, EventDraft, FACTORY, ITEM, LOT, PALLET, SHOP, TestLedger, excursion_event,
    object_event, packing_event, rights,
};
use ledger::json::{Json, object};
use ledger::policy::Policy;
use sql::Transaction;
use sql::events::{Batch, Move};
use sql::master::{NewValue, Statement};
use sql::testing::TestDb;

/// The ledger of the factory.
pub const SITE: &str = "factory.example/packing";
/// The hub.
pub const HUB: &str = "hub.example/1";
/// The party that keeps the shop.
pub const SHOP_PARTY: &str = "urn:epc:id:pgln:4055555.00000";
const FACTORY_PARTY: &str = "urn:epc:id:pgln:4012345.00000";

/// What somebody with these grants sees.
fn sight(grant: Grant) -> Sight {
    let identity = Identity { subject: "test".into(), means: Means::ApiKey, grants: vec![grant] };
    let now = "2026-11-23T08:00:00Z".parse().unwrap();
    match decide(Some(&identity), Act::QueryEvents, now) {
        Decision::Allowed(sight) => sight,
        Decision::Refused { why, .. } => panic!("{why}"),
    }
}

/// What the operator sees.
pub fn everything() -> Sight {
    sight(Grant::new(Role::Operator, Scope::default(), None).unwrap())
}

/// What a party sees.
pub fn of_party(pgln: &str) -> Sight {
    let scope = Scope::default().with_party(pgln).unwrap();
    sight(Grant::new(Role::Custodian, scope, None).unwrap())
}

/// Ledgers in a database.
pub struct Scene {
    pub db: TestDb,
    pub site: TestLedger,
    pub hub: TestLedger,
    pub current: Current,
    pub policy_text: String,
    cache: Cache,
}

fn text(text: &str) -> Json {
    Json::from(text)
}

/// The journey of the item, the last step of which names the shop's keeper.
fn journey() -> Vec<EventDraft> {
    let to_shop = object([("type", text("possessing_party")), ("destination", text(SHOP_PARTY))]);
    vec![
        object_event("2026-11-20T08:00:00.000+08:00", "commissioning")
            .at(FACTORY)
            .lot("L1", "2099-12-31")
            .sensed(),
        packing_event("2026-11-20T09:00:00.000+08:00", "ADD", CASE, &[ITEM]).at(FACTORY).sensed(),
        packing_event("2026-11-20T10:00:00.000+08:00", "ADD", PALLET, &[CASE]).at(FACTORY),
        object_event("2026-11-20T11:00:00.000+08:00", "shipping").of(&[PALLET]).read_at(FACTORY),
        object_event("2026-11-21T08:00:00.000+08:00", "receiving").of(&[PALLET]).at(CENTRE),
        packing_event("2026-11-21T09:00:00.000+08:00", "DELETE", PALLET, &[CASE]).at(CENTRE),
        excursion_event("2026-11-21T02:00:00.000Z", "2026-11-21T02:10:00.000Z", "9.2").at(CENTRE),
        object_event("2026-11-21T12:00:00.000+08:00", "shipping")
            .of(&[CASE])
            .at(CENTRE)
            .with("destinationList", Json::Array(vec![to_shop])),
        object_event("2026-11-22T08:00:00.000+08:00", "receiving").of(&[CASE]).at(SHOP),
        packing_event("2026-11-22T09:00:00.000+08:00", "DELETE", CASE, &[ITEM]).at(SHOP),
        object_event("2026-11-22T10:00:00.000+08:00", "stocking_shelves").at(SHOP),
    ]
}

/// The same events, each with what EPCIS requires of it.
fn complete(event: EventDraft, offset: &str) -> EventDraft {
    event.with("eventTimeZoneOffset", text(offset))
}

/// An event on the coast of the Pacific.
fn pacific(event: EventDraft) -> EventDraft {
    complete(event, "-08:00")
}

/// Greens from the field to the shop, with what a correction and a stranger's formula look like.
fn food() -> Vec<EventDraft> {
    let list = |class: &str, quantity: &str, unit: &str| {
        let quantity = Json::Number(quantity.into());
        let element =
            object([("epcClass", text(class)), ("quantity", quantity), ("uom", text(unit))]);
        Json::Array(vec![element])
    };
    let salad = "https://id.gs1.org/01/04012345222227/10/S-9";
    let documents = Json::Array(vec![object([
        ("type", text("urn:epcglobal:cbv:btt:desadv")),
        ("bizTransaction", text("=HYPERLINK(\"http://x.example\")")),
    ])]);
    let to = Json::Array(vec![object([("type", text("location")), ("destination", text(SHOP))])]);
    let from = Json::Array(vec![object([("type", text("location")), ("source", text(CENTRE))])]);
    let lots = |event: EventDraft, class: &str, quantity: &str| {
        pacific(event).of(&[]).with("quantityList", list(class, quantity, "KGM"))
    };
    let error = object([
        ("declarationTime", text("2026-11-22T09:00:00Z")),
        ("reason", text("incorrect_data")),
        ("correctiveEventIDs", Json::Array(vec![text("urn:uuid:2")])),
    ]);
    let making = object([
        ("type", text("TransformationEvent")),
        ("eventTime", text("2026-11-20T23:30:00.000-08:00")),
        ("eventTimeZoneOffset", text("-08:00")),
        ("bizStep", text("commissioning")),
        ("inputQuantityList", list(LOT, "40.50", "KGM")),
        ("outputQuantityList", list(salad, "200", "EA")),
        ("outputEPCList", Json::Array(vec![text(ITEM)])),
        ("bizLocation", object([("id", text(CENTRE))])),
    ]);
    let harvest =
        object_event("2026-11-20T06:00:00.000-08:00", "https://farm.example/BizStep-harvesting");
    let shipping = object_event("2026-11-21T08:00:00.000-08:00", "shipping").read_at(CENTRE);
    let shipping = lots(shipping, salad, "200").with("bizTransactionList", documents);
    let receiving = object_event("2026-11-21T18:00:00.000-08:00", "receiving").at(SHOP);
    vec![
        lots(harvest.at(FACTORY), LOT, "120"),
        pacific(object_event("2026-11-20T08:00:00.000-08:00", "commissioning"))
            .at(FACTORY)
            .lot("L1", "2099-12-31"),
        EventDraft::stated(making),
        pacific(object_event("2026-11-21T07:00:00.000-08:00", "storing")).at(CENTRE),
        shipping.clone().with("destinationList", to).with("eventID", text("urn:uuid:1")),
        shipping.with("errorDeclaration", error).with("eventID", text("urn:uuid:1")),
        lots(receiving, salad, "200").with("sourceList", from),
        pacific(object_event("2026-11-22T08:00:00.000-08:00", "shipping"))
            .of(&[PALLET])
            .read_at(SHOP),
    ]
}

impl Scene {
    /// Without any event.
    pub async fn empty(name: &str) -> Self {
        let db = TestDb::migrated(name).await;
        let site = TestLedger::create(&db, SITE, "site", "Bamboo Spring").await;
        let hub = TestLedger::create(&db, HUB, "hub", "Chopmark").await;
        let policy_text = site.policy_lines("log") + &hub.policy_lines("hub");
        let policy: Policy = policy_text.parse().unwrap();
        let current =
            Current { rights: Arc::new(rights()), policy: Arc::new(policy), ..Current::default() };
        Self { db, site, hub, current, policy_text, cache: Cache::new(1 << 20) }
    }

    async fn with(name: &str, events: &[EventDraft]) -> Self {
        let scene = Self::empty(name).await;
        scene.site.append(events, "2026-11-22T03:30:00Z").await;
        scene.hub.append_checkpoint_of(&scene.site, "2026-11-22T03:31:00Z").await;
        scene.project().await;
        scene
    }

    /// With the journey of the item.
    pub async fn journey(name: &str) -> Self {
        Self::with(name, &journey()).await
    }

    /// With the same journey, of events that have all that EPCIS requires.
    pub async fn complete(name: &str) -> Self {
        let events = journey().into_iter().map(|event| complete(event, "+08:00"));
        let mut events: Vec<EventDraft> = events.collect();
        // A word of the standard in place of one that partners were used to.
        let last = events.pop().map(|event| event.with("bizStep", text("stocking")));
        events.extend(last);
        Self::with(name, &events).await
    }

    /// With greens, and names of places and products.
    pub async fn food(name: &str) -> Self {
        let scene = Self::with(name, &food()).await;
        scene.name(FACTORY, "Farm 1", "Salinas", "2026-11-01T00:00:00Z").await;
        let product = "https://id.gs1.org/01/04012345222227";
        scene.name(product, "Salad, mixed", "", "2026-11-01T00:00:00Z").await;
        scene
            .say("urn:epc:id:pgln:4099999.00000", CENTRE, "Somebody", "2026-11-02T00:00:00Z")
            .await;
        scene
    }

    /// Another site's ledger.
    pub async fn other_site(&self, origin: &str) -> TestLedger {
        TestLedger::create(&self.db, origin, "site", "Another").await
    }

    /// The factory names something.
    pub async fn name(&self, thing: &str, name: &str, city: &str, at: &str) {
        self.state(
            FACTORY_PARTY,
            thing,
            &[(history::master::NAME, name), (history::master::CITY, city)],
            at,
        )
        .await;
    }

    /// Somebody names something.
    pub async fn say(&self, by: &str, thing: &str, name: &str, at: &str) {
        self.state(by, thing, &[(history::master::NAME, name)], at).await;
    }

    async fn state(&self, by: &str, thing: &str, values: &[(&str, &str)], at: &str) {
        let value = |(attribute, value): &(&str, &str)| NewValue {
            kind: 2,
            key: epc::thing_key(thing),
            element: thing.to_owned(),
            vocabulary: String::new(),
            attribute: (*attribute).to_owned(),
            place: 0,
            language: String::new(),
            value: (*value).to_owned(),
        };
        let values: Vec<NewValue> =
            values.iter().filter(|it| !it.1.is_empty()).map(value).collect();
        let (by, document) = (epc::thing_key(by), ledger::Hash([1; 32]));
        let at = at.parse().unwrap();
        let statement = Statement { by: &by, document: &document, record: None, at };
        let stated = self.db.run_tx("test.state", async |tx: &Transaction<'_>| {
            sql::master::state(tx, &statement, &values).await
        });
        stated.await.unwrap();
    }

    /// Projects all that waits, ledger by ledger, a few records at a time.
    pub async fn project(&self) {
        self.project_with(7).await;
    }

    /// The same in large steps.
    pub async fn project_at_once(&self) {
        self.project_with(20_000).await;
    }

    async fn project_with(&self, most: u32) {
        loop {
            let waiting = sql::events::waiting(&self.db, most).await.unwrap();
            if waiting.is_empty() {
                return;
            }
            let mut batch = Batch::default();
            for one in waiting {
                let records = one.chunks.iter().flat_map(sql::events::WaitingChunk::records);
                let mut to = one.from;
                for record in records {
                    to = record.index + 1;
                    batch.events.push(project(&record).unwrap());
                }
                batch.moves.push(Move { ledger: one.ledger, from: one.from, to });
            }
            let applied = self.db.run_tx("test.project", async |tx: &Transaction<'_>| {
                sql::events::apply(tx, &batch).await
            });
            applied.await.unwrap();
        }
    }

    /// Empties the projection and makes it again in one go.
    pub async fn project_anew(&self) {
        let cleared =
            self.db.run_tx("test.clear", async |tx: &Transaction<'_>| sql::events::clear(tx).await);
        cleared.await.unwrap();
        self.project().await;
    }

    /// From what exports are made.
    pub fn source<'a>(&'a self, pins: Option<&'a Pins>) -> Source<'a> {
        Source {
            db: &self.db,
            policy_text: &self.policy_text,
            current: &self.current,
            hub: Some(HUB),
            cache: &self.cache,
            pins,
        }
    }

    /// A request.
    pub fn request(pairs: &[(String, String)], sight: Sight, format: Format) -> Request {
        Request::new(pairs, sight, format, Options::default()).unwrap()
    }

    /// Exports everything.
    pub async fn export(&self, format: Format) -> (Vec<u8>, Manifest) {
        let request = Self::request(&[], everything(), format);
        self.export_at(&request, None)
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", format.name()))
    }

    /// Exports.
    pub async fn export_at(
        &self,
        request: &Request,
        pins: Option<&Pins>,
    ) -> Result<(Vec<u8>, Manifest), Error> {
        let mut bytes = Vec::new();
        let cancel = AtomicBool::new(false);
        let job = Job { progress: &mut |_| {}, cancel: &cancel };
        let manifest = write(&self.source(pins), request, &mut bytes, job).await?;
        let (length, sha256) = manifest.file.unwrap();
        assert_eq!((length, sha256), (bytes.len() as u64, ledger::hash::sha256(&bytes)));
        Ok((bytes, manifest))
    }
}
