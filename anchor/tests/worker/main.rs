//! The worker on a real chain and a real database: what becomes final, and which failures it survives.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail at that line")]

mod liar;
mod lies;
#[expect(dead_code, reason = "tests/e2e/whole_way/anchor_process.rs uses the rest of it")]
mod scene;

use std::time::Duration;

use ::process::Clock;
use anchor::anvil::Mining;
use anchor::{Error, check_on_chain};
use ledger::Hash;
use ledger::bundle::AnchorClaim;
use ledger::hash;
use ledger::policy::{Policy, Window};
use ledger::tree::Frontier;
use scene::{LONG, Scene, Setting, Site, policy};
use sql::anchors::AnchorState;
use sql::testing::TestDb;

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_is_anchored_and_its_proof_verifies_with_no_server() {
    let scene = Scene::new("anchored", Setting::default()).await;
    let (factory, shop) = (
        Site::new(&scene.db, "factory.example/1").await,
        Site::new(&scene.db, "shop.example/1").await,
    );
    factory.append(&scene.db, 300).await;
    shop.append(&scene.db, 1).await;
    let mut worker = scene.worker(&[&factory, &shop]).await;

    let anchor = scene.tick_until_final(&mut worker, 2).await;

    let head = sql::ledgers::head(&scene.db, worker.hub_id()).await.unwrap();
    assert_eq!(head.size, 2);
    scene.assert_proves(&anchor, &head.root);
    for place in 0..2 {
        let entry =
            sql::ledgers::record_at(&scene.db, worker.hub_id(), place).await.unwrap().unwrap();
        assert_eq!(entry.leaf_hash, ledger::hub::entry_leaf(&entry.text));
    }
    assert_eq!(scene.metrics.finals.get(), 1);

    let claim = AnchorClaim {
        chain_id: anchor.chain_id,
        contract: anchor.contract,
        block_hash: Hash(anchor.evidence.block_hash),
        block_number: anchor.evidence.block_number,
        block_time: 0,
    };
    let urls = [scene.chain.url().to_owned()];
    let clock = Clock::system();
    let ask = |claim: &AnchorClaim, confirmations| {
        let mut said = check_on_chain(&urls, claim, 1, confirmations, &clock);
        said.answers.remove(0).answer
    };
    assert!(ask(&claim, 0).unwrap().is_final());
    let shallow = ask(&claim, 1_000).unwrap();
    assert!(!shallow.is_final() && !shallow.contradicts(), "{shallow}");
    let other_block = AnchorClaim { block_hash: hash::sha256(b"another"), ..claim.clone() };
    assert!(ask(&other_block, 0).unwrap().contradicts());
    let other_contract = AnchorClaim { contract: [7; 20], ..claim.clone() };
    assert!(ask(&other_contract, 0).unwrap().contradicts());
    let future = ask(&AnchorClaim { block_number: 1_000_000, ..claim.clone() }, 0).unwrap();
    assert!(!future.is_final() && !future.contradicts(), "{future}");
    let other_chain = ask(&AnchorClaim { chain_id: 1, ..claim }, 0).unwrap_err();
    assert!(other_chain.to_string().contains("got chain id 31337, expected 1"), "{other_chain}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_directorys_checkpoints_enter_the_hub_as_a_sites_do() {
    let scene = Scene::new("directory_in_hub", Setting::default()).await;
    let who = Site::of_kind(&scene.db, "who.example/1", sql::directory::KIND).await;
    who.append(&scene.db, 3).await;
    let mut worker = scene.worker(&[&who]).await;
    scene.tick(&mut worker).await.unwrap();
    let entry = sql::hub::last_entry(&scene.db, worker.hub_id(), who.id).await.unwrap().unwrap();
    assert_eq!((entry.hub_index, entry.ledger_size), (0, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_ledger_is_not_repeated_and_a_grown_one_is_anchored_again() {
    let scene = Scene::new("grown", Setting::default()).await;
    let (still, growing) = (
        Site::new(&scene.db, "still.example/1").await,
        Site::new(&scene.db, "growing.example/1").await,
    );
    still.append(&scene.db, 2).await;
    growing.append(&scene.db, 255).await;
    let mut worker = scene.worker(&[&still, &growing]).await;
    scene.tick_until_final(&mut worker, 2).await;

    growing.append(&scene.db, 3).await;
    let anchor = scene.tick_until_final(&mut worker, 3).await;

    let head = sql::ledgers::head(&scene.db, worker.hub_id()).await.unwrap();
    scene.assert_proves(&anchor, &head.root);
    let entries = sql::hub::entries(&scene.db, worker.hub_id()).await.unwrap();
    let mut entries: Vec<_> =
        entries.into_iter().map(|(place, ledger, size)| (place > 1, ledger, size)).collect();
    entries.sort_unstable();
    let mut expected = [(false, still.id, 2), (false, growing.id, 255), (true, growing.id, 258)];
    expected.sort_unstable();
    assert_eq!(entries, expected);

    scene.tick(&mut worker).await.unwrap();
    assert!(
        sql::anchors::open(&scene.db).await.unwrap().is_empty(),
        "nothing new, nothing to anchor"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_worker_goes_on_where_the_last_one_was() {
    let scene =
        Scene::new("restarted", Setting { mining: Mining::OnRequest, ..Setting::default() }).await;
    let site = Site::new(&scene.db, "site.example/1").await;
    site.append(&scene.db, 1).await;
    let mut first = scene.worker(&[&site]).await;
    scene.tick_until(&mut first, AnchorState::Sent).await;
    scene.end(first).await;

    let mut second = scene.worker(&[&site]).await;
    scene.tick_until(&mut second, AnchorState::Sent).await;
    scene.chain.mine(1).unwrap();
    scene.tick_until_final(&mut second, 1).await;

    assert_eq!(scene.metrics.transactions.with_label_values(&["first"]).get(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_endpoint_is_passed_over() {
    let scene = Scene::new("dead_endpoint", Setting::default()).await;
    let site = Site::new(&scene.db, "site.example/1").await;
    site.append(&scene.db, 1).await;
    // Port 9 (discard) of the loopback address: nobody listens there.
    let urls = ["http://127.0.0.1:9".to_owned(), scene.chain.url().to_owned()];
    let mut worker = scene.worker_on(&scene.db, &[&site], &urls).await;

    scene.tick_until_final(&mut worker, 1).await;

    assert!(scene.metrics.endpoint_failures.get() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_chain_is_away_the_hub_goes_on_and_is_anchored_when_it_is_back() {
    let scene = Scene::new("chain_away", Setting::default()).await;
    let site = Site::new(&scene.db, "site.example/1").await;
    site.append(&scene.db, 1).await;
    let mut worker = scene.worker(&[&site]).await;
    scene.tick_until_final(&mut worker, 1).await;

    let stopped = scene.stop_chain();
    for size in 2..=4 {
        site.append(&stopped.db, 1).await;
        stopped.clock.advance(LONG);
        // One tick prepares the anchor, which needs no chain; the next ones fail to send it.
        if let Err(error) = worker.tick().await {
            assert!(error.to_string().contains("chain endpoints answered"), "{error}");
        }
        let head = sql::ledgers::head(&stopped.db, worker.hub_id()).await.unwrap();
        assert_eq!(head.size, size, "the hub is signed without the chain");
    }
    let open = sql::anchors::open(&stopped.db).await.unwrap();
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!((open[0].size, open[0].state), (2, AnchorState::Prepared));

    let scene = stopped.start_chain();
    let anchor = scene.tick_until_final(&mut worker, 4).await;
    let head = sql::ledgers::head(&scene.db, worker.hub_id()).await.unwrap();
    scene.assert_proves(&anchor, &head.root);
    let earlier = sql::anchors::covering(&scene.db, worker.hub_id(), 2).await.unwrap().unwrap();
    assert_eq!(earlier.size, 2, "what was prepared before is not lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reorganisation_that_drops_the_transaction_is_survived() {
    let scene = Scene::new("reorganised", Setting { confirmations: 3, ..Setting::default() }).await;
    let site = Site::new(&scene.db, "site.example/1").await;
    site.append(&scene.db, 1).await;
    let mut worker = scene.worker(&[&site]).await;
    scene.tick_until(&mut worker, AnchorState::Mined).await;
    let before = sql::anchors::open(&scene.db).await.unwrap()[0].block_hash;

    scene.chain.reorganise(1).unwrap();
    scene.tick(&mut worker).await.unwrap();
    assert_eq!(scene.metrics.reorganisations.get(), 1);
    scene.tick_until(&mut worker, AnchorState::Mined).await;
    scene.chain.mine(3).unwrap();
    let anchor = scene.tick_until_final(&mut worker, 1).await;

    assert_ne!(Some(anchor.evidence.block_hash), before);
    let head = sql::ledgers::head(&scene.db, worker.hub_id()).await.unwrap();
    scene.assert_proves(&anchor, &head.root);
}

#[tokio::test(flavor = "multi_thread")]
async fn among_many_transactions_of_a_block_the_proof_is_of_the_right_one() {
    let scene =
        Scene::new("crowded", Setting { mining: Mining::OnRequest, ..Setting::default() }).await;
    let site = Site::new(&scene.db, "site.example/1").await;
    site.append(&scene.db, 1).await;
    let mut worker = scene.worker(&[&site]).await;
    scene.tick_until(&mut worker, AnchorState::Sent).await;
    // More than 127, so that keys of one and of two bytes are in the trie.
    scene.crowd(140);
    scene.chain.mine(1).unwrap();
    let anchor = scene.tick_until_final(&mut worker, 1).await;

    let head = sql::ledgers::head(&scene.db, worker.hub_id()).await.unwrap();
    scene.assert_proves(&anchor, &head.root);
    assert_eq!(anchor.evidence.transaction_index, 140, "the others paid more");
    assert!(anchor.evidence.proof.len() > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stuck_transaction_is_replaced_with_the_same_nonce_and_higher_fees() {
    let resend_after = Duration::from_hours(24 * 365);
    let setting = Setting { mining: Mining::OnRequest, resend_after, ..Setting::default() };
    let scene = Scene::new("stuck", setting).await;
    let site = Site::new(&scene.db, "site.example/1").await;
    site.append(&scene.db, 1).await;
    let mut worker = scene.worker(&[&site]).await;
    scene.tick_until(&mut worker, AnchorState::Sent).await;
    let open = sql::anchors::open(&scene.db).await.unwrap();
    let attempts = async || sql::anchors::attempts(&scene.db, open[0].id).await.unwrap();

    scene.tick(&mut worker).await.unwrap();
    assert_eq!(attempts().await.len(), 1, "it has not waited long enough");
    scene.clock.advance(resend_after);
    scene.tick(&mut worker).await.unwrap();
    let attempts = attempts().await;
    let [newer, older] = &attempts[..] else { panic!("{attempts:?}") };
    assert_eq!(newer.nonce, older.nonce);
    assert!(newer.max_fee_wei * 10 >= older.max_fee_wei * 11, "{newer:?} {older:?}");
    assert!(newer.priority_wei * 10 >= older.priority_wei * 11, "{newer:?} {older:?}");
    scene.chain.mine(1).unwrap();
    scene.tick_until_final(&mut worker, 1).await;
    assert_eq!(scene.metrics.transactions.with_label_values(&["replacement"]).get(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn above_its_cap_the_worker_waits_and_sends_nothing() {
    let scene = Scene::new("too_dear", Setting { max_fee_wei: 1, ..Setting::default() }).await;
    let site = Site::new(&scene.db, "site.example/1").await;
    site.append(&scene.db, 1).await;
    let mut worker = scene.worker(&[&site]).await;
    for _ in 0..3 {
        scene.tick(&mut worker).await.unwrap();
    }
    assert_eq!(scene.metrics.holds.with_label_values(&["too_dear"]).get(), 2);
    let open = sql::anchors::open(&scene.db).await.unwrap();
    assert_eq!(open[0].state, AnchorState::Prepared);
    assert!(sql::anchors::attempts(&scene.db, open[0].id).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forked_ledger_is_refused_with_its_evidence_and_the_others_go_on() {
    let scene = Scene::new("forked", Setting::default()).await;
    let (forking, loyal) = (
        Site::new(&scene.db, "forking.example/1").await,
        Site::new(&scene.db, "loyal.example/1").await,
    );
    forking.append(&scene.db, 2).await;
    loyal.append(&scene.db, 2).await;
    let mut worker = scene.worker(&[&forking, &loyal]).await;
    scene.tick_until_final(&mut worker, 2).await;

    // The owner of the ledger rewrites its first record and signs on from there.
    let (rewritten, second) = (hash::leaf(b"rewritten"), hash::leaf(&1_u64.to_be_bytes()));
    let leaves = hex::encode([rewritten.0, second.0].concat());
    let id = forking.id.0;
    scene
        .db
        .execute(&format!(
            "alter table record_chunks disable trigger user; \
             update record_chunks set leaf_hashes = '\\x{leaves}' where ledger_id = {id}"
        ))
        .await
        .unwrap();
    let mut fork = Frontier::new();
    fork.append(rewritten);
    fork.append(second);
    forking.append_to(&scene.db, fork, 1).await;
    loyal.append(&scene.db, 1).await;

    let anchor = scene.tick_until_final(&mut worker, 3).await;
    scene.tick(&mut worker).await.unwrap();

    let head = sql::ledgers::head(&scene.db, worker.hub_id()).await.unwrap();
    assert_eq!(head.size, 3, "the loyal ledger's checkpoint alone was taken");
    scene.assert_proves(&anchor, &head.root);
    assert_eq!(scene.metrics.ledgers_refused.get(), 1);
    let forks = sql::hub::forks(&scene.db).await.unwrap();
    assert_eq!(forks.len(), 1, "the same evidence is kept once");
    assert_eq!(forks[0].ledger, forking.id);
    assert!(
        forks[0].reason.starts_with("size 3 does not extend the size 2"),
        "{}",
        forks[0].reason
    );
    let policy = policy(&[&forking]);
    for (note, size) in [(&forks[0].old_note, 2), (&forks[0].new_note, 3)] {
        let stated = policy.open_checkpoint("forking.example/1", note).unwrap();
        assert_eq!(stated.size, size, "both notes are signed: that is the evidence");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_shrank_is_refused() {
    let scene = Scene::new("shrank", Setting::default()).await;
    let site = Site::new(&scene.db, "site.example/1").await;
    site.append(&scene.db, 2).await;
    site.append(&scene.db, 2).await;
    let mut worker = scene.worker(&[&site]).await;
    scene.tick_until_final(&mut worker, 1).await;

    let id = site.id.0;
    scene
        .db
        .execute(&format!(
            "alter table checkpoints disable trigger user; \
             delete from checkpoints where ledger_id = {id} and size = 4"
        ))
        .await
        .unwrap();
    scene.tick(&mut worker).await.unwrap();

    let forks = sql::hub::forks(&scene.db).await.unwrap();
    assert_eq!(forks[0].reason, "the ledger shrank from 4 to 2 records");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_grows_again_past_its_rolled_back_size_is_refused() {
    let scene = Scene::new("grown_again", Setting::default()).await;
    let site = Site::new(&scene.db, "site.example/1").await;
    site.append(&scene.db, 2).await;
    site.append(&scene.db, 2).await;
    let mut worker = scene.worker(&[&site]).await;
    scene.tick_until_final(&mut worker, 1).await;

    sql::testing::roll_back_as_owner(&scene.db, "site.example/1", 2).await.unwrap();
    let other = sql::ledgers::load_frontier(&scene.db, site.id).await.unwrap();
    site.append_leaves(&scene.db, other, &[b"other 2", b"other 3", b"other 4"]).await;
    for _ in 0..3 {
        scene.tick(&mut worker).await.unwrap();
    }

    let forks = sql::hub::forks(&scene.db).await.unwrap();
    assert_eq!(forks.len(), 1, "{forks:?}");
    assert!(forks[0].reason.starts_with("size 5 does not extend the size 4"), "{forks:?}");
    assert_eq!(sql::ledgers::head(&scene.db, worker.hub_id()).await.unwrap().size, 1);
    assert_eq!(scene.metrics.ledgers_refused.get(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_was_rolled_back_behind_its_final_anchor_is_not_signed() {
    let scene = Scene::new("hub_rolled_back", Setting::default()).await;
    let site = Site::new(&scene.db, "site.example/1").await;
    site.append(&scene.db, 1).await;
    let mut worker = scene.worker(&[&site]).await;
    scene.tick_until_final(&mut worker, 1).await;
    site.append(&scene.db, 1).await;
    scene.tick_until_final(&mut worker, 2).await;
    scene.end(worker).await;

    sql::testing::roll_back_as_owner(&scene.db, "hub.example/1", 1).await.unwrap();
    let mut worker = scene.worker(&[&site]).await;
    let error = worker.tick().await.unwrap_err();

    assert!(error.is_fatal(), "{error}");
    assert!(error.to_string().contains("the ledger shrank from 2 to 1 records"), "{error}");
    let forks = sql::hub::forks(&scene.db).await.unwrap();
    assert!(forks[0].old_note.starts_with("hub.example/1\n2\n"), "{forks:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_whose_root_the_stored_hashes_do_not_give_is_refused() {
    let scene = Scene::new("other_root", Setting::default()).await;
    let site = Site::new(&scene.db, "site.example/1").await;
    site.append(&scene.db, 2).await;
    let mut other = Frontier::new();
    other.append(hash::leaf(b"never stored"));
    other.append(hash::leaf(b"nor this"));
    site.append_to(&scene.db, other, 1).await;
    let mut worker = scene.worker(&[&site]).await;
    worker.tick().await.unwrap();

    let forks = sql::hub::forks(&scene.db).await.unwrap();
    assert!(forks[0].reason.starts_with("the stored hashes lead to the root "), "{forks:?}");
    assert_eq!(sql::ledgers::head(&scene.db, worker.hub_id()).await.unwrap().size, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_whose_key_is_not_known_does_not_enter() {
    let scene = Scene::new("unknown_key", Setting::default()).await;
    let (known, unknown) = (
        Site::new(&scene.db, "known.example/1").await,
        Site::new(&scene.db, "unknown.example/1").await,
    );
    known.append(&scene.db, 1).await;
    unknown.append(&scene.db, 1).await;
    let mut worker = scene.worker(&[&known]).await;
    scene.tick_until_final(&mut worker, 1).await;

    let entries = sql::hub::entries(&scene.db, worker.hub_id()).await.unwrap();
    assert_eq!(entries, [(0, known.id, 1)]);
    let forks = sql::hub::forks(&scene.db).await.unwrap();
    assert!(
        forks[0].reason.ends_with("the policy has no key of `unknown.example/1`"),
        "{}",
        forks[0].reason
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_key_rotation_the_new_keys_are_accepted_and_the_retired_ones_refused() {
    let scene = Scene::new("rotated", Setting::default()).await;
    let (rotating, stubborn) = (
        Site::new(&scene.db, "rotating.example/1").await,
        Site::new(&scene.db, "stubborn.example/1").await,
    );
    let (rotated, unused) = (rotating.with_new_keys(), stubborn.with_new_keys());
    let policy = Policy {
        logs: [
            (&rotating, 0, Some(3)),
            (&stubborn, 0, Some(3)),
            (&rotated, 3, None),
            (&unused, 3, None),
        ]
        .into_iter()
        .flat_map(|(site, from, until)| site.trusted_keys(Window::new(from, until).unwrap()))
        .collect(),
        ..Policy::default()
    };
    rotating.append(&scene.db, 2).await;
    stubborn.append(&scene.db, 2).await;
    let urls = [scene.chain.url().to_owned()];
    let mut worker = scene.worker_trusting(&scene.db, policy, &urls, 1).await;
    scene.tick_until_final(&mut worker, 2).await;

    rotated.append(&scene.db, 1).await;
    stubborn.append(&scene.db, 1).await;
    scene.tick_until_final(&mut worker, 3).await;

    let entries = sql::hub::entries(&scene.db, worker.hub_id()).await.unwrap();
    assert_eq!(entries[2..], [(2, rotating.id, 3)]);
    let forks = sql::hub::forks(&scene.db).await.unwrap();
    assert_eq!((forks.len(), forks[0].ledger), (1, stubborn.id));
    assert!(forks[0].reason.contains("by a key in force at that size, got none"), "{forks:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_knows_less_than_the_chain_signs_nothing() {
    let scene = Scene::new("before_restore", Setting::default()).await;
    let site = Site::new(&scene.db, "site.example/1").await;
    site.append(&scene.db, 1).await;
    let mut worker = scene.worker(&[&site]).await;
    scene.tick_until_final(&mut worker, 1).await;
    drop(worker);

    let restored = TestDb::migrated("after_restore").await;
    let site = Site::new(&restored, "site.example/1").await;
    site.append(&restored, 1).await;
    let urls = [scene.chain.url().to_owned()];
    let mut worker = scene.worker_on(&restored, &[&site], &urls).await;
    let error = worker.tick().await.unwrap_err();

    assert!(matches!(error, Error::BehindChain(_)) && error.is_fatal(), "{error}");
    assert!(
        error.to_string().contains("has 1 entries of the hub `hub.example/1`, the database has 0"),
        "{error}"
    );
    assert_eq!(sql::ledgers::head(&restored, worker.hub_id()).await.unwrap().size, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_of_another_content_under_the_same_origin_signs_nothing() {
    let scene = Scene::new("one_hub", Setting::default()).await;
    let site = Site::new(&scene.db, "site.example/1").await;
    site.append(&scene.db, 1).await;
    let mut worker = scene.worker(&[&site]).await;
    scene.tick_until_final(&mut worker, 1).await;

    // The same database, its anchored checkpoint replaced.
    let hub = worker.hub_id().0;
    drop(worker);
    scene
        .db
        .execute(&format!(
            "alter table checkpoints disable trigger user; \
             update checkpoints set root = decode(repeat('00', 32), 'hex') where ledger_id = {hub}"
        ))
        .await
        .unwrap();
    let mut worker = scene.worker(&[&site]).await;
    let error = worker.tick().await.unwrap_err();
    assert!(matches!(error, Error::BehindChain(_)), "{error}");
}
