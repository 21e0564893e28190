//! Passwords: argon2id (RFC 9106, section 4, second recommended option in its OWASP form: 19 MiB, two passes), a few
//! at a time, so that a flood of sign-ins takes neither all memory nor all cores.

use argon2::password_hash::{PasswordHash, SaltString};
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use cloister_api::ProblemKind;
use cloister_api::limits::{PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use super::ApiError;

/// Hashed at once.
const AT_ONCE: usize = 2;
/// More than so many that wait are turned away.
const WAITING_MAX: usize = 32;
const SALT_BYTES: usize = 16;

#[derive(Debug)]
pub(crate) struct Passwords {
    places: Semaphore,
    turns: Semaphore,
}

impl Passwords {
    pub(super) fn new() -> Self {
        Self { places: Semaphore::new(AT_ONCE + WAITING_MAX), turns: Semaphore::new(AT_ONCE) }
    }

    /// In PHC form.
    pub(super) async fn hash(&self, password: SecretString) -> Result<String, ApiError> {
        let mut salt = [0_u8; SALT_BYTES];
        getrandom::fill(&mut salt)
            .map_err(|error| ApiError::internal("the system's random generator failed", &error))?;
        self.in_turn(move || {
            let salt = SaltString::encode_b64(&salt).map_err(|error| error.to_string())?;
            let hash = Argon2::default().hash_password(password.expose_secret().as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
        })
        .await?
        .map_err(|error| ApiError::internal("the password could not be hashed", &error))
    }

    /// Whether it is the password of `hash`. Without a hash it takes as long and is `false`: how long an answer takes
    /// does not tell whether there is such an account.
    pub(super) async fn verify(
        &self,
        password: SecretString,
        hash: Option<String>,
    ) -> Result<bool, ApiError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODYS.to_owned());
        let matches = self.in_turn(move || {
            PasswordHash::new(&hash).is_ok_and(|hash| {
                Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok()
            })
        });
        Ok(matches.await? && known)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let busy = || {
            ApiError::new(
                ProblemKind::TooManyRequests,
                "many people are signing in at this moment; try again in a few seconds",
            )
        };
        let _place = self.places.try_acquire().map_err(|_| busy())?;
        let _turn = self.turns.acquire().await.map_err(|_| busy())?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| ApiError::internal("the password could not be checked", &error))
    }
}

/// Of a password that nobody has.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$Y2xvaXN0ZXIgbm9ib2R5$\
                       AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Length is what counts (NIST SP 800-63B, section 3.1.1.2): no classes of characters are asked for.
pub(super) fn check(field: &str, password: &str) -> Result<(), ApiError> {
    let characters = password.chars().count();
    if (PASSWORD_MIN_CHARS..=PASSWORD_MAX_CHARS).contains(&characters) {
        return Ok(());
    }
    let detail = format!(
        "a password has {PASSWORD_MIN_CHARS} to {PASSWORD_MAX_CHARS} characters, this one {characters}"
    );
    Err(ApiError::invalid(field, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_another_is_not() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse battery".to_owned().into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let is = async |word: &str, hash: Option<String>| {
            passwords.verify(word.to_owned().into(), hash).await.unwrap()
        };
        assert!(is("correct horse battery", Some(hash.clone())).await);
        assert!(!is("correct horse batterz", Some(hash)).await);
        assert!(!is("correct horse battery", None).await);
        assert!(!is("correct horse battery", Some("damaged".to_owned())).await);
        assert!(PasswordHash::new(NOBODYS).is_ok(), "it must take as long as another");
    }

    #[test]
    fn too_short_and_too_long_ones_are_refused() {
        let cases =
            [("", false), ("elevenchars", false), ("twelve chars", true), ("ö".repeat(256).as_str(), true)]
                .map(|(password, good)| (password.to_owned(), good));
        for (password, good) in cases.into_iter().chain([("x".repeat(257), false)]) {
            assert_eq!(check("new_password", &password).is_ok(), good, "{password:?}");
        }
    }
}
