use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::*;

const EXPECTED: Expected<'static> =
    Expected { issuer: "https://idp.example", client_id: "cloister", nonce: Some("n") };

struct Idp {
    key: EcdsaKeyPair,
}

impl Idp {
    fn new() -> Self {
        Self { key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap() }
    }

    fn keys(&self, id: &str) -> JwkSet {
        // An uncompressed point (SEC 1): 0x04, x, y.
        let point = self.key.public_key().as_ref();
        let [x, y] = [&point[1..33], &point[33..]].map(|part| URL_SAFE_NO_PAD.encode(part));
        serde_json::from_value(json!({"keys": [
            {"kty": "oct", "kid": "shared", "k": URL_SAFE_NO_PAD.encode("secret")},
            {"kty": "EC", "crv": "P-256", "kid": id, "x": x, "y": y, "use": "sig"}
        ]}))
        .unwrap()
    }

    fn token(&self, header: Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(claims));
        let random = aws_lc_rs::rand::SystemRandom::new();
        let signature = self.key.sign(&random, message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn claims() -> Value {
    json!({"iss": "https://idp.example", "aud": "cloister", "sub": "anna", "exp": now() + 300, "iat": now(),
           "nonce": "n", "groups": ["platform"]})
}

fn header() -> Value {
    json!({"alg": "ES256", "kid": "k1", "typ": "JWT"})
}

#[test]
fn a_good_token_says_who_it_is() {
    let idp = Idp::new();
    let found = verify(&idp.token(header(), &claims()), &idp.keys("k1"), EXPECTED).unwrap();
    assert_eq!((found.subject.as_str(), &found.all["groups"]), ("anna", &json!(["platform"])));
    let several = {
        let mut claims = claims();
        claims["aud"] = json!(["cloister", "other"]);
        claims["azp"] = json!("cloister");
        claims
    };
    assert!(verify(&idp.token(header(), &several), &idp.keys("k1"), EXPECTED).is_ok());
}

#[test]
fn each_thing_that_is_wrong_with_a_token_is_found() {
    let idp = Idp::new();
    let cases = [
        ("iss", json!("https://evil.example"), "another issuer"),
        ("aud", json!("another"), "another program"),
        ("aud", json!(["cloister", "another"]), "another program"),
        ("azp", json!("another"), "another program"),
        ("nonce", json!("other"), "another sign-in"),
        ("nonce", Value::Null, "another sign-in"),
        ("exp", json!(now() - 120), "expired"),
        ("exp", Value::Null, ""),
        ("nbf", json!(now() + 120), "not valid yet"),
        ("sub", json!(""), "whose it is"),
        ("sub", json!("x".repeat(256)), "whose it is"),
    ];
    for (claim, value, says) in cases {
        let mut claims = claims();
        claims[claim] = value.clone();
        let unfit = verify(&idp.token(header(), &claims), &idp.keys("k1"), EXPECTED);
        let Err(Unfit::Wrong(why)) = unfit else { panic!("{claim} {value}: {unfit:?}") };
        assert!(why.contains(says), "{claim} {value}: {why}");
    }
}

#[test]
fn clocks_may_differ_by_less_than_a_minute() {
    let idp = Idp::new();
    let mut claims = claims();
    claims["exp"] = json!(now() - 30);
    claims["nbf"] = json!(now() + 30);
    assert!(verify(&idp.token(header(), &claims), &idp.keys("k1"), EXPECTED).is_ok());
}

#[test]
fn a_signature_counts_only_if_a_private_key_of_the_provider_made_it() {
    let (idp, other) = (Idp::new(), Idp::new());
    let forged = other.token(header(), &claims());
    assert!(
        matches!(verify(&forged, &idp.keys("k1"), EXPECTED), Err(Unfit::Wrong(why)) if why.contains("signature"))
    );
    assert!(matches!(
        verify(&idp.token(header(), &claims()), &idp.keys("k2"), EXPECTED),
        Err(Unfit::UnknownKey)
    ));
    for header in [
        json!({"alg": "none", "kid": "k1"}),
        json!({"alg": "HS256", "kid": "k1"}),
        json!({"alg": "HS256", "kid": "shared"}),
        json!({"alg": "RS256", "kid": "k1"}),
    ] {
        let token = idp.token(header.clone(), &claims());
        assert!(verify(&token, &idp.keys("k1"), EXPECTED).is_err(), "{header}");
    }
    for text in ["", ".", "..", "a.b.c", &"x".repeat(TOKEN_MAX_BYTES + 1)] {
        assert!(verify(text, &idp.keys("k1"), EXPECTED).is_err());
    }
}

#[test]
fn a_key_need_not_be_named_where_there_is_one() {
    let idp = Idp::new();
    let token = idp.token(json!({"alg": "ES256"}), &claims());
    assert!(verify(&token, &idp.keys("k1"), EXPECTED).is_ok());
    let mut two = idp.keys("k1");
    two.keys.extend(Idp::new().keys("k2").keys);
    assert!(matches!(verify(&token, &two, EXPECTED), Err(Unfit::UnknownKey)));
}
