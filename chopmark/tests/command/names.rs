//! Names of products and places, changed while trace-api runs: the real process, SIGHUP, pages over HTTP.

use sql::Access;

use history::testing::{GTIN, SERIAL};

use crate::running::{Up, free_address, get, wait_for};
use crate::scene::Scene;

const PLACES: &str = "[[place]]\nsgln = \"urn:epc:id:sgln:4012345.00001.0\"\nname_zh = \"厂\"\nname_en = \"Factory\"\n\
                      city_zh = \"杭州\"\ncity_en = \"Hangzhou\"\n";

fn product(name: &str) -> String {
    format!(
        "[[product]]\ngtin = \"{GTIN}\"\nname_zh = \"茶\"\nname_en = \"{name}\"\npack_zh = \"\"\npack_en = \"\"\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn names_change_at_sighup_all_or_nothing_and_the_log_has_the_line_of_what_is_wrong() {
    let scene = Scene::new("names").await;
    let (public, internal) = (free_address(), free_address());
    let url = scene.db.url_for(Access::TraceApi);
    scene.file("scan.secret", "0123456789abcdef\n");
    scene.file("products.toml", &product("Green tea"));
    scene.file("places.toml", PLACES);
    let config = scene.file(
        "chopmark.toml",
        &format!(
            "[database]\ntrace_api_url = \"{url}\"\n[trace_api]\nlisten = \"{public}\"\ninternal_listen = \"{internal}\"\n\
             public_url = \"http://{public}\"\npolicy = \"policy.txt\"\nscan_secret = \"scan.secret\"\n\
             products = \"products.toml\"\nplaces = \"places.toml\"\n"
        ),
    );
    let folder = config.parent().unwrap().to_owned();
    let mut up = Up::start(&folder, &[]);
    tokio::task::spawn_blocking(move || {
        up.wait_until_ready(internal, "/readyz");
        let item = || get(public, &format!("/01/{GTIN}/21/{SERIAL}?lang=en"), &[]).1;
        let page = || get(public, &format!("/01/{GTIN}?lang=en"), &[]).1;
        let reloads = |outcome: &str| {
            let wanted = format!("trace_api_name_reloads_total{{outcome=\"{outcome}\"}} ");
            let metrics = get(internal, "/metrics", &[]).1;
            metrics.lines().find_map(|line| line.strip_prefix(&wanted)?.parse().ok()).unwrap_or(0)
        };
        assert!(page().contains("Green tea"), "{}", page());
        assert!(item().contains("Hangzhou"), "{}", item());

        // Both files are right: both change.
        std::fs::write(folder.join("products.toml"), product("Black tea")).unwrap();
        std::fs::write(folder.join("places.toml"), PLACES.replace("Hangzhou", "Suzhou")).unwrap();
        assert!(page().contains("Green tea"), "nothing is read before SIGHUP");
        up.hang_up();
        wait_for(
            "it is not read again",
            || {
                if reloads("done") == 1 { Ok(()) } else { Err(up.log()) }
            },
        );
        assert!(page().contains("Black tea"), "{}", page());
        assert!(item().contains("Suzhou") && !item().contains("Hangzhou"), "{}", item());

        // One of them is wrong: neither changes.
        std::fs::write(folder.join("products.toml"), product("Red tea")).unwrap();
        std::fs::write(folder.join("places.toml"), PLACES.replace("city_zh", "town_zh")).unwrap();
        up.hang_up();
        wait_for(
            "it is not refused",
            || {
                if reloads("refused") == 1 { Ok(()) } else { Err(up.log()) }
            },
        );
        assert!(page().contains("Black tea"), "{}", page());
        assert!(item().contains("Suzhou"), "{}", item());
        let log = up.log();
        assert!(log.contains("places.toml, line 5, column 1: [[place]]"), "{log}");
        assert!(log.contains("unknown field `town_zh`"), "{log}");
        assert_eq!((reloads("done"), reloads("refused")), (1, 1));
        assert_eq!(get(internal, "/readyz", &[]).0, 200, "SIGHUP ends nothing");
        up.stop();
    })
    .await
    .unwrap();
}
