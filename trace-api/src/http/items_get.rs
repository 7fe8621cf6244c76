//! `GET /items/{epc}/history` and `/items/{epc}/bundle`: what was recorded about an item, and the file that proves it.
//!
//! What holds: an item is found in every spelling, escaped or as it is, as far as the path goes; the public gets the consumer's view, the operator all of it; for the public an item that no record names
//! and a text that is no item cost the same work and get the same answer; of a product that asks for tokens
//! every item without its token gets that answer too, before any work.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use history::{GatheredHistory, bundle, gather};

use crate::language::Language;
use crate::problem::Problem;
use crate::state::{AppState, Audience, MAX_PART, audience};
use crate::{answer, consumer};

/// Looked up in place of a text that is no item.
const NO_ITEM: &str = "urn:epc:id:sgtin:0000000.000000.0";

/// Said of every item that there is nothing to show of.
const NOT_NAMED: &str = "no record names this item";

/// Parameters of the address.
#[derive(Debug, serde::Deserialize)]
pub struct Parameters {
    /// The item's token, where its product asks for one.
    t: Option<String>,
}

/// The item as the address names it. actix has joined slashes and undone escapes by then: a link that stands in the address
/// as it is gets its slashes back and keeps its escapes.
fn text_of(request: &HttpRequest, decoded: &str) -> String {
    let raw = request.uri().path().strip_prefix("/items/").unwrap_or_default();
    let raw = raw.rsplit_once('/').map_or(raw, |(item, _)| item);
    for scheme in ["https:/", "http:/"] {
        let has_scheme = raw.get(..scheme.len()).is_some_and(|it| it.eq_ignore_ascii_case(scheme));
        if let Some(rest) = raw.get(scheme.len()..).filter(|_| has_scheme) {
            return format!("{scheme}/{}", rest.trim_start_matches('/'));
        }
    }
    decoded.to_owned()
}

async fn find(
    state: &AppState,
    request: &HttpRequest,
    text: &str,
    token: Option<&str>,
) -> Result<GatheredHistory, Problem> {
    let text = &*text_of(request, text);
    if text.len() > MAX_PART {
        return Err(Problem::Malformed(format!(
            "got {} characters, expected an EPC URI of at most {MAX_PART}",
            text.len()
        )));
    }
    let admission = state.admit_code(request)?;
    let named = epc::identify(text).ok();
    let is_public = audience(request) == Audience::Public;
    if is_public && named.as_ref().is_some_and(|item| !state.config().names.admits(item, token)) {
        return Err(Problem::NotFound(NOT_NAMED.into()));
    }
    let looked_up = named.as_ref().map_or_else(|| NO_ITEM.parse(), |named| Ok(named.clone()));
    let looked_up = looked_up.map_err(|error| Problem::Internal(error.to_string()))?;
    let ((rights, policy), now) = (state.rights_and_policy().await, state.clock.now());
    let gathered = gather(&state.db, &state.cache, &policy, &rights, now, &looked_up).await?;
    if named.is_none() || !gathered.names_item() {
        return Err(Problem::NotFound(NOT_NAMED.into()));
    }
    if let Some(admission) = admission {
        admission.give_back();
    }
    Ok(gathered)
}

/// The steps of an item, as the public sees them.
///
/// # Errors
///
/// [`Problem`].
pub async fn consumers_history(
    state: Data<AppState>,
    request: HttpRequest,
    epc: Path<String>,
    query: Query<Parameters>,
) -> Result<HttpResponse, Problem> {
    let gathered = find(&state, &request, &epc, query.t.as_deref()).await?;
    Ok(HttpResponse::Ok().json(consumer::history(&gathered.history, &state.config())))
}

/// The records of an item, in order of time.
///
/// # Errors
///
/// [`Problem`].
pub async fn whole_history(
    state: Data<AppState>,
    request: HttpRequest,
    epc: Path<String>,
    query: Query<Parameters>,
) -> Result<HttpResponse, Problem> {
    let gathered = find(&state, &request, &epc, query.t.as_deref()).await?;
    let header = request.headers().get("Accept-Language").and_then(|value| value.to_str().ok());
    let language = Language::preferred(None, header.unwrap_or_default());
    let now = state.clock.now();
    Ok(HttpResponse::Ok().json(answer::history(&gathered.history, now, language)))
}

