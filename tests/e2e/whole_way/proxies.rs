//! nginx and Caddy in front of ingest and trace-api, with the configurations of docs/behind-a-proxy.md.
//!
//! The way through: [`Proxy::start`] takes the blocks of the page, changes addresses, names and paths of files in them and
//! nothing else, and starts the program; [`pass`] sends through it what people, partners and bridges send.
//!
//! What holds: where a program is missing its test is skipped, and that is announced.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use demo::simulators::impinj_r700::R700;
use tests::stage::{Process, Stage, TOKEN, get, tag};
use tests::waiting::{free_address, wait_for};

use crate::encrypted::{certify, curl, edit};
use crate::interfaces::{assert_is_socket, new_key};
use crate::long_documents::document;

/// The page.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/behind-a-proxy.md");
/// Tags of one pass: their delivery has some hundred kilobytes.
const TAGS: u64 = 1_000;
/// Events of the long document: it is recorded in parts.
const EVENTS: u64 = 1_500;

/// Which proxy.
#[derive(Clone, Copy)]
enum Kind {
    Nginx,
    Caddy,
}

/// A proxy that is killed when it is dropped.
struct Proxy {
    child: Child,
    /// Its address without a path.
    url: String,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Ends the workers as well, which a kill would leave behind.
        let id = i32::try_from(self.child.id()).map(nix::unistd::Pid::from_raw);
        id.map(|id| nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).ok()).ok();
        self.child.wait().ok();
    }
}

/// An installation behind proxies.
struct Scene {
    stage: Stage,
    pages: SocketAddr,
    operator: SocketAddr,
    broker: SocketAddr,
    /// Of a partner who queries.
    key: String,
    /// Ingest and trace-api.
    _process: Process,
}

impl Scene {
    fn new() -> Self {
        let broker = demo::simulators::broker::start().expect("a broker starts");
        let stage = Stage::new(Some(broker));
        let folder = stage.folder.path().to_owned();
        certify(&folder);
        let (pages, operator) = (free_address(), free_address());
        let more = format!(
            "[trace_api]\nlisten = \"{pages}\"\ninternal_listen = \"{operator}\"\npublic_url = \"https://localhost\"\n\
             policy = \"policy.txt\"\nscan_secret = \"scan.secret\"\ntrusted_proxies = [\"127.0.0.1\", \"::1\"]\n\
             serve_queries = true\n\
             [ingest]\nbodies_per_address = 1000\n"
        );
        edit(&folder.join("chopmark.toml"), "[ingest]\n", &more);
        keystore::private::create(&folder.join("scan.secret"), "sixteen bytes or more")
            .expect("the folder is ours");
        let process = stage.start("chopmark.toml", "", None);
        for address in [stage.ingest, operator] {
            wait_for("it is ready", || get(&format!("http://{address}/readyz")).0 == 200);
        }
        let party = ["--role", "custodian", "--party", "urn:epc:id:pgln:9521141.00000"];
        let key = new_key(&stage, &party);
        Self { stage, pages, operator, broker, key, _process: process }
    }

    fn folder(&self) -> &Path {
        self.stage.folder.path()
    }

    /// A text of the page with the addresses of this scene.
    fn own(&self, text: &str) -> String {
        text.replace("127.0.0.1:8081", &self.stage.ingest.to_string())
            .replace("127.0.0.1:8084", &self.pages.to_string())
            .replace("id.example.com", "localhost")
    }
}

/// The blocks of the page in a language, in their order.
fn blocks(language: &str) -> Vec<String> {
    let page = fs::read_to_string(PAGE).expect("the page is in the repository");
    let fence = format!("```{language}\n");
    let parts = page.split(&fence).skip(1);
    parts.filter_map(|rest| Some(rest.split_once("```")?.0.to_owned())).collect()
}

/// Replaces a text that must be there.
fn put(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "`{from}` is not in\n{text}");
    text.replace(from, to)
}

