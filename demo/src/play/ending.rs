//! The end: the account, links to pages that show what they say, what to try, and the wait for Ctrl-C.
//!
//! What holds: a link is printed only after its page was asked for and showed that verdict; all of it fits a terminal
//! of 80 columns and 24 rows.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use super::screen::Paint;
use super::site::scan_path;
use super::stage::{BROWSER, Stage};
use super::stop;
use crate::recording::columns;
use crate::{program, web};

/// Columns of a verdict with a space on each side.
const BADGE: usize = 12;

/// A page to look at.
struct Link {
    /// Verdict that it shows, or its name.
    label: &'static str,
    /// Colour, if it is a verdict.
    paint: Option<Paint>,
    url: String,
    about: String,
}

impl Stage {
    /// 9. What is left: it passes an audit, and every page that a link will be printed to shows its verdict.
    ///
    /// # Errors
    ///
    /// If one shows another; or if the demo was asked to stop.
    pub fn left(&mut self) -> anyhow::Result<()> {
        let lang = self.voice.lang;
        let step = self.voice.step("9", &lang.left())?;
        self.voice.doing(&lang.audits())?;
        let whole = ["audit", "--policy", "policy.txt", "--require-anchored"];
        let (status, text) = self.chopmark(&whole)?;
        self.voice.check(status == 0, &lang.unharmed()).with_context(|| text)?;
        self.voice.doing(&lang.asks_pages())?;
        for link in self.links().into_iter().filter(|link| link.paint.is_some()) {
            let shown = page_verdict(&link.url)?;
            self.voice
                .check(shown == link.label, &lang.link_holds(link.label))
                .with_context(|| format!("{} shows {shown}", link.url))?;
        }
        drop(step);
        Ok(())
    }

    /// What happened, where to look, and, unless `once`, a wait.
    pub fn account(&self, once: bool) {
        let (voice, lang) = (&self.voice, self.voice.lang);
        let (checks, seconds) = voice.account();
        voice.line("");
        let held = format!("✓ {}", lang.held(checks, seconds));
        voice.line(&format!(" {} {}", Paint::Good.on(&held), lang.whole()));
        if once {
            return;
        }
        voice.line("");
        voice.line(&format!(" {}", Paint::Strong.on(&lang.open())));
        for link in self.links() {
            let label = format!(" {} ", link.label);
            let label = link.paint.map_or_else(|| label.clone(), |paint| paint.on(&label));
            let gap = " ".repeat(BADGE.saturating_sub(columns(&label)));
            voice.line(&format!("  {label}{gap} {}", link.url));
            voice.line(&format!("  {:BADGE$} {}", "", Paint::Dim.on(&link.about)));
        }
        voice.line("");
        let folder = &self.world.folder;
        let try_it = lang.try_it(&shortest(folder).display().to_string());
        voice.line(&format!(" {}", Paint::Strong.on(&try_it)));
        let chopmark =
            program::path().map_or_else(|_| "chopmark".into(), |path| from(folder, &path));
        for words in ["audit", "verify item.bundle.json"] {
            voice.line(&format!("  {} {words} --policy policy.txt", chopmark.display()));
        }
        voice.line("");
        voice.line(&format!(" {}", Paint::Dim.on(&lang.ends())));
        while !stop::is_requested() {
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The pages to look at.
    fn links(&self) -> Vec<Link> {
        let lang = self.voice.lang;
        let [gift_box, sold, copied] =
            [&self.goods.boxes[0], &self.goods.items[0], &self.goods.items[2]]
                .map(|tag| scan_path(&tag.epc));
        let link = |label, paint, url, about| Link { label, paint, url, about };
        let (blue, amber) = (Some(Paint::Blue), Some(Paint::Amber));
        vec![
            link("CONSISTENT", blue, self.trace(&gift_box), lang.link_consistent()),
            link("SOLD", amber, self.trace(&sold), lang.link_sold()),
            link("CONFLICT", amber, self.trace(&copied), lang.link_conflict()),
            link("GAP", amber, self.trace_copy(&gift_box), lang.link_gap()),
            link("verify", None, self.trace("/verify"), lang.link_verify()),
            link("receipts", None, self.operator("/deliveries"), lang.link_receipts()),
        ]
    }
}

/// The verdict that a page shows.
///
/// # Errors
///
/// If it shows none.
pub fn page_verdict(url: &str) -> anyhow::Result<String> {
    let page = web::get(url, &[("Accept", "text/html"), ("User-Agent", BROWSER)])?;
    let text = String::from_utf8_lossy(&page.body);
    let code = text.split("data-code=\"").nth(1).and_then(|rest| rest.split('"').next());
    Ok(code.with_context(|| format!("{url} shows no verdict ({})", page.status))?.to_owned())
}

/// A folder as somebody in the current one would write it, if that is shorter.
pub fn shortest(folder: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    folder.strip_prefix(here).map_or_else(|_| folder.to_owned(), Path::to_owned)
}

/// `path` as somebody in `folder` would write it: up to the folder that both are below, then down. Far apart, it stays
/// as it is.
fn from(folder: &Path, path: &Path) -> PathBuf {
    let shared = folder.components().zip(path.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().count() - shared;
    if shared < 2 {
        return path.to_owned();
    }
    (0..up)
        .map(|_| "..")
        .collect::<PathBuf>()
        .join(path.components().skip(shared).collect::<PathBuf>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_from_the_folder_that_one_is_in() {
        let from = |folder: &str, path: &str| from(Path::new(folder), Path::new(path));
        let path = from("/home/ann/chopmark/var/demo", "/home/ann/chopmark/target/debug/chopmark");
        assert_eq!(path, Path::new("../../target/debug/chopmark"));
        assert_eq!(from("/tmp/demo", "/usr/bin/chopmark"), Path::new("/usr/bin/chopmark"));
    }
}
