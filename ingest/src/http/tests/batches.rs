//! What happens to those who share a commit with somebody whose data cannot be taken.

use std::collections::BTreeSet;

use futures::future::join_all;

use super::capture::post;
use super::*;

impl Scene {
    /// Delivers each body at once, and gives the answers in their order.
    pub(super) async fn deliver_all(&self, bodies: Vec<(u64, u64, Vec<u8>)>) -> Vec<(u16, Value)> {
        let mut answers = Vec::new();
        // As many at once as one address may send.
        for some in bodies.chunks(60) {
            let sent = some.iter().map(|(boot, seq, body)| self.deliver(*boot, *seq, body));
            answers.extend(join_all(sent).await);
        }
        answers
    }
}

/// `window(seq, …)` with another boot number.
fn window_of(boot: u64, seq: u64) -> Vec<u8> {
    let number = u32::try_from(seq).unwrap();
    let mut delivery = Delivery::parse(&window(seq, number)).unwrap();
    delivery.boot = boot;
    delivery.to_bytes()
}

#[actix_web::test]
async fn a_delivery_with_bad_data_is_refused_alone_whoever_shares_its_commit() {
    let scene = Scene::new("guilty").await;
    // The database itself refuses these two, as it would refuse a value out of range.
    scene
        .db
        .execute("alter table deliveries add constraint guilty check (seq not in (37, 76))")
        .await
        .unwrap();
    let mut bodies: Vec<(u64, u64, Vec<u8>)> =
        (1..=104).map(|seq| (1, seq, window_of(1, seq))).collect();
    // Signed, and not what they should be: no JSON, another number in the body, a number that no table holds.
    bodies[9].2 = b"{".to_vec();
    bodies[19].2 = window_of(1, 1000);
    let too_high = u64::MAX / 2 + 1;
    let body = String::from_utf8(window_of(1, 30)).unwrap();
    let body = body.replace("\"boot\":1", &format!("\"boot\":{too_high}"));
    bodies[29] = (too_high, 30, body.into_bytes());
    let guilty = BTreeSet::from([10, 20, 30, 37, 76]);

    let answers = scene.deliver_all(bodies).await;

    for (seq, (status, answer)) in (1..).zip(&answers) {
        let expected = if guilty.contains(&seq) { 422 } else { 201 };
        assert_eq!(*status, expected, "{seq}: {answer}");
    }
    assert_eq!(scene.size().await, 99);
    let recorded: BTreeSet<u64> = answers
        .iter()
        .filter_map(|(_, answer)| answer["indexes"].as_array().cloned())
        .flatten()
        .filter_map(|index| index.as_u64())
        .collect();
    assert_eq!(recorded, (0..99).collect(), "each has a place of its own");
    assert_eq!(scene.refused("delivery", "not-storable").await, 2);
    assert_eq!(scene.refused("delivery", "malformed").await, 2);
    assert_eq!(scene.refused("delivery", "headers-differ").await, 1);
    scene.is_whole().await;
    // Who was refused for the database's sake can send again when the cause is gone.
    scene.db.execute("alter table deliveries drop constraint guilty").await.unwrap();
    assert_eq!(scene.deliver(1, 37, &window_of(1, 37)).await.0, 201);
    scene.is_whole().await;
}

impl Scene {
    /// Checks that the tree of the stored records is the one whose root is signed, and that the index names each record.
    pub(super) async fn is_whole(&self) {
        let size = self.size().await;
        let mut tree = ledger::tree::Frontier::new();
        for index in 0..size {
            let stored = sql::ledgers::record_at(&self.db, self.ledger, index).await.unwrap();
            let stored = stored.unwrap();
            let record = ledger::record::Record::parse(&stored.text).unwrap();
            assert_eq!(record.leaf_hash(&stored.secret.unwrap()), stored.leaf_hash, "{index}");
            tree.append(stored.leaf_hash);
        }
        let head = sql::ledgers::head(&self.db, self.ledger).await.unwrap();
        let checkpoint = sql::ledgers::latest_checkpoint(&self.db, self.ledger).await.unwrap();
        let checkpoint = checkpoint.unwrap();
        assert_eq!((head.root, checkpoint.root, checkpoint.size), (tree.root(), tree.root(), size));
        let loaded = sql::ledgers::load_frontier(&self.db, self.ledger).await.unwrap();
        assert_eq!(loaded, tree, "the stored subtrees give the same tree");
        let mut indexed = BTreeSet::new();
        let entries = sql::items::for_each_entry(&self.db, |ledger, _, index| {
            indexed.extend((ledger == self.ledger).then_some(index.cast_unsigned()));
            Ok(())
        });
        entries.await.unwrap();
        assert_eq!(indexed, (0..size).collect());
    }
}

