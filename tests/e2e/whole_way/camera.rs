//! The camera of the start page in a real browser, whose camera is a film that the test makes: a QR code of ours, and a GS1 `DataMatrix` of an
//! encoder that others wrote.
//!
//! The way through: trace-api is started with the npm package that setup installed, or with a changed copy of it; the browser opens the start page,
//! presses the buttons, and lands on the page of the item.
//!
//! What holds: the browser of the tests has no reader of its own (Chromium on Linux), so what reads is the package; nothing of it is asked
//! for before a press, and no other address ever.
//!
//! Not here: how well small or worn codes are read.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use fantoccini::Locator;
use labels::Code;
use tests::folder::temporary;
use tests::stage::{Stage, fetch};
use tests::waiting::PATIENCE;

use crate::browser::Browser;
use crate::interfaces::{Open, ROOT, open_with};
use crate::pages::{faults, widths};

/// What the codes name.
const ITEM: &str = "/01/09521141123454/21/602";
/// Points of the film.
const FILM: (usize, usize) = (640, 480);
/// Points of a module in it.
const MODULE: usize = 6;
/// A browser with a camera that nobody is asked for.
const CAMERA: [&str; 2] = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

/// Where setup put the package.
fn package() -> PathBuf {
    let folder = Path::new(ROOT).join("trace-api/scanner/node_modules/zxing-wasm");
    folder.canonicalize().expect("zxing-wasm is needed; `make setup` gets it")
}

/// An installation whose start page has this reader.
fn serve(scanner: Option<&Path>) -> Open {
    let line = scanner.map(|folder| format!("scanner = \"{}\"\n", folder.display()));
    open_with(Stage::new(None), "", &line.unwrap_or_default())
}

/// The modules of a QR code with a link to the item, by our own encoder.
fn qr(host: &str) -> Vec<Vec<bool>> {
    let code = Code::of(&format!("http://{host}{ITEM}")).expect("it is short");
    let side = usize::try_from(code.size()).expect("a size");
    let mut modules = vec![vec![false; side]; side];
    for (column, row, length) in code.runs() {
        let [column, row, length] =
            [column, row, length].map(|number| usize::try_from(number).expect("a place"));
        modules[row][column..column + length].fill(true);
    }
    modules
}

/// The modules of a GS1 `DataMatrix` with GTIN, lot and serial number; its picture goes to `picture`.
fn data_matrix(picture: &Path) -> Vec<Vec<bool>> {
    let output = Command::new("node")
        .arg("symbol.mjs")
        .arg("(01)09521141123454(10)L1(21)602")
        .arg(picture)
        .current_dir(format!("{ROOT}/tests/interfaces"))
        .output()
        .expect("node is needed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = String::from_utf8(output.stdout).expect("digits");
    rows.lines().map(|row| row.chars().map(|module| module == '1').collect()).collect()
}

/// A film of a symbol, as YUV4MPEG2: what Chromium shows as its camera.
fn film(modules: &[Vec<bool>]) -> Vec<u8> {
    let (width, height) = FILM;
    let mut light = vec![235_u8; width * height];
    let (left, top) =
        ((width - modules[0].len() * MODULE) / 2, (height - modules.len() * MODULE) / 2);
    for (row, modules) in modules.iter().enumerate() {
        for (column, _) in modules.iter().enumerate().filter(|(_, is_dark)| **is_dark) {
            for y in top + row * MODULE..top + (row + 1) * MODULE {
                let from = y * width + left + column * MODULE;
                light[from..from + MODULE].fill(16);
            }
        }
    }
    let mut film = format!("YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420mpeg2\n").into_bytes();
    for _ in 0..5 {
        film.extend(b"FRAME\n");
        film.extend(&light);
        film.extend(vec![128_u8; width * height / 2]);
    }
    film
}

/// A picture without a code, as BMP: white, 64 points a side.
fn blank() -> Vec<u8> {
    let points = 64_u32 * 64 * 3;
    let mut file = b"BM".to_vec();
    for number in [54 + points, 0, 54, 40, 64, 64, 0x0018_0001, 0, points, 2835, 2835, 0, 0] {
        file.extend(number.to_le_bytes());
    }
    file.extend(vec![255; usize::try_from(points).expect("a size")]);
    file
}

/// Opens the start page.
async fn start_page(browser: &Browser, server: &str, language: &str) {
    browser.client.goto(&format!("{server}/?lang={language}")).await.expect("the page opens");
}

/// Whether something is seen, within a while if it is to be.
async fn is_seen(browser: &Browser, css: &str) -> bool {
    let found = browser.client.find(Locator::Css(css)).await.expect("it is there");
    found.is_displayed().await.expect("an answer")
}

/// Waits for a button that a script shows, and presses it.
async fn press(browser: &Browser, css: &str) {
    let deadline = Instant::now() + PATIENCE;
    while !is_seen(browser, css).await {
        assert!(Instant::now() < deadline, "{css} stays hidden");
    }
    let button = browser.client.find(Locator::Css(css)).await.expect("a button");
    button.click().await.expect("a click");
}

/// Waits until the page says something.
async fn said(browser: &Browser, words: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = browser.client.find(Locator::Id("scan-said")).await.expect("a place");
        let text = found.text().await.expect("a text");
        if text.contains(words) {
            return;
        }
        assert!(Instant::now() < deadline, "got `{text}`, expected `{words}`");
    }
}

