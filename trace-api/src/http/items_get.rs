//! `GET /items/{epc}/history` and `/items/{epc}/bundle`.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use epc::Epc;
use history::{GatheredHistory, bundle, gather};

use crate::answer;
use crate::problem::Problem;
use crate::state::{AppState, MAX_PART};

fn parse(text: &str) -> Result<Epc, Problem> {
    if text.len() > MAX_PART {
        return Err(Problem::Malformed(format!(
            "got {} characters, expected an EPC URI of at most {MAX_PART}",
            text.len()
        )));
    }
    text.parse().map_err(|error: epc::EpcError| Problem::Malformed(error.to_string()))
}

async fn find(state: &AppState, text: &str) -> Result<GatheredHistory, Problem> {
    let gathered = gather(&state.db, &state.config.policy, &parse(text)?).await?;
    if gathered.history.entries.is_empty() {
        return Err(Problem::NotFound("no record names this item".into()));
    }
    Ok(gathered)
}

/// The records of an item, in order of time.
///
/// # Errors
///
/// [`Problem`].
pub async fn history(state: Data<AppState>, epc: Path<String>) -> Result<HttpResponse, Problem> {
    let gathered = find(&state, &epc).await?;
    Ok(HttpResponse::Ok().json(answer::history(&gathered.history)))
}

/// The file that proves them.
///
/// # Errors
///
/// [`Problem`].
pub async fn bundle(state: Data<AppState>, epc: Path<String>) -> Result<HttpResponse, Problem> {
    let gathered = find(&state, &epc).await?;
    let hub = state.config.hub.as_deref();
    let bundle = bundle::build(&state.db, &gathered, hub, bundle::Disclosure::Whole).await?;
    let anchored = if bundle.anchor.is_some() { "yes" } else { "no" };
    state.metrics.bundles.with_label_values(&[anchored]).inc();
    let name: String =
        bundle.item.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    Ok(HttpResponse::Ok()
        .content_type(ledger::bundle::MEDIA_TYPE)
        .insert_header((
            "Content-Disposition",
            format!("attachment; filename=\"{name}.bundle.json\""),
        ))
        .body(bundle.to_bytes()))
}

#[cfg(test)]
mod tests {
    use history::testing::{CASE, CENTRE, FACTORY, ITEM, LOT, PALLET};
    use ledger::bundle::{Outcome, verify};
    use serde_json::{Value, json};

    use crate::testing::{HUB, SITE, Scene, config, get, state, state_without_database};

    fn path(of: &str) -> String {
        format!("/items/{ITEM}/{of}")
    }

    #[actix_web::test]
    async fn a_history_lists_the_records_of_the_item_its_containers_and_its_lot() {
        let scene = Scene::journey("history").await;
        let answer = scene.get(&path("history"), &[]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "application/json");
        let document = answer.json();
        assert_eq!(document["item"], ITEM);
        let records = document["records"].as_array().unwrap();
        let indexes: Vec<u64> = records.iter().filter_map(|r| r["index"].as_u64()).collect();
        assert_eq!(indexes, (0..=10).collect::<Vec<_>>());
        let via: Vec<&Value> = records.iter().map(|record| &record["inferredVia"]).collect();
        assert_eq!(
            via[..5],
            [&Value::Null, &Value::Null, &json!(CASE), &json!(PALLET), &json!(PALLET)]
        );
        let of_lot: Vec<&Value> = records.iter().filter(|r| r["lot"] == true).collect();
        assert_eq!(of_lot.len(), 1);
        assert_eq!(of_lot[0]["index"], 6);
    }

    #[actix_web::test]
    async fn the_members_and_codes_of_a_history_are_part_of_the_api() {
        let scene = Scene::journey("history_members").await;
        let answer = scene.get(&path("history"), &[]).await;
        let first = format!(
            "{{\"item\":\"{ITEM}\",\"records\":[{{\"at\":\"2026-11-20T00:00:00Z\",\"broken\":null,\
             \"disposition\":\"active\",\"index\":0,\"inferredVia\":null,\"ledger\":\"{SITE}\",\"lot\":false,\
             \"party\":\"Bamboo Spring\",\"place\":\"{FACTORY}\",\"sensed\":true,\"step\":\"commissioning\"}},"
        );
        assert!(answer.body.starts_with(&first), "{}", answer.body);
        let records = &answer.json()["records"];
        assert_eq!(
            records[4],
            json!({
                "at": "2026-11-21T00:00:00Z", "step": "receiving", "disposition": "", "place": CENTRE,
                "ledger": SITE, "party": "Bamboo Spring", "index": 4, "sensed": true,
                "inferredVia": PALLET, "lot": false, "broken": null,
            })
        );
        // A word that is not of CBV stays as it was written.
        assert_eq!(records[10]["step"], "stocking_shelves");
    }

