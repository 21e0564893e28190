//! Whether an ID token is good: OpenID Connect Core 1.0, section 3.1.3.7. Looks at nothing but its arguments and the
//! clock.

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

use super::ProviderError;

/// What two clocks may differ by.
const SKEW_SECONDS: u64 = 60;
const TOKEN_MAX_BYTES: usize = 64 * 1024;

/// What a token must say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    /// Of a sign-in; a token that a refresh brings has none.
    pub(super) nonce: Option<&'a str>,
}

/// Why a token is not accepted.
#[derive(Debug)]
pub(super) enum Unfit {
    /// None of the keys is the one that it names: they may have been changed since they were fetched.
    UnknownKey,
    Wrong(String),
}

impl From<Unfit> for ProviderError {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::UnknownKey => {
                Self::not_verified("the ID token names a key that the provider does not have")
            }
            Unfit::Wrong(why) => Self::NotVerified(why),
        }
    }
}

/// What a good token says.
#[derive(Debug)]
pub(super) struct Claims {
    pub(super) subject: String,
    pub(super) all: Map<String, Value>,
}

pub(super) fn verify(token: &str, keys: &JwkSet, expected: Expected<'_>) -> Result<Claims, Unfit> {
    let wrong = |why: &str| Unfit::Wrong(format!("the ID token {why}"));
    if token.len() > TOKEN_MAX_BYTES {
        return Err(wrong("is too long"));
    }
    let header = decode_header(token).map_err(|_| wrong("is no JSON Web Token"))?;
    // A symmetric algorithm would take the provider's public key for a secret that everybody knows.
    if matches!(header.alg, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512) {
        return Err(wrong("is not signed with a private key"));
    }
    let jwk = find(keys, header.kid.as_deref()).ok_or(Unfit::UnknownKey)?;
    let key = DecodingKey::from_jwk(jwk).map_err(|_| wrong("names a key that cannot be used"))?;
    let claims = decode::<Map<String, Value>>(token, &key, &validation(header.alg, expected))
        .map_err(|error| wrong(&format!("is not good: {}", kind(&error))))?
        .claims;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if let Some(nonce) = expected.nonce {
        let said = text("nonce").unwrap_or_default();
        if !bool::from(said.as_bytes().ct_eq(nonce.as_bytes())) {
            return Err(wrong("is of another sign-in"));
        }
    }
    // With several audiences, the one that it was issued to must be this client.
    let audiences = claims.get("aud").and_then(Value::as_array).map_or(1, Vec::len);
    let party = text("azp");
    if party.is_some_and(|party| party != expected.client_id) || (audiences > 1 && party.is_none()) {
        return Err(wrong("was issued to another program"));
    }
    let subject = text("sub").filter(|subject| !subject.is_empty() && subject.len() <= 255);
    let subject = subject.ok_or_else(|| wrong("does not say whose it is"))?.to_owned();
    Ok(Claims { subject, all: claims })
}

fn validation(algorithm: Algorithm, expected: Expected<'_>) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.leeway = SKEW_SECONDS;
    validation.validate_nbf = true;
    validation
}

/// By its id; a provider with one signing key need not name it.
fn find<'a>(keys: &'a JwkSet, id: Option<&str>) -> Option<&'a Jwk> {
    let asymmetric = |jwk: &&Jwk| !matches!(jwk.algorithm, AlgorithmParameters::OctetKey(_));
    match id {
        Some(id) => keys.keys.iter().filter(asymmetric).find(|jwk| jwk.common.key_id.as_deref() == Some(id)),
        None => {
            let mut all = keys.keys.iter().filter(asymmetric);
            all.next().filter(|_| all.next().is_none())
        }
    }
}

/// Without the library's details, which may hold the token's text.
fn kind(error: &jsonwebtoken::errors::Error) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::ExpiredSignature => "it has expired; compare the clocks",
        ErrorKind::ImmatureSignature => "it is not valid yet; compare the clocks",
        ErrorKind::InvalidIssuer => "it is of another issuer",
        ErrorKind::InvalidAudience => "it is for another program",
        ErrorKind::InvalidSignature => "its signature is wrong",
        ErrorKind::MissingRequiredClaim(_) => "a claim is missing",
        _ => "it cannot be read",
    }
}

#[cfg(test)]
mod tests;
