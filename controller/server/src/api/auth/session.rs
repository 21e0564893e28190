//! A session: the cookie says which, the store says whose, and a header that no other site can set says that the
//! console itself is asking.

use std::time::Duration;

use base64::Engine as _;
use cloister_api::FleetRole;
use cloister_store::{Account, Session};
use cookie::{Cookie, SameSite};
use http::{HeaderMap, HeaderName, Method, header};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::api::access::{self, Action};
use crate::api::operations::session::end_idle;
use crate::api::operations::session::recheck::recheck;
use crate::api::{ApiError, ApiState};

/// Under TLS a browser takes this name only for this host, only over TLS.
const SECURE_COOKIE: &str = "__Host-cloister";
const PLAIN_COOKIE: &str = "cloister";
/// Longest `Cookie` header that is looked at.
const COOKIES_MAX_BYTES: usize = 8 * 1024;
pub(in crate::api) const CSRF_HEADER: HeaderName = HeaderName::from_static("x-cloister-csrf");
/// A call that the console makes by itself, to show what is new: nobody is using the session by it.
pub(super) const BACKGROUND_HEADER: HeaderName = HeaderName::from_static("x-cloister-background");
const FETCH_SITE_HEADER: HeaderName = HeaderName::from_static("sec-fetch-site");
/// `last_seen_at` is written no more often.
const TOUCH_INTERVAL: Duration = Duration::from_secs(30);

/// How long people stay signed in, and how their cookie travels.
#[derive(Debug, Clone, Copy)]
pub struct SessionSettings {
    /// A session that is not used for so long ends (45 CFR 164.312(a)(2)(iii), automatic logoff).
    pub idle: Duration,
    /// However busy it is, it ends after this.
    pub lifetime: Duration,
    /// HTTP is served over TLS.
    pub tls: bool,
    /// Whoever has a local account without a second factor may do nothing but set one up.
    pub second_factor_required: bool,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(15 * 60),
            lifetime: Duration::from_secs(8 * 3600),
            tls: false,
            second_factor_required: false,
        }
    }
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(in crate::api) struct SignedIn {
    pub(in crate::api) session: Session,
    pub(in crate::api) account: Account,
    pub(in crate::api) roles: Vec<FleetRole>,
    pub(in crate::api) csrf_token: String,
    /// The fleet asks for a second factor, and the account has none yet.
    pub(in crate::api) needs_second_factor: bool,
}

impl SignedIn {
    pub(in crate::api) fn new(
        session: Session,
        account: Account,
        secret: &str,
        settings: &SessionSettings,
    ) -> Self {
        let roles = account.roles.iter().filter_map(|role| FleetRole::parse(role)).collect();
        let without = account.identity.is_none() && account.second_factor_at.is_none();
        let needs_second_factor = settings.second_factor_required && without;
        Self { session, account, roles, csrf_token: csrf_token(secret), needs_second_factor }
    }

    pub(in crate::api) fn may(&self, action: Action) -> bool {
        !self.needs_second_factor
            && access::is_within(self.account.tenant.as_deref(), action)
            && self.roles.iter().any(|role| access::allows(*role, action))
    }
}

/// Why a cookie is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoSession {
    Unknown,
    Ended,
    Idle,
    /// The call changes something, and does not prove that it comes from the console.
    Foreign,
}

impl NoSession {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Unknown => "session_unknown",
            Self::Ended => "session_ended",
            Self::Idle => "session_idle",
            Self::Foreign => "csrf",
        }
    }

    pub(super) fn detail(self) -> &'static str {
        match self {
            Self::Unknown | Self::Ended => "the session has ended; sign in again",
            Self::Idle => "the session ended because it was not used; sign in again",
            Self::Foreign => {
                "the call changes something and does not come from the console: x-cloister-csrf is missing or wrong"
            }
        }
    }
}

/// The value of the session's cookie, if the request has one.
pub(in crate::api) fn cookie_secret(headers: &HeaderMap) -> Option<String> {
    cookie_value(headers, &[SECURE_COOKIE, PLAIN_COOKIE])
}

/// The value of the first of these cookies that the request has.
pub(in crate::api) fn cookie_value(headers: &HeaderMap, names: &[&str]) -> Option<String> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let cookies =
        values.filter(|text| text.len() <= COOKIES_MAX_BYTES).flat_map(Cookie::split_parse).flatten();
    let cookies: Vec<_> = cookies.collect();
    let of = |name: &&str| cookies.iter().find(|cookie| cookie.name() == *name);
    names.iter().find_map(of).map(|cookie| cookie.value().to_owned())
}

/// Sets the cookie for as long as the session may last.
pub(in crate::api) fn set_cookie(settings: &SessionSettings, secret: &str) -> String {
    cookie_of(settings, secret, settings.lifetime).to_string()
}

