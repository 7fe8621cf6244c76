//! Ledgers as monitors see them: sizes, signed checkpoints, inclusion and consistency proofs.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use ledger::Hash;
use ledger::tree::{consistency_nodes, inclusion_nodes, prove_consistency, prove_inclusion};
use serde_json::json;
use sql::ledgers::LedgerRow;

use super::parameters::number;
use crate::problem::Problem;
use crate::state::{AppState, Audience, audience};

/// `GET /ledgers`; the public sees the names of parties only if the configuration says so.
///
/// # Errors
///
/// [`Problem::Unavailable`], [`Problem::TooMany`].
pub async fn list(state: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    state.admit(&request)?;
    let shows_parties = state.config().show_parties || audience(&request) == Audience::Internal;
    let mut ledgers = Vec::new();
    for row in sql::ledgers::list_ledgers(&state.db).await? {
        let head = sql::ledgers::head(&state.db, row.id).await?;
        let anchored = match row.kind.as_str() {
            "hub" => sql::anchors::latest(&state.db, row.id)
                .await?
                .map(|(size, anchor)| json!({ "size": size, "state": format!("{anchor:?}").to_lowercase() })),
            _ => None,
        };
        ledgers.push(json!({
            "origin": row.origin, "kind": row.kind, "party": shows_parties.then_some(row.party), "size": head.size,
            "root": head.root.to_string(), "anchor": anchored,
        }));
    }
    Ok(HttpResponse::Ok().json(json!({ "ledgers": ledgers })))
}

async fn find(state: &AppState, origin: &str) -> Result<LedgerRow, Problem> {
    let shown: String = origin.chars().take(80).collect();
    sql::ledgers::find(&state.db, origin)
        .await?
        .ok_or_else(|| Problem::NotFound(format!("no ledger `{shown}`; GET /ledgers lists all")))
}

/// `GET /ledgers/{origin}/checkpoint`: the latest signed note.
///
/// # Errors
///
/// [`Problem::NotFound`].
pub async fn checkpoint(
    state: Data<AppState>,
    request: HttpRequest,
    origin: Path<String>,
) -> Result<HttpResponse, Problem> {
    state.admit(&request)?;
    let row = find(&state, &origin).await?;
    let latest = sql::ledgers::latest_checkpoint(&state.db, row.id).await?;
    let latest = latest.ok_or_else(|| Problem::NotFound("the ledger is empty".into()))?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(latest.note))
}

/// `GET /ledgers/{origin}/proof/inclusion?index=&size=`.
///
/// # Errors
///
/// [`Problem::Malformed`] if the numbers do not fit the ledger.
pub async fn inclusion(
    state: Data<AppState>,
    request: HttpRequest,
    origin: Path<String>,
) -> Result<HttpResponse, Problem> {
    state.admit(&request)?;
    let (index, size) = (number(&request, "index")?, number(&request, "size")?);
    let row = find(&state, &origin).await?;
    check_size(&state, &row, size).await?;
    let nodes = sql::ledgers::nodes(&state.db, row.id, &inclusion_nodes(index, size)).await?;
    let path = prove_inclusion(index, size, &nodes)
        .map_err(|error| Problem::Malformed(error.to_string()))?;
    Ok(answer(&path))
}

/// `GET /ledgers/{origin}/proof/consistency?old=&new=`.
///
/// # Errors
///
/// [`Problem::Malformed`] if the numbers do not fit the ledger.
pub async fn consistency(
    state: Data<AppState>,
    request: HttpRequest,
    origin: Path<String>,
) -> Result<HttpResponse, Problem> {
    state.admit(&request)?;
    let (old, new) = (number(&request, "old")?, number(&request, "new")?);
    let row = find(&state, &origin).await?;
    check_size(&state, &row, new).await?;
    let nodes = sql::ledgers::nodes(&state.db, row.id, &consistency_nodes(old, new)).await?;
    let path = prove_consistency(old, new, &nodes)
        .map_err(|error| Problem::Malformed(error.to_string()))?;
    Ok(answer(&path))
}

