//! The services that check UHF tags of products whose keys somebody else has.
//!
//! The way through: [`Authenticator::of`] reads what `[[trace_api.product]]` says; [`Authenticator::check`] asks the service.
//!
//! What holds: a service that is slow takes no more than [`MOST_AT_ONCE`] threads, and whoever comes then is not checked.
//!
//! Not here: the question and its answer (`tag_service`), products with keys of our own ([`crate::tag_exchange`]).
//!
//! Source: docs/decisions/0100-uhf-tags-answer-a-challenge-of-ours.md.

use std::path::Path;
use std::sync::Arc;

use gate::oidc::fetch::Address;
use process::config::problem::read_named;
use process::config::trace_api::ProductSection;
use process::config::{Problem, Problems};
use tag_auth::tam::{Exchange, Refusal, TagAuthenticator as _};
use tag_service::HttpAuthenticator;
use tokio::sync::Semaphore;

/// Most questions to one product's service that wait for their answer.
pub const MOST_AT_ONCE: usize = 8;
/// Most bytes of a token.
const MOST_TOKEN: usize = 4096;

/// The service of a product.
#[derive(Debug, Clone)]
pub struct Authenticator {
    /// Number of the key that tags are asked to use.
    pub key_id: u8,
    service: HttpAuthenticator,
    free: Arc<Semaphore>,
}

impl Authenticator {
    /// A service.
    #[must_use]
    pub fn new(key_id: u8, service: HttpAuthenticator) -> Self {
        Self { key_id, service, free: Arc::new(Semaphore::new(MOST_AT_ONCE)) }
    }

    /// The service that a product names; every problem is added to `problems`.
    ///
    /// - `folder`: where paths begin.
    #[must_use]
    pub fn of(section: &ProductSection, folder: &Path, problems: &mut Problems) -> Option<Self> {
        let place = format!("[[trace_api.product]] `{}`", section.gtin.escape_debug());
        let Some(url) = &section.authenticator else {
            if section.authenticator_token.is_some() || section.authenticator_ca.is_some() {
                let expected = "`authenticator`, the address of the service that they are for";
                problems.push(Problem::value(place, "authenticator", "none", expected));
            }
            return None;
        };
        let mut is_whole = true;
        if let Err(expected) = Address::parse(url) {
            let got = format!("`{}`", url.escape_debug());
            problems.push(Problem::value(&*place, "authenticator", got, expected));
            is_whole = false;
        }
        let authorities = section.authenticator_ca.as_ref().map(|path| {
            let cause = |cause| Problem::Content {
                section: place.clone(),
                key: "authenticator_ca".to_owned(),
                cause,
            };
            problems.keep(process::tls::authorities::read(&folder.join(path)).map_err(cause))
        });
        let token = token(&place, section, folder, problems)?;
        let authorities = authorities.unwrap_or_else(|| Some(Vec::new()))?;
        let service = HttpAuthenticator::new(url, &token, &section.gtin, &authorities);
        is_whole.then(|| Self::new(section.authenticator_key, service))
    }

    /// Whether the tag's response fits.
    ///
    /// # Errors
    ///
    /// [`Refusal`]; only [`Refusal::Wrong`] says something of the tag.
    pub async fn check(&self, exchange: &Exchange) -> Result<(), Refusal> {
        let Ok(permit) = self.free.clone().try_acquire_owned() else {
            let why = format!("{MOST_AT_ONCE} questions wait for the service already");
            return Err(Refusal::NotChecked(why));
        };
        let (service, exchange) = (self.service.clone(), exchange.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let found = service.check(&exchange);
            drop(permit);
            found
        });
        asked.await.unwrap_or_else(|error| Err(Refusal::NotChecked(error.to_string())))
    }
}

/// The bearer token in the file that a product names.
fn token(
    place: &str,
    section: &ProductSection,
    folder: &Path,
    problems: &mut Problems,
) -> Option<String> {
    let expected = format!("a file with a token of 1 to {MOST_TOKEN} letters, digits and signs");
    let Some(path) = &section.authenticator_token else {
        problems.push(Problem::value(place, "authenticator_token", "none", expected));
        return None;
    };
    let path = folder.join(path);
    let text = problems.keep(read_named(place, "authenticator_token", &path))?;
    let token = text.trim();
    let is_token = (1..=MOST_TOKEN).contains(&token.len());
    if !is_token || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        let got = format!("{} bytes in {}", token.len(), path.display());
        problems.push(Problem::value(place, "authenticator_token", got, expected));
        return None;
    }
    Some(token.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use process::config::Installation;

    use super::*;

    fn section(more: &str) -> ProductSection {
        let text = "[trace_api]\npublic_url = \"https://id.example/\"\npolicy = \"policy.txt\"\nscan_secret = \"scan.secret\"\n\
                    [[trace_api.product]]\ngtin = \"04012345111118\"\nname_zh = \"茶\"\nname_en = \"Tea\"\npack_zh = \"\"\npack_en = \"\"\n";
        let read = Installation::parse(Path::new("chopmark.toml"), &format!("{text}{more}"));
        read.unwrap().trace_api.unwrap().products.remove(0)
    }

    #[test]
    fn a_service_has_an_address_with_tls_and_a_token_from_a_file_and_shows_none() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("token"), "abc-secret\n").unwrap();
        fs::write(folder.path().join("empty"), "\n").unwrap();
        fs::write(folder.path().join("two"), "a b\n").unwrap();
        let read = |more: &str| {
            let mut problems = Problems::default();
            let found = Authenticator::of(&section(more), folder.path(), &mut problems);
            (
                found,
                problems.unless_any(Some(())).err().map(|all| all.to_string()).unwrap_or_default(),
            )
        };
        let url = "authenticator = \"https://keys.example/check\"\n";
        let token = "authenticator_token = \"token\"\n";
        let (found, problems) = read(&format!("{url}{token}authenticator_key = 3\n"));
        let found = found.unwrap();
        assert_eq!((found.key_id, problems.as_str()), (3, ""));
        assert!(!format!("{found:?}").contains("abc-secret"));
        assert!(read("").0.is_none());
        for (more, expected) in [
            (url.to_owned(), "authenticator_token: got none, expected a file with a token"),
            (token.to_owned(), "authenticator: got none, expected `authenticator`"),
            (
                format!("{url}authenticator_token = \"empty\"\n"),
                "authenticator_token: got 0 bytes in",
            ),
            (
                format!("{url}authenticator_token = \"two\"\n"),
                "authenticator_token: got 3 bytes in",
            ),
            (
                format!("{url}authenticator_token = \"gone\"\n"),
                "authenticator_token: could not read",
            ),
            (format!("{url}{token}authenticator_ca = \"token\"\n"), "authenticator_ca: "),
            (
                format!("authenticator = \"http://keys.example/\"\n{token}"),
                "authenticator: got `http://keys.example/`, expected an address that begins with `https://`",
            ),
        ] {
            let (found, problems) = read(&more);
            assert!(found.is_none() && problems.contains(expected), "{more}: {problems}");
            assert!(!problems.contains("abc-secret"), "{problems}");
        }
    }
}
