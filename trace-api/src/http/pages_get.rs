//! Pages that do not depend on an item: start, verifier, policy, description of the interface; scripts and pictures of all pages.

use std::sync::Arc;

use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, HeaderValue,
};
use actix_web::web::{self, Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::http::guard::{PERMISSIONS_POLICY, language, scanner_policy};
use crate::language::Language;
use crate::page::start::Entry;
use crate::problem::Problem;
use crate::state::AppState;
use crate::{assets, compressed, page, pictures, scanner};

/// What has a name that changes with it may be kept for a year, and need not be asked for again.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// What browsers let the start page do.
const CAMERA: &str = "camera=(self), geolocation=(), microphone=(), payment=(), usb=()";

fn html(page: Result<String, askama::Error>) -> Result<HttpResponse, Problem> {
    let text = page.map_err(|error| Problem::Internal(error.to_string()))?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(text))
}

/// `GET /`.
///
/// # Errors
///
/// If the page cannot be rendered.
pub fn start(state: &AppState, request: &HttpRequest) -> Result<HttpResponse, Problem> {
    start_page(state, Entry::default(), language(request))
}

/// The start page with what was entered; it alone may ask for the camera, and run the WebAssembly of the scanner, where one is installed.
///
/// # Errors
///
/// If the page cannot be rendered.
pub fn start_page(
    state: &AppState,
    entry: Entry,
    language: Language,
) -> Result<HttpResponse, Problem> {
    let config = state.config();
    let scanner = config.scanner.scanner.as_ref().map(|scanner| scanner.links());
    let is_installed = scanner.is_some();
    let mut answer = html(page::start::start(entry, scanner, language))?;
    let headers = answer.headers_mut();
    headers.insert(PERMISSIONS_POLICY, HeaderValue::from_static(CAMERA));
    if is_installed {
        headers.insert(CONTENT_SECURITY_POLICY, scanner_policy());
    }
    Ok(answer)
}

/// `GET /verify`.
///
/// # Errors
///
/// If the page cannot be rendered.
pub async fn verify(request: HttpRequest) -> Result<HttpResponse, Problem> {
    html(page::verify(language(&request)))
}

