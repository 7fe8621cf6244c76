//! A second sale: amber while its return may be on its way, CONFLICT after a day.
//!
//! Source: docs/decisions/0109-one-bound-for-all-findings-of-conflict.md.

use super::*;

#[actix_web::test]
async fn a_sale_gives_sold_and_a_second_one_conflict_when_the_day_for_a_return_is_over() {
    let scene = Scene::journey("scan_sold").await;
    scene.site.append(&[sale(11)], "2026-11-22T03:00:00Z").await;
    let answer = scan(&scene).await;
    assert_eq!(
        (&answer["verdict"], &answer["reason"]),
        (&json!("SOLD"), &json!("A sale was recorded: 2026-11-22"))
    );
    assert!(page(&scene, "en").await.body.contains("band blue"));
    scene.site.append(&[sale(12)], "2026-11-22T09:00:00Z").await;
    let answer = scan(&scene).await;
    assert_eq!(answer["verdict"], "SOLD", "the hub had it 23 hours ago: {answer}");
    let shown = page(&scene, "en").await.body;
    assert!(shown.contains("band amber") && !shown.contains("band blue"), "{shown}");
    assert!(shown.contains("no return is recorded so far"), "{shown}");
    assert!(page(&scene, "zh").await.body.contains("目前没有退回记录"));
    // Nothing is recorded meanwhile, and all that was read is remembered.
    scene.state.clock.advance(std::time::Duration::from_hours(1));
    let answer = scan(&scene).await;
    assert_eq!(answer["verdict"], "CONFLICT");
    assert_eq!(answer["reason"], "It was sold again without having been returned");
}
