use super::*;
use crate::tree::leaf_hash;

const ORIGIN: &str = "cloister/fleet-1";

fn key(origin: &str, byte: u8) -> LogKey {
    LogKey::from_seed(origin, &Zeroizing::new([byte; 32])).unwrap()
}

#[test]
fn signed_checkpoint_opens_with_the_keys_public_text_and_says_what_was_signed() {
    let key = key(ORIGIN, 1);
    let signed = key.sign(7, leaf_hash(b"root")).unwrap();
    let opened = LogVerifier::from_text(key.verifier_text()).unwrap().open(signed.text()).unwrap();
    assert_eq!(opened, signed);
    assert_eq!((opened.tree_size(), opened.root()), (7, leaf_hash(b"root")));
}

#[test]
fn key_survives_its_text_form_and_stays_out_of_debug_output() {
    let key = key(ORIGIN, 1);
    let read = LogKey::from_text(key.to_text()).unwrap();
    assert_eq!(read.verifier_text(), key.verifier_text());
    assert_eq!(read.sign(1, leaf_hash(b"x")).unwrap(), key.sign(1, leaf_hash(b"x")).unwrap());
    let secret = key.to_text().rsplit('+').next().unwrap().to_owned();
    assert!(!format!("{key:?}").contains(&secret));
}

/// A checkpoint and a key made by another implementation.
#[test]
fn checkpoint_of_another_implementation_opens() {
    let verifier = LogVerifier::from_text(
        "audit.hosp-a.example/log1+111ecdb1+AcJfgxGBqufwlViVniT0RDDEaNzZg6rkjBbM15jvdp6q\n",
    );
    let note = "audit.hosp-a.example/log1\n100000\nmUIFTRFmsXNXl7a06xPPAY2UaGE6bjwo7nBi7vpn9qI=\n\n\
        — audit.hosp-a.example/log1 ER7Nsb0jfKbuR6Zfwamlkq89fCkY2gd6RjTVpDTF6Wv9qrrsfTTsIa3Tjmy7crLnr9TFVEYdCXFeiP46yOjXlSBOigE=\n";
    assert_eq!(verifier.unwrap().open(note).unwrap().tree_size(), 100_000);
}

#[test]
fn every_altered_byte_of_a_checkpoint_is_refused() {
    let key = key(ORIGIN, 1);
    let verifier = key.verifier().unwrap();
    let text = key.sign(1234, leaf_hash(b"root")).unwrap().text().to_owned();
    for at in 0..text.len() {
        let mut altered = text.clone().into_bytes();
        altered[at] ^= 1 << (at % 7);
        if let Ok(altered) = String::from_utf8(altered) {
            assert!(verifier.open(&altered).is_err(), "byte {at}");
        }
    }
}

#[test]
fn foreign_keys_logs_and_extra_signatures_are_told_apart() {
    let ours = key(ORIGIN, 1);
    let verifier = ours.verifier().unwrap();
    let text = ours.sign(5, leaf_hash(b"root")).unwrap().text().to_owned();
    let by_other = key(ORIGIN, 2).sign(5, leaf_hash(b"root")).unwrap();
    let other_size = text.replacen("\n5\n", "\n6\n", 1);
    let doubled = format!("{text}{}", text.rsplit_once("\n\n").unwrap().1);
    assert!(matches!(verifier.open(by_other.text()), Err(CheckpointError::OtherKey { .. })));
    assert_eq!(verifier.open(&other_size), Err(CheckpointError::Signature));
    assert_eq!(verifier.open(&doubled), Err(CheckpointError::Malformed));
    assert_eq!(verifier.open(""), Err(CheckpointError::Malformed));
    assert_eq!(verifier.open(&"x".repeat(MAX_CHECKPOINT_BYTES + 1)), Err(CheckpointError::Malformed));
}

#[test]
fn unusable_origins_and_keys_are_refused() {
    for origin in ["", "two words", "a+b", "line\nbreak", &"x".repeat(256)] {
        let made = LogKey::from_seed(origin, &Zeroizing::new([1; 32]));
        assert_eq!(made.err(), Some(CheckpointError::Origin), "{origin:?}");
    }
    for text in ["", "PRIVATE+KEY+x", "a+00000000+AQ==", "nonsense"] {
        assert_eq!(LogKey::from_text(text).err(), Some(CheckpointError::SigningKey), "{text:?}");
        assert_eq!(LogVerifier::from_text(text).err(), Some(CheckpointError::VerifierKey), "{text:?}");
    }
}
