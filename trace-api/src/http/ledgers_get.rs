//! Ledgers from outside: sizes, signed checkpoints, and proofs for whoever monitors them.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use ledger::Hash;
use ledger::tree::{consistency_nodes, inclusion_nodes, prove_consistency, prove_inclusion};
use serde::Deserialize;
use serde_json::json;
use sql::ledgers::LedgerRow;

use super::State;
use crate::problem::Problem;

/// `GET /ledgers`.
///
/// # Errors
///
/// [`Problem::Unavailable`].
pub async fn list(state: Data<State>) -> Result<HttpResponse, Problem> {
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
            "origin": row.origin, "kind": row.kind, "party": row.party, "size": head.size,
            "root": head.root.to_string(), "anchor": anchored,
        }));
    }
    Ok(HttpResponse::Ok().json(json!({ "ledgers": ledgers })))
}

async fn find(state: &State, origin: &str) -> Result<LedgerRow, Problem> {
    let shown: String = origin.chars().take(80).collect();
    sql::ledgers::find(&state.db, origin).await?.ok_or_else(|| {
        Problem::NotFound(format!("there is no ledger `{shown}`; GET /ledgers lists them"))
    })
}

/// `GET /ledgers/{origin}/checkpoint`: the latest signed note.
///
/// # Errors
///
/// [`Problem::NotFound`].
pub async fn checkpoint(state: Data<State>, origin: Path<String>) -> Result<HttpResponse, Problem> {
    let row = find(&state, &origin).await?;
    let latest = sql::ledgers::latest_checkpoint(&state.db, row.id).await?;
    let latest = latest.ok_or_else(|| Problem::NotFound("the ledger is empty".into()))?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(latest.note))
}

/// Which leaf, in which tree.
#[derive(Debug, Deserialize)]
pub struct Inclusion {
    index: u64,
    size: u64,
}

/// `GET /ledgers/{origin}/proof/inclusion?index=&size=`.
///
/// # Errors
///
/// [`Problem::Malformed`] if the numbers do not fit the ledger.
pub async fn inclusion(
    state: Data<State>,
    origin: Path<String>,
    asked: Query<Inclusion>,
) -> Result<HttpResponse, Problem> {
    let row = find(&state, &origin).await?;
    check_size(&state, &row, asked.size).await?;
    let nodes =
        sql::ledgers::nodes(&state.db, row.id, &inclusion_nodes(asked.index, asked.size)).await?;
    let path = prove_inclusion(asked.index, asked.size, &nodes)
        .map_err(|error| Problem::Malformed(error.to_string()))?;
    Ok(answer(&path))
}

/// Which two sizes.
#[derive(Debug, Deserialize)]
pub struct Consistency {
    old: u64,
    new: u64,
}

/// `GET /ledgers/{origin}/proof/consistency?old=&new=`.
///
/// # Errors
///
/// [`Problem::Malformed`] if the numbers do not fit the ledger.
pub async fn consistency(
    state: Data<State>,
    origin: Path<String>,
    asked: Query<Consistency>,
) -> Result<HttpResponse, Problem> {
    let row = find(&state, &origin).await?;
    check_size(&state, &row, asked.new).await?;
    let nodes =
        sql::ledgers::nodes(&state.db, row.id, &consistency_nodes(asked.old, asked.new)).await?;
    let path = prove_consistency(asked.old, asked.new, &nodes)
        .map_err(|error| Problem::Malformed(error.to_string()))?;
    Ok(answer(&path))
}

async fn check_size(state: &State, row: &LedgerRow, size: u64) -> Result<(), Problem> {
    let head = sql::ledgers::head(&state.db, row.id).await?;
    if size <= head.size {
        return Ok(());
    }
    Err(Problem::Malformed(format!("size {size} is above the ledger's {}", head.size)))
}

fn answer(path: &[Hash]) -> HttpResponse {
    let path: Vec<String> = path.iter().map(Hash::to_string).collect();
    HttpResponse::Ok().json(json!({ "path": path }))
}
