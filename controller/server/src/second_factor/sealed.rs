//! Secrets at rest: under a key that the fleet's controllers derive from what they share outside the database, so that
//! a copy of the database yields no code, and every controller can check one.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

use super::secret::Secret;
use crate::fleet::FleetHandle;

/// What the key is for: another use of the same source has another.
const PURPOSE: &[u8] = b"second factors v1";

pub(crate) struct SealingKey(Zeroizing<[u8; 32]>);

impl SealingKey {
    pub(crate) fn of(fleet: &FleetHandle) -> Self {
        Self(fleet.derived_key(PURPOSE))
    }

    /// For one account: under another's id it does not open. `None` if the cryptographic library refuses, which has
    /// no cause that anybody could mend.
    pub(crate) fn seal(&self, account_id: &str, secret: &Secret) -> Option<Vec<u8>> {
        let mut bytes = Zeroizing::new(secret.as_bytes().to_vec());
        // Room for the tag, so that growing leaves no copy of the secret behind.
        bytes.reserve_exact(AES_256_GCM.tag_len());
        let aad = Aad::from(account_id.as_bytes());
        let nonce = self.key()?.seal_in_place_append_tag(aad, &mut *bytes).ok()?;
        Some([nonce.as_ref().as_slice(), &bytes].concat())
    }

    /// `None` if it was not sealed for this account by a controller of this fleet.
    pub(crate) fn open(&self, account_id: &str, sealed: &[u8]) -> Option<Secret> {
        let (nonce, bytes) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut bytes = Zeroizing::new(bytes.to_vec());
        let aad = Aad::from(account_id.as_bytes());
        let plain = self.key()?.open_in_place(nonce, aad, bytes.as_mut_slice()).ok()?;
        Secret::from_bytes(plain)
    }

    fn key(&self) -> Option<RandomizedNonceKey> {
        RandomizedNonceKey::new(&AES_256_GCM, self.0.as_slice()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SealingKey {
        SealingKey(Zeroizing::new([byte; 32]))
    }

    #[test]
    fn only_the_account_and_the_fleet_that_it_was_sealed_for_open_it() {
        let secret = Secret::generate().unwrap();
        let sealed = key(1).seal("a1", &secret).unwrap();
        assert_eq!(key(1).open("a1", &sealed).unwrap().as_bytes(), secret.as_bytes());
        assert!(!sealed.windows(8).any(|part| secret.as_bytes().starts_with(part)));
        assert_ne!(key(1).seal("a1", &secret).unwrap(), sealed, "a nonce is used once");
        assert!(key(1).open("a2", &sealed).is_none(), "another account");
        assert!(key(2).open("a1", &sealed).is_none(), "another fleet");
        let mut changed = sealed.clone();
        changed[NONCE_LEN] ^= 1;
        for damaged in [&changed[..], &sealed[..NONCE_LEN], &[]] {
            assert!(key(1).open("a1", damaged).is_none());
        }
    }
}
