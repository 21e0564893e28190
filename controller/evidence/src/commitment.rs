//! Salted commitments: what a record holds instead of text. Whoever has salt and text can show that
//! they are what was recorded; whoever has the record alone learns nothing, not even by guessing short
//! texts, and once the salt is deleted nobody ever will.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroize as _;

/// Keeps these digests apart from any other use of SHA-256 over the same bytes.
const DOMAIN: &[u8] = b"cloister/commit/v1";

/// 32 random bytes, fresh for every commitment. Wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt(pub [u8; 32]);

impl Drop for Salt {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt(secret)")
    }
}

/// The text is not base64 of 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a salt is written as base64 of 32 bytes (44 characters)")]
pub struct SaltSyntaxError;

impl Salt {
    /// Reads the base64 form.
    ///
    /// # Errors
    /// Not base64 of exactly 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, SaltSyntaxError> {
        let mut bytes = STANDARD.decode(text).map_err(|_| SaltSyntaxError)?;
        let salt = bytes.as_slice().try_into().map(Self).map_err(|_| SaltSyntaxError);
        bytes.zeroize();
        salt
    }

    /// The base64 form. It opens the commitment: treat it as a secret.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }
}

/// Base64 of SHA-256 over the domain, the salt, the length of `content` as eight bytes big-endian, and
/// `content`.
pub fn commit(salt: &Salt, content: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(DOMAIN);
    hasher.update(salt.0);
    hasher.update((content.len() as u64).to_be_bytes());
    hasher.update(content);
    STANDARD.encode(hasher.finalize())
}

/// Whether `commitment` is the one to `content` under `salt`. Takes the same time whatever differs.
pub fn opens(commitment: &str, salt: &Salt, content: &[u8]) -> bool {
    commit(salt, content).as_bytes().ct_eq(commitment.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's hashlib from the definition above.
    #[test]
    fn commitment_matches_an_independent_computation() {
        let salt = Salt(std::array::from_fn(|index| index as u8));
        assert_eq!(commit(&salt, b"Does the patient have a fever?"), GOLDEN);
    }

    const GOLDEN: &str = "HgDY8snRDgFZdnLjga95GyTge/h2CeGOeZFSWGlQJtU=";

    #[test]
    fn commitment_opens_only_with_its_own_salt_and_text() {
        let (salt, other) = (Salt([7; 32]), Salt([8; 32]));
        let commitment = commit(&salt, b"yes");
        assert!(opens(&commitment, &salt, b"yes"));
        assert!(!opens(&commitment, &salt, b"no"));
        assert!(!opens(&commitment, &salt, b"yes\n"));
        assert!(!opens(&commitment, &other, b"yes"));
        assert!(!opens("", &salt, b"yes"));
    }

    #[test]
    fn salt_survives_its_text_form_and_stays_out_of_debug_output() {
        let salt = Salt([0xAB; 32]);
        assert_eq!(Salt::from_base64(&salt.to_base64()), Ok(salt.clone()));
        assert_eq!(Salt::from_base64("q6s="), Err(SaltSyntaxError));
        assert!(!format!("{salt:?}").contains("171"));
    }
}