#[actix_web::test]
async fn the_same_document_and_delivery_sent_many_times_at_once_are_recorded_once() {
    let scene = Scene::new("at_once").await;
    let deliveries = scene.deliver_all(vec![(1, 1, window(1, 1)); 40]).await;
    let first = &deliveries[0].1["indexes"];
    assert!(deliveries.iter().all(|(status, answer)| {
        (*status == 201 || *status == 200) && answer["indexes"] == *first
    }));
    let document = super::capture::document("");
    let captured = join_all((0..40).map(|_| scene.send(post("maker-token", &document)))).await;
    assert!(captured.iter().all(|(status, ..)| *status == 202));
    assert_eq!(scene.size().await, 2);
    scene.is_whole().await;
}

#[actix_web::test]
async fn a_receipt_in_the_same_commit_as_its_despatch_advice_is_compared_with_it() {
    let scene = Scene::new("advised_at_once").await;
    let number = "urn:epcglobal:cbv:bt:9521141000006:DA1";
    let [one, two] = [1, 2].map(|n| format!("urn:epc:id:sgtin:9521141.012345.{n}"));
    let advice = super::capture::shipment(number, &[&one, &two]);
    // Sent in this order without waiting, so they are sequenced in one batch or in two that follow each other.
    let window = window(1, 1);
    let (advised, received) =
        futures::join!(scene.send(post("maker-token", &advice)), scene.deliver(1, 1, &window));
    assert_eq!((advised.0, received.0), (202, 201));
    let differences = sql::expected::differences(&scene.db, Some(number)).await.unwrap();
    let order = received.1["indexes"][0].as_u64();
    // Whoever came first: a receipt before its advice is compared with none.
    assert_eq!(differences.len(), usize::from(order == Some(1)), "{differences:?}");
    if let Some(difference) = differences.first() {
        assert_eq!((difference.announced, difference.received), (2, 1));
        // The shipment of `two` is in the same ledger here, so it is not missing.
        assert_eq!(difference.missing, Vec::<String>::new());
    }
    scene.is_whole().await;
}

#[actix_web::test]
async fn what_waited_together_keeps_its_order_when_one_of_it_is_refused() {
    let scene = Scene::new("order").await;
    let constraint = "alter table captures add constraint guilty check (capture_id <> 'c23')";
    scene.db.execute(constraint).await.unwrap();
    let writer = &scene.state.writers[ORIGIN];
    let ready = (0..60).map(|number| {
        let item = format!("9521141.012345.{number}");
        let document = super::capture::document("").replace("9521141.012345.1", &item);
        writer.prepare(crate::writer::Work::Capture {
            capture: format!("c{number}"),
            partner: "maker".into(),
            document_sha256: ledger::hash::sha256(document.as_bytes()),
            document: Arc::new(
                crate::document::StatedDocument::read(Box::new(document), 9).ok().unwrap(),
            ),
            behaviour: crate::statement::ErrorBehaviour::Rollback,
        })
    });

    let answers = join_all(ready.map(|ready| writer.submit(ready))).await;

    let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(refused.len(), 1, "{refused:?}");
    let indexes: Vec<u64> = taken.into_iter().flat_map(|one| one.unwrap().indexes).collect();
    assert_eq!(indexes, (0..59).collect::<Vec<u64>>());
    scene.is_whole().await;
}

#[actix_web::test]
async fn a_ledger_that_cannot_be_read_is_nobodys_fault_and_senders_keep_what_they_have() {
    let scene = Scene::new("our_fault").await;
    let damage = |root: &str| format!("update ledger_heads set root = decode('{root}', 'hex')");
    scene.db.execute(&damage(&"ab".repeat(32))).await.unwrap();
    let answers = scene.deliver_all((1..=8).map(|seq| (1, seq, window_of(1, seq))).collect()).await;
    assert!(answers.iter().all(|(status, _)| *status == 500), "{answers:?}");
    assert_eq!(scene.refused("delivery", "not-storable").await, 0);
    scene.db.execute(&damage(&ledger::Hash::EMPTY.to_string())).await.unwrap();
    let answers = scene.deliver_all((1..=8).map(|seq| (1, seq, window_of(1, seq))).collect()).await;
    assert!(answers.iter().all(|(status, _)| *status == 201), "{answers:?}");
    scene.is_whole().await;
}
