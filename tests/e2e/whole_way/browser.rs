//! Chromium for tests, and other programs that end with a test.
//!
//! What holds: whatever is started here is ended when it is dropped, also if the test fails.
//!
//! Sources: W3C `WebDriver`; Chrome `DevTools` Protocol, domain Emulation.

use std::process::{Command, Stdio};
use std::time::Duration;

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use serde_json::{Value, json};

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
        let capabilities = capabilities(profile.path());
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

    /// Gives a command to the browser itself.
    async fn tell(&self, command: &str, parameters: Value) {
        let session = self.client.session_id().await.expect("a session").expect("a session");
        let url = format!("{}/session/{session}/goog/cdp/execute", self.driver);
        let body = json!({ "cmd": command, "params": parameters }).to_string();
        ureq::post(&url).send(body).expect("the browser takes the command");
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

fn capabilities(profile: &std::path::Path) -> Capabilities {
    let chromium =
        std::env::var("CHOPMARK_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".into());
    let options = json!({
        "binary": chromium,
        "args": ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--window-size=390,1400", format!("--user-data-dir={}", profile.display())],
    });
    let mut capabilities = Capabilities::new();
    capabilities.insert("goog:chromeOptions".into(), options);
    capabilities
}
