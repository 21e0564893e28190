use std::collections::BTreeMap;
use std::sync::LazyLock;

use cloister_test_registry::Registry;
use oci_client::client::{ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};

use super::*;

const RAW: &str = "application/vnd.cncf.model.weight.v1.raw";
const PATH: &str = "org.cncf.model.filepath";
const TITLE: &str = "org.opencontainers.image.title";

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| Registry::start().expect("tests need a registry"));

fn layer(bytes: &[u8], media_type: &str, key: &str, name: &str) -> ImageLayer {
    let annotations = BTreeMap::from([(key.to_owned(), name.to_owned())]);
    ImageLayer::new(bytes.to_vec(), media_type.to_owned(), Some(annotations))
}

/// Pushes an artifact; its reference by digest.
async fn push(registry: &Registry, repository: &str, layers: &[ImageLayer], auth: &RegistryAuth) -> String {
    let protocol = ClientProtocol::Http;
    let client = Client::new(ClientConfig { protocol, use_monolithic_push: true, ..ClientConfig::default() });
    let tag: Reference = format!("{}/{repository}:v1", registry.host()).parse().unwrap();
    let config = Config::new(b"{}".to_vec(), "application/vnd.cncf.model.config.v1+json".to_owned(), None);
    client.push(&tag, layers, config, auth, None).await.unwrap();
    let digest = client.fetch_manifest_digest(&tag, auth).await.unwrap();
    format!("{}/{repository}@{digest}", registry.host())
}

async fn push_openly(repository: &str, layers: &[ImageLayer]) -> Value {
    oci(&push(&REGISTRY, repository, layers, &RegistryAuth::Anonymous).await)
}

fn oci(reference: &str) -> Value {
    json!({"oci": {"reference": reference}})
}

fn packed(model: &SignedModel) -> Vec<ImageLayer> {
    model.files().iter().map(|(name, bytes)| layer(bytes, RAW, PATH, name)).collect()
}

async fn fleet_and_signer() -> (Fleet, Signer) {
    let allow = vec![REGISTRY.host().parse().unwrap()];
    let fleet = fleet(SourceOptions { allow, ..SourceOptions::default() }).await;
    let signer = Signer::new("acme");
    fleet.trust(&signer).await;
    (fleet, signer)
}

#[tokio::test]
async fn a_model_pack_a_plain_artifact_and_packed_layers_are_imported() {
    for form in ["pack", "plain", "tar"] {
        let (fleet, signer) = fleet_and_signer().await;
        let model = SignedModel::new(&signer);
        let layers = match form {
            "pack" => packed(&model),
            "plain" => {
                let typed =
                    |(name, bytes): &(&str, &[u8])| layer(bytes, "application/octet-stream", TITLE, name);
                model.files().iter().map(typed).collect()
            }
            _ => vec![layer(&archive(&model, ""), "application/vnd.cncf.model.weight.v1.tar", PATH, "m")],
        };
        let source = push_openly(&format!("models/{form}"), &layers).await;

        let import = fleet.fetch("tiny", source.clone()).await;

        assert_done(&import);
        let there = fleet.get(&paths::model("tiny")).await;
        assert_eq!(there["digest"], import.model_digest.clone().unwrap(), "{form}");
        let (kind, leaf) = fleet.recorded(1).await.remove(0);
        assert_eq!((kind.as_str(), &leaf["change"]["source"]), ("model.imported", &json!("oci")));
        let pinned = source["oci"]["reference"].as_str().unwrap().rsplit_once('@').unwrap().1;
        assert_eq!(leaf["change"]["source_digest"], json!(pinned));
        fleet.nothing_is_left().await;
    }
}

