//! Endpoints that lie: what one of them can do alone, and what it cannot do beside an honest one.

use std::time::Instant;

use anchor::worker::Worker;
use sql::anchors::AnchorState;

use crate::liar::{FORGED_HEIGHT, Liar, Lie};
use crate::scene::{PATIENCE, Scene, Setting, Site};

/// 2020-01-01T00:00:00Z.
const YEAR_2020: u64 = 1_577_836_800;

/// Ticks until `is_over` or until it takes too long; returns the errors on the way.
async fn tick_until(
    scene: &Scene,
    worker: &mut Worker,
    mut is_over: impl AsyncFnMut(&[String]) -> bool,
) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    let mut errors = Vec::new();
    while !is_over(&errors).await {
        assert!(Instant::now() < deadline, "not in time: {errors:?}");
        if let Err(error) = scene.tick(worker).await {
            assert!(!error.is_fatal(), "{error}");
            errors.push(error.to_string());
        }
    }
    errors
}

fn now() -> u64 {
    jiff::Timestamp::now().as_second().unsigned_abs()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_lying_endpoint_among_two_makes_nothing_final() {
    let scene = Scene::new("liar_among_two", Setting::default()).await;
    let site = Site::new(&scene.db, "site.example/1").await;
    site.append(&scene.db, 1).await;
    // The block that it invents has a time that can be true.
    let liar = Liar::start(scene.chain.url(), Lie::ForgedAnchor { time: now() });
    let urls = [liar.url().to_owned(), scene.chain.url().to_owned()];
    let mut worker = scene.worker_asking(&[&site], &urls, 2).await;
    let metrics = scene.metrics.clone();

    tick_until(&scene, &mut worker, async |_| metrics.disagreements.get() >= 3).await;

    assert!(liar.has_forged());
    let found = sql::anchors::covering(&scene.db, worker.hub_id(), 1).await.unwrap();
    assert_eq!(found, None, "two must agree");
    // Meanwhile the honest endpoint was given the transaction, so that the anchor is final once the liar is replaced.
    let honest =
        ["127.0.0.1", "localhost"].map(|host| format!("http://{host}:{}", scene.chain.port()));
    scene.end(worker).await;
    let mut worker = scene.worker_asking(&[&site], &honest, 2).await;
    let anchor = scene.tick_until_final(&mut worker, 1).await;
    assert_ne!(anchor.evidence.block_number, FORGED_HEIGHT);
    let confirmed = sql::anchors::last_confirmation(&scene.db, anchor.id).await.unwrap().unwrap();
    assert_eq!((confirmed.asked, confirmed.agreed), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lying_endpoint_alone_cannot_forge_a_block_of_2020() {
    let scene = Scene::new("liar_alone", Setting::default()).await;
    let site = Site::new(&scene.db, "site.example/1").await;
    site.append(&scene.db, 1).await;
    let liar = Liar::start(scene.chain.url(), Lie::ForgedAnchor { time: YEAR_2020 });
    let urls = [liar.url().to_owned()];
    let mut worker = scene.worker_asking(&[&site], &urls, 1).await;

    let is_refused = async |errors: &[String]| errors.len() >= 2;
    let errors = tick_until(&scene, &mut worker, is_refused).await;

    for error in errors {
        let says = "the chain's answer cannot be true: block 5000 is of 2020-01-01T00:00:00Z, before the anchor";
        assert!(error.starts_with(says), "{error}");
    }
    assert_eq!(sql::anchors::covering(&scene.db, worker.hub_id(), 1).await.unwrap(), None);
    let open = sql::anchors::open(&scene.db).await.unwrap();
    assert_eq!(open[0].state, AnchorState::Mined);
    assert!(scene.metrics.failures.with_label_values(&["implausible"]).get() >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_final_anchor_is_asked_for_again_and_a_contradiction_is_a_finding_until_it_is_over() {
    let scene = Scene::new("liar_later", Setting::default()).await;
    let site = Site::new(&scene.db, "site.example/1").await;
    site.append(&scene.db, 1).await;
    let liar = Liar::start(scene.chain.url(), Lie::None);
    let urls = [liar.url().to_owned(), scene.chain.url().to_owned()];
    let mut worker = scene.worker_asking(&[&site], &urls, 2).await;
    let anchor = scene.tick_until_final(&mut worker, 1).await;
    let confirmed = async || {
        let last = sql::anchors::last_confirmation(&scene.db, anchor.id).await.unwrap().unwrap();
        (last.asked, last.agreed)
    };
    assert_eq!((confirmed().await, scene.metrics.disputed.get()), ((2, 2), 0));

    liar.lie(Lie::OtherBlocks);
    tick_until(&scene, &mut worker, async |_| scene.metrics.disputed.get() == 1).await;
    assert_eq!(confirmed().await, (2, 1));
    assert!(scene.metrics.disagreements.get() > 0);
    let still = sql::anchors::covering(&scene.db, worker.hub_id(), 1).await.unwrap();
    assert_eq!(still.map(|still| still.id), Some(anchor.id), "its proof stays");

    liar.lie(Lie::None);
    tick_until(&scene, &mut worker, async |_| scene.metrics.disputed.get() == 0).await;
    assert_eq!(confirmed().await, (2, 2));
    // At the start of another worker it is asked for at once.
    liar.lie(Lie::OtherBlocks);
    scene.end(worker).await;
    let mut worker = scene.worker_asking(&[&site], &urls, 2).await;
    scene.tick(&mut worker).await.unwrap();
    assert_eq!(scene.metrics.disputed.get(), 1);
}
