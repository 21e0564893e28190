//! The outer shape of a signature bundle, and who signed it.

use cloister_provenance::{Bundle, BundleError, ManifestError, TrustedSigner, VerifyError};
use serde_json::{Value, json};

use crate::forge::{Forger, statement};

fn sample(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

fn sample_signer() -> TrustedSigner {
    TrustedSigner::from_pem("lab", &String::from_utf8(sample("signer.pub")).unwrap()).unwrap()
}

const SAMPLE_KEY_ID: &str = "c866e05511b5c50131697033d497962f91beefa92dafe382de4e0c51d09ba8b4";

#[test]
fn bundle_of_the_reference_tool_verifies_and_lists_its_files() {
    let bundle = Bundle::parse(&sample("smol.key.sig")).unwrap();
    assert_eq!(bundle.signer_hint(), SAMPLE_KEY_ID);
    let manifest = bundle.verify_signature(&[sample_signer()]).unwrap();
    let names: Vec<_> = manifest.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["SmolLM2-135M-Instruct.Q4_1.gguf", "config.json"]);
    assert_eq!(
        manifest.file("config.json").unwrap().sha256.to_string(),
        "1edc2f8c5e585d987d5949798eb2da27d112a048b1b9aea2cfb7957a1f670a76"
    );
    assert_eq!((manifest.signer_name.as_str(), manifest.signer_key_id.as_str()), ("lab", SAMPLE_KEY_ID));
}

/// `sha256sum` over the decoded payload of the sample.
#[test]
fn model_digest_is_the_hash_of_the_payload_bytes_as_signed() {
    let manifest =
        Bundle::parse(&sample("smol.key.sig")).unwrap().verify_signature(&[sample_signer()]).unwrap();
    assert_eq!(
        manifest.model_digest,
        "sha256:9b1fcac27ada061091f8f14edb8018a61dfdadf0299d0d07bfcdadd337039393"
    );
}

#[test]
fn single_file_that_the_reference_tool_calls_dot_gets_its_signed_name() {
    let manifest =
        Bundle::parse(&sample("single.sig")).unwrap().verify_signature(&[sample_signer()]).unwrap();
    assert_eq!(manifest.files.len(), 1);
    assert_eq!(manifest.files[0].name, "SmolLM2-135M-Instruct.Q4_1.gguf");
}

