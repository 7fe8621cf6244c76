//! The providers of the configuration, checked.
//!
//! What holds: a rule that would give a role without the limits that it needs is refused before anything starts; an issuer without
//! TLS is one of this machine.
//!
//! Source: decision 0065.

use access::{Algorithm, Grant, LimitClaims, Role, Rule, Scope};
use process::config::oidc::{OidcGrantSection, OidcLoginSection, OidcSection};
use process::config::{Installation, Problem, Problems};

use crate::oidc::fetch::{Address, Authority};

/// A party for finding out whether limits that claims will state are enough.
const SOME_PARTY: &str = "urn:epc:id:pgln:0000000.00000";

/// Who may show who they are, besides holders of keys.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Providers; each has an issuer of its own.
    pub providers: Vec<ProviderSettings>,
}

/// A provider of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSettings {
    /// What its tokens say.
    pub provider: access::Provider,
    /// How people log in there, if they do.
    pub client: Option<Client>,
    /// Who signs the certificates of its addresses, in place of the public authorities; none for these.
    pub authorities: Vec<Authority>,
}

/// What we are at a provider at which people log in.
#[derive(Clone, PartialEq, Eq)]
pub struct Client {
    /// Our name there.
    pub client_id: String,
    /// Our secret there, if we were given one.
    pub secret: Option<String>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// How people call the provider.
    pub name: String,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("Client").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// Reads `[[oidc]]`, for a process at which nobody logs in: secrets of clients are not its to read.
///
/// # Errors
///
/// Everything that is wrong, with section, key and value.
pub fn resolve(installation: &Installation) -> Result<Settings, Problems> {
    resolve_for(installation, |_, _| Ok(None))
}

/// Reads `[[oidc]]` with `[oidc.login]`, for the process at which people log in.
///
/// # Errors
///
/// As [`resolve`].
pub fn resolve_with_logins(installation: &Installation) -> Result<Settings, Problems> {
    resolve_for(installation, |installation, section| {
        section.login.as_ref().map(|login| client(installation, section, login)).transpose()
    })
}

fn resolve_for(
    installation: &Installation,
    client: impl Fn(&Installation, &OidcSection) -> Result<Option<Client>, Problem>,
) -> Result<Settings, Problems> {
    let mut problems = Problems::default();
    let mut providers: Vec<ProviderSettings> = Vec::new();
    for section in &installation.oidc {
        if providers.iter().any(|known| known.provider.issuer == section.issuer) {
            let got = "the issuer of another [[oidc]]";
            problems.push(Problem::value(name(section), "issuer", got, "an issuer of its own"));
            continue;
        }
        let client = problems.keep(client(installation, section));
        let authorities = problems.keep(authorities(installation, section));
        let provider = problems.keep(provider(section));
        if let (Some(provider), Some(client), Some(authorities)) = (provider, client, authorities) {
            providers.push(ProviderSettings { provider, client, authorities });
        }
    }
    problems.unless_any(Some(Settings { providers }))
}

fn name(section: &OidcSection) -> String {
    format!("[[oidc]] `{}`", section.issuer)
}

/// Who signs the certificates of a provider, if it is not the public authorities.
fn authorities(
    installation: &Installation,
    section: &OidcSection,
) -> Result<Vec<Authority>, Problem> {
    let Some(path) = &section.ca else { return Ok(Vec::new()) };
    if section.issuer.starts_with("http://") {
        let expected = "no `ca`, because the issuer is asked without TLS";
        return Err(Problem::value(name(section), "ca", format!("`{}`", path.display()), expected));
    }
    let path = installation.at(path);
    process::tls::authorities::read(&path).map_err(|error| Problem::Content {
        section: name(section),
        key: "ca".to_owned(),
        cause: format!("could not use {}: {error}", path.display()),
    })
}

fn provider(section: &OidcSection) -> Result<access::Provider, Problems> {
    let mut problems = Problems::default();
    if let Err(expected) = Address::parse(&section.issuer) {
        let got = format!("`{}`", section.issuer);
        problems.push(Problem::value(name(section), "issuer", got, expected));
    }
    if section.audience.is_empty() {
        problems.push(Problem::value(name(section), "audience", "nothing", "a name"));
    }
    let mut algorithms = Vec::new();
    for text in &section.algorithms {
        match Algorithm::from_name(text) {
            Some(algorithm) => algorithms.push(algorithm),
            None => problems.push(Problem::value(
                name(section),
                "algorithms",
                format!("`{text}`"),
                "RS256, ES256 or EdDSA",
            )),
        }
    }
    if section.algorithms.is_empty() {
        problems.push(Problem::value(name(section), "algorithms", "none", "at least one"));
    }
    let rules = section.grants.iter().filter_map(|grant| problems.keep(rule(section, grant)));
    let rules = rules.collect();
    let (issuer, audience) = (section.issuer.clone(), section.audience.clone());
    problems.unless_any(Some(access::Provider { issuer, audience, algorithms, rules }))
}

fn client(
    installation: &Installation,
    section: &OidcSection,
    login: &OidcLoginSection,
) -> Result<Client, Problem> {
    let place = format!("[oidc.login] of `{}`", section.issuer);
    let wrong = |key: &str, got: String, expected: &str| {
        Problem::value(place.clone(), key, got, expected.to_owned())
    };
    if login.client_id.is_empty() {
        return Err(wrong("client_id", "nothing".to_owned(), "a name"));
    }
    let is_token = |scope: &String| {
        !scope.is_empty() && scope.chars().all(|c| c.is_ascii_graphic() && !"\"\\".contains(c))
    };
    if let Some(scope) = login.scopes.iter().find(|scope| !is_token(scope)) {
        return Err(wrong("scopes", format!("`{scope}`"), "names without spaces"));
    }
    if !login.scopes.iter().any(|scope| scope == "openid") {
        let expected = "`openid` among them: without it there is no ID token";
        return Err(wrong("scopes", login.scopes.join(", "), expected));
    }
    let secret = match &login.client_secret_file {
        None => None,
        Some(path) => {
            let path = installation.at(path);
            let text = keystore::private::read(&path)
                .map_err(|error| Problem::content(place.clone(), "client_secret_file", &error))?;
            let secret = text.trim();
            if secret.is_empty() {
                let got = format!("nothing in {}", path.display());
                return Err(wrong("client_secret_file", got, "the secret"));
            }
            Some(secret.to_owned())
        }
    };
    let host = section.issuer.split('/').nth(2).unwrap_or(&section.issuer);
    let name = login.name.clone().unwrap_or_else(|| host.to_owned());
    let (client_id, scopes) = (login.client_id.clone(), login.scopes.clone());
    Ok(Client { client_id, secret, scopes, name })
}

fn rule(section: &OidcSection, grant: &OidcGrantSection) -> Result<Rule, Problem> {
    let place = format!("[[oidc.grant]] `{}` of `{}`", grant.value, section.issuer);
    let wrong = |key: &str, got: String, expected: &str| {
        Problem::value(place.clone(), key, got, expected.to_owned())
    };
    if grant.claim.is_empty() || grant.value.is_empty() {
        return Err(wrong("claim", "no claim or no value".to_owned(), "both"));
    }
    let names = || Role::ALL.map(Role::name).join(", ");
    let role = Role::from_name(&grant.role)
        .ok_or_else(|| wrong("role", format!("`{}`", grant.role), &names()))?;
    let lists = [&grant.products, &grant.parties, &grant.jurisdictions];
    let scope = Scope::of_lists(lists.map(Vec::as_slice), (None, None))
        .map_err(|error| wrong(error.what, format!("`{}`", error.got), error.expected))?;
    let more = LimitClaims {
        products: grant.products_claim.clone(),
        parties: grant.parties_claim.clone(),
        jurisdictions: grant.jurisdictions_claim.clone(),
    };
    let limited = with_claims(scope.clone(), &more)
        .map_err(|error| wrong(error.what, format!("`{}`", error.got), error.expected))?;
    Grant::new(role, limited, None).map_err(|error| {
        let expected = "the limits that the role needs, here or in a claim";
        wrong("role", format!("`{}`: {error}", grant.role), expected)
    })?;
    Ok(Rule { claim: grant.claim.clone(), value: grant.value.clone(), role, scope, more })
}

/// The limits as they are at least, once the claims have stated theirs.
fn with_claims(mut scope: Scope, more: &LimitClaims) -> Result<Scope, access::ScopeError> {
    if more.products.is_some() {
        scope = scope.with_product("0000")?;
    }
    if more.parties.is_some() {
        scope = scope.with_party(SOME_PARTY)?;
    }
    if more.jurisdictions.is_some() {
        scope = scope.with_jurisdiction("0000")?;
    }
    Ok(scope)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn resolved(text: &str) -> Result<Settings, String> {
        let installation = Installation::parse(Path::new("chopmark.toml"), text).unwrap();
        resolve(&installation).map_err(|problems| problems.to_string())
    }

    #[test]
    fn a_provider_with_rules_is_read() {
        let text = "[[oidc]]\nissuer = \"https://login.example\"\naudience = \"chopmark\"\n[[oidc.grant]]\n\
            claim = \"groups\"\nvalue = \"recall\"\nrole = \"brand-owner\"\nproducts = [\"9521141\"]\n[[oidc.grant]]\n\
            claim = \"/realm/roles\"\nvalue = \"carrier\"\nrole = \"custodian\"\nparties_claim = \"pgln\"\n";
        let settings = resolved(text).unwrap();
        let provider = &settings.providers[0].provider;
        assert_eq!((provider.rules.len(), provider.algorithms.len()), (2, 3));
        assert!(provider.rules[1].scope.parties().is_empty(), "what was tried is not given");
    }

    #[test]
    fn a_private_authority_is_read_from_its_file_and_a_file_without_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let resolved = |issuer: &str| {
            let text = format!(
                "[[oidc]]\nissuer = \"{issuer}\"\naudience = \"chopmark\"\nca = \"ca.pem\"\n"
            );
            let path = folder.path().join("chopmark.toml");
            resolve(&Installation::parse(&path, &text).unwrap())
                .map_err(|problems| problems.to_string())
        };
        let missing = resolved("https://login.example").unwrap_err();
        assert!(
            missing.contains("[[oidc]] `https://login.example` ca: could not use"),
            "{missing}"
        );
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let own = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        for (text, words) in
            [("", "got no certificate"), ("-----BEGIN CERTIFICATE-----\n", "ca.pem")]
        {
            std::fs::write(folder.path().join("ca.pem"), text).unwrap();
            let refused = resolved("https://login.example").unwrap_err();
            assert!(refused.contains(words), "{text}: {refused}");
        }
        std::fs::write(folder.path().join("ca.pem"), own.pem()).unwrap();
        let settings = resolved("https://login.example").unwrap();
        assert_eq!(settings.providers[0].authorities, [own.der().clone()]);
        let without_tls = resolved("http://127.0.0.1:1").unwrap_err();
        assert!(without_tls.contains("is asked without TLS"), "{without_tls}");
    }

