//! Chromium for tests, and other programs that end with a test.
//!
//! What holds: whatever is started here is ended when it is dropped, also if the test fails. Without Chromium or axe-core a test fails
//! and says how to get them.
//!
//! Sources: W3C `WebDriver`; Chrome `DevTools` Protocol, domains Emulation and Network; axe-core's API documentation.

use std::process::{Command, Stdio};
use std::time::Duration;

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use serde_json::{Value, json};

/// The rules of axe-core for WCAG 2.1, levels A and AA, as a script; gives what is violated.
const AXE: &str = "
for (const fold of document.querySelectorAll('details')) fold.open = true;
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'];
return axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'], preload: false }).then((found) =>
  found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.join(' ')} (${rule.help})`)));";
/// Where the keyboard is: whether that is what is looked for, and whether it can be seen.
const FOCUS: &str = "
const [looked, at] = [arguments[0], document.activeElement];
const style = getComputedStyle(at);
const isSeen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && at.checkVisibility();
return { is: at.matches(looked), body: at === document.body, seen: isSeen, what: at.outerHTML.slice(0, 100) };";
/// Longest wait for a page.
const PATIENCE: Duration = Duration::from_secs(20);
/// Most presses of a key on the way to something.
const MOST_PRESSES: usize = 120;
/// The key Tab.
const TAB: &str = "\u{e004}";
/// The key Control.
const CONTROL: &str = "\u{e009}";
/// The key Enter.
pub const ENTER: &str = "\u{e007}";

/// What was started; ended when dropped.
pub struct Started(pub std::process::Child);

impl Drop for Started {
    fn drop(&mut self) {
        nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(i32::try_from(self.0.id()).unwrap_or(0)),
            nix::sys::signal::Signal::SIGTERM,
        )
        .ok();
        self.0.wait().ok();
    }
}

/// A browser with one window.
pub struct Browser {
    /// Its commands.
    pub client: Client,
    driver: String,
    _driver: Started,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts Chromium and its driver.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts Chromium with these words besides, and its driver.
    pub async fn start_with(words: &[&str]) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a port")
            .port();
        let driver =
            std::env::var("CHOPMARK_CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".into());
        let started = Command::new(driver)
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is needed; `make setup` gets it");
        let started = Started(started);
        let profile = tempfile::tempdir().expect("a temporary folder");
        let url = format!("http://127.0.0.1:{port}");
        let capabilities = capabilities(profile.path(), words);
        for _ in 0..100 {
            let connector = hyper_util::client::legacy::connect::HttpConnector::new();
            let mut builder = ClientBuilder::new(connector);
            if let Ok(client) = builder.capabilities(capabilities.clone()).connect(&url).await {
                return Self { client, driver: url, _driver: started, _profile: profile };
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("Chromium is needed; `make setup` gets it");
    }

    /// Sends a command of the driver that the client has no function for; gives its value.
    async fn command(&self, path: &str, body: Value) -> Value {
        let session = self.client.session_id().await.expect("a session").expect("a session");
        let url = format!("{}/session/{session}/{path}", self.driver);
        let answer = ureq::post(&url).send(body.to_string()).expect("the browser takes it");
        let text = answer.into_body().read_to_string().expect("a text");
        let mut answer: Value = serde_json::from_str(&text).expect("JSON");
        answer["value"].take()
    }

    /// Gives a command to the browser itself.
    async fn tell(&self, command: &str, parameters: Value) {
        self.command("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await;
    }

    /// Entries of a log of the browser since the last call: `browser` or `performance`.
    async fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self.command("se/log", json!({ "type": kind })).await;
        entries.as_array().cloned().unwrap_or_default()
    }

    /// What the console says since the last call: errors of pages, and what their content policy refused. That a page itself was
    /// answered with a status of failure is none.
    pub async fn complaints(&self) -> Vec<String> {
        let here = self.client.current_url().await.expect("an address").to_string();
        let is_bad = |entry: &Value| {
            let text = entry["message"].as_str().unwrap_or_default();
            let is_own_status = entry["source"] == "network" && text.starts_with(&here);
            let is_said = ["SEVERE", "WARNING"].iter().any(|level| entry["level"] == *level);
            is_said && !is_own_status
        };
        let entries = self.log("browser").await;
        entries
            .iter()
            .filter(|entry| is_bad(entry))
            .map(|entry| entry["message"].to_string())
            .collect()
    }

    /// Addresses that were asked for since the last call.
    pub async fn requests(&self) -> Vec<String> {
        let asked = |entry: &Value| {
            let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = &message["message"];
            let is_request = message["method"] == "Network.requestWillBeSent";
            is_request.then(|| message["params"]["request"]["url"].as_str().map(str::to_owned))?
        };
        self.log("performance").await.iter().filter_map(asked).collect()
    }

    /// Addresses that were asked for since the last call and do not begin with one of `own`.
    pub async fn strange_requests(&self, own: &[&str]) -> Vec<String> {
        let is_strange = |url: &String| {
            // The browser's own first page, before any of ours.
            let is_browsers = ["data:", "chrome://"].iter().any(|begin| url.starts_with(begin));
            !is_browsers && !own.iter().any(|begin| url.starts_with(begin))
        };
        self.requests().await.into_iter().filter(is_strange).collect()
    }

    /// What of WCAG 2.1 A and AA the open page violates, with every fold open.
    pub async fn violations(&self) -> Vec<String> {
        let path =
            concat!(env!("CARGO_MANIFEST_DIR"), "/interfaces/node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(path).expect("axe-core is needed; `make setup` gets it");
        let script = format!("{axe}\n{AXE}");
        let found = self.client.execute(&script, Vec::new()).await.expect("axe runs");
        let found = found.as_array().expect("a list");
        found.iter().map(Value::to_string).collect()
    }

    /// Presses keys, one after the other.
    pub async fn press(&self, keys: &str) {
        let presses: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })))
            .collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": presses });
        self.command("actions", json!({ "actions": [keyboard] })).await;
    }

    /// Presses a key while Control is held.
    pub async fn press_with_control(&self, key: &str) {
        let step = |kind: &str, key: &str| json!({ "type": kind, "value": key });
        let presses = [
            step("keyDown", CONTROL),
            step("keyDown", key),
            step("keyUp", key),
            step("keyUp", CONTROL),
        ];
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": presses });
        self.command("actions", json!({ "actions": [keyboard] })).await;
    }

    /// Presses Tab until what `css` selects has the focus; on the way there and at it the focus can be seen.
    pub async fn tab_to(&self, css: &str) {
        let mut stops = Vec::new();
        for _ in 0..MOST_PRESSES {
            self.press(TAB).await;
            let at = self.client.execute(FOCUS, vec![css.into()]).await.expect("the script runs");
            assert!(at["seen"] == true || at["body"] == true, "the focus is not seen: {at}");
            if at["is"] == true {
                return;
            }
            stops.push(at["what"].to_string());
        }
        let url = self.client.current_url().await.expect("an address");
        panic!("the keyboard does not reach `{css}` at {url}:\n{}", stops.join("\n"));
    }

    /// Waits until the address begins with `begin`; gives it.
    pub async fn wait_for_page(&self, begin: &str) -> String {
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let url = self.client.current_url().await.expect("an address").to_string();
            let is_loaded = self.client.execute("return document.readyState", Vec::new()).await;
            if url.starts_with(begin) && is_loaded.is_ok_and(|state| state == "complete") {
                return url;
            }
            assert!(std::time::Instant::now() < deadline, "at {url}, expected {begin}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Says in advance what a page is answered that asks for a permission: `granted` or `denied`.
    pub async fn set_permission(&self, name: &str, state: &str) {
        let asked = json!({ "descriptor": { "name": name }, "state": state });
        self.command("permissions", asked).await;
    }

    /// Runs a script in every page from now on, before the page's own.
    pub async fn run_before_pages(&self, script: &str) {
        self.tell("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    }

    /// Lets scripts of pages run, or not.
    pub async fn set_scripts(&self, run: bool) {
        self.tell("Emulation.setScriptExecutionDisabled", json!({ "value": !run })).await;
    }

    /// Makes the screen `width` points wide.
    pub async fn set_width(&self, width: u32) {
        let screen =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.tell("Emulation.setDeviceMetricsOverride", screen).await;
    }

    /// Lets pages know that whoever reads prefers `light` or `dark` colours.
    pub async fn set_colours(&self, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.tell("Emulation.setEmulatedMedia", json!({ "features": [feature] })).await;
    }
}

fn capabilities(profile: &std::path::Path, words: &[&str]) -> Capabilities {
    let chromium =
        std::env::var("CHOPMARK_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".into());
    let profile = format!("--user-data-dir={}", profile.display());
    let own = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=390,1400",
        &profile,
    ];
    let all = [&own[..], words].concat();
    let options = json!({ "binary": chromium, "args": all });
    let mut capabilities = Capabilities::new();
    capabilities.insert("goog:chromeOptions".into(), options);
    let logs = json!({ "browser": "ALL", "performance": "ALL" });
    capabilities.insert("goog:loggingPrefs".into(), logs);
    capabilities
}
