//! Tokens that are accepted, and every way in which one that was not made for us is refused.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair, RsaPublicKeyComponents,
};
use ledger::hash::hmac_sha256;

use super::*;
use crate::act::Act;
use crate::decide::{Decision, decide};

const NOW: i64 = 1_800_000_000;

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

/// A provider with a key of each type.
struct Signer {
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
}

impl Signer {
    fn new() -> Self {
        Self {
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            ed25519: Ed25519KeyPair::generate().unwrap(),
        }
    }

    fn jwks(&self) -> String {
        let rsa = RsaPublicKeyComponents::<Vec<u8>>::from(self.rsa.public_key());
        let (n, e) = (encoded(rsa.n), encoded(rsa.e));
        let point = self.p256.public_key().as_ref();
        let (x, y) = (encoded(&point[1..33]), encoded(&point[33..]));
        let ed = encoded(self.ed25519.public_key());
        format!(
            r#"{{"keys":[{{"kty":"RSA","kid":"RS256","use":"sig","alg":"RS256","n":"{n}","e":"{e}"}},
            {{"kty":"EC","crv":"P-256","kid":"ES256","x":"{x}","y":"{y}"}},
            {{"kty":"OKP","crv":"Ed25519","kid":"EdDSA","x":"{ed}"}},
            {{"kty":"RSA","kid":"for encryption","use":"enc","n":"{n}","e":"{e}"}},
            {{"kty":"oct","kid":"a secret","k":"AAAA"}}]}}"#
        )
    }

    fn keys(&self) -> KeySet {
        KeySet::parse(self.jwks().as_bytes()).unwrap()
    }

    fn sign(&self, algorithm: &str, signed: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match algorithm {
            "RS256" => {
                let mut signature = vec![0; self.rsa.public_modulus_len()];
                self.rsa.sign(&RSA_PKCS1_SHA256, &random, signed, &mut signature).unwrap();
                signature
            }
            "ES256" => self.p256.sign(&random, signed).unwrap().as_ref().to_vec(),
            _ => self.ed25519.sign(signed).as_ref().to_vec(),
        }
    }

    /// A token with this head and these claims, signed with the key of `algorithm`.
    fn token(&self, head: &str, claims: &str, algorithm: &str) -> String {
        let signed = format!("{}.{}", encoded(head), encoded(claims));
        let signature = self.sign(algorithm, signed.as_bytes());
        format!("{signed}.{}", encoded(signature))
    }
}

fn provider() -> Provider {
    let scope = Scope::default().with_product("9521141").unwrap();
    let value = "food-authority".to_owned();
    let rule = Rule {
        claim: "groups".to_owned(),
        value,
        role: Role::Regulator,
        scope,
        more: LimitClaims::default(),
    };
    Provider {
        issuer: "https://login.example".to_owned(),
        audience: "chopmark".to_owned(),
        algorithms: Algorithm::ALL.to_vec(),
        rules: vec![rule],
    }
}