/// The file that proves the steps, for the public.
///
/// # Errors
///
/// [`Problem`].
pub async fn consumers_bundle(
    state: Data<AppState>,
    request: HttpRequest,
    epc: Path<String>,
    query: Query<Parameters>,
) -> Result<HttpResponse, Problem> {
    give_bundle(&state, &request, &epc, query.t.as_deref()).await
}

/// The file that proves the records.
///
/// # Errors
///
/// [`Problem`].
pub async fn whole_bundle(
    state: Data<AppState>,
    request: HttpRequest,
    epc: Path<String>,
    query: Query<Parameters>,
) -> Result<HttpResponse, Problem> {
    give_bundle(&state, &request, &epc, query.t.as_deref()).await
}

/// What a bundle for this audience discloses is decided here and nowhere else.
async fn build(
    state: &AppState,
    gathered: &GatheredHistory,
    audience: Audience,
) -> Result<ledger::bundle::Bundle, sql::Error> {
    let config = state.config();
    let hub = config.hub.as_deref();
    let disclosure = match audience {
        Audience::Public => bundle::Disclosure::Consumer,
        Audience::Internal => bundle::Disclosure::Whole,
    };
    let directory = state.directory().await;
    bundle::build(&state.db, gathered, hub, disclosure, directory.as_deref()).await
}