/// `GET /assets/{version}/{name}`: a script, the icon, a picture of a product, or a file of the scanner.
///
/// # Errors
///
/// If nothing has this name.
pub async fn asset(
    state: Data<AppState>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (version, name) = path.into_inner();
    let kept = |media_type: &'static str| {
        let mut answer = HttpResponse::Ok();
        answer.content_type(media_type).insert_header((CACHE_CONTROL, FOR_EVER));
        answer
    };
    if version == pictures::FOLDER {
        let config = state.config();
        let picture = config.names.picture(&name);
        return picture
            .map(|picture| kept(picture.media_type).body(picture.body.to_vec()))
            .ok_or_else(|| Problem::NotFound("no such picture".into()));
    }
    let accepted = request.headers().get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let takes_brotli = accepted.is_some_and(compressed::is_accepted);
    if version == scanner::FOLDER {
        let scanner = state.config().scanner.scanner.clone();
        let part = move || {
            let part = scanner.as_ref()?.part(&name)?;
            let body = if takes_brotli { part.brotli() } else { &part.body };
            Some((part.media_type, body.to_vec()))
        };
        // The first of all compresses.
        let found = web::block(part).await.map_err(|error| Problem::Internal(error.to_string()))?;
        let (media_type, body) = found.ok_or_else(|| Problem::NotFound("no such file".into()))?;
        let mut answer = kept(media_type);
        if takes_brotli {
            answer.insert_header((CONTENT_ENCODING, "br"));
        }
        return Ok(answer.body(body));
    }
    let asset = assets::find(&version, &name)
        .ok_or_else(|| Problem::NotFound("no such asset of this version".into()))?;
    let mut answer = kept(asset.media_type);
    if takes_brotli {
        return Ok(answer.insert_header((CONTENT_ENCODING, "br")).body(&asset.brotli[..]));
    }
    Ok(answer.body(asset.body))
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
    use super::AppState;
    use crate::testing::{get, state_without_database};

    #[actix_web::test]
    async fn each_page_has_its_type_and_needs_no_database() {
        let state = state_without_database().await;
        for (path, media_type, part) in [
            ("/", "text/html; charset=utf-8", "Every hand leaves its mark</h1>"),
            ("/verify", "text/html; charset=utf-8", "<!doctype html>"),
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
    async fn the_start_page_alone_may_ask_for_the_camera() {
        let state = state_without_database().await;
        for (path, camera) in [
            ("/", "camera=(self),"),
            ("/find?code=602", "camera=(self),"),
            ("/verify", "camera=(),"),
            ("/policy", "camera=(),"),
        ] {
            let answer = get(&state, path, &[]).await;
            let policy = answer.header("permissions-policy");
            assert!(
                policy.contains(camera) && policy.contains("geolocation=()"),
                "{path} {policy}"
            );
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("form-action 'self'"), "{path}: {policy}");
        }
    }

    #[actix_web::test]
    async fn start_and_verifier_are_in_the_readers_language_with_a_visible_switch() {
        let state = state_without_database().await;
        for (path, language, own, other) in [
            ("/", "zh-CN,en;q=0.8", "用手机相机扫描", "?lang=en"),
            ("/", "en-GB", "Scan the code on the pack", "?lang=zh"),
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
    async fn an_asset_is_kept_for_ever_under_its_name_and_is_smaller_for_who_takes_brotli() {
        let state = state_without_database().await;
        for (name, media_type, part) in [
            ("verify.js", "text/javascript; charset=utf-8", "from \"./evm.js\""),
            ("names.js", "text/javascript; charset=utf-8", "export const keyOf"),
            ("local.js", "text/javascript; charset=utf-8", "data-local"),
            ("icon.svg", "image/svg+xml", "<svg"),
        ] {
            let path = crate::assets::path(name);
            let plain = get(&state, &path, &[]).await;
            assert_eq!((plain.status.as_u16(), plain.header("content-type")), (200, media_type));
            assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
            assert_eq!(plain.header("content-encoding"), "");
            assert!(plain.body.contains(part), "{path}");
            let small = get(&state, &path, &[("Accept-Encoding", "gzip, br")]).await;
            assert_eq!(small.header("content-encoding"), "br");
            assert_eq!(small.header("cache-control"), plain.header("cache-control"));
        }
        for path in ["/assets/0000000000000000/verify.js", "/assets/picture/0.svg", "/assets/x/y"] {
            let answer = get(&state, path, &[]).await;
            assert_eq!(answer.status, 404, "{path}");
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        }
    }

    #[actix_web::test]
    async fn the_picture_of_a_product_is_served_under_a_name_that_changes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tea.svg");
        std::fs::write(&path, "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>x</script></svg>")
            .unwrap();
        let picture = crate::pictures::Picture::read(&path).unwrap();
        let mut config = crate::testing::config(String::new());
        config.names = std::sync::Arc::new(crate::testing::names_with(Some(picture.clone())));
        let db = state_without_database().await.db.clone();
        let state = crate::testing::state(db, config);
        let answer = get(&state, &picture.path(), &[]).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "image/svg+xml"));
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        // Opened by itself it is a document, in which no script of its own may run.
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'; script-src 'self';"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
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

    /// A state whose configuration names this folder as the scanner's.
    async fn state_with_scanner(folder: &std::path::Path) -> actix_web::web::Data<AppState> {
        let mut config = crate::testing::config(String::new());
        config.scanner = crate::scanner::Found::in_folder(folder);
        let db = state_without_database().await.db.clone();
        crate::testing::state(db, config)
    }

    /// The package `zxing-wasm`, where setup installed it.
    const SCANNER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scanner/node_modules/zxing-wasm");

    #[actix_web::test]
    async fn the_start_page_alone_may_run_webassembly_and_only_where_the_scanner_is_installed() {
        let installed = state_with_scanner(std::path::Path::new(SCANNER)).await;
        let empty = tempfile::tempdir().unwrap();
        let without = state_with_scanner(empty.path()).await;
        let unsafe_word = "script-src 'self' 'wasm-unsafe-eval';";
        for (state, path, expected) in [
            (&installed, "/", true),
            (&installed, "/find?code=602", true),
            (&installed, "/verify", false),
            (&installed, "/policy", false),
            (&installed, "/nothing", false),
            (&installed, "/01/09521141123454/21/1", false),
            (&without, "/", false),
            (&without, "/find?code=602", false),
        ] {
            let answer = get(state, path, &[("Accept", "text/html")]).await;
            let policy = answer.header("content-security-policy");
            assert_eq!(policy.contains(unsafe_word), expected, "{path}: {policy}");
            let rest = policy.replace("'wasm-unsafe-eval'", "");
            assert!(!rest.contains("unsafe"), "{path}: {policy}");
            assert_eq!(answer.body.contains("data-script=\"/assets/scanner/"), expected, "{path}");
        }
    }

    #[actix_web::test]
    async fn the_files_of_the_scanner_are_kept_for_ever_and_compressed() {
        let state = state_with_scanner(std::path::Path::new(SCANNER)).await;
        let links = state.config().scanner.scanner.as_ref().unwrap().links();
        for (path, media_type, most) in [
            (links.script, "text/javascript; charset=utf-8", 15_000),
            (links.module, "application/wasm", 400_000),
        ] {
            let plain = get(&state, &path, &[]).await;
            assert_eq!((plain.status.as_u16(), plain.header("content-type")), (200, media_type));
            assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
            assert_eq!(plain.header("content-encoding"), "");
            let small = get(&state, &path, &[("Accept-Encoding", "gzip, br")]).await;
            assert_eq!(small.header("content-encoding"), "br");
            assert!(small.bytes < most && small.bytes < plain.bytes / 2, "{path}: {}", small.bytes);
        }
        for path in ["/assets/scanner/0000000000000000.wasm", "/assets/scanner/SHA256SUMS"] {
            assert_eq!(get(&state, path, &[]).await.status, 404, "{path}");
        }
    }

    #[actix_web::test]
    async fn a_scanner_that_differs_from_what_is_pinned_is_not_served() {
        let intact = state_with_scanner(std::path::Path::new(SCANNER)).await;
        let links = intact.config().scanner.scanner.as_ref().unwrap().links();
        let folder = tempfile::tempdir().unwrap();
        for (path, more) in
            [("dist/iife/reader/index.js", ""), ("dist/reader/zxing_reader.wasm", "x")]
        {
            let mut body = std::fs::read(std::path::Path::new(SCANNER).join(path)).unwrap();
            body.extend(more.bytes());
            let to = folder.path().join(path);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::write(to, body).unwrap();
        }
        let tampered = state_with_scanner(folder.path()).await;
        for path in [&links.script, &links.module] {
            assert_eq!(get(&tampered, path, &[]).await.status, 404, "{path}");
        }
        let page = get(&tampered, "/", &[]).await;
        assert!(!page.body.contains("data-script") && page.body.contains("id=\"scan\""));
    }
}