    #[test]
    fn whatever_would_let_somebody_see_too_much_or_fetch_without_tls_is_refused() {
        let head = "[[oidc]]\naudience = \"chopmark\"\nissuer = ";
        let grant =
            "\"https://login.example\"\n[[oidc.grant]]\nclaim = \"groups\"\nvalue = \"x\"\nrole = ";
        for (rest, words) in [
            (
                "\"http://login.example\"",
                "[[oidc]] `http://login.example` issuer: got `http://login.example`, expected",
            ),
            ("\"https://u:p@login.example\"", "issuer: got"),
            (
                "\"https://login.example\"\nalgorithms = [\"HS256\"]",
                "algorithms: got `HS256`, expected RS256",
            ),
            ("\"https://login.example\"\nalgorithms = []", "algorithms: got none"),
            (&format!("{grant}\"custodian\""), "a custodian without a party"),
            (
                &format!("{grant}\"brand-owner\"\nparties_claim = \"pgln\""),
                "a brand-owner without a product",
            ),
            (&format!("{grant}\"king\""), "role: got `king`, expected custodian"),
            (&format!("{grant}\"auditor\"\nproducts = [\"x\"]"), "product: got `x`"),
            (
                &format!("\"https://login.example\"\n{head}\"https://login.example\""),
                "an issuer of its own",
            ),
        ] {
            let refused = resolved(&format!("{head}{rest}\n")).unwrap_err();
            assert!(refused.contains(words), "{rest}: {refused}");
        }
    }
}