/// Takes the cookie away.
pub(in crate::api) fn remove_cookie(settings: &SessionSettings) -> String {
    cookie_of(settings, "", Duration::ZERO).to_string()
}

fn cookie_of(settings: &SessionSettings, value: &str, max_age: Duration) -> Cookie<'static> {
    let name = if settings.tls { SECURE_COOKIE } else { PLAIN_COOKIE };
    let seconds = i64::try_from(max_age.as_secs()).unwrap_or(i64::MAX);
    Cookie::build((name, value.to_owned()))
        .path("/")
        .http_only(true)
        .secure(settings.tls)
        .same_site(SameSite::Strict)
        .max_age(cookie::time::Duration::seconds(seconds))
        .build()
}

/// Whose session it is. One that was idle for too long is ended here, on record.
pub(super) async fn identify(
    api: &ApiState,
    (secret, headers): (&str, &HeaderMap),
    now: Timestamp,
) -> Result<Result<SignedIn, NoSession>, ApiError> {
    let hash = crate::api::operations::secret_hash(secret);
    let Some(mut session) = api.store().session_by_hash(&hash).await? else {
        return Ok(Err(NoSession::Unknown));
    };
    if session.ended_at.is_some() || session.expires_at <= now {
        return Ok(Err(NoSession::Ended));
    }
    let Some(account) = api.store().account(&session.account_id).await? else {
        return Ok(Err(NoSession::Unknown));
    };
    if account.disabled_at.is_some() {
        return Ok(Err(NoSession::Ended));
    }
    let unused = Duration::try_from(now.duration_since(session.last_seen_at)).unwrap_or_default();
    if unused >= api.sessions().idle {
        end_idle(api, &session, &account).await?;
        return Ok(Err(NoSession::Idle));
    }
    let Some(account) = recheck(api, &session, account, secret).await? else {
        return Ok(Err(NoSession::Ended));
    };
    if !headers.contains_key(BACKGROUND_HEADER) {
        if is_worth_a_note(unused, api.sessions().idle) {
            api.store().touch_session(&session.id, now).await?;
        }
        session.last_seen_at = now;
    }
    Ok(Ok(SignedIn::new(session, account, secret, api.sessions())))
}

/// Whether a use after so long is written down. Coarse enough that a session's end is never more than a quarter early.
fn is_worth_a_note(unused: Duration, idle: Duration) -> bool {
    unused >= TOUCH_INTERVAL.min(idle / 4)
}

/// Whether a call with a cookie may be what the console asked for, and not what another site made the browser do.
/// SameSite keeps the cookie away from other sites already; this holds where a browser does not know it.
pub(super) fn is_from_console(method: &Method, headers: &HeaderMap, signed_in: &SignedIn) -> bool {
    if !is_same_site(headers) {
        return false;
    }
    let sent = headers.get(CSRF_HEADER).map(http::HeaderValue::as_bytes).unwrap_or_default();
    method.is_safe() || bool::from(sent.ct_eq(signed_in.csrf_token.as_bytes()))
}

/// What the browser says of the page that asks (Fetch Metadata); older browsers and programs say nothing.
pub(in crate::api) fn is_same_site(headers: &HeaderMap) -> bool {
    headers.get(FETCH_SITE_HEADER).is_none_or(|site| site == "same-origin" || site == "none")
}

/// Derived from the cookie, so that there is nothing more to store; it does not lead back to it.
fn csrf_token(secret: &str) -> String {
    let digest = Sha256::new().chain_update(b"cloister csrf v1\0").chain_update(secret).finalize();
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookies: &[&str]) -> HeaderMap {
        cookies.iter().map(|value| (header::COOKIE, value.parse().unwrap())).collect()
    }

    #[test]
    fn the_secure_cookie_goes_before_the_plain_one_and_others_are_passed_over() {
        let cases: [(&[&str], Option<&str>); 6] = [
            (&[], None),
            (&["theme=dark"], None),
            (&["theme=dark; cloister=a"], Some("a")),
            (&["cloister=a; __Host-cloister=b"], Some("b")),
            (&["cloister=a", "__Host-cloister=b"], Some("b")),
            (&["cloister"], None),
        ];
        for (cookies, expected) in cases {
            assert_eq!(cookie_secret(&headers(cookies)).as_deref(), expected, "{cookies:?}");
        }
    }

    #[test]
    fn a_cookie_is_out_of_reach_of_scripts_and_of_other_sites() {
        let mut settings = SessionSettings::default();
        assert_eq!(
            set_cookie(&settings, "s"),
            "cloister=s; HttpOnly; SameSite=Strict; Path=/; Max-Age=28800"
        );
        settings.tls = true;
        let secure = set_cookie(&settings, "s");
        assert_eq!(secure, "__Host-cloister=s; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=28800");
        assert!(remove_cookie(&settings).contains("Max-Age=0"));
    }
}