/// The program; none if it is not installed, which is announced.
fn program(name: &str) -> Option<PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/bin"];
    let found =
        folders.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists());
    if found.is_none() {
        let adds = format!("traffic goes through {name} as docs/behind-a-proxy.md configures it");
        foreign::skipped(&format!("{name} is missing"), &adds);
    }
    found
}

/// The files of nginx; gives the words that start it.
fn nginx(scene: &Scene, address: SocketAddr, is_encrypted: bool) -> Vec<String> {
    let folder = scene.folder().display().to_string();
    let all = blocks("nginx");
    let [server, ingest, queries] = [0, 1, 2].map(|number| scene.own(&all[number]));
    let redirect = free_address();
    let mut server =
        put(&server, "/etc/nginx/chopmark-ingest.conf", &format!("{folder}/ingest.conf"));
    server = put(&server, "/etc/nginx/chopmark-queries.conf", &format!("{folder}/queries.conf"));
    server = put(&server, "listen 80;", &format!("listen {redirect};"));
    server = put(&server, "/etc/nginx/tls/localhost.pem", &format!("{folder}/host.pem"));
    server = put(&server, "/etc/nginx/tls/localhost.key", &format!("{folder}/host.key"));
    let listen = if is_encrypted {
        format!("listen {address} ssl http2;")
    } else {
        format!("listen {address};")
    };
    server = put(&server, "listen 443 ssl http2;", &listen);
    if !is_encrypted {
        server = server
            .lines()
            .filter(|line| !line.trim_start().starts_with("ssl_"))
            .fold(String::new(), |text, line| text + line + "\n");
    }
    fs::write(scene.folder().join("ingest.conf"), ingest).expect("the folder is ours");
    fs::write(scene.folder().join("queries.conf"), queries).expect("the folder is ours");
    // What Debian's nginx.conf has around it, in folders of our own.
    let mut main = format!("daemon off;\npid {folder}/nginx.pid;\nevents {{}}\n");
    if nix::unistd::geteuid().is_root() {
        main = format!("user root;\n{main}");
    }
    main += "http {\naccess_log off;\n";
    for name in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        writeln!(main, "{name}_temp_path {folder}/nginx-{name};").expect("a text");
    }
    main += &server;
    main += "}\n";
    fs::write(scene.folder().join("nginx.conf"), main).expect("the folder is ours");
    ["-e", "stderr", "-p", &folder, "-c", &format!("{folder}/nginx.conf")].map(str::to_owned).into()
}

/// The file of Caddy; gives the words that start it.
fn caddy(scene: &Scene, address: SocketAddr, is_encrypted: bool) -> Vec<String> {
    let folder = scene.folder().display().to_string();
    let text = scene.own(&blocks("caddy")[0]);
    // Neither an interface for its administrator, nor a port for redirects, nor an authority on the internet.
    let text = put(
        &text,
        "    servers {",
        "    admin off\n    auto_https disable_redirects\n    servers {",
    );
    let site = if is_encrypted {
        format!(
            "https://localhost:{} {{\n    tls {folder}/host.pem {folder}/host.key\n",
            address.port()
        )
    } else {
        format!("http://localhost:{} {{\n", address.port())
    };
    let text = put(&text, "\nlocalhost {\n", &format!("\n{site}"));
    let path = format!("{folder}/Caddyfile");
    fs::write(&path, text).expect("the folder is ours");
    ["run", "--adapter", "caddyfile", "--config", &path].map(str::to_owned).into()
}