/// Gives the page a picture, as a person chooses a file.
async fn choose(browser: &Browser, file: &Path) {
    let input = browser.client.find(Locator::Id("file")).await.expect("a field");
    input.send_keys(&file.display().to_string()).await.expect("a file");
}

/// Paths below `/assets/scanner/` that the open page has asked for.
async fn loaded(browser: &Browser) -> Vec<String> {
    let script = "return performance.getEntriesByType('resource').map((entry) => entry.name)";
    let all = browser.client.execute(script, Vec::new()).await.expect("the script runs");
    let all = all.as_array().expect("a list").iter().map(ToString::to_string);
    all.filter(|name| name.contains("/assets/scanner/")).collect()
}

/// Fails if the browser complains, or was anywhere else than at the server.
async fn assert_quiet(browser: &Browser, server: &str) {
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    assert_eq!(
        browser.strange_requests(&[server, &format!("blob:{server}")]).await,
        Vec::<String>::new()
    );
}

/// A browser that sees this film.
async fn browser_that_sees(folder: &Path, modules: &[Vec<bool>]) -> Browser {
    let path = folder.join("film.y4m");
    fs::write(&path, film(modules)).expect("the folder is ours");
    let film = format!("--use-file-for-fake-video-capture={}", path.display());
    Browser::start_with(&[&CAMERA[..], &[&film]].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_camera_reads_a_qr_code_and_a_gs1_datamatrix_and_leads_to_the_item() {
    let open = serve(Some(&package()));
    let server = format!("http://{}", open.public);
    let folder = temporary();
    let symbols = [qr(&open.public.to_string()), data_matrix(&folder.path().join("symbol.png"))];
    for modules in symbols {
        let browser = browser_that_sees(folder.path(), &modules).await;
        start_page(&browser, &server, "en").await;
        let has_own = browser.client.execute("return 'BarcodeDetector' in self", vec![]).await;
        assert_eq!(has_own.expect("an answer"), false, "the browser has a reader of its own");
        press(&browser, "#scan").await;
        let page = browser.wait_for_page(&format!("{server}{ITEM}")).await;
        assert!(page.ends_with("?lang=en"), "{page}");
        assert_quiet(&browser, &server).await;
        browser.client.clone().close().await.expect("the browser closes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_is_chosen_is_read_in_the_page_and_what_cannot_be_read_is_said() {
    let open = serve(Some(&package()));
    let server = format!("http://{}", open.public);
    let folder = temporary();
    let place = |name: &str| folder.path().join(name);
    data_matrix(&place("symbol.png"));
    fs::write(place("blank.bmp"), blank()).expect("the folder is ours");
    fs::write(place("text.png"), "no picture").expect("the folder is ours");
    // Where there is no camera at all.
    let browser = Browser::start().await;
    for (language, none, unreadable) in [
        ("en", "No QR or DataMatrix code was found", "no picture that this browser can open"),
        ("zh", "没有读到二维码或 DataMatrix 码", "不是本浏览器能打开的图片"),
    ] {
        start_page(&browser, &server, language).await;
        let deadline = Instant::now() + PATIENCE;
        while !is_seen(&browser, "#picture").await {
            assert!(Instant::now() < deadline, "the button stays hidden");
        }
        assert_eq!(loaded(&browser).await, Vec::<String>::new(), "before anything was pressed");
        choose(&browser, &place("blank.bmp")).await;
        said(&browser, none).await;
        assert_eq!(loaded(&browser).await.len(), 2);
        choose(&browser, &place("text.png")).await;
        said(&browser, unreadable).await;
        choose(&browser, &place("symbol.png")).await;
        browser.wait_for_page(&format!("{server}{ITEM}?lang={language}")).await;
        assert_quiet(&browser, &server).await;
    }
    browser.client.clone().close().await.expect("the browser closes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_refuses_the_camera_is_told_what_else_they_can_do() {
    let open = serve(Some(&package()));
    let server = format!("http://{}", open.public);
    let browser = Browser::start_with(&CAMERA[..1]).await;
    for (language, words) in
        [("en", "may not be used. Choose a picture"), ("zh", "未获允许。请选一张")]
    {
        start_page(&browser, &server, language).await;
        browser.set_permission("camera", "denied").await;
        press(&browser, "#scan").await;
        said(&browser, words).await;
        assert_eq!(loaded(&browser).await, Vec::<String>::new());
        assert!(!is_seen(&browser, "#camera").await && is_seen(&browser, "#picture").await);
    }
    browser.client.clone().close().await.expect("the browser closes");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_with_its_camera_on_is_usable_and_a_second_press_ends_it() {
    let open = serve(Some(&package()));
    let server = format!("http://{}", open.public);
    let browser = Browser::start_with(&CAMERA).await;
    let mut all = Vec::new();
    let looks = [("zh", "light"), ("en", "dark"), ("en", "light"), ("zh", "dark")];
    for (look, (language, scheme)) in looks.into_iter().enumerate() {
        browser.set_colours(scheme).await;
        start_page(&browser, &server, language).await;
        press(&browser, "#scan").await;
        said(&browser, if language == "zh" { "对准相机" } else { "before the camera" }).await;
        let name = format!("the camera in {language}, {scheme}");
        all.extend(faults(&browser, &name, false, widths(look)).await);
        press(&browser, "#scan").await;
        assert!(!is_seen(&browser, "#camera").await);
        let off = "return document.querySelector('#scan').getAttribute('aria-pressed')";
        let state = browser.client.execute(off, vec![]).await.expect("the script runs");
        assert_eq!(state, "false");
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
    browser.client.clone().close().await.expect("the browser closes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_reads_both_codes_itself_is_sent_no_scanner() {
    let open = serve(Some(&package()));
    let server = format!("http://{}", open.public);
    let browser = Browser::start_with(&CAMERA).await;
    let both = "globalThis.BarcodeDetector = class {
      static async getSupportedFormats() { return ['qr_code', 'data_matrix']; }
      async detect(picture) { globalThis.looked = picture.tagName; return [{ rawValue: '(01)09521141123454(21)602' }]; }
    };";
    browser.run_before_pages(both).await;
    start_page(&browser, &server, "en").await;
    press(&browser, "#scan").await;
    browser.wait_for_page(&format!("{server}{ITEM}")).await;
    let asked = browser.requests().await;
    assert!(asked.iter().any(|url| url.contains("/codes.js")), "{asked:?}");
    assert!(!asked.iter().any(|url| url.contains("/assets/scanner/")), "{asked:?}");
    browser.client.clone().close().await.expect("the browser closes");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_files_or_with_changed_ones_the_page_works_as_before_and_the_log_says_so() {
    let folder = temporary();
    let changed = folder.path().join("changed");
    for path in ["dist/iife/reader/index.js", "dist/reader/zxing_reader.wasm"] {
        let to = changed.join(path);
        fs::create_dir_all(to.parent().expect("a folder")).expect("the folder is ours");
        let mut body = fs::read(package().join(path)).expect("a file of the package");
        // One bit of the module.
        if path.ends_with("wasm") {
            *body.last_mut().expect("it is not empty") ^= 1;
        }
        fs::write(to, body).expect("the folder is ours");
    }
    let browser = Browser::start_with(&CAMERA).await;
    for (scanner, words) in [
        (None, ""),
        (Some(changed.as_path()), "the scanner of the start page is not served: "),
        (Some(folder.path()), "No such file or directory"),
    ] {
        let open = serve(scanner);
        let server = format!("http://{}", open.public);
        assert!(open.process.log().contains(words), "{}", open.process.log());
        let (status, page) = fetch(&format!("{server}/?lang=en"), &[("Accept", "text/html")]);
        assert!(status == 200 && !page.contains("/assets/scanner/"), "{page}");
        start_page(&browser, &server, "en").await;
        for css in ["#scan", "#picture"] {
            assert!(!is_seen(&browser, css).await, "{css} is seen, and nothing reads codes");
        }
        let field = browser.client.find(Locator::Id("code")).await.expect("a field");
        field.send_keys("09521141123454 / 602\u{e007}").await.expect("a code");
        browser.wait_for_page(&format!("{server}{ITEM}")).await;
        assert_quiet(&browser, &server).await;
    }
    browser.client.clone().close().await.expect("the browser closes");
}
