use std::os::unix::fs::PermissionsExt;

use super::*;

/// A certificate for `key`, as a controller would give it (here: signed by itself).
fn certified(key: &SecretString) -> Vec<Vec<u8>> {
    let key = rcgen::KeyPair::from_pem(key.expose_secret()).unwrap();
    let mut parameters = rcgen::CertificateParams::default();
    parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2026, 1, 4);
    vec![parameters.self_signed(&key).unwrap().der().to_vec()]
}

fn identity() -> Identity {
    let key = KeyAndRequest::generate().unwrap().key_pem;
    let facts = NodeFacts {
        node_id: "node-1".into(),
        node_name: "ward-3".into(),
        url: "https://127.0.0.1:7082".into(),
        joined_with: "00".into(),
        certified_at_unix_s: 0,
    };
    Identity::from_answer(facts, "authority".into(), &certified(&key), key).unwrap()
}

#[test]
fn an_identity_survives_a_restart_and_its_key_is_private() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path().join("identity");
    assert!(Identity::load(&directory).unwrap().is_none());
    let stored = identity();
    stored.store(&directory).unwrap();

    let loaded = Identity::load(&directory).unwrap().unwrap();
    assert_eq!(loaded.facts, stored.facts);
    assert_eq!(loaded.certificate_pem, stored.certificate_pem);
    let mode = std::fs::metadata(directory.join(KEY)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_crash_in_the_middle_of_a_renewal_leaves_a_usable_identity() {
    let directory = tempfile::tempdir().unwrap();
    let (old, new) = (identity(), identity());
    // Before the new certificate is in place the old pair counts.
    old.store(directory.path()).unwrap();
    write_file(&directory.path().join(NEXT_KEY), new.key_pem.expose_secret().as_bytes()).unwrap();
    let loaded = Identity::load(directory.path()).unwrap().unwrap();
    assert_eq!(loaded.key_pem.expose_secret(), old.key_pem.expose_secret());
    // Once it is, the new key counts although it still has its waiting name.
    write_file(&directory.path().join(CERTIFICATE), new.certificate_pem.as_bytes()).unwrap();
    let loaded = Identity::load(directory.path()).unwrap().unwrap();
    assert_eq!(loaded.key_pem.expose_secret(), new.key_pem.expose_secret());
}

#[test]
fn a_certificate_without_its_key_is_called_damaged() {
    let directory = tempfile::tempdir().unwrap();
    identity().store(directory.path()).unwrap();
    let other = KeyAndRequest::generate().unwrap();
    write_file(&directory.path().join(KEY), other.key_pem.expose_secret().as_bytes()).unwrap();
    assert!(matches!(Identity::load(directory.path()), Err(IdentityError::Damaged { .. })));
}

#[test]
fn an_answer_for_another_key_is_refused() {
    let (mine, other) = (KeyAndRequest::generate().unwrap(), KeyAndRequest::generate().unwrap());
    let answer =
        Identity::from_answer(identity().facts, String::new(), &certified(&other.key_pem), mine.key_pem);
    assert_eq!(answer.unwrap_err(), AnswerError::OtherKey);
    let empty = Identity::from_answer(identity().facts, String::new(), &[], other.key_pem);
    assert_eq!(empty.unwrap_err(), AnswerError::NoCertificate);
}

#[test]
fn renewal_is_due_at_two_thirds_of_the_certificates_life() {
    let validity = Validity { not_before_unix_s: 1_000, not_after_unix_s: 1_090 };
    // (certified at, now, due in): "not before" lies 60 s before the certificate was given in the last rows.
    let cases = [(1_000, 1_000, 60_000), (1_000, 1_059, 1_000), (1_000, 1_060, 0), (1_000, 2_000, 0)];
    let forgiving =
        [(1_060, 1_060, 20_000), (1_060, 1_075, 5_000), (0, 1_000, 60_000), (9_999, 1_000, 90_000)];
    for (certified_at, now_unix_s, due_in_ms) in cases.into_iter().chain(forgiving) {
        assert_eq!(
            validity.renewal_due_in_ms(certified_at, now_unix_s * 1_000),
            due_in_ms,
            "at {now_unix_s}"
        );
    }
    assert!(!validity.expired(1_090));
    assert!(validity.expired(1_091));
}
