//! `[[oidc]]`: providers whose tokens say who somebody is, and what their claims give.

use std::path::PathBuf;

use serde::Deserialize;

/// `[[oidc]]`.
///
/// A provider of identities (OIDC). Its tokens are accepted wherever keys of `chopmark access` are.
///
/// ```toml
/// [[oidc]]
/// issuer = "https://login.example.com"
/// audience = "chopmark"
/// [[oidc.grant]]
/// claim = "groups"
/// value = "recall-team"
/// role = "brand-owner"
/// products = ["9521141"]
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSection {
    /// Its issuer, letter by letter as its tokens state it: an address that begins with `https://`, or with `http://` on this
    /// machine. Its keys are found from there.
    pub issuer: String,
    /// The name under which the provider knows this installation; it must be among the audiences of a token.
    pub audience: String,
    /// File with the authorities that sign the certificates of the provider's addresses, PEM: its description, keys and tokens are fetched
    /// from nobody else then. It is read at the start only. Default: none; then the public authorities count.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// How it may sign. Default: `RS256`, `ES256`, `EdDSA`.
    #[serde(default = "default_algorithms")]
    pub algorithms: Vec<String>,
    /// `[[oidc.grant]]`: what claims give. Default: none; then its tokens give nothing.
    #[serde(default, rename = "grant")]
    pub grants: Vec<OidcGrantSection>,
    /// `[oidc.login]`: how people log in there with a browser, at the process `desk`. Default: nobody does.
    #[serde(default)]
    pub login: Option<OidcLoginSection>,
}

fn default_algorithms() -> Vec<String> {
    ["RS256", "ES256", "EdDSA"].map(str::to_owned).to_vec()
}

/// `[oidc.login]`.
///
/// Logging in at the provider with a browser. Register the client there with the redirect URI `/login/callback` below `public_url` of
/// `[desk]`: `https://desk.example.com/login/callback`.
///
/// ```toml
/// [[oidc]]
/// issuer = "https://login.example.com"
/// audience = "chopmark"
/// [oidc.login]
/// client_id = "chopmark-desk"
/// client_secret_file = "keys/oidc.secret"
/// scopes = ["openid", "groups"]
/// name = "Example Ltd"
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcLoginSection {
    /// The name of this installation as a client of the provider; ID tokens must be for it.
    pub client_id: String,
    /// File with the secret of the client, mode 0600. Default: none; then the client is a public one.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// What is asked for; `openid` must be among it. Default: `openid`.
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    /// What people call the provider. Default: the host of its issuer.
    #[serde(default)]
    pub name: Option<String>,
}

fn default_scopes() -> Vec<String> {
    vec!["openid".to_owned()]
}

/// `[[oidc.grant]]`.
///
/// A claim that gives a role. Limits of one kind are alternatives; every kind that is stated must hold.
///
/// ```toml
/// [[oidc]]
/// issuer = "https://login.example.com"
/// audience = "chopmark"
/// [[oidc.grant]]
/// claim = "/realm_access/roles"
/// value = "carrier"
/// role = "custodian"
/// parties_claim = "pgln"
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcGrantSection {
    /// Name of the claim, `groups`; or its path, if it begins with a slash: `/realm_access/roles`.
    pub claim: String,
    /// The value that it must have, or that must be one of its values.
    pub value: String,
    /// `custodian`, `brand-owner`, `regulator`, `operator` or `auditor`.
    pub role: String,
    /// Things that it is limited to: 4 to 12 digits of a GS1 prefix, or a GS1 Digital Link or EPC URN. Default: none.
    #[serde(default)]
    pub products: Vec<String>,
    /// Parties that it is limited to, PGLN. Default: none.
    #[serde(default)]
    pub parties: Vec<String>,
    /// Places that it is limited to: 4 to 12 digits that GLNs begin with, or the SGLN of a site. Default: none.
    #[serde(default)]
    pub jurisdictions: Vec<String>,
    /// Claim with more such products, a text or a list of them; a token without it is not given the role. Default: none.
    #[serde(default)]
    pub products_claim: Option<String>,
    /// Claim with more such parties, likewise. Default: none.
    #[serde(default)]
    pub parties_claim: Option<String>,
    /// Claim with more such places, likewise. Default: none.
    #[serde(default)]
    pub jurisdictions_claim: Option<String>,
}
