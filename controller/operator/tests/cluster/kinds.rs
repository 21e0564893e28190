//! What the API server says to objects that are wrong, and what it shows of those that are right.

use serde_json::{Value, json};

use crate::space::Space;

fn of(kind: &str, name: &str, spec: Value) -> Value {
    json!({ "apiVersion": "fleet.cloister.dev/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec })
}

fn path_model() -> Value {
    json!({ "source": { "path": "smol" } })
}

/// One wrong thing each, and the words that the answer must hold.
#[tokio::test]
async fn each_rule_answers_with_its_field_and_what_to_do() {
    let Some(space) = Space::new().await else { return };
    let hex = "a".repeat(64);
    let oci = |reference: &str| json!({ "source": { "oci": { "reference": reference } } });
    let rule = |models: Value, key: &str| json!({ "rules": [{ "models": models, "signers": [{ "name": "acme", "publicKey": key }] }] });
    let md = |change: Value| {
        let mut spec = json!({ "model": "smol" });
        spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        of("ModelDeployment", "ward", spec)
    };
    let pem = "-----BEGIN PUBLIC KEY-----";
    let cases: Vec<(Value, &[&str])> = vec![
        (of("Model", "m", json!({ "source": {} })), &["spec.source", "exactly one of oci, https and path"]),
        (
            of(
                "Model",
                "m",
                json!({ "source": { "path": "a", "oci": { "reference": format!("r.example/a@sha256:{hex}") } } }),
            ),
            &["spec.source", "exactly one of"],
        ),
        (of("Model", "m", json!({})), &["spec.source", "Required"]),
        (
            of("Model", "m", oci("registry.example/models/smol:v1")),
            &["spec.source.oci.reference", "a tag alone can be moved"],
        ),
        (
            of("Model", "m", json!({ "source": { "https": { "url": "http://a", "sha256": hex } } })),
            &["spec.source.https.url", "must begin with https://"],
        ),
        (
            of("Model", "m", json!({ "source": { "https": { "url": "https://a", "sha256": "ABC" } } })),
            &["spec.source.https.sha256", "64 lower-case hex digits"],
        ),
        (
            of("Model", "m", json!({ "source": { "path": "../etc" } })),
            &["spec.source.path", "no leading / and no .."],
        ),
        (of("Model", "m", json!({ "source": { "path": "/etc" } })), &["spec.source.path", "no leading /"]),
        (
            of("Model", "m", json!({ "source": { "path": "a" }, "digest": "sha256:12" })),
            &["spec.digest", "sha256: and 64 lower-case hex digits"],
        ),
        (
            of("Model", "m", json!({ "source": { "path": "a" }, "name": "Not A Name" })),
            &["spec.name", "should match"],
        ),
        (of("Model", &"a".repeat(64), path_model()), &["at most 63 characters"]),
        (of("ModelDeployment", "a.b", json!({ "model": "smol" })), &["no dots"]),
        (of("ModelDeployment", "ward", json!({})), &["spec.model", "Required"]),
        (md(json!({ "replicas": 1025 })), &["spec.replicas", "1024"]),
        (md(json!({ "replicas": -1 })), &["spec.replicas", "greater than or equal to 0"]),
        (md(json!({ "contextLength": 0 })), &["spec.contextLength", "greater than or equal to 1"]),
        (md(json!({ "maxSequences": 257 })), &["spec.maxSequences", "256"]),
        (md(json!({ "jurisdiction": "Hesse" })), &["spec.jurisdiction"]),
        (md(json!({ "jurisdiction": "de" })), &["spec.jurisdiction", "country of ISO 3166 such as DE"]),
        (
            md(json!({ "nodeSelector": { "zone": "z".repeat(64) } })),
            &["spec.nodeSelector", "at most 63 characters"],
        ),
        (md(json!({ "replica": 2 })), &["unknown field", "spec.replica"]),
        (of("TrustPolicy", "t", json!({ "rules": [] })), &["spec.rules", "at least 1"]),
        (of("TrustPolicy", "t", rule(json!([]), pem)), &["spec.rules[0].models", "at least 1"]),
        (of("TrustPolicy", "t", rule(json!(["Smol*"]), pem)), &["spec.rules[0].models[0]", "should match"]),
        (
            of("TrustPolicy", "t", rule(json!(["smol*"]), "-----BEGIN PRIVATE KEY-----")),
            &["spec.rules[0].signers[0].publicKey", "a private key never belongs here"],
        ),
    ];
    for (object, words) in cases {
        let said = space.kubectl_with(&["create", "--dry-run=server"], object.clone()).await;
        for word in words {
            assert!(said.contains(word), "{word:?} is not in the answer to {object}: {said}");
        }
    }
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let Some(space) = Space::new().await else { return };
    let spec = json!({ "model": "Not A Name", "replicas": 5000, "contextLength": 0, "maxSequences": 999 });
    let said = space.kubectl_with(&["create"], of("ModelDeployment", "ward", spec)).await;
    for field in ["spec.model", "spec.replicas", "spec.contextLength", "spec.maxSequences"] {
        assert!(said.contains(field), "{field}: {said}");
    }
    let said = space
        .kubectl_with(
            &["create"],
            of(
                "Model",
                "m",
                json!({ "digest": "x", "source": { "path": "/a", "oci": { "reference": "b" } } }),
            ),
        )
        .await;
    for field in ["spec.digest", "spec.source.path", "spec.source.oci.reference", "exactly one of"] {
        assert!(said.contains(field), "{field}: {said}");
    }
}

#[tokio::test]
async fn what_a_model_stands_for_cannot_be_changed() {
    let Some(space) = Space::new().await else { return };
    let digest = format!("sha256:{}", "a".repeat(64));
    space.apply(of("Model", "m", path_model())).await;
    let pinned =
        space.apply(of("Model", "m", json!({ "source": { "path": "smol" }, "digest": digest }))).await;
    assert!(pinned.contains("configured"), "a digest can be set later: {pinned}");
    let other = format!("sha256:{}", "b".repeat(64));
    for (spec, words) in [
        (json!({ "source": { "path": "other" }, "digest": digest }), "source cannot be changed"),
        (json!({ "source": { "path": "smol" }, "digest": other }), "digest cannot be changed"),
        (json!({ "source": { "path": "smol" } }), "digest cannot be changed"),
        (json!({ "source": { "path": "smol" }, "digest": digest, "name": "x" }), "name cannot be changed"),
    ] {
        let said = space.apply(of("Model", "m", spec)).await;
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[tokio::test]
async fn people_find_their_way() {
    let Some(space) = Space::new().await else { return };
    space.apply(of("Model", "smol", path_model())).await;
    space.apply(of("ModelDeployment", "ward", json!({ "model": "smol" }))).await;
    let all = space.kubectl(&["get", "cloister"]).await;
    assert!(
        all.contains("model.fleet.cloister.dev/smol")
            && all.contains("modeldeployment.fleet.cloister.dev/ward"),
        "{all}"
    );
    for (short, columns) in [
        ("mdl", ["NAME", "READY", "REASON", "SIGNER", "SIZE", "AGE"].as_slice()),
        ("md", &["NAME", "MODEL", "WANTED", "READY", "REASON", "IN-SYNC", "AGE"]),
    ] {
        let head = space.kubectl(&["get", short]).await.lines().next().unwrap_or_default().to_owned();
        assert_eq!(head.split_whitespace().collect::<Vec<_>>(), columns, "{short}");
    }
    for (path, words) in [
        ("modeldeployment", "this model, so many replicas"),
        ("modeldeployment.spec.jurisdiction", "Legal territory"),
        ("modeldeployment.spec.autoscaling.minReplicas", "a request is refused and starts none"),
        ("model.spec.source.oci.reference", "With its digest"),
        ("trustpolicy.spec.rules.signers.publicKey", "BEGIN PUBLIC KEY"),
        ("fleetnode.status.state", "unreachable"),
    ] {
        let said = space.kubectl(&["explain", path]).await;
        assert!(said.contains(words) && !said.contains("<empty>"), "{path}: {said}");
    }
}
