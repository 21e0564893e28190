//! Who is calling: a program with an API key, or a person who is signed in.

mod api_key;
mod session;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use cloister_api::{FleetRole, ProblemKind, paths};
use cloister_evidence::record::{Actor, ActorKind};
use cloister_store::{Account, Key};
use http::{HeaderMap, HeaderValue, Method, header};
use jiff::Timestamp;

use api_key::NoKey;
use session::BACKGROUND_HEADER;
pub use session::SessionSettings;
pub(in crate::api) use session::{
    SignedIn, cookie_secret, cookie_value, is_same_site, remove_cookie, set_cookie,
};

use super::access::{self, Access, Action};
use super::{ApiError, ApiState};

/// Whoever makes a call. Operations write it into their records.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    actor: Actor,
    /// `None`: the fleet's own, who reach all tenants as far as their rights go.
    tenant: Option<String>,
    signed_in: Option<Arc<SignedIn>>,
    rights: Rights,
}

/// What a caller may do who is not signed in.
#[derive(Debug, Clone, Copy)]
enum Rights {
    None,
    Key(cloister_api::Role),
    /// Everything: the platform asks, which has decided on its own who may.
    #[cfg(feature = "kubernetes")]
    All,
}

impl Caller {
    pub(crate) fn actor(&self) -> Actor {
        self.actor.clone()
    }

    /// Where it belongs; `None`: to the fleet itself.
    pub(in crate::api) fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// Whether what belongs to `tenant` exists for this caller.
    pub(in crate::api) fn sees(&self, tenant: Option<&str>) -> bool {
        self.tenant.is_none() || self.tenant.as_deref() == tenant
    }

    /// Whether it may do `action`, besides the one it was admitted for.
    pub(in crate::api) fn may(&self, action: Action) -> bool {
        match (&self.signed_in, self.rights) {
            (Some(signed_in), _) => signed_in.may(action),
            (None, Rights::None) => false,
            (None, Rights::Key(role)) => {
                access::key_allows(role, action) && access::is_within(self.tenant(), action)
            }
            #[cfg(feature = "kubernetes")]
            (None, Rights::All) => true,
        }
    }

    /// How it is called in what it leaves behind.
    pub(in crate::api) fn name(&self) -> &str {
        self.actor.name.as_deref().unwrap_or(&self.actor.id)
    }

    /// The session, if it is a person.
    pub(in crate::api) fn signed_in(&self) -> Option<&SignedIn> {
        self.signed_in.as_deref()
    }

    /// A person's roles; a key's never change.
    pub(in crate::api) fn roles(&self) -> &[FleetRole] {
        self.signed_in.as_ref().map_or(&[], |signed_in| &signed_in.roles)
    }

    /// The id of the session or key that the call came with.
    pub(in crate::api) fn standing(&self) -> &str {
        self.signed_in.as_ref().map_or(&self.actor.id, |signed_in| &signed_in.session.id)
    }

    /// Whoever acts not by a key, but by where the change came from.
    #[cfg(feature = "kubernetes")]
    pub(super) fn of_actor(actor: Actor) -> Self {
        Self { actor, tenant: None, signed_in: None, rights: Rights::All }
    }

    fn of_key(key: &Key, address: Option<SocketAddr>) -> Self {
        let actor = Actor {
            kind: ActorKind::ApiKey,
            id: key.id.clone(),
            name: Some(key.name.clone()),
            address: text(address),
        };
        Self { actor, tenant: key.tenant.clone(), signed_in: None, rights: Rights::Key(api_key::role(key)) }
    }

    fn of_session(signed_in: SignedIn, address: Option<SocketAddr>) -> Self {
        let actor = account_actor(&signed_in.account, text(address));
        let tenant = signed_in.account.tenant.clone();
        Self { actor, tenant, signed_in: Some(Arc::new(signed_in)), rights: Rights::None }
    }

    fn anonymous(address: Option<SocketAddr>) -> Self {
        Self { actor: anonymous(text(address)), tenant: None, signed_in: None, rights: Rights::None }
    }
}

pub(in crate::api) fn account_actor(account: &Account, address: Option<String>) -> Actor {
    Actor { kind: ActorKind::Account, id: account.id.clone(), name: Some(account.name.clone()), address }
}

pub(in crate::api) fn anonymous(address: Option<String>) -> Actor {
    Actor { kind: ActorKind::Anonymous, id: "anonymous".to_owned(), name: None, address }
}

fn text(address: Option<SocketAddr>) -> Option<String> {
    address.map(|address| address.ip().to_string())
}

