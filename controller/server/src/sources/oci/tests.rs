use serde_json::{Value, json};

use super::manifest::{LayerForm, layers};
use super::*;

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

#[test]
fn a_reference_is_taken_with_its_digest_and_refused_without() {
    for (text, registry, repository) in [
        (format!("r.example/models/smollm2@{DIGEST}"), "r.example", "models/smollm2"),
        (format!("r.example:5000/smollm2:v1@{DIGEST}"), "r.example:5000", "smollm2"),
        (format!("127.0.0.1:5000/m@{DIGEST}"), "127.0.0.1:5000", "m"),
    ] {
        let pinned = check_reference(&text).unwrap();
        assert_eq!((pinned.registry.as_str(), pinned.repository.as_str()), (registry, repository), "{text}");
    }
    for (text, reason) in [
        ("r.example/m:v1".to_owned(), "a tag can be moved"),
        ("r.example/m".to_owned(), "a tag can be moved"),
        (format!("r.example/m@{}", &DIGEST[..50]), "no OCI reference"),
        (format!("r.example/m@{}", DIGEST.to_uppercase().replace("SHA256", "sha256")), "lower-case"),
        (format!("r.example/../m@{DIGEST}"), "no OCI reference"),
        (format!("user:pw@r.example/m@{DIGEST}"), "no OCI reference"),
        (format!("https://r.example/m@{DIGEST}"), "no OCI reference"),
        (format!("{}@{DIGEST}", "m".repeat(600)), "at most 512"),
        (String::new(), "no OCI reference"),
    ] {
        let refused = check_reference(&text).unwrap_err();
        assert!(refused.contains(reason), "{text}: {refused}");
    }
}

fn layer(media_type: &str, annotations: Value) -> Value {
    json!({"mediaType": media_type, "digest": DIGEST, "size": 7, "annotations": annotations})
}

fn read(layers_json: Value) -> Result<Vec<(String, LayerForm)>, String> {
    let manifest = json!({"schemaVersion": 2, "layers": layers_json});
    let found = layers(manifest.to_string().as_bytes()).map_err(|error| error.detail)?;
    Ok(found.into_iter().map(|layer| (layer.name, layer.form)).collect())
}

#[test]
fn model_packs_and_plain_artifacts_name_their_files() {
    let path = |name: &str| json!({"org.cncf.model.filepath": name});
    let title = |name: &str| json!({"org.opencontainers.image.title": name});
    let cases = [
        (layer("application/vnd.cncf.model.weight.v1.raw", path("w/m.gguf")), "w/m.gguf", LayerForm::File),
        (layer("application/vnd.cncf.model.weight.v1.tar", path("m")), "m", LayerForm::Archive),
        (layer("application/vnd.cncf.model.doc.v1.tar+gzip", path("d")), "d", LayerForm::Archive),
        (layer("application/vnd.oci.image.layer.v1.tar", title("m.gguf")), "m.gguf", LayerForm::File),
        (layer("application/octet-stream", title("model.sig")), "model.sig", LayerForm::File),
        (layer("application/vnd.dev.sigstore.bundle.v0.3+json", json!({})), "model.sig", LayerForm::File),
        (
            layer(
                "application/vnd.oci.image.layer.v1.tar+gzip",
                json!({"org.opencontainers.image.title": "folder", "io.deis.oras.content.unpack": "true"}),
            ),
            "folder",
            LayerForm::Archive,
        ),
    ];
    for (layer, name, form) in cases {
        assert_eq!(read(json!([layer])).unwrap(), [(name.to_owned(), form)]);
    }
}

#[test]
fn what_is_no_model_is_refused_with_its_reason() {
    let title = |name: &str| json!({"org.opencontainers.image.title": name});
    let with = |key: &str, value: Value| {
        let mut layer = layer("application/octet-stream", title("m"));
        layer[key] = value;
        json!([layer])
    };
    let many: Vec<Value> = (0..65).map(|n| layer("a/b", title(&format!("f{n}")))).collect();
    for (what, layers_json, reason) in [
        ("none", json!([]), "no layers"),
        ("too many", json!(many), "65 layers"),
        ("no name", json!([layer("application/octet-stream", json!({}))]), "no file name"),
        ("up and out", json!([layer("a/b", title("../m"))]), "leaves the model's directory"),
        ("absolute", json!([layer("a/b", title("/m"))]), "absolute"),
        ("backslash", json!([layer("a/b", title("a\\b"))]), "backslash"),
        ("other digest", with("digest", json!("sha512:ab")), "only sha256"),
        ("empty", with("size", json!(0)), "1 to"),
        ("huge", with("size", json!(u64::MAX)), "1 to"),
        ("negative", with("size", json!(-1)), "cannot be read"),
        (
            "zstd",
            json!([layer("application/vnd.cncf.model.weight.v1.tar+zstd", title("m"))]),
            "tar+gzip layers",
        ),
    ] {
        let refused = read(layers_json).unwrap_err();
        assert!(refused.contains(reason), "{what}: {refused}");
    }
    let index = json!({"schemaVersion": 2, "manifests": []}).to_string();
    assert!(layers(index.as_bytes()).unwrap_err().detail.contains("index"));
    assert!(layers(b"<html>").unwrap_err().detail.contains("cannot be read"));
}