impl Proxy {
    fn start(scene: &Scene, kind: Kind, program: &Path, is_encrypted: bool) -> Self {
        let address = free_address();
        let words = match kind {
            Kind::Nginx => nginx(scene, address, is_encrypted),
            Kind::Caddy => caddy(scene, address, is_encrypted),
        };
        let log = scene.folder().join("proxy.log");
        let out = fs::File::create(&log).expect("the folder is ours");
        let child = Command::new(program)
            .args(words)
            .env("HOME", scene.folder())
            .env("XDG_DATA_HOME", scene.folder())
            .env("XDG_CONFIG_HOME", scene.folder())
            .stdin(Stdio::null())
            .stdout(out.try_clone().expect("a file can be cloned"))
            .stderr(out)
            .spawn()
            .expect("it starts");
        let scheme = if is_encrypted { "https" } else { "http" };
        let url = format!("{scheme}://localhost:{}", address.port());
        let mut proxy = Self { child, url };
        let ca = scene.folder().join("ca.pem");
        wait_for("the proxy answers", || {
            let ended = proxy.child.try_wait().expect("the child can be asked");
            assert!(ended.is_none(), "{}", fs::read_to_string(&log).unwrap_or_default());
            curl(&ca, &format!("{}/healthz", proxy.url), &[]).1.contains("alive")
        });
        proxy
    }
}

/// Status and answer of a request through the proxy.
fn ask(scene: &Scene, proxy: &Proxy, path: &str, more: &[&str]) -> (u16, String) {
    let (ended, text) = curl(&scene.folder().join("ca.pem"), &format!("{}{path}", proxy.url), more);
    assert_eq!(ended, Some(0), "{path}: {text}");
    // What a proxy said while a body was sent (`100 Continue`) comes first.
    let mut heads = text.lines().filter(|line| line.starts_with("HTTP/"));
    let status = heads.next_back().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    (status.unwrap_or_default(), text)
}

/// What is sent and asked by everybody.
///
/// - `number`: of this pass; its items are its own.
fn pass(scene: &Scene, proxy: &Proxy, number: u64) {
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let body = scene.folder().join("document.json");
    let data = format!("@{}", body.display());
    for (count, number) in [(1, number), (EVENTS, 100 + number)] {
        fs::write(&body, document(number, count)).expect("the folder is ours");
        let words = ["-H", &bearer, "-H", "Content-Type: application/json", "--data-binary", &data];
        let (status, text) = ask(scene, proxy, "/capture", &words);
        assert_eq!(status, 202, "{text}");
        let record = (number * 1_000_000).to_string();
        assert!(text.contains("indexes"), "{record}: {text}");
    }
    let one = r#"{"@context":"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld","type":"ObjectEvent","action":"OBSERVE",
        "eventTime":"2026-11-20T00:00:00Z","eventTimeZoneOffset":"+00:00","epcList":["urn:epc:id:sgtin:9521141.012345.7"]}"#;
    let words = ["-H", &bearer, "-H", "Content-Type: application/json", "--data-binary", one];
    assert_eq!(ask(scene, proxy, "/events", &words).0, 201, "one event is created");
    assert_eq!(
        ask(scene, proxy, "/events", &[]).0,
        401,
        "queries are trace-api's, which knows no such key"
    );
    query(scene, proxy, number);
    let scan = format!("/01/09521141123454/21/{}", number * 1_000_000);
    let (status, text) = ask(scene, proxy, &scan, &["-H", "Accept: application/json"]);
    assert!(status == 200 && text.contains("\"verdict\""), "{text}");
    let (status, text) = ask(scene, proxy, &scan, &["-H", "Accept: text/html"]);
    assert!(status == 200 && text.contains("<html"), "{text}");
    // What the page keeps from strangers.
    let (status, text) = ask(scene, proxy, "/capture", &["--data-binary", "{}"]);
    assert_eq!(status, 401, "{text}");
    let (status, text) = ask(scene, proxy, &scan, &["--request", "DELETE"]);
    assert!(matches!(status, 403 | 405), "{text}");
    for operators in ["/metrics", "/readyz"] {
        let (status, text) = ask(scene, proxy, operators, &[]);
        assert!(matches!(status, 403 | 404 | 421), "{operators}: {text}");
    }
}

