//! The step-by-step report: the failing check is named, later ones are marked as not made.

use std::fs;

use cloister_provenance::{
    CheckName, CheckStatus, ModelSource, VerificationReport, sign_directory, verify_model,
};

use crate::forge::{Forger, statement};

fn statuses(report: &VerificationReport) -> String {
    let mark = |status: &CheckStatus| match status {
        CheckStatus::Passed(_) => 'p',
        CheckStatus::Failed(_) => 'F',
        CheckStatus::NotApplicable(_) => '-',
    };
    report.checks.iter().map(|check| mark(&check.status)).collect()
}

#[test]
fn each_failure_stops_at_its_own_check() {
    let forger = Forger::new();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "a").unwrap();
    let good = sign_directory(folder.path(), None, &forger.key, "m", &mut |_| {}).unwrap().bytes;
    let mut twisted = forger.bundle(b"{}");
    twisted["dsseEnvelope"]["payload"] = "e30K".into();
    let twisted = serde_json::to_vec(&twisted).unwrap();
    let mut inconsistent = statement(&[("a", b"a")]);
    inconsistent["subject"][0]["digest"]["sha256"] = "0".repeat(64).into();
    let inconsistent = forger.bundle(&serde_json::to_vec(&inconsistent).unwrap()).to_string().into_bytes();
    let bytes_differ = tempfile::tempdir().unwrap();
    fs::write(bytes_differ.path().join("a"), "b").unwrap();
    let names_differ = tempfile::tempdir().unwrap();
    let stranger = Forger::new().trusted;
    let path = folder.path();
    let cases = [
        ("good", &good, &forger.trusted, path, "pppppp", None),
        ("no bundle", &b"{}".to_vec(), &forger.trusted, path, "F-----", Some(CheckName::BundleWellFormed)),
        ("stranger", &good, &stranger, path, "pF----", Some(CheckName::SignerTrusted)),
        ("twisted", &twisted, &forger.trusted, path, "ppF---", Some(CheckName::SignatureValid)),
        ("inconsistent", &inconsistent, &forger.trusted, path, "pppF--", Some(CheckName::FileListValid)),
        ("names", &good, &forger.trusted, names_differ.path(), "ppppF-", Some(CheckName::FilesComplete)),
        ("bytes", &good, &forger.trusted, bytes_differ.path(), "pppppF", Some(CheckName::BytesMatch)),
    ];
    for (case, bundle, signer, path, expected, failing) in cases {
        let source = ModelSource::Directory { path, exclude: None };
        let report = verify_model(bundle, std::slice::from_ref(signer), source, &mut |_| {});
        assert_eq!(statuses(&report), expected, "{case}: {:?}", report.checks);
        assert_eq!(report.failure().map(|(name, _)| name), failing, "{case}");
        assert_eq!(report.passed(), failing.is_none(), "{case}");
    }
}

#[test]
fn signature_alone_is_not_reported_as_bytes_checked() {
    let forger = Forger::new();
    let bundle = forger.bundle(&serde_json::to_vec(&statement(&[("a", b"a")])).unwrap()).to_string();
    let report = verify_model(bundle.as_bytes(), &[forger.trusted], ModelSource::SignatureOnly, &mut |_| {});
    assert_eq!(statuses(&report), "pppp--");
    assert!(report.model_digest.unwrap().starts_with("sha256:"));
}