/// Who it is that was refused, the class of reason for the record, and the answer.
type Refused = (Caller, &'static str, ApiError);

/// Checks the key and its right to `action`; a refusal is put on record.
pub(crate) async fn admit(
    api: &ApiState,
    authorization: Option<&[u8]>,
    address: Option<SocketAddr>,
    action: Action,
) -> Result<Caller, ApiError> {
    let access = Access::Needs(action);
    let judged = by_key(api, authorization, address, access).await?;
    settle(api, judged, access).await
}

async fn settle(api: &ApiState, judged: Result<Caller, Refused>, access: Access) -> Result<Caller, ApiError> {
    match judged {
        Ok(caller) => Ok(caller),
        Err((caller, class, error)) => {
            // Whoever opens the console asks whether he is signed in, and mostly is not yet: nobody was denied anything.
            let merely_asked = access == Access::OwnSession && class == NoKey::Missing.class();
            if !merely_asked {
                api.denials().record(api, (caller.actor(), caller.tenant()), access.as_str(), class).await;
            }
            Err(error)
        }
    }
}

async fn by_key(
    api: &ApiState,
    authorization: Option<&[u8]>,
    address: Option<SocketAddr>,
    access: Access,
) -> Result<Result<Caller, Refused>, ApiError> {
    Ok(match api_key::identify(api, authorization, Timestamp::now()).await? {
        Err(why) => {
            let error = ApiError::new(ProblemKind::Unauthenticated, why.detail());
            Err((Caller::anonymous(address), why.class(), error))
        }
        Ok(key) => {
            let caller = Caller::of_key(&key, address);
            match access {
                Access::Needs(action) if !access::is_within(caller.tenant(), action) => {
                    Err((caller, "tenant", beyond(action)))
                }
                Access::Needs(action) if !access::key_allows(api_key::role(&key), action) => {
                    Err((caller, "role", forbidden("this key's role", action, "an admin key is needed")))
                }
                // What concerns a session alone means nothing to a key.
                Access::OwnSession => {
                    let detail = "this is for people who are signed in; an API key has no session";
                    Err((caller, "no_session", ApiError::new(ProblemKind::Forbidden, detail)))
                }
                Access::Needs(_) | Access::Public => Ok(caller),
            }
        }
    })
}

async fn by_session(
    api: &ApiState,
    (method, headers): (&Method, &HeaderMap),
    secret: &str,
    address: Option<SocketAddr>,
    access: Access,
) -> Result<Result<Caller, Refused>, ApiError> {
    let refuse =
        |caller, why: session::NoSession, kind| (caller, why.class(), ApiError::new(kind, why.detail()));
    let signed_in = match session::identify(api, (secret, headers), Timestamp::now()).await? {
        Ok(signed_in) => signed_in,
        Err(why) => return Ok(Err(refuse(Caller::anonymous(address), why, ProblemKind::Unauthenticated))),
    };
    let foreign = !session::is_from_console(method, headers, &signed_in);
    let needs_second_factor = signed_in.needs_second_factor;
    let allowed = match access {
        Access::Needs(action) => signed_in.may(action),
        Access::OwnSession | Access::Public => true,
    };
    let caller = Caller::of_session(signed_in, address);
    Ok(match access {
        _ if foreign => Err(refuse(caller, session::NoSession::Foreign, ProblemKind::Forbidden)),
        Access::Needs(action) if !access::is_within(caller.tenant(), action) => {
            Err((caller, "tenant", beyond(action)))
        }
        Access::Needs(_) if needs_second_factor => {
            let error = ApiError::new(ProblemKind::SecondFactorNeeded, SECOND_FACTOR_NEEDED);
            Err((caller, "second_factor_missing", error))
        }
        Access::Needs(action) if !allowed => Err((
            caller,
            "role",
            forbidden("none of your roles", action, "ask a fleet admin for one that does"),
        )),
        _ => Ok(caller),
    })
}

fn beyond(action: Action) -> ApiError {
    let detail = format!(
        "{} is the fleet's affair, and nobody of a tenant may do it; ask the fleet's own people",
        action.as_str()
    );
    ApiError::new(ProblemKind::Forbidden, detail)
}

const SECOND_FACTOR_NEEDED: &str = "this fleet asks for a second factor, and your account has none; set one up in the \
                                    console, or have a fleet admin do without --require-second-factor";

fn forbidden(whose: &str, action: Action, next: &str) -> ApiError {
    let verb = if whose.starts_with("none") { "allows" } else { "does not allow" };
    ApiError::new(ProblemKind::Forbidden, format!("{whose} {verb} {}; {next}", action.as_str()))
}

/// Stands before every REST route, and before its body is read.
pub(super) async fn guard(State(api): State<ApiState>, mut request: Request, next: Next) -> Response {
    let access = match needed(&request) {
        Ok(Access::Public) => return next.run(request).await,
        Ok(access) => access,
        Err(response) => return *response,
    };
    // A stream stays open whether or not anybody looks: to open one again is no use of a session.
    if request.extensions().get::<MatchedPath>().is_some_and(|path| path.as_str() == paths::EVENTS) {
        request.headers_mut().insert(BACKGROUND_HEADER, HeaderValue::from_static("1"));
    }
    match identify(&api, request.method(), request.headers(), address_of(&request), access).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(error) => error.into_response(),
    }
}

/// A key goes before a cookie: a program says what it means, a browser sends cookies unasked.
pub(super) async fn identify(
    api: &ApiState,
    method: &Method,
    headers: &HeaderMap,
    address: Option<SocketAddr>,
    access: Access,
) -> Result<Caller, ApiError> {
    let judged = judge(api, (method, headers), address, access).await?;
    settle(api, judged, access).await
}

async fn judge(
    api: &ApiState,
    (method, headers): (&Method, &HeaderMap),
    address: Option<SocketAddr>,
    access: Access,
) -> Result<Result<Caller, Refused>, ApiError> {
    let authorization = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let secret = cookie_secret(headers).filter(|_| authorization.is_none());
    match secret {
        Some(secret) => by_session(api, (method, headers), &secret, address, access).await,
        None => by_key(api, authorization, address, access).await,
    }
}

/// Whoever opened a stream of events with these headers, as it is now; `None` if it would not be let in any more. That
/// is no refused call: nobody called.
pub(super) async fn still(
    api: &ApiState,
    headers: &HeaderMap,
    address: Option<SocketAddr>,
) -> Result<Option<Caller>, ApiError> {
    let Ok(access) = access::rest(&Method::GET, paths::EVENTS) else { return Ok(None) };
    Ok(judge(api, (&Method::GET, headers), address, access).await?.ok())
}

pub(in crate::api) fn address_of(request: &Request) -> Option<SocketAddr> {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0)
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