async fn give_bundle(
    state: &AppState,
    request: &HttpRequest,
    epc: &str,
    token: Option<&str>,
) -> Result<HttpResponse, Problem> {
    let gathered = find(state, request, epc, token).await?;
    let bundle = build(state, &gathered, audience(request)).await?;
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
    use history::testing::{
        CASE, CENTRE, FACTORY, GTIN, ITEM, LOT, PALLET, SERIAL, SHOP, object_event, packing_event,
    };
    use ledger::bundle::{Outcome, verify};
    use serde_json::{Value, json};

    use actix_web::http::Method;

    use crate::state::Audience;
    use crate::testing::{HUB, SITE, Scene, ask, config, get, state, state_without_database};

    fn path(of: &str) -> String {
        format!("/items/{ITEM}/{of}")
    }

    #[actix_web::test]
    async fn a_history_lists_the_records_of_the_item_its_containers_and_its_lot() {
        let scene = Scene::journey("history").await;
        let answer = scene.get_as_operator(&path("history")).await;
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
        let answer = scene.get_as_operator(&path("history")).await;
        let first = format!(
            "{{\"gaps\":[],\"item\":\"{ITEM}\",\"notices\":[\"The sensor recorded a temperature above the limit: \
             9.2 °C, 2026-11-21 02:00:00 – 02:10:00 UTC\",\"Expires on 2099-12-31\"],\"records\":[{{\"at\":\"2026-11-20T00:00:00Z\",\"broken\":null,\
             \"disposition\":\"active\",\"index\":0,\"inferredVia\":null,\"ledger\":\"{SITE}\",\"lot\":false,\
             \"mark\":null,\"party\":\"Factory\",\"place\":\"{FACTORY}\",\"sensed\":true,\
             \"step\":\"commissioning\",\"weight\":\"counts\"}},"
        );
        assert!(answer.body.starts_with(&first), "{}", answer.body);
        let records = &answer.json()["records"];
        assert_eq!(
            records[4],
            json!({
                "at": "2026-11-21T00:00:00Z", "step": "receiving", "disposition": "", "place": CENTRE,
                "ledger": SITE, "party": "Factory", "index": 4, "sensed": true,
                "inferredVia": PALLET, "lot": false, "broken": null, "weight": "counts", "mark": null,
            })
        );
        // A word that is not of CBV stays as it was written.
        assert_eq!(records[10]["step"], "stocking_shelves");
    }

    #[actix_web::test]
    async fn an_item_is_found_in_every_spelling_escaped_or_not_and_has_one_name() {
        let scene = Scene::journey("items_spelled").await;
        let known = scene.get(&path("history"), &[]).await;
        let bits = epc::TagEpc::from_tag_uri("urn:epc:tag:sgtin-96:3.4012345.011111.9876").unwrap();
        let bits = epc::Tag::Classic(bits);
        let bits = bits.to_compressed_link("id.gs1.org", epc::Form::Base64url).unwrap();
        let escaped = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
        };
        let link = format!("https://id.gs1.org/01/{GTIN}/21/{SERIAL}");
        for text in [
            escaped(ITEM),
            escaped("urn:epc:id:sgtin:401234.0511111.9876"),
            escaped("URN:EPC:ID:SGTIN:4012345.011111.%39876"),
            escaped("urn:epc:tag:sgtin-96:3.4012345.011111.9876"),
            link.clone(),
            escaped(&link),
            escaped(&format!("{link}?17=271231")),
            format!("HTTP://Brand.Example/x/01/{}/22/V/21/%39876", &GTIN[1..]),
            bits.clone(),
            escaped(&bits),
        ] {
            for of in ["history", "bundle"] {
                let answer = scene.get(&format!("/items/{text}/{of}"), &[]).await;
                assert_eq!(answer.status, 200, "{text}: {}", answer.body);
                assert_eq!(answer.json()["item"], ITEM, "{text}");
                if of == "history" {
                    assert_eq!(answer.body, known.body, "{text}");
                }
            }
        }
    }

    #[actix_web::test]
    async fn a_bundle_of_mixed_spellings_is_proved() {
        let link = format!("https://brand.example/01/{GTIN}/21/{SERIAL}");
        let case = epc::thing_key(CASE);
        let at = |hour: u8| format!("2026-11-20T{hour:02}:00:00Z");
        let events = [
            crate::testing::commissioning().of(&[&link]),
            packing_event(&at(2), "ADD", &case, &[&link]).at(FACTORY),
            object_event(&at(3), "storing").of(&[CASE]).at(FACTORY),
            packing_event(&at(4), "DELETE", CASE, &[ITEM]).at(FACTORY),
        ];
        let scene = Scene::with("bundle_mixed", &events).await;
        for audience in [Audience::Public, Audience::Internal] {
            let asked = ask(&scene.state, audience, &Method::GET, &path("bundle"), &[]).await;
            let bytes = asked.body.into_bytes();
            let report = verify(&bytes, &scene.state.config().policy);
            assert_eq!(report.outcome, Outcome::Proved, "{report:?}");
            assert_eq!(ledger::bundle::parse(&bytes).unwrap().histories[0].records.len(), 4);
        }
    }

    #[actix_web::test]
    async fn a_record_that_names_the_item_by_bits_only_is_not_in_the_bundle() {
        let bits = epc::TagEpc::from_tag_uri("urn:epc:tag:sgtin-96:3.4012345.011111.9876").unwrap();
        let bits =
            epc::Tag::Classic(bits).to_compressed_link("brand.example", epc::Form::Hex).unwrap();
        let events = [
            crate::testing::commissioning(),
            object_event("2026-11-20T03:00:00Z", "storing").of(&[&bits]).at(FACTORY),
        ];
        let scene = Scene::with("bundle_bits", &events).await;
        let history = scene.get(&path("history"), &[]).await.json();
        assert_eq!(history["steps"].as_array().map(Vec::len), Some(2), "{history}");
        let bytes = scene.get(&path("bundle"), &[]).await.body.into_bytes();
        assert_eq!(verify(&bytes, &scene.state.config().policy).outcome, Outcome::Proved);
        assert_eq!(ledger::bundle::parse(&bytes).unwrap().histories[0].records.len(), 1);
    }

    #[actix_web::test]
    async fn an_altered_record_is_listed_with_what_does_not_fit() {
        let scene = Scene::journey("history_altered").await;
        sql::testing::alter_record_as_owner(&scene.db, SITE, 4, "receiving", "departing")
            .await
            .unwrap();
        let records = scene.get_as_operator(&path("history")).await.json()["records"].clone();
        assert_eq!(records[4]["broken"], "its text does not fit its hash");
        assert_eq!(records[4]["step"], "departing");
        assert_eq!(records[5]["broken"], Value::Null);
    }

    #[actix_web::test]
    async fn records_of_a_ledger_without_a_known_key_do_not_fit() {
        let scene = Scene::journey("history_no_key").await;
        let stranger = state(scene.db.db(), config(String::new()));
        let records = ask(&stranger, Audience::Internal, &Method::GET, &path("history"), &[])
            .await
            .json()["records"]
            .clone();
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
        let report = verify(bytes, &scene.state.config().policy);
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
        sql::testing::alter_record_as_owner(&scene.db, SITE, 4, "receiving", "departing")
            .await
            .unwrap();
        let bytes = scene.get(&path("bundle"), &[]).await.body.into_bytes();
        let bundle = ledger::bundle::parse(&bytes).unwrap();
        assert!(bundle.histories[0].records.iter().all(|record| record.index != 4));
        assert_eq!(verify(&bytes, &scene.state.config().policy).outcome, Outcome::Proved);
    }

    #[actix_web::test]
    async fn the_public_sees_city_step_and_day_and_nothing_that_leads_further() {
        let scene = Scene::journey("history_public").await;
        let answer = scene.get(&path("history"), &[]).await;
        assert_eq!(answer.status, 200);
        let document = answer.json();
        assert_eq!(document["item"], ITEM);
        assert_eq!(
            document["steps"][0],
            json!({
                "day": "2026-11-20", "step": "commissioning", "party": null, "sensed": true,
                "place": { "zh": "杭州", "en": "Hangzhou" },
                "inferred": false, "lot": false, "broken": false, "weight": "counts", "mark": null,
            })
        );
        assert_eq!(document["steps"][4]["place"], Value::Null, "no city is configured");
        assert_eq!(document["steps"][4]["inferred"], true);
        for word in [CASE, PALLET, LOT, CENTRE, FACTORY, SHOP, SITE, "Bamboo", "T00", "工厂"] {
            assert!(!answer.body.contains(word), "{word}: {}", answer.body);
        }
        let named = scene.with_config(|config| config.show_parties = true);
        let document = named.get(&path("history"), &[]).await.json();
        assert_eq!(document["steps"][0]["party"], "Factory");
        assert_eq!(document["steps"][0]["place"], json!({ "zh": "工厂", "en": "Factory" }));
    }

    #[actix_web::test]
    async fn what_no_record_names_and_what_is_no_item_get_one_answer_for_one_price() {
        let scene = Scene::journey("items_unknown").await;
        let mut prices = Vec::new();
        let known_shape = "urn:epc:id:sgtin:4012345.011111.1";
        let texts = [known_shape, "none", LOT, "urn:epc:id:sgtin:1.2.3", "%ff", "%3Cscript%3E"];
        for audience in [Audience::Public, Audience::Internal] {
            for of in ["history", "bundle"] {
                for text in texts {
                    let before = sql::testing::statements();
                    let path = format!("/items/{text}/{of}");
                    let answer = ask(&scene.state, audience, &Method::GET, &path, &[]).await;
                    prices.push(sql::testing::statements() - before);
                    answer.assert_problem(404, "not-found", "no record names this item");
                }
            }
        }
        assert!(prices[0] > 0 && prices.iter().all(|price| *price == prices[0]), "{prices:?}");
    }

    #[actix_web::test]
    async fn who_guesses_items_is_refused_before_the_database_is_asked() {
        let scene = Scene::journey("items_guessed").await;
        let from = |address| [("X-Forwarded-For", address)];
        for number in 0..scene.state.config().rates.unknown_per_minute {
            let of = if number % 2 == 0 { "history" } else { "bundle" };
            let path = format!("/items/urn:epc:id:sgtin:4012345.011111.{number}/{of}");
            assert_eq!(scene.get(&path, &from("203.0.113.7")).await.status, 404);
        }
        let before = sql::testing::statements();
        for path in [path("history"), path("bundle"), format!("/01/{GTIN}/21/{SERIAL}")] {
            let refused = scene.get(&path, &from("203.0.113.7")).await;
            assert_eq!(refused.status, 429, "{path}");
            assert_eq!(refused.header("retry-after"), "60");
        }
        assert_eq!(sql::testing::statements(), before);
        assert_eq!(scene.get(&path("history"), &from("203.0.113.8")).await.status, 200);
    }

    #[actix_web::test]
    async fn what_is_too_long_is_refused_before_the_database_is_asked() {
        let state = state_without_database().await;
        let long = "9".repeat(201);
        for of in ["history", "bundle"] {
            let answer = get(&state, &format!("/items/{long}/{of}"), &[]).await;
            answer.assert_problem(
                400,
                "malformed",
                "got 201 characters, expected an EPC URI of at most 200",
            );
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