async fn check_size(state: &AppState, row: &LedgerRow, size: u64) -> Result<(), Problem> {
    let head = sql::ledgers::head(&state.db, row.id).await?;
    if size <= head.size {
        return Ok(());
    }
    Err(Problem::Malformed(format!("got size {size}, expected at most the ledger's {}", head.size)))
}

fn answer(path: &[Hash]) -> HttpResponse {
    let path: Vec<String> = path.iter().map(Hash::to_string).collect();
    HttpResponse::Ok().json(json!({ "path": path }))
}

#[cfg(test)]
mod tests {
    use ledger::policy::Policy;
    use ledger::proof::{verify_consistency, verify_inclusion};

    use super::*;
    use crate::testing::{
        Answer, HUB, SITE, SITE_IN_PATH, Scene, get, sale, state_without_database,
    };

    fn hashes(answer: &Answer) -> Vec<Hash> {
        let path = answer.json()["path"].as_array().unwrap().clone();
        path.iter().map(|hash| hash.as_str().unwrap().parse().unwrap()).collect()
    }

    #[actix_web::test]
    async fn all_ledgers_are_listed_with_size_and_root() {
        let scene = Scene::journey("ledgers").await;
        let answer = scene.get_as_operator("/ledgers").await;
        assert_eq!(answer.status, 200);
        let public = scene.get("/ledgers", &[]).await.json();
        assert_eq!(public["ledgers"][0]["party"], serde_json::Value::Null);
        let (site, hub) = (scene.site.id, scene.hub.id);
        let site = sql::ledgers::head(&scene.db, site).await.unwrap();
        let hub = sql::ledgers::head(&scene.db, hub).await.unwrap();
        assert_eq!(
            answer.json(),
            json!({ "ledgers": [
                {
                    "origin": SITE, "kind": "site", "party": "Bamboo Spring", "size": 11,
                    "root": site.root.to_string(), "anchor": null,
                },
                {
                    "origin": HUB, "kind": "hub", "party": "Chopmark", "size": 1,
                    "root": hub.root.to_string(), "anchor": null,
                },
            ] })
        );
    }

    #[actix_web::test]
    async fn the_checkpoint_is_the_latest_signed_note() {
        let scene = Scene::journey("checkpoint").await;
        let path = format!("/ledgers/{SITE_IN_PATH}/checkpoint");
        for size in [11, 12] {
            let answer = scene.get(&path, &[]).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
            assert!(answer.body.starts_with(&format!("{SITE}\n{size}\n")), "{}", answer.body);
            let policy: Policy = scene.site.policy_lines("log").parse().unwrap();
            assert_eq!(policy.open_checkpoint(SITE, &answer.body).unwrap().size, size);
            scene.site.append(&[sale(11)], "2026-11-22T03:00:00Z").await;
        }
    }

    #[actix_web::test]
    async fn a_path_proves_that_a_record_is_in_the_tree() {
        let scene = Scene::journey("inclusion").await;
        let url = format!("/ledgers/{SITE_IN_PATH}/proof/inclusion?index=3&size=11");
        let answer = scene.get(&url, &[]).await;
        assert_eq!(answer.status, 200);
        let record = sql::ledgers::record_at(&scene.db, scene.site.id, 3).await.unwrap().unwrap();
        let head = sql::ledgers::head(&scene.db, scene.site.id).await.unwrap();
        verify_inclusion(3, &record.leaf_hash, 11, &hashes(&answer), &head.root).unwrap();
    }

    #[actix_web::test]
    async fn a_path_proves_that_the_ledger_only_grew() {
        let scene = Scene::journey("consistency").await;
        let old = sql::ledgers::head(&scene.db, scene.site.id).await.unwrap();
        scene.site.append(&[sale(11), sale(12)], "2026-11-22T04:00:00Z").await;
        let new = sql::ledgers::head(&scene.db, scene.site.id).await.unwrap();
        let url = format!("/ledgers/{SITE_IN_PATH}/proof/consistency?old=11&new=13");
        let answer = scene.get(&url, &[]).await;
        assert_eq!(answer.status, 200);
        verify_consistency(11, 13, &hashes(&answer), &old.root, &new.root).unwrap();
    }

