//! The same bundles with the PyPI package `model-signing`, run as its users run it: each side verifies
//! what the other signed, and refuses what was altered since.
//!
//! The package is installed into `target/` on first use; without Python, pip and a registry this test
//! fails, because what it checks would be unknown.

// Helpers are tests too: a panic there is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

use cloister_provenance::{
    GeneratedKey, ModelSource, SigningKey, TrustedSigner, VerificationReport, keygen, sign_directory,
    verify_model,
};
use tempfile::TempDir;

static TOOL: LazyLock<PathBuf> = LazyLock::new(|| {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let script = workspace.join("tests/interop/prepare.py");
    let made = Command::new("python3").arg(script).arg(target).output().expect("python3 is needed");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let python = PathBuf::from(String::from_utf8(made.stdout).unwrap().trim());
    python.with_file_name("model_signing")
});

/// A model directory, keys, and the place of its signature.
struct Model {
    folder: TempDir,
    key: GeneratedKey,
}

impl Model {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = keygen().unwrap();
        fs::write(folder.path().join("private.pem"), &*key.private_pem).unwrap();
        fs::write(folder.path().join("public.pem"), &key.public_pem).unwrap();
        let model = Self { folder, key };
        fs::create_dir_all(model.path("model/tokenizer")).unwrap();
        for (name, content) in
            [("model.gguf", "weights"), ("config.json", "{}"), ("tokenizer/vocab.txt", "a b")]
        {
            fs::write(model.path("model").join(name), content).unwrap();
        }
        model
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn sign_with_ours(&self) {
        let key = SigningKey::from_pem(&self.key.private_pem).unwrap();
        let exclude = Some(self.path("model/model.sig"));
        let signed = sign_directory(&self.path("model"), exclude.as_deref(), &key, "model", &mut |_| {});
        fs::write(self.path("model/model.sig"), signed.unwrap().bytes).unwrap();
    }

    fn sign_with_theirs(&self) {
        let output = self.tool("sign", "--private_key", "private.pem");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn theirs_verify(&self) -> Result<(), String> {
        let output = self.tool("verify", "--public_key", "public.pem");
        let said = [output.stdout, output.stderr].concat();
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&said).into_owned()) }
    }

    fn tool(&self, action: &str, key_option: &str, key: &str) -> Output {
        Command::new(&*TOOL)
            .args([action, "key", "model", "--signature", "model/model.sig", key_option, key])
            .current_dir(self.folder.path())
            .output()
            .unwrap()
    }

    fn ours_verify(&self) -> VerificationReport {
        let bundle = fs::read(self.path("model/model.sig")).unwrap();
        let trusted = [TrustedSigner::from_pem("signer", &self.key.public_pem).unwrap()];
        let (model, signature) = (self.path("model"), self.path("model/model.sig"));
        let source = ModelSource::Directory { path: &model, exclude: Some(&signature) };
        verify_model(&bundle, &trusted, source, &mut |_| {})
    }
}

#[test]
fn each_side_verifies_what_the_other_signed() {
    let model = Model::new();
    model.sign_with_ours();
    assert_eq!(model.theirs_verify(), Ok(()));
    model.sign_with_theirs();
    let report = model.ours_verify();
    assert!(report.passed(), "{:?}", report.checks);
    assert_eq!(report.signer_key_id, Some(model.key.key_id.clone()));
}

#[test]
fn a_directory_of_one_file_crosses_in_both_directions() {
    let model = Model::new();
    fs::remove_dir_all(model.path("model/tokenizer")).unwrap();
    fs::remove_file(model.path("model/config.json")).unwrap();
    model.sign_with_ours();
    assert_eq!(model.theirs_verify(), Ok(()));
    model.sign_with_theirs();
    assert!(model.ours_verify().passed(), "{:?}", model.ours_verify().checks);
}

/// What is done to a signed model, and a word of our reason for refusing it.
type Alteration = (&'static str, fn(&Model), &'static str);

const ALTERATIONS: [Alteration; 4] = [
    ("altered", |model| fs::write(model.path("model/model.gguf"), "weighty").unwrap(), "was altered"),
    ("missing", |model| fs::remove_file(model.path("model/config.json")).unwrap(), "is not there"),
    ("unlisted", |model| fs::write(model.path("model/evil.py"), "x").unwrap(), "not listed"),
    (
        "payload",
        |model| {
            let path = model.path("model/model.sig");
            let bundle = fs::read_to_string(&path).unwrap();
            let mut bundle: serde_json::Value = serde_json::from_str(&bundle).unwrap();
            let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
            // Another first character of a base64 group: the payload stays decodable.
            let altered = format!("f{}", &payload[1..]);
            bundle["dsseEnvelope"]["payload"] = altered.into();
            fs::write(path, bundle.to_string()).unwrap();
        },
        "does not match",
    ),
];

#[test]
fn both_sides_refuse_what_was_altered_after_either_signed() {
    type Signer = (&'static str, fn(&Model));
    let signers: [Signer; 2] = [("ours", Model::sign_with_ours), ("theirs", Model::sign_with_theirs)];
    for (signer, sign) in signers {
        for (alteration, alter, reason) in ALTERATIONS {
            let model = Model::new();
            sign(&model);
            alter(&model);
            let report = model.ours_verify();
            let (_, ours) =
                report.failure().unwrap_or_else(|| panic!("{signer}, {alteration}: accepted by ours"));
            assert!(ours.contains(reason), "{signer}, {alteration}: {ours}");
            let theirs = model.theirs_verify().expect_err("an altered model was accepted by theirs");
            assert!(theirs.contains("Verification failed"), "{signer}, {alteration}: {theirs}");
        }
    }
}

#[test]
fn both_sides_refuse_the_signature_of_another_key() {
    let model = Model::new();
    model.sign_with_ours();
    let stranger = keygen().unwrap();
    fs::write(model.path("public.pem"), &stranger.public_pem).unwrap();
    assert!(model.theirs_verify().is_err());
    let model = Model { key: stranger, ..model };
    let report = model.ours_verify();
    assert!(report.failure().unwrap().1.contains("not a trusted signer"), "{:?}", report.checks);
}
