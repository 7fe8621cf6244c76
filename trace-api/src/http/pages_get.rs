//! Pages that do not depend on an item: start, verifier, policy, description of the interface.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::http::guard::language;
use crate::page;
use crate::problem::Problem;
use crate::state::AppState;

fn html(page: Result<String, askama::Error>) -> Result<HttpResponse, Problem> {
    let text = page.map_err(|error| Problem::Internal(error.to_string()))?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(text))
}

/// `GET /`.
///
/// # Errors
///
/// If the page cannot be rendered.
pub fn start(request: &HttpRequest) -> Result<HttpResponse, Problem> {
    html(page::start(language(request)))
}

/// `GET /verify`.
///
/// # Errors
///
/// If the page cannot be rendered.
pub async fn verify(request: HttpRequest) -> Result<HttpResponse, Problem> {
    html(page::verify(language(&request)))
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

/// `GET /assets/names.js`, a part of the verifier.
pub async fn verifier_names() -> HttpResponse {
    script(include_str!("../../pages/verify/names.js"))
}

/// `GET /policy`: the keys and contracts that this server trusts, to compare with one's own.
pub async fn policy(state: Data<AppState>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body(state.config().policy_text.clone())
}

/// The description of this interface.
pub const OPENAPI: &str = include_str!("../../pages/openapi.json");

/// What is shown instead of [`OPENAPI`] where ingest is answered at the same address: both.
pub struct Described(pub Arc<str>);

/// `GET /openapi.json`.
pub async fn openapi(shown: Option<Data<Described>>) -> HttpResponse {
    let answer = || {
        let mut answer = HttpResponse::Ok();
        answer.content_type("application/json");
        answer
    };
    match shown {
        Some(shown) => answer().body(shown.0.to_string()),
        None => answer().body(OPENAPI),
    }
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
            ("/assets/names.js", "text/javascript; charset=utf-8", "export const keyOf"),
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
    async fn start_and_verifier_are_in_the_readers_language_with_a_visible_switch() {
        let state = state_without_database().await;
        for (path, language, own, other) in [
            ("/", "zh-CN,en;q=0.8", "用手机相机扫描", "?lang=en"),
            ("/", "en-GB", "with your phone&#39;s camera", "?lang=zh"),
            ("/?lang=zh", "en-GB", "用手机相机扫描", "?lang=en"),
            ("/verify", "zh-CN", "文件只在本机读取", "?lang=en"),
            ("/verify?lang=en", "zh-CN", "Files are read on this device only", "?lang=zh"),
            ("/verify", "zh-CN", "成立：记录在已签名的账本中", "?lang=en"),
            ("/verify", "en", "Holds: the records are in the signed ledgers", "?lang=zh"),
        ] {
            let answer = get(&state, path, &[("Accept-Language", language)]).await;
            assert!(answer.body.contains(own), "{path} {language}: {}", answer.body);
            assert!(answer.body.contains(other), "{path} {language}: {}", answer.body);
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
