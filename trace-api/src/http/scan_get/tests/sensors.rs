//! What a page says about sensors and steps: each measure in its own unit, each step by its own name.

use history::testing::{CENTRE, EventDraft, FACTORY, SHOP, excursion_event, object_event};
use ledger::json::{Json, object};

use super::{commissioning, page, scan};
use crate::testing::Scene;

/// An excursion with this report.
fn excursion(hour: u8, measure: &str, bound: &str, value: &str, uom: &str) -> EventDraft {
    let (from, to) =
        (format!("2026-11-21T{hour:02}:00:00Z"), format!("2026-11-21T{hour:02}:10:00Z"));
    let metadata =
        object([("startTime", Json::from(from.as_str())), ("endTime", Json::from(to.as_str()))]);
    let report = object([
        ("type", Json::from(measure)),
        (bound, Json::Number(value.to_owned())),
        ("uom", Json::from(uom)),
    ]);
    let element =
        object([("sensorMetadata", metadata), ("sensorReport", Json::Array(vec![report]))]);
    excursion_event(&from, &to, value)
        .with("sensorElementList", Json::Array(vec![element]))
        .at(CENTRE)
}

#[actix_web::test]
async fn each_excursion_has_the_sensors_own_unit_and_its_side_of_the_limit_in_both_languages() {
    let events = [
        commissioning(),
        excursion(2, "gs1:RelativeHumidity", "maxValue", "81.5", "P1"),
        excursion(3, "gs1:Voltage", "minValue", "2.1", "VLT"),
        excursion(4, "gs1:Temperature", "minValue", "-3.5", "CEL"),
        excursion(5, "https://voc.example/Ripeness", "maxValue", "7", "Q9"),
    ];
    let scene = Scene::with("scan_excursions", &events).await;
    let english = page(&scene, "en").await.body;
    for words in [
        "<p class=\"hint\">Relative humidity above the limit: 81.5 %, 2026-11-21</p>",
        "The sensor recorded a relative humidity above the limit: 81.5 %, 2026-11-21",
        "The sensor recorded a voltage below the limit: 2.1 V, 2026-11-21",
        "The sensor recorded a temperature below the limit: -3.5 °C, 2026-11-21",
        "The sensor recorded a value of “https://voc.example/Ripeness” above the limit: 7 Q9, 2026-11-21",
    ] {
        assert!(english.contains(words), "`{words}` is not in: {english}");
    }
    assert_eq!(english.matches("°C").count(), 1, "{english}");
    let chinese = page(&scene, "zh").await.body;
    for words in [
        "<p class=\"hint\">相对湿度超过限值：81.5 %，2026-11-21</p>",
        "传感器记录到相对湿度超过限值：81.5 %，2026-11-21",
        "传感器记录到电压低于限值：2.1 V，2026-11-21",
        "传感器记录到温度低于限值：-3.5 °C，2026-11-21",
        "传感器记录到“https://voc.example/Ripeness”的数值超过限值：7 Q9，2026-11-21",
    ] {
        assert!(chinese.contains(words), "`{words}` is not in: {chinese}");
    }
    let notices = scan(&scene).await["notices"].clone();
    assert_eq!(notices[1], "The sensor recorded a voltage below the limit: 2.1 V, 2026-11-21");
}

#[actix_web::test]
async fn each_step_has_its_own_name_and_a_partners_own_one_is_quoted_and_escaped() {
    let step = |at: &str, step: &str| object_event(at, step).at(SHOP);
    let events = [
        commissioning(),
        step("2026-11-21T01:00:00Z", "stocking").at(FACTORY),
        step("2026-11-21T02:00:00Z", "https://ref.gs1.org/cbv/BizStep-cycle_counting"),
        step("2026-11-21T03:00:00Z", "https://voc.example/steps/<b>dyeing"),
    ];
    let scene = Scene::with("scan_steps", &events).await;
    let english = page(&scene, "en").await.body;
    for words in [
        "<b>Stocked</b>",
        "<b>Counted in a cycle count</b>",
        "<b>Step in the partner&#39;s own vocabulary: “voc.example · &#60;b&#62;dyeing”</b>",
    ] {
        assert!(english.contains(words), "`{words}` is not in: {english}");
    }
    assert!(!english.contains("Another step"), "{english}");
    let chinese = page(&scene, "zh").await.body;
    for words in ["<b>上架</b>", "<b>循环盘点</b>", "合作方自有词汇中的步骤：“voc.example · "]
    {
        assert!(chinese.contains(words), "`{words}` is not in: {chinese}");
    }
}
