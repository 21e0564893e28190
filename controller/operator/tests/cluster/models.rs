use cloister_api::{ImportPhase, ImportProblem, ImportReason};
use cloister_operator::crd::{Model, TrustPolicy};
use kube::api::DeleteParams;
use serde_json::json;

use crate::fleet::DIGEST;
use crate::space::{Space, condition, eventually, message};

#[tokio::test]
async fn a_model_is_fetched_verified_and_shown() {
    let Some(space) = Space::new().await else { return };
    let operator = space.operator();
    space
        .apply(json!({
            "apiVersion": "fleet.cloister.dev/v1alpha1", "kind": "Model", "metadata": { "name": "smol" },
            "spec": { "name": "smollm2", "source": { "path": "smol" } }
        }))
        .await;
    let model = space.until("smol", |o: &Model| condition(o, "Ready") == "True/Ready").await;
    let status = model.status.unwrap();
    assert_eq!((status.digest.as_deref(), status.record_id.as_deref()), (Some(DIGEST), Some("01IMPORT")));
    assert_eq!(space.fleet.look().models[0].name, "smollm2", "under the fleet's name");
    let row = space.kubectl(&["get", "mdl", "smol"]).await;
    assert!(row.contains("acme") && row.contains("98362432"), "{row}");
    space.fleet.change("key ops", |view| view.models[0].trusted = false);
    let untrusted = space.until("smol", |o: &Model| condition(o, "Ready") == "False/SignerNotTrusted").await;
    assert!(message(&untrusted, "Admitted").contains("acme"), "{untrusted:?}");
    operator.stop().await;
}

#[tokio::test]
async fn a_refused_model_is_fetched_again_once_its_signer_is_trusted() {
    let Some(space) = Space::new().await else { return };
    let operator = space.operator();
    space.fleet.refuse_imports(Some(ImportProblem {
        reason: ImportReason::SignerNotTrusted,
        detail: "key ab12 may not sign smol".into(),
        checks: Vec::new(),
    }));
    space
        .apply(json!({
            "apiVersion": "fleet.cloister.dev/v1alpha1", "kind": "Model", "metadata": { "name": "smol" },
            "spec": { "source": { "path": "smol" } }
        }))
        .await;
    let refused = space.until("smol", |o: &Model| condition(o, "Ready") == "False/SignerNotTrusted").await;
    assert!(message(&refused, "Verified").contains("key ab12"), "{refused:?}");
    space.fleet.refuse_imports(None);
    let pem = cloister_provenance::keygen().unwrap().public_pem;
    space
        .apply(json!({
            "apiVersion": "fleet.cloister.dev/v1alpha1", "kind": "TrustPolicy", "metadata": { "name": "acme" },
            "spec": { "rules": [{ "models": ["smol*"], "signers": [{ "name": "acme", "publicKey": pem }] }] }
        }))
        .await;
    space.until("smol", |o: &Model| condition(o, "Ready") == "True/Ready").await;
    let imports = space.fleet.look().imports.iter().map(|import| import.phase).collect::<Vec<_>>();
    assert_eq!(imports, [ImportPhase::Refused, ImportPhase::Done], "one refusal, one new attempt");
    operator.stop().await;
}

#[tokio::test]
async fn a_trust_policy_is_in_force_while_its_object_stands() {
    let Some(space) = Space::new().await else { return };
    let operator = space.operator();
    let pem = cloister_provenance::keygen().unwrap().public_pem;
    let policy = |pem: &str| {
        json!({
            "apiVersion": "fleet.cloister.dev/v1alpha1", "kind": "TrustPolicy", "metadata": { "name": "acme" },
            "spec": { "rules": [{ "models": ["smol*"], "signers": [{ "name": "acme", "publicKey": pem }] }] }
        })
    };
    space.apply(policy("-----BEGIN PUBLIC KEY-----\nnot a key\n-----END PUBLIC KEY-----\n")).await;
    let invalid = space.until("acme", |o: &TrustPolicy| condition(o, "Ready") == "False/InvalidKey").await;
    assert!(message(&invalid, "Ready").contains("spec.rules[0].signers[0].publicKey"), "{invalid:?}");
    space.apply(policy(&pem)).await;
    space.until("acme", |o: &TrustPolicy| condition(o, "Ready") == "True/InForce").await;
    assert_eq!(space.fleet.look().trust_policies.len(), 1);
    space.api::<TrustPolicy>().delete("acme", &DeleteParams::default()).await.unwrap();
    space.until_gone::<TrustPolicy>("acme").await;
    let withdrawn = eventually(async || space.fleet.look().trust_policies.is_empty().then_some(()));
    assert!(withdrawn.await.is_some());
    operator.stop().await;
}