#[test]
fn samples_of_other_methods_and_hashes_are_refused_by_name() {
    let cases = [
        ("smol.cert.sig", "certificate chain (method \"certificate\")"),
        ("smol.keyless_v2.sig", "sigstore identity (method \"sigstore\")"),
        ("big_files_blake2.sig", "hash \"blake2b\"; only sha256 is accepted"),
        ("big_files_blake3.sig", "hash \"blake3\"; only sha256 is accepted"),
        ("big_shards.sig", "signed in shards"),
    ];
    for (name, reason) in cases {
        let refused = match Bundle::parse(&sample(name)) {
            Ok(bundle) => bundle.verify_signature(&[sample_signer()]).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(refused.contains(reason), "{name}: {refused}");
    }
}

/// What `bend` makes of a good bundle, parsed.
fn parse_bent(bend: impl FnOnce(&mut Value)) -> Result<Bundle, BundleError> {
    let payload = serde_json::to_vec(&statement(&[("a", b"a")])).unwrap();
    let mut bundle = Forger::new().bundle(&payload);
    bend(&mut bundle);
    Bundle::parse(&serde_json::to_vec(&bundle).unwrap())
}

#[test]
fn bent_bundles_are_refused_each_for_its_own_reason() {
    type Case = (&'static str, fn(&mut Value), fn(&BundleError) -> bool);
    let cases: [Case; 14] = [
        ("no signature", |b| b["dsseEnvelope"]["signatures"] = json!([]), |e| *e == BundleError::Unsigned),
        (
            "empty signature",
            |b| b["dsseEnvelope"]["signatures"][0]["sig"] = json!(""),
            |e| *e == BundleError::Unsigned,
        ),
        (
            "two signatures",
            |b| {
                let one = b["dsseEnvelope"]["signatures"][0].clone();
                b["dsseEnvelope"]["signatures"] = json!([one, one]);
            },
            |e| *e == BundleError::SeveralSignatures { count: 2 },
        ),
        (
            "signature not base64",
            |b| b["dsseEnvelope"]["signatures"][0]["sig"] = json!("!"),
            |e| *e == BundleError::SignatureEncoding,
        ),
        (
            "signature too long",
            |b| b["dsseEnvelope"]["signatures"][0]["sig"] = json!("AAAA".repeat(25)),
            |e| *e == BundleError::SignatureEncoding,
        ),
        (
            "payload not base64",
            |b| b["dsseEnvelope"]["payload"] = json!("%%"),
            |e| *e == BundleError::PayloadEncoding,
        ),
        (
            "other payload type",
            |b| b["dsseEnvelope"]["payloadType"] = json!("text/plain"),
            |e| matches!(e, BundleError::PayloadType { .. }),
        ),
        (
            "other media type",
            |b| b["mediaType"] = json!("application/json"),
            |e| matches!(e, BundleError::MediaType { .. }),
        ),
        (
            "no envelope",
            |b| drop(b.as_object_mut().unwrap().remove("dsseEnvelope")),
            |e| *e == BundleError::NoEnvelope,
        ),
        ("no key", |b| b["verificationMaterial"] = json!({}), |e| *e == BundleError::NoKeyHint),
        (
            "hint not a digest",
            |b| b["verificationMaterial"]["publicKey"]["hint"] = json!("me"),
            |e| *e == BundleError::KeyHintMalformed,
        ),
        ("unknown field", |b| b["extra"] = json!(1), |e| matches!(e, BundleError::NotABundle { .. })),
        (
            "log entries",
            |b| b["verificationMaterial"]["tlogEntries"] = json!([{}]),
            |e| matches!(e, BundleError::UnsupportedMethod { .. }),
        ),
        ("a bare digest signed", |b| b["messageSignature"] = json!({}), |e| *e == BundleError::NoEnvelope),
    ];
    for (case, bend, expected) in cases {
        let error = parse_bent(bend).expect_err(case);
        assert!(expected(&error), "{case}: {error:?}");
    }
}

#[test]
fn what_is_not_a_bundle_at_all_is_refused() {
    assert_eq!(Bundle::parse(b"").err(), Some(BundleError::Empty));
    let large = vec![b' '; cloister_provenance::limits::MAX_BUNDLE_BYTES + 1];
    assert!(matches!(Bundle::parse(&large), Err(BundleError::TooLarge { .. })));
    for text in ["{}", "[]", "\u{0}", "{\"mediaType\":1}", "GGUF"] {
        assert!(matches!(Bundle::parse(text.as_bytes()), Err(BundleError::NotABundle { .. })), "{text:?}");
    }
}

#[test]
fn doubled_fields_do_not_hide_a_second_meaning() {
    let payload = serde_json::to_vec(&statement(&[("a", b"a")])).unwrap();
    let bundle = serde_json::to_string(&Forger::new().bundle(&payload)).unwrap();
    let doubled = bundle.replacen("\"payloadType\":", "\"payloadType\":\"x\",\"payloadType\":", 1);
    assert!(matches!(Bundle::parse(doubled.as_bytes()), Err(BundleError::NotABundle { .. })));
}

#[test]
fn signer_signature_and_hint_are_told_apart() {
    let (ours, other) = (Forger::new(), Forger::new());
    let payload = serde_json::to_vec(&statement(&[("a", b"a")])).unwrap();
    let verify = |bundle: &Value, trusted: &[TrustedSigner]| {
        Bundle::parse(&serde_json::to_vec(bundle).unwrap()).unwrap().verify_signature(trusted).map(|_| ())
    };
    let good = ours.bundle(&payload);
    let both = [ours.trusted.clone(), other.trusted.clone()];
    let mut other_hint = good.clone();
    other_hint["verificationMaterial"]["publicKey"]["hint"] = json!(other.key_id());
    let mut other_payload = good.clone();
    other_payload["dsseEnvelope"]["payload"] = other.bundle(b"{}")["dsseEnvelope"]["payload"].clone();
    let untrusted = VerifyError::UntrustedSigner { key_id: ours.key_id() };
    let mismatch = VerifyError::HintMismatch { claimed: other.key_id(), actual: ours.key_id() };
    assert_eq!(verify(&good, &both), Ok(()));
    assert_eq!(verify(&good, &[]), Err(untrusted.clone()));
    assert_eq!(verify(&good, std::slice::from_ref(&other.trusted)), Err(untrusted));
    assert_eq!(verify(&other_hint, &both), Err(mismatch.clone()));
    assert_eq!(verify(&other_hint, std::slice::from_ref(&ours.trusted)), Err(mismatch));
    assert_eq!(verify(&other_payload, &both), Err(VerifyError::BadSignature { key_id: ours.key_id() }));
}

#[test]
fn messages_escape_what_a_bundle_says() {
    let mut hostile = statement(&[("a", b"a")]);
    hostile["predicateType"] = json!(format!("\u{1b}[2J{}", "x".repeat(500)));
    let error = Forger::new().verify(&serde_json::to_vec(&hostile).unwrap()).unwrap_err();
    assert!(matches!(error, VerifyError::Manifest(ManifestError::PredicateType { .. })));
    assert!(!error.to_string().contains('\u{1b}') && error.to_string().len() < 400, "{error}");
}