/// A query is stored, its results are read and sent over a WebSocket, and it is deleted.
fn query(scene: &Scene, proxy: &Proxy, number: u64) {
    let key = format!("Authorization: Bearer {}", scene.key);
    let body =
        format!("{{\"name\":\"all-{number}\",\"query\":{{\"eventType\":[\"ObjectEvent\"]}}}}");
    let path = format!("/queries/all-{number}");
    let words = ["-H", &key, "-H", "Content-Type: application/json", "--data-binary", &body];
    let (status, text) = ask(scene, proxy, "/queries", &words);
    assert_eq!(status, 201, "{text}");
    let (status, text) = ask(scene, proxy, &format!("{path}/events"), &["-H", &key]);
    assert_eq!(status, 200, "{text}");
    let url = format!("{}{path}/events?stream=true", proxy.url);
    assert_is_socket(&scene.folder().join("ca.pem"), &url, &key);
    let (status, text) = ask(scene, proxy, &path, &["-H", &key, "--request", "DELETE"]);
    assert_eq!(status, 204, "{text}");
}

/// A bridge delivers a pass of many tags through the proxy.
fn deliver(scene: &Scene, proxy: &Proxy, first: u64) {
    let (stage, folder) = (&scene.stage, scene.folder());
    let text = fs::read_to_string(folder.join("bridge.toml")).expect("the stage wrote it");
    let direct = format!("ingest_url = \"http://{}\"", stage.ingest);
    let through = format!("ingest_url = \"{}\"\ningest_ca = \"ca.pem\"", proxy.url);
    fs::write(folder.join("proxied.toml"), put(&text, &direct, &through)).expect("ours");
    let mut bridge = stage.start("proxied.toml", "bridge", None);
    wait_for("the bridge listens", || {
        get(&format!("http://{}/metrics", stage.bridge))
            .1
            .contains("bridge_connected_readers{reader=\"door-3\"} 1")
    });
    let name = format!("reader-{first}");
    let mut reader = R700::connect(scene.broker, "tags", &name).expect("the broker answers");
    for serial in first..first + TAGS {
        let (_, bank) = tag(serial);
        let now = jiff::Timestamp::now();
        let message = format!(
            "{{\"timestamp\":\"{now:.9}\",\"hostname\":\"r\",\"tagInventoryEvent\":{{\"epcHex\":\"{}\",\"antennaPort\":1,\"peakRssiCdbm\":-4500}}}}",
            hex::encode_upper(bank)
        );
        reader.publish(message.as_bytes()).expect("the broker takes it");
    }
    reader.flush().expect("the broker takes it");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    wait_for("every tag is recorded", || {
        let named = stage.named(&runtime);
        (first..first + TAGS).all(|serial| named.contains_key(&tag(serial).0))
    });
    assert!(bridge.stop().success(), "{}", bridge.tail());
}

/// Everything through one kind of proxy, without and with TLS.
fn check(kind: Kind, program: &Path) {
    let scene = Scene::new();
    for (number, is_encrypted) in [(1, false), (2, true)] {
        let proxy = Proxy::start(&scene, kind, program, is_encrypted);
        pass(&scene, &proxy, number);
        if is_encrypted {
            deliver(&scene, &proxy, 900_000_000);
        }
    }
    let refused = get(&format!("http://{}/metrics", scene.operator)).1;
    assert!(
        refused.contains("trace_api_"),
        "the operator's address answers this machine: {refused}"
    );
    scene.stage.check_whole_ledger();
}

#[test]
fn scans_captures_and_long_deliveries_pass_nginx_as_the_page_configures_it() {
    if let Some(program) = program("nginx") {
        check(Kind::Nginx, &program);
    }
}

#[test]
fn scans_captures_and_long_deliveries_pass_caddy_as_the_page_configures_it() {
    if let Some(program) = program("caddy") {
        check(Kind::Caddy, &program);
    }
}
