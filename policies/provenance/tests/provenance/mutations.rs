//! Whatever is done to a bundle: no panic, and never another list of files under the same signature.

use std::sync::LazyLock;

use cloister_provenance::{Bundle, TrustedSigner, VerifiedManifest};
use proptest::prelude::*;

use crate::forge::{Forger, statement};

struct Good {
    bytes: Vec<u8>,
    trusted: [TrustedSigner; 1],
    manifest: VerifiedManifest,
}

static GOOD: LazyLock<Good> = LazyLock::new(|| {
    let forger = Forger::new();
    let payload = serde_json::to_vec(&statement(&[("model.gguf", b"w"), ("a/b", b"x")])).unwrap();
    let bytes = serde_json::to_vec(&forger.bundle(&payload)).unwrap();
    let trusted = [forger.trusted];
    let manifest = Bundle::parse(&bytes).unwrap().verify_signature(&trusted).unwrap();
    Good { bytes, trusted, manifest }
});

fn manifest_of(bytes: &[u8]) -> Option<VerifiedManifest> {
    Bundle::parse(bytes).ok()?.verify_signature(&GOOD.trusted).ok()
}

/// A mutation may leave what is signed untouched (a space between fields); it must never change it.
fn harmless(bytes: &[u8]) -> bool {
    manifest_of(bytes).is_none_or(|manifest| manifest == GOOD.manifest)
}

#[test]
fn every_altered_byte_of_a_bundle_is_refused() {
    for at in 0..GOOD.bytes.len() {
        let mut altered = GOOD.bytes.clone();
        altered[at] ^= 1 << (at % 7);
        assert!(manifest_of(&altered).is_none(), "byte {at} ({:?})", GOOD.bytes[at] as char);
    }
}

proptest! {
    #[test]
    fn overwritten_stretches_never_change_what_verifies(
        at in any::<prop::sample::Index>(),
        patch in prop::collection::vec(any::<u8>(), 1..60),
    ) {
        let mut altered = GOOD.bytes.clone();
        let at = at.index(altered.len());
        let end = (at + patch.len()).min(altered.len());
        altered.splice(at..end, patch);
        prop_assert!(harmless(&altered));
    }

    #[test]
    fn inserted_and_removed_stretches_never_change_what_verifies(
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        inserted in "[ \\n{}\\[\\]\",:a-z0-9]{0,20}",
    ) {
        let mut altered = GOOD.bytes.clone();
        let (from, to) = (from.index(altered.len()), to.index(altered.len()));
        altered.splice(from.min(to)..from.max(to), inserted.bytes());
        prop_assert!(harmless(&altered));
    }

    #[test]
    fn arbitrary_bytes_never_verify(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        prop_assert!(manifest_of(&bytes).is_none());
    }

    #[test]
    fn arbitrary_signed_payloads_never_panic(payload in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Forger::new().verify(&payload).is_err());
    }
}
