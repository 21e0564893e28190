//! Who is calling: an API key, looked up by the digest of its secret.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use cloister_api::{ProblemKind, Role};
use cloister_evidence::record::{Actor, ActorKind};
use cloister_store::{Key, KeyRole};
use http::{HeaderValue, header};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::access::{self, Access, Action};
use super::{ApiError, ApiState};

/// Longest `Authorization` value that is looked at; a secret has 47 characters.
const AUTHORIZATION_MAX_BYTES: usize = 256;

/// Whoever makes a call. Operations write it into their records.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    actor: Actor,
}

impl Caller {
    pub(crate) fn actor(&self) -> Actor {
        self.actor.clone()
    }

    /// Whoever acts not by a key, but by where the change came from.
    #[cfg(feature = "kubernetes")]
    pub(super) fn of_actor(actor: Actor) -> Self {
        Self { actor }
    }

    fn of_key(key: &Key, address: Option<SocketAddr>) -> Self {
        let actor = Actor {
            kind: ActorKind::ApiKey,
            id: key.id.clone(),
            name: Some(key.name.clone()),
            address: address.map(|address| address.ip().to_string()),
        };
        Self { actor }
    }

    fn anonymous(address: Option<SocketAddr>) -> Self {
        let actor = Actor {
            kind: ActorKind::Anonymous,
            id: "anonymous".to_owned(),
            name: None,
            address: address.map(|address| address.ip().to_string()),
        };
        Self { actor }
    }
}

/// Checks the key and its right to `action`; a refusal is put on record.
pub(crate) async fn admit(
    api: &ApiState,
    authorization: Option<&[u8]>,
    address: Option<SocketAddr>,
    action: Action,
) -> Result<Caller, ApiError> {
    let now = Timestamp::now();
    let refused = match identify(api, authorization, now).await? {
        Ok(key) if access::allows(role(&key), action) => return Ok(Caller::of_key(&key, address)),
        Ok(key) => (Caller::of_key(&key, address), "role", forbidden(action)),
        Err(why) => (Caller::anonymous(address), why.class(), unauthenticated(why)),
    };
    let (caller, class, error) = refused;
    api.denials().record(api, caller.actor(), action.as_str(), class).await;
    Err(error)
}

/// Why a key is not accepted. The caller is not told more than that it is not; the record is.
#[derive(Debug, Clone, Copy)]
enum NoKey {
    Missing,
    Malformed,
    Unknown,
    Revoked,
    Expired,
}

impl NoKey {
    fn class(self) -> &'static str {
        match self {
            Self::Missing => "key_missing",
            Self::Malformed => "key_malformed",
            Self::Unknown => "key_unknown",
            Self::Revoked => "key_revoked",
            Self::Expired => "key_expired",
        }
    }
}

async fn identify(
    api: &ApiState,
    authorization: Option<&[u8]>,
    now: Timestamp,
) -> Result<Result<Key, NoKey>, ApiError> {
    let Some(value) = authorization else { return Ok(Err(NoKey::Missing)) };
    let Some(secret) = bearer(value) else { return Ok(Err(NoKey::Malformed)) };
    // The database compares digests: how long that takes tells nothing about a secret.
    let hash: [u8; 32] = Sha256::digest(secret).into();
    let Some(key) = api.store().key_by_hash(&hash).await? else { return Ok(Err(NoKey::Unknown)) };
    if key.revoked_at.is_some() {
        return Ok(Err(NoKey::Revoked));
    }
    if key.expires_at.is_some_and(|expires| expires <= now) {
        return Ok(Err(NoKey::Expired));
    }
    Ok(Ok(key))
}

/// The credentials of `Bearer <credentials>` (RFC 6750); the scheme's case does not matter.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    if value.len() > AUTHORIZATION_MAX_BYTES {
        return None;
    }
    let (scheme, rest) = value.split_at_checked(b"bearer ".len())?;
    let secret = rest.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"bearer ") && !secret.is_empty()).then_some(secret)
}

fn role(key: &Key) -> Role {
    match key.role {
        KeyRole::Admin => Role::Admin,
        KeyRole::Inference => Role::Inference,
    }
}

fn unauthenticated(why: NoKey) -> ApiError {
    let detail = match why {
        NoKey::Missing => "no API key was sent; send Authorization: Bearer <secret> with an admin key",
        NoKey::Malformed => "the Authorization header is not of the form Bearer <secret>",
        NoKey::Unknown | NoKey::Revoked | NoKey::Expired => {
            "the API key is unknown, expired or revoked; ask whoever runs the fleet for a new one"
        }
    };
    ApiError::new(ProblemKind::Unauthenticated, detail)
}

fn forbidden(action: Action) -> ApiError {
    let detail = format!("this key's role does not allow {}; an admin key is needed", action.as_str());
    ApiError::new(ProblemKind::Forbidden, detail)
}

/// Stands before every REST route, and before its body is read.
pub(super) async fn guard(State(api): State<ApiState>, mut request: Request, next: Next) -> Response {
    let needed = match needed(&request) {
        Ok(Access::Public) => return next.run(request).await,
        Ok(Access::Needs(action)) => action,
        Err(response) => return *response,
    };
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    let authorization = request.headers().get(header::AUTHORIZATION).cloned();
    let authorization = authorization.as_ref().map(HeaderValue::as_bytes);
    match admit(&api, authorization, address, needed).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(error) => error.into_response(),
    }
}

/// What the request's route needs, or the answer to a request that no route declares.
fn needed(request: &Request) -> Result<Access, Box<Response>> {
    let template = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    access::rest(request.method(), template).map_err(|methods| {
        Box::new(match methods.is_empty() {
            true => ApiError::new(ProblemKind::Forbidden, UNDECLARED).into_response(),
            false => method_not_allowed(&methods),
        })
    })
}

/// The answer to calls that the tables of permissions do not know.
pub(super) const UNDECLARED: &str = "nobody may do this: the controller declares no permission for it";

fn method_not_allowed(methods: &[&'static http::Method]) -> Response {
    let allowed = methods.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(", ");
    let detail = format!("this path takes {allowed}");
    let mut response = ApiError::new(ProblemKind::MethodNotAllowed, detail).into_response();
    if let Ok(value) = HeaderValue::from_str(&allowed) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::bearer;

    #[test]
    fn only_a_bearer_secret_is_taken() {
        let cases: [(&[u8], Option<&[u8]>); 8] = [
            (b"Bearer clk_x", Some(b"clk_x")),
            (b"bearer  clk_x ", Some(b"clk_x")),
            (b"Basic clk_x", None),
            (b"Bearer", None),
            (b"Bearer ", None),
            (b"", None),
            (b"Bearerclk_x", None),
            (&[b'B'; 300], None),
        ];
        for (value, secret) in cases {
            assert_eq!(bearer(value), secret, "{:?}", String::from_utf8_lossy(value));
        }
    }
}
