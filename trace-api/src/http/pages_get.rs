//! Pages that do not depend on an item: start, verifier, policy, description of the interface.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::state::AppState;

fn html(text: &'static str) -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(text)
}

/// `GET /`.
pub async fn start() -> HttpResponse {
    html(include_str!("../../pages/start.html"))
}

/// `GET /verify`.
pub async fn verify() -> HttpResponse {
    html(include_str!("../../pages/verify.html"))
}

fn script(text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header(("Cache-Control", "no-cache"))
        .body(text)
}

/// `GET /assets/verify.js`.
pub async fn verifier() -> HttpResponse {
    script(include_str!("../../pages/verify/verify.js"))
}

/// `GET /assets/form.js`, a part of the verifier.
pub async fn verifier_form() -> HttpResponse {
    script(include_str!("../../pages/verify/form.js"))
}

/// `GET /assets/evm.js`, a part of the verifier.
pub async fn verifier_evm() -> HttpResponse {
    script(include_str!("../../pages/verify/evm.js"))
}

/// `GET /assets/checkpoint.js`, a part of the verifier.
pub async fn verifier_checkpoint() -> HttpResponse {
    script(include_str!("../../pages/verify/checkpoint.js"))
}

/// `GET /assets/directory.js`, a part of the verifier.
pub async fn verifier_directory() -> HttpResponse {
    script(include_str!("../../pages/verify/directory.js"))
}

/// `GET /policy`: the keys and contracts that this server trusts, to compare with one's own.
pub async fn policy(state: Data<AppState>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body(state.config.policy_text.clone())
}

/// `GET /openapi.json`.
pub async fn openapi() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(include_str!("../../pages/openapi.json"))
}

#[cfg(test)]
mod tests {
    use crate::testing::{get, state_without_database};

    #[actix_web::test]
    async fn each_page_has_its_type_and_needs_no_database() {
        let state = state_without_database().await;
        for (path, media_type, part) in [
            ("/", "text/html; charset=utf-8", "<h1>Chopmark</h1>"),
            ("/verify", "text/html; charset=utf-8", "<!doctype html>"),
            ("/assets/verify.js", "text/javascript; charset=utf-8", "from \"./evm.js\""),
            ("/assets/form.js", "text/javascript; charset=utf-8", "export"),
            ("/assets/evm.js", "text/javascript; charset=utf-8", "from \"./form.js\""),
            ("/assets/checkpoint.js", "text/javascript; charset=utf-8", "from \"./form.js\""),
            ("/assets/directory.js", "text/javascript; charset=utf-8", "from \"./checkpoint.js\""),
            ("/policy", "text/plain; charset=utf-8", ""),
            ("/openapi.json", "application/json", "\"openapi\": \"3.1.0\""),
        ] {
            let answer = get(&state, path, &[]).await;
            assert_eq!(answer.status, 200, "{path}");
            assert_eq!(answer.header("content-type"), media_type, "{path}");
            assert!(answer.body.contains(part), "{path}: {}", answer.body);
        }
    }

    #[actix_web::test]
    async fn the_policy_is_shown_as_it_was_configured() {
        let text = "# our roots\nchain 31337 0x5fbdb2315678afecb367f032d93f642f64180aa3\n";
        let mut config = crate::testing::config(text.to_owned());
        config.hub = None;
        let db = state_without_database().await.db.clone();
        let answer = get(&crate::testing::state(db, config), "/policy", &[]).await;
        assert_eq!(answer.body, text);
    }
}