    #[actix_web::test]
    async fn numbers_that_do_not_fit_the_ledger_are_refused() {
        let scene = Scene::journey("proof_numbers").await;
        let proof = format!("/ledgers/{SITE_IN_PATH}/proof");
        for query in ["inclusion?index=3&size=12", "consistency?old=3&new=12"] {
            let answer = scene.get(&format!("{proof}/{query}"), &[]).await;
            let detail = "got size 12, expected at most the ledger's 11";
            answer.assert_problem(400, "malformed", detail);
        }
        for query in ["inclusion?index=11&size=11", "consistency?old=9&new=5"] {
            let answer = scene.get(&format!("{proof}/{query}"), &[]).await;
            assert_eq!(answer.status, 400, "{query}: {}", answer.body);
            assert_eq!(answer.json()["type"], "urn:chopmark:problem:malformed");
        }
        for query in ["inclusion?index=3", "inclusion?index=-1&size=3", "consistency"] {
            let answer = scene.get(&format!("{proof}/{query}"), &[]).await;
            assert_eq!(answer.status, 400, "{query}: {}", answer.body);
        }
    }

    #[actix_web::test]
    async fn a_ledger_that_does_not_exist_or_is_empty_is_not_found() {
        let scene = Scene::journey("ledgers_unknown").await;
        let long = "x".repeat(300);
        for (origin, shown) in [("nobody.example%2F1", "nobody.example/1"), (&long, &long[..80])] {
            for what in
                ["checkpoint", "proof/inclusion?index=0&size=1", "proof/consistency?old=0&new=1"]
            {
                let answer = scene.get(&format!("/ledgers/{origin}/{what}"), &[]).await;
                let detail = format!("no ledger `{shown}`; GET /ledgers lists all");
                answer.assert_problem(404, "not-found", &detail);
            }
        }
        sql::ledgers::create_ledger(&scene.db, "empty.example/1", "site", "Nobody").await.unwrap();
        let answer = scene.get("/ledgers/empty.example%2F1/checkpoint", &[]).await;
        answer.assert_problem(404, "not-found", "the ledger is empty");
    }

    #[actix_web::test]
    async fn a_source_beyond_its_limit_is_refused_before_the_database_is_asked_and_the_operator_never()
     {
        let scene = Scene::journey("ledgers_limit").await;
        let scene = scene.with_config(|config| config.rates.requests_per_minute = 10);
        let path = format!("/ledgers/{SITE_IN_PATH}/checkpoint");
        for _ in 0..10 {
            assert_eq!(scene.get(&path, &[]).await.status, 200);
        }
        let before = sql::testing::statements();
        for what in ["", "/x/checkpoint", "/x/proof/inclusion?index=0&size=1"] {
            let refused = scene.get(&format!("/ledgers{what}"), &[]).await;
            assert_eq!(refused.status, 429, "{what}");
        }
        assert_eq!(sql::testing::statements(), before);
        assert_eq!(scene.get(&path, &[("X-Forwarded-For", "203.0.113.8")]).await.status, 200);
        assert_eq!(scene.get_as_operator(&path).await.status, 200);
        let metrics = scene.get_as_operator("/metrics").await.body;
        let line = "trace_api_refused_requests_total{limit=\"source\"} 3";
        assert!(metrics.lines().any(|found| found == line), "{metrics}");
    }

    #[actix_web::test]
    async fn without_a_database_the_answer_is_to_retry() {
        let state = state_without_database().await;
        for what in [
            "",
            "/x/checkpoint",
            "/x/proof/inclusion?index=0&size=1",
            "/x/proof/consistency?old=0&new=1",
        ] {
            let answer = get(&state, &format!("/ledgers{what}"), &[]).await;
            answer.assert_problem(
                503,
                "unavailable",
                "this cannot be checked at the moment; retry later",
            );
            assert_eq!(answer.header("retry-after"), "1");
        }
    }
}
