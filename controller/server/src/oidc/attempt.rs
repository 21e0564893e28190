//! One attempt to sign in: what ties the provider's answer to the browser that asked for it. It lives in a cookie of
//! that browser and nowhere else, so attempts cost the controller nothing, however many strangers begin.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// So long may somebody be at the provider.
pub(crate) const ATTEMPT_VALID_FOR: SignedDuration = SignedDuration::from_mins(10);
const CONSOLE: &str = "/console/";
/// Longest address in the console that is kept; the cookie must stay below 4 KiB.
const NEXT_MAX_BYTES: usize = 1024;

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    secret: [u8; 32],
    issuer: String,
    next: String,
    began_at: Timestamp,
}

impl Attempt {
    /// `next` is where the browser goes afterwards, within the console.
    pub(crate) fn begin(issuer: &str, next: &str, now: Timestamp) -> Result<Self, getrandom::Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        Ok(Self { secret, issuer: issuer.to_owned(), next: console_path(next), began_at: now })
    }

    pub(crate) fn to_cookie(&self) -> String {
        let secret = URL_SAFE_NO_PAD.encode(self.secret);
        let next = URL_SAFE_NO_PAD.encode(&self.next);
        format!("{secret}.{}.{}.{next}", self.began_at.as_second(), self.issuer)
    }

    /// `None` for what is no attempt, was begun with another provider, or too long ago.
    pub(crate) fn from_cookie(value: &str, issuer: &str, now: Timestamp) -> Option<Self> {
        let mut parts = value.splitn(4, '.');
        let secret = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?.try_into().ok()?;
        let began_at = Timestamp::from_second(parts.next()?.parse().ok()?).ok()?;
        let begun_with = parts.next()?;
        let next = String::from_utf8(URL_SAFE_NO_PAD.decode(parts.next()?).ok()?).ok()?;
        let age = now.duration_since(began_at);
        let in_time = age <= ATTEMPT_VALID_FOR && age >= -SignedDuration::from_secs(5);
        // The cookie is the browser's to change: where it leads is looked at again.
        let next = console_path(&next);
        (in_time && begun_with == issuer).then(|| Self { secret, issuer: issuer.to_owned(), next, began_at })
    }

    /// RFC 6749, section 10.12.
    pub(crate) fn state(&self) -> String {
        self.derived("state")
    }

    pub(crate) fn has_state(&self, presented: &str) -> bool {
        self.state().as_bytes().ct_eq(presented.as_bytes()).into()
    }

    /// OpenID Connect Core 1.0, section 3.1.2.1.
    pub(crate) fn nonce(&self) -> String {
        self.derived("nonce")
    }

    /// RFC 7636, section 4.1: 43 characters of unreserved ones.
    pub(crate) fn pkce_verifier(&self) -> String {
        self.derived("pkce")
    }

    pub(crate) fn next(&self) -> &str {
        &self.next
    }

    /// What travels openly says nothing about the secret, nor about the others.
    fn derived(&self, label: &str) -> String {
        let hash = Sha256::new().chain_update(label).chain_update([0]).chain_update(self.secret).finalize();
        URL_SAFE_NO_PAD.encode(hash)
    }
}

/// A place in the console, whatever was asked for.
pub(crate) fn console_path(wanted: &str) -> String {
    let parsed = Url::parse("http://console.invalid").and_then(|base| base.join(wanted));
    let good = wanted.starts_with(CONSOLE)
        && wanted.len() <= NEXT_MAX_BYTES
        && !wanted.contains('\\')
        && !wanted.chars().any(char::is_control);
    match parsed {
        Ok(url) if good && url.host_str() == Some("console.invalid") && url.path().starts_with(CONSOLE) => {
            let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
            format!("{}{query}", url.path())
        }
        _ => CONSOLE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_place_in_the_console_is_gone_to() {
        for (wanted, goes) in [
            ("/console/nodes?state=ready", "/console/nodes?state=ready"),
            ("/console/", "/console/"),
            ("", "/console/"),
            ("/", "/console/"),
            ("//evil.example/console/", "/console/"),
            ("https://evil.example/console/", "/console/"),
            ("/\\evil.example/console/", "/console/"),
            ("/console/../../api/v1/session", "/console/"),
            ("/console/..//evil.example", "/console/"),
            ("/console/\r\nset-cookie: a=b", "/console/"),
            ("/\t/evil.example", "/console/"),
            ("javascript:alert(1)", "/console/"),
        ] {
            assert_eq!(console_path(wanted), goes, "{wanted}");
        }
    }

    #[test]
    fn an_attempt_comes_back_only_to_its_provider_and_in_time() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let attempt = Attempt::begin("clinic", "/console/nodes", now).unwrap();
        let cookie = attempt.to_cookie();
        let later = |seconds| now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        let back = Attempt::from_cookie(&cookie, "clinic", later(599)).unwrap();
        assert!(back.has_state(&attempt.state()) && back.next() == "/console/nodes");
        assert!(Attempt::from_cookie(&cookie, "clinic", later(601)).is_none(), "too late");
        assert!(Attempt::from_cookie(&cookie, "partner", now).is_none(), "another provider");
        assert!(Attempt::from_cookie("", "clinic", now).is_none());
        assert!(!back.has_state("") && !back.has_state(&attempt.nonce()));
    }

    #[test]
    fn a_cookie_that_was_changed_leads_nowhere_else() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let cookie = Attempt::begin("clinic", "/console/", now).unwrap().to_cookie();
        let (front, _) = cookie.rsplit_once('.').unwrap();
        let changed = format!("{front}.{}", URL_SAFE_NO_PAD.encode("https://evil.example/"));
        assert_eq!(Attempt::from_cookie(&changed, "clinic", now).unwrap().next(), "/console/");
    }
}