#[tokio::test]
async fn a_layer_that_was_tampered_with_is_refused() {
    let (fleet, signer) = fleet_and_signer().await;
    let model = SignedModel::of(
        &signer,
        runtime_formats::testing::TinyLlama { seed: 9, ..Default::default() }.gguf(),
    );
    let source = push_openly("models/tampered", &packed(&model)).await;
    use sha2::Digest as _;
    let digest = format!("sha256:{}", hex::encode(sha2::Sha256::digest(&model.gguf)));
    let blob = REGISTRY.blob_path(&digest);
    let mut altered = model.gguf.clone();
    *altered.last_mut().unwrap() ^= 1;
    std::fs::write(&blob, &altered).unwrap();
    let import = fleet.fetch("tiny", source).await;
    assert_ended(&import, ImportPhase::Refused, ImportReason::SourceDigest, "altered");
    fleet.nothing_is_left().await;
}

#[tokio::test]
async fn a_model_of_an_untrusted_signer_is_refused_before_its_weights_are_fetched() {
    let (fleet, _) = fleet_and_signer().await;
    let mallory = Signer::new("mallory");
    let model = SignedModel::new(&mallory);
    let source = push_openly("models/mallory", &packed(&model)).await;
    let import = fleet.fetch("tiny", source).await;
    assert_ended(&import, ImportPhase::Refused, ImportReason::SignerNotTrusted, "not a trusted signer");
    assert_eq!(import.bytes_done, model.bundle.len() as u64, "only the signature was fetched");
    fleet.nothing_is_left().await;
}

#[tokio::test]
async fn what_is_no_model_or_is_not_there_is_told() {
    let (fleet, _) = fleet_and_signer().await;
    let nameless = ImageLayer::new(b"x".to_vec(), "application/octet-stream".to_owned(), None);
    let climbing = layer(b"x", RAW, PATH, "../../m.gguf");
    let nameless = push_openly("models/nameless", &[nameless]).await;
    let climbing = push_openly("models/climbing", &[climbing]).await;
    let missing = oci(&format!("{}/models/none@sha256:{}", REGISTRY.host(), "a".repeat(64)));
    use ImportPhase::{Failed, Refused};
    for (source, phase, reason, detail) in [
        (nameless, Refused, ImportReason::SourceInvalid, "no file name"),
        (climbing, Refused, ImportReason::SourceInvalid, "leaves the model's directory"),
        (missing, Failed, ImportReason::SourceNotFound, "no manifest"),
    ] {
        assert_ended(&fleet.fetch("tiny", source).await, phase, reason, detail);
    }
    fleet.nothing_is_left().await;
}

/// `anna` and `sekrit`, as bcrypt of the least cost.
const HTPASSWD: &str = "anna:$2y$05$abcdefghijklmnopqrstuupg8.CCkYjotCQ2ere3POHrxefCiHy3a";

#[tokio::test]
async fn a_registry_that_wants_a_password_gets_the_one_that_the_file_has() {
    let registry = Registry::with_password(HTPASSWD).unwrap();
    let signer = Signer::new("acme");
    let auth = RegistryAuth::Basic("anna".into(), "sekrit".into());
    let source = oci(&push(&registry, "models/tiny", &packed(&SignedModel::new(&signer)), &auth).await);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    let options = |registry_auth| SourceOptions {
        allow: vec!["127.0.0.1".parse().unwrap()],
        registry_auth,
        ..SourceOptions::default()
    };
    let without = fleet(options(None)).await;
    let import = without.fetch("tiny", source.clone()).await;
    assert_ended(&import, ImportPhase::Failed, ImportReason::SourceDenied, "credentials");

    let with = fleet(options(Some(file.clone()))).await;
    with.trust(&signer).await;
    let credentials =
        |password: &str| json!({"auths": {registry.host(): {"username": "anna", "password": password}}});
    write(folder.path(), "config.json", credentials("wrong").to_string().as_bytes());
    let import = with.fetch("tiny", source.clone()).await;
    assert_ended(&import, ImportPhase::Failed, ImportReason::SourceDenied, "credentials");
    write(folder.path(), "config.json", credentials("sekrit").to_string().as_bytes());
    assert_done(&with.fetch("tiny", source).await);
}
