use super::*;

struct Rig {
    fleet: Fleet,
    folder: tempfile::TempDir,
    signer: Signer,
}

impl Rig {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SourceOptions { folder: Some(folder.path().to_owned()), ..SourceOptions::default() };
        let (fleet, signer) = (fleet(options).await, Signer::new("acme"));
        fleet.trust(&signer).await;
        Self { fleet, folder, signer }
    }

    fn model_in(&self, folder: &str) -> SignedModel {
        let model = SignedModel::new(&self.signer);
        let path = self.folder.path().join(folder);
        std::fs::create_dir_all(&path).unwrap();
        model.files().iter().for_each(|(name, bytes)| write(&path, name, bytes));
        model
    }
}

#[tokio::test]
async fn a_folder_and_archives_of_it_are_imported_and_on_record() {
    for form in ["folder", "m.tar", "m.tar.gz"] {
        let rig = Rig::new().await;
        let model = rig.model_in("folder");
        write(rig.folder.path(), "m.tar", &archive(&model, "tiny/"));
        write(rig.folder.path(), "m.tar.gz", &gzip(&archive(&model, "./")));

        let import = rig.fleet.fetch("tiny", path_source(form)).await;

        assert_done(&import);
        let there = rig.fleet.get(&paths::model("tiny")).await;
        assert_eq!(there["digest"], import.model_digest.unwrap(), "{form}");
        let (kind, leaf) = rig.fleet.recorded(1).await.remove(0);
        assert_eq!((kind.as_str(), &leaf["change"]["source"]), ("model.imported", &json!("path")));
        assert_eq!(leaf["actor"]["id"], "key-admin");
        assert_eq!(import.record_id.unwrap(), leaf["id"]);
        rig.fleet.nothing_is_left().await;
    }
}

#[tokio::test]
async fn the_same_model_again_is_done_without_another_record() {
    let rig = Rig::new().await;
    rig.model_in("folder");
    let first = rig.fleet.fetch("tiny", path_source("folder")).await;
    let digest = first.model_digest.unwrap();

    let again = rig.fleet.fetch("tiny", path_source("folder")).await;
    assert_eq!((again.phase, again.record_id), (ImportPhase::Done, None));
    let expected =
        rig.fleet.begin_import_of("tiny", path_source("is not even looked at"), Some(&digest)).await;
    assert_eq!((expected.phase, expected.model_digest), (ImportPhase::Done, Some(digest)));

    let other_name = rig.fleet.fetch("other", path_source("folder")).await;
    assert_ended(&other_name, ImportPhase::Refused, ImportReason::NameTaken, "under the name");
    assert_eq!(rig.fleet.get(paths::IMPORTS).await["imports"].as_array().unwrap().len(), 4);
    rig.fleet.nothing_is_left().await;
}

#[tokio::test]
async fn a_name_that_its_signer_may_not_sign_is_refused_as_that_although_the_same_model_is_here() {
    let rig = Rig::new().await;
    let vendor = Signer::new("vendor");
    let policy = json!({"rules": [{
        "models": ["xray-*"], "signers": [{"name": "vendor", "public_key_pem": vendor.key.public_pem}]
    }]});
    rig.fleet.call(http::Method::PUT, &paths::trust_policy("radiology"), Some(policy)).await;
    let rig = Rig { signer: vendor, ..rig };
    rig.model_in("folder");
    assert_done(&rig.fleet.fetch("xray-1", path_source("folder")).await);
    let import = rig.fleet.fetch("notes", path_source("folder")).await;
    assert_ended(&import, ImportPhase::Refused, ImportReason::SignerNotTrusted, "other model names only");
}

#[tokio::test]
async fn no_path_leads_out_of_the_folder() {
    let rig = Rig::new().await;
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), "secret", b"secret");
    let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, rig.folder.path().join(name)).unwrap();
    link(outside.path(), "away");
    link(Path::new("../"), "up");
    rig.model_in("inside");
    link(Path::new("inside"), "alias");
    rig.model_in("mixed");
    std::os::unix::fs::symlink(outside.path().join("secret"), rig.folder.path().join("mixed/zz")).unwrap();
    let absolute = outside.path().display().to_string();
    for path in ["../x", "inside/../../x", &absolute, "away", "away/secret", "up", "mixed"] {
        let import = rig.fleet.fetch("tiny", path_source(path)).await;
        assert_eq!(import.phase, ImportPhase::Refused, "{path}: {import:?}");
        assert_eq!(import.problem.unwrap().reason, ImportReason::SourceNotAllowed, "{path}");
    }
    let missing = rig.fleet.fetch("tiny", path_source("nothing")).await;
    assert_ended(&missing, ImportPhase::Failed, ImportReason::SourceNotFound, "there is no");
    rig.fleet.nothing_is_left().await;
    assert_done(&rig.fleet.fetch("tiny", path_source("alias")).await);
}