    #[actix_web::test]
    async fn an_altered_record_is_listed_with_what_does_not_fit() {
        let scene = Scene::journey("history_altered").await;
        sql::testing::alter_record_as_owner(&scene.db, SITE, 4, "receiving", "returning")
            .await
            .unwrap();
        let records = scene.get(&path("history"), &[]).await.json()["records"].clone();
        assert_eq!(records[4]["broken"], "its text does not fit its hash");
        assert_eq!(records[4]["step"], "returning");
        assert_eq!(records[5]["broken"], Value::Null);
    }

    #[actix_web::test]
    async fn records_of_a_ledger_without_a_known_key_do_not_fit() {
        let scene = Scene::journey("history_no_key").await;
        let stranger = state(scene.db.db(), config(String::new()));
        let records = get(&stranger, &path("history"), &[]).await.json()["records"].clone();
        for record in records.as_array().unwrap() {
            let expected = format!(
                "its ledger's checkpoint is not valid: checkpoint of size 11: the policy has no key of `{SITE}`"
            );
            assert_eq!(record["broken"], expected);
        }
    }

    #[actix_web::test]
    async fn a_bundle_proves_the_history_under_the_servers_policy() {
        let scene = Scene::journey("bundle").await;
        let answer = scene.get(&path("bundle"), &[]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "application/vnd.chopmark.bundle+json");
        assert_eq!(
            answer.header("content-disposition"),
            "attachment; filename=\"urn-epc-id-sgtin-4012345-011111-9876.bundle.json\""
        );
        let bytes = answer.body.as_bytes();
        let report = verify(bytes, &scene.state.config.policy);
        assert_eq!(report.outcome, Outcome::Proved, "{report:?}");
        let bundle = ledger::bundle::parse(bytes).unwrap();
        assert_eq!(bundle.item, ITEM);
        assert_eq!(bundle.hub.map(|hub| hub.origin).as_deref(), Some(HUB));
        assert_eq!(bundle.anchor, None);
        let indexes: Vec<u64> =
            bundle.histories[0].records.iter().map(|record| record.index).collect();
        assert_eq!(indexes, [0, 1, 2, 3, 4, 5, 7, 8, 9, 10], "the lot's record is not of the item");
    }

    #[actix_web::test]
    async fn an_altered_record_is_left_out_of_the_bundle() {
        let scene = Scene::journey("bundle_altered").await;
        sql::testing::alter_record_as_owner(&scene.db, SITE, 4, "receiving", "returning")
            .await
            .unwrap();
        let bytes = scene.get(&path("bundle"), &[]).await.body.into_bytes();
        let bundle = ledger::bundle::parse(&bytes).unwrap();
        assert!(bundle.histories[0].records.iter().all(|record| record.index != 4));
        assert_eq!(verify(&bytes, &scene.state.config.policy).outcome, Outcome::Proved);
    }

    #[actix_web::test]
    async fn an_item_that_no_record_names_is_not_found() {
        let scene = Scene::journey("items_unknown").await;
        for of in ["history", "bundle"] {
            let path = format!("/items/urn:epc:id:sgtin:4012345.011111.1/{of}");
            scene.get(&path, &[]).await.assert_problem(
                404,
                "not-found",
                "no record names this item",
            );
        }
    }

    #[actix_web::test]
    async fn what_is_no_epc_uri_is_refused_before_the_database_is_asked() {
        let state = state_without_database().await;
        let long = "9".repeat(201);
        for of in ["history", "bundle"] {
            let answer = get(&state, &format!("/items/{long}/{of}"), &[]).await;
            answer.assert_problem(
                400,
                "malformed",
                "got 201 characters, expected an EPC URI of at most 200",
            );
            for text in ["none", LOT, "urn:epc:id:sgtin:1.2.3"] {
                let answer = get(&state, &format!("/items/{text}/{of}"), &[]).await;
                assert_eq!(answer.status, 400, "{text}: {}", answer.body);
                assert_eq!(answer.json()["type"], "urn:chopmark:problem:malformed");
            }
        }
    }

    #[actix_web::test]
    async fn without_a_database_the_answer_is_to_retry() {
        let state = state_without_database().await;
        for of in ["history", "bundle"] {
            let answer = get(&state, &path(of), &[]).await;
            answer.assert_problem(
                503,
                "unavailable",
                "this cannot be checked at the moment; retry later",
            );
            assert_eq!(answer.header("retry-after"), "1");
        }
    }
}
