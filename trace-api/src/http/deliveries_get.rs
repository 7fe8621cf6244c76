//! `GET /deliveries`: receipts compared with despatch advices; `?despatch_advice=` lists those of one.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::parameters::text;
use crate::problem::Problem;
use crate::state::AppState;

/// Lists receipts, newest first.
///
/// # Errors
///
/// [`Problem::Unavailable`], [`Problem::Malformed`].
pub async fn list(state: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let despatch_advice = text(&request, "despatch_advice")?;
    let found = sql::expected::differences(&state.db, despatch_advice.as_deref()).await?;
    let deliveries: Vec<_> = found
        .into_iter()
        .map(|receipt| {
            json!({
                "ledger": receipt.ledger,
                "index": receipt.leaf_index,
                "despatchAdvice": receipt.despatch_advice,
                "shippedBy": receipt.shipped_by,
                "announced": receipt.announced,
                "received": receipt.received,
                "missing": receipt.missing,
                "unexpected": receipt.unexpected,
                "at": receipt.at.to_string(),
            })
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "deliveries": deliveries })))
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use history::testing::{CASE, ITEM};
    use sql::Transaction;
    use sql::expected::{NewDifference, NewExpected};

    use super::*;
    use crate::state::Audience;
    use crate::testing::{SITE, Scene, ask, state_without_database};

    /// Stores an advice of item and case, and a receipt of the item alone.
    async fn receive(scene: &Scene, despatch_advice: &str, leaf_index: u64, at: &str) {
        let epcs = [ITEM.to_owned(), CASE.to_owned()];
        let expected = NewExpected {
            ledger: scene.site.id,
            despatch_advice,
            shipped_by: "urn:epc:id:pgln:4012345.00000",
            epcs: &epcs,
            recorded_in: scene.site.id,
            leaf_index: 3,
        };
        let difference = NewDifference {
            ledger: scene.site.id,
            leaf_index,
            despatch_advice,
            shipped_by: "urn:epc:id:pgln:4012345.00000",
            announced: 2,
            received: 1,
            missing: &epcs[1..],
            unexpected: &[],
            at: at.parse().unwrap(),
        };
        let stored = scene.db.run_tx("testing.receive", async |tx: &Transaction<'_>| {
            sql::expected::insert(tx, &expected).await?;
            sql::expected::insert_difference(tx, &difference).await
        });
        stored.await.unwrap();
    }

    #[actix_web::test]
    async fn receipts_are_listed_newest_first_and_by_despatch_advice() {
        let scene = Scene::journey("deliveries").await;
        let empty = scene.get_as_operator("/deliveries").await;
        assert_eq!(empty.body, "{\"deliveries\":[]}");
        receive(&scene, "DA-1", 4, "2026-11-21T00:00:00Z").await;
        receive(&scene, "DA-2", 8, "2026-11-22T00:00:00Z").await;
        let all = scene.get_as_operator("/deliveries").await;
        assert_eq!(all.status, 200);
        assert_eq!(all.header("content-type"), "application/json");
        let advices: Vec<String> = all.json()["deliveries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|receipt| receipt["despatchAdvice"].to_string())
            .collect();
        assert_eq!(advices, ["\"DA-2\"", "\"DA-1\""]);
        let one = scene.get_as_operator("/deliveries?despatch_advice=DA-1").await;
        assert_eq!(
            one.json(),
            json!({ "deliveries": [{
                "ledger": SITE, "index": 4, "despatchAdvice": "DA-1",
                "shippedBy": "urn:epc:id:pgln:4012345.00000", "announced": 2, "received": 1,
                "missing": [CASE], "unexpected": [], "at": "2026-11-21T00:00:00Z",
            }] })
        );
    }

    #[actix_web::test]
    async fn without_a_database_the_answer_is_to_retry() {
        let state = state_without_database().await;
        let answer = ask(&state, Audience::Internal, &Method::GET, "/deliveries", &[]).await;
        answer.assert_problem(
            503,
            "unavailable",
            "this cannot be checked at the moment; retry later",
        );
        assert_eq!(answer.header("retry-after"), "1");
    }
}