#[tokio::test]
async fn each_defect_is_refused_with_its_reason_and_leaves_nothing_behind() {
    let rig = Rig::new().await;
    let mallory = Signer::new("mallory");
    let defect = |folder: &str, change: &dyn Fn(&Path)| {
        rig.model_in(folder);
        change(&rig.folder.path().join(folder));
    };
    defect("unsigned", &|path| std::fs::remove_file(path.join("model.sig")).unwrap());
    defect("altered", &|path| write(path, "LICENSE", b"do as you like?"));
    defect("unlisted", &|path| write(path, "more", b"x"));
    defect("missing", &|path| std::fs::remove_file(path.join("LICENSE")).unwrap());
    defect("other-signer", &|path| write(path, "model.sig", &SignedModel::new(&mallory).bundle));
    defect("pipe", &|path| {
        let pipe = path.join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    });
    write(rig.folder.path(), "text", &[b'x'; 4_000]);
    for (path, reason, detail) in [
        ("unsigned", ImportReason::SignatureBundle, "unsigned"),
        ("altered", ImportReason::FileAltered, "LICENSE"),
        ("unlisted", ImportReason::FileUnlisted, "more"),
        ("missing", ImportReason::FileMissing, "LICENSE"),
        ("other-signer", ImportReason::SignerNotTrusted, "not a trusted signer"),
        ("pipe", ImportReason::SourceInvalid, "neither a file nor a folder"),
        ("text", ImportReason::SourceInvalid, "no tar archive"),
    ] {
        let import = rig.fleet.fetch("tiny", path_source(path)).await;
        assert_ended(&import, ImportPhase::Refused, reason, detail);
        let (kind, leaf) = rig.fleet.recorded(1).await.remove(0);
        assert_eq!((kind.as_str(), &leaf["reason"]), ("model.refused", &json!(reason.as_str())), "{path}");
        assert_eq!(import.record_id.unwrap(), leaf["id"]);
    }
    rig.fleet.nothing_is_left().await;
    assert_eq!(rig.fleet.get(paths::MODELS).await["models"], json!([]));
}

#[tokio::test]
async fn another_model_than_the_expected_one_is_refused() {
    let rig = Rig::new().await;
    let model = rig.model_in("folder");
    write(rig.folder.path(), "m.tar", &archive(&model, ""));
    let expected = format!("sha256:{}", "0".repeat(64));
    for path in ["folder", "m.tar"] {
        let begun = rig.fleet.begin_import_of("tiny", path_source(path), Some(&expected)).await;
        let import = rig.fleet.ended(&begun.id).await;
        assert_ended(&import, ImportPhase::Refused, ImportReason::ModelDigest, "was expected");
    }
    rig.fleet.nothing_is_left().await;
}

#[tokio::test]
async fn what_is_larger_than_the_quota_fails_for_want_of_space() {
    let rig = Rig::new().await;
    rig.model_in("folder");
    let sparse = std::fs::File::create(rig.folder.path().join("folder/more")).unwrap();
    sparse.set_len(super::super::QUOTA_BYTES).unwrap();
    let import = rig.fleet.fetch("tiny", path_source("folder")).await;
    assert_ended(&import, ImportPhase::Failed, ImportReason::NoSpace, "quota");
    rig.fleet.nothing_is_left().await;
}

#[tokio::test]
async fn nothing_is_fetched_unless_a_flag_says_where() {
    let fleet = fleet(SourceOptions::default()).await;
    let digest = "a".repeat(64);
    for (source, flag) in [
        (path_source("m"), "--sources"),
        (
            json!({"https": {"url": "https://models.example/m.tar", "sha256": digest}}),
            "--source-allow models.example",
        ),
        (json!({"oci": {"reference": format!("r.example/m@sha256:{digest}")}}), "--source-allow r.example"),
    ] {
        let import = fleet.fetch("tiny", source).await;
        assert_ended(&import, ImportPhase::Refused, ImportReason::SourceNotAllowed, flag);
    }
}

#[tokio::test]
async fn what_is_no_source_is_a_problem_of_the_request() {
    let fleet = fleet(SourceOptions::default()).await;
    let digest = "a".repeat(64);
    let https = |url: &str| json!({"https": {"url": url, "sha256": digest}});
    for (source, field) in [
        (json!({"oci": {"reference": "r.example/m:v1"}}), "source.oci.reference"),
        (https("http://r.example/m.tar"), "source.https.url"),
        (https("https://u:p@r.example/m.tar"), "source.https.url"),
        (json!({"https": {"url": "https://r.example/m.tar", "sha256": "ab"}}), "source.https.sha256"),
        (path_source(&"a".repeat(2_000)), "source.path.path"),
    ] {
        let body = json!({"name": "tiny", "source": source});
        let problem = fleet.problem(Method::POST, paths::IMPORTS, Some(body)).await;
        assert_eq!((problem.status, problem.field.as_deref()), (400, Some(field)), "{}", problem.detail);
    }
    assert_eq!(fleet.problem(Method::GET, &paths::import("nothing"), None).await.status, 404);
}