/// Claims that are accepted, with some replaced; one that is replaced by nothing is left out.
fn claims(replaced: &[(&str, &str)]) -> String {
    let exp = (NOW + 300).to_string();
    let mut members = vec![
        ("iss", "\"https://login.example\""),
        ("aud", "[\"another\",\"chopmark\"]"),
        ("sub", "\"lee\""),
        ("exp", &exp),
        ("groups", "[\"staff\",\"food-authority\"]"),
    ];
    members.retain(|(name, _)| replaced.iter().all(|(other, _)| other != name));
    members.extend(replaced.iter().filter(|(_, value)| !value.is_empty()));
    let members: Vec<String> =
        members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn head(algorithm: &str) -> String {
    format!(r#"{{"alg":"{algorithm}","kid":"{algorithm}"}}"#)
}

#[test]
fn a_token_of_each_algorithm_gives_what_its_claims_are_mapped_to_until_it_ends() {
    let (signer, provider) = (Signer::new(), provider());
    for algorithm in Algorithm::ALL {
        let name = algorithm.name();
        let token = signer.token(&head(name), &claims(&[]), name);
        let identity = provider.identity(&token, &signer.keys(), now()).unwrap();
        assert_eq!(identity.subject, "https://login.example#lee");
        assert_eq!(identity.means, Means::Oidc);
        assert_eq!(identity.grants.len(), 1);
        assert_eq!(identity.grants[0].role(), Role::Regulator);
        let later = Timestamp::from_second(NOW + 360).unwrap();
        let decision = decide(Some(&identity), Act::QueryEvents, later);
        assert!(matches!(decision, Decision::Refused { .. }), "the token has ended");
    }
}

#[test]
fn somebody_whose_claims_are_mapped_to_nothing_has_no_grant() {
    let (signer, provider) = (Signer::new(), provider());
    for groups in ["", "\"staff\"", "[]", "[\"Food-Authority\"]", "{\"food-authority\":1}"] {
        let token = signer.token(&head("EdDSA"), &claims(&[("groups", groups)]), "EdDSA");
        let identity = provider.identity(&token, &signer.keys(), now()).unwrap();
        assert_eq!(identity.grants, [], "{groups}");
    }
}

#[test]
fn an_algorithm_that_is_not_configured_opens_nothing_whatever_signs() {
    let (signer, provider) = (Signer::new(), provider());
    for name in ["none", "None", "HS256", "RS512", ""] {
        let stated = format!(r#"{{"alg":"{name}","kid":"RS256"}}"#);
        let token = signer.token(&stated, &claims(&[]), "RS256");
        let refused = provider.identity(&token, &signer.keys(), now());
        assert!(matches!(refused, Err(TokenError::Algorithm { .. })), "{name}: {refused:?}");
    }
    let unsigned = format!("{}.{}.", encoded(r#"{"alg":"none"}"#), encoded(claims(&[])));
    let refused = provider.identity(&unsigned, &signer.keys(), now());
    assert!(matches!(refused, Err(TokenError::Algorithm { .. })), "{refused:?}");
    let only = Provider { algorithms: vec![Algorithm::Rs256], ..provider };
    let token = signer.token(&head("EdDSA"), &claims(&[]), "EdDSA");
    let refused = only.identity(&token, &signer.keys(), now());
    assert!(matches!(refused, Err(TokenError::Algorithm { .. })), "{refused:?}");
}

#[test]
fn an_hmac_made_with_the_public_key_opens_nothing() {
    let (signer, provider) = (Signer::new(), provider());
    let public = RsaPublicKeyComponents::<Vec<u8>>::from(signer.rsa.public_key()).n;
    for (name, key) in [("HS256", &public[..]), ("RS256", &public), ("RS256", b"")] {
        let head = format!(r#"{{"alg":"{name}","kid":"RS256"}}"#);
        let text = format!("{}.{}", encoded(head), encoded(claims(&[])));
        let token = format!("{text}.{}", encoded(hmac_sha256(key, text.as_bytes())));
        assert!(provider.identity(&token, &signer.keys(), now()).is_err(), "{name}");
    }
}

#[test]
fn a_key_checks_its_own_algorithm_and_no_key_for_another_use_is_known() {
    let (signer, provider) = (Signer::new(), provider());
    for (stated, kid) in [("RS256", "EdDSA"), ("EdDSA", "ES256"), ("ES256", "RS256")] {
        let head = format!(r#"{{"alg":"{stated}","kid":"{kid}"}}"#);
        let token = signer.token(&head, &claims(&[]), stated);
        let refused = provider.identity(&token, &signer.keys(), now());
        assert_eq!(refused, Err(TokenError::Signature), "{stated} {kid}");
    }
    for kid in ["rotated", "for encryption", "a secret"] {
        let head = format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#);
        let token = signer.token(&head, &claims(&[]), "RS256");
        let refused = provider.identity(&token, &signer.keys(), now());
        assert_eq!(refused, Err(TokenError::UnknownKey(kid.to_owned())));
    }
}

#[test]
fn another_issuer_audience_or_time_is_refused_by_its_claim() {
    let (signer, provider) = (Signer::new(), provider());
    let (old, new) = ((NOW - 60).to_string(), (NOW + 61).to_string());
    for (claim, value) in [
        ("iss", "\"https://login.example/\""),
        ("iss", "\"https://evil.example\""),
        ("iss", ""),
        ("aud", "\"another\""),
        ("aud", "[]"),
        ("aud", ""),
        ("exp", old.as_str()),
        ("exp", ""),
        ("exp", "\"9999999999\""),
        ("exp", "99999999999999999999"),
        ("nbf", new.as_str()),
        ("nbf", "null"),
        ("iat", new.as_str()),
        ("sub", ""),
        ("sub", "\"\""),
        ("sub", "\"a\\nb\""),
    ] {
        let token = signer.token(&head("EdDSA"), &claims(&[(claim, value)]), "EdDSA");
        let refused = provider.identity(&token, &signer.keys(), now());
        let Err(TokenError::Claim { claim: named, .. }) = refused else {
            panic!("{claim} {value}: {refused:?}")
        };
        assert_eq!(named, claim, "{value}");
    }
}

#[test]
fn a_token_that_was_changed_or_cut_anywhere_shows_nobody() {
    let (signer, provider) = (Signer::new(), provider());
    let keys = signer.keys();
    let token = signer.token(&head("EdDSA"), &claims(&[]), "EdDSA");
    for at in 0..token.len() {
        assert!(provider.identity(&token[..at], &keys, now()).is_err(), "cut at {at}");
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(provider.identity(&changed, &keys, now()).is_err(), "changed at {at}");
    }
    for text in ["", ".", "..", "...", "a.b.c.d", "é.é.é", &"x".repeat(20_000)] {
        assert!(provider.identity(text, &keys, now()).is_err());
    }
    let twice = claims(&[]).replacen('{', r#"{"sub":"admin","#, 1);
    let token = signer.token(&head("EdDSA"), &twice, "EdDSA");
    assert!(matches!(provider.identity(&token, &keys, now()), Err(TokenError::Malformed(_))));
    let critical = r#"{"alg":"EdDSA","kid":"EdDSA","crit":["x"],"x":1}"#;
    let token = signer.token(critical, &claims(&[]), "EdDSA");
    assert!(matches!(provider.identity(&token, &keys, now()), Err(TokenError::Malformed(_))));
}

#[test]
fn a_set_of_keys_that_is_none_too_long_or_ambiguous_is_refused() {
    assert!(matches!(KeySet::parse(b"<html>"), Err(KeySetError::Json(_))));
    assert_eq!(KeySet::parse(b"{}"), Err(KeySetError::NoKeys));
    let many = format!("{{\"keys\":[{}]}}", vec!["{}"; 33].join(","));
    assert_eq!(KeySet::parse(many.as_bytes()), Err(KeySetError::TooMany(33)));
    let twice = Signer::new().jwks().replace("\"EdDSA\"", "\"ES256\"");
    assert_eq!(KeySet::parse(twice.as_bytes()), Err(KeySetError::Twice("ES256".to_owned())));
}

#[test]
fn limits_from_claims_are_added_and_a_token_without_them_is_given_nothing() {
    let signer = Signer::new();
    let mut provider = provider();
    provider.rules = vec![Rule {
        claim: "/realm/roles".to_owned(),
        value: "carrier".to_owned(),
        role: Role::Custodian,
        scope: Scope::default(),
        more: LimitClaims { parties: Some("pgln".to_owned()), ..LimitClaims::default() },
    }];
    let grants = |replaced: &[(&str, &str)]| {
        let token = signer.token(&head("ES256"), &claims(replaced), "ES256");
        provider.identity(&token, &signer.keys(), now()).unwrap().grants
    };
    let roles = ("realm", r#"{"roles":["carrier"]}"#);
    let party = "\"urn:epc:id:pgln:9521142.00000\"";
    let given = grants(&[roles, ("pgln", party)]);
    let scope = Scope::default().with_party("urn:epc:id:pgln:9521142.00000").unwrap();
    assert_eq!(given.iter().map(Grant::scope).collect::<Vec<_>>(), [&scope]);
    assert_eq!(grants(&[roles, ("pgln", &format!("[{party}]"))]), given);
    for wrong in
        ["[]", "7", "\"nobody\"", &format!("[{party},7]"), &format!("[{party},\"x\"]"), "null"]
    {
        assert_eq!(grants(&[roles, ("pgln", wrong)]), [], "{wrong}");
    }
    assert_eq!(grants(&[roles]), [], "no party");
    assert_eq!(grants(&[("realm/roles", "\"carrier\""), ("pgln", party)]), [], "no such path");
}

#[test]
fn the_issuer_that_a_token_states_is_read_and_nothing_else_panics() {
    let signer = Signer::new();
    let token = signer.token(&head("ES256"), &claims(&[]), "ES256");
    assert_eq!(stated_issuer(&token).as_deref(), Some("https://login.example"));
    for wrong in ["", ".", "..", "a.b.c", "e30.e30.e30", &"x".repeat(MOST_BYTES + 1)] {
        assert_eq!(stated_issuer(wrong), None, "{wrong}");
    }
}
