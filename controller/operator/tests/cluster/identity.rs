use cloister_operator::{CA_KEY, IdentityError, IdentityFile, IdentitySecret, Published};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;

use crate::space::Space;

fn files(of: &str) -> Vec<IdentityFile> {
    let file =
        |name: &str| IdentityFile { name: name.into(), bytes: format!("{of} {name}").into_bytes().into() };
    vec![file("fleet-ca.key"), file("admin.key")]
}

async fn empty() -> Option<(Space, IdentitySecret)> {
    let space = Space::new().await?;
    let secret: Secret =
        serde_json::from_value(json!({ "metadata": { "name": "cloister-identity" } })).unwrap();
    space.api::<Secret>().create(&PostParams::default(), &secret).await.unwrap();
    let map: ConfigMap =
        serde_json::from_value(json!({ "metadata": { "name": "cloister-fleet-ca" } })).unwrap();
    space.api::<ConfigMap>().create(&PostParams::default(), &map).await.unwrap();
    let identity = IdentitySecret::new(space.client.clone(), &space.namespace, "cloister-identity");
    Some((space, identity))
}

#[tokio::test]
async fn of_controllers_that_start_at_once_all_take_one_identity() {
    let Some((_space, secret)) = empty().await else { return };
    assert_eq!(secret.read().await.unwrap(), None);
    let (a, b, c) = (files("a"), files("b"), files("c"));
    let (one, two, three) = tokio::join!(secret.publish(&a), secret.publish(&b), secret.publish(&c));
    let kept = secret.read().await.unwrap().unwrap();
    let mut ours = 0;
    for (published, mut given) in [(one.unwrap(), a), (two.unwrap(), b), (three.unwrap(), c)] {
        match published {
            Published::Ours => {
                ours += 1;
                given.sort_by(|a, b| a.name.cmp(&b.name));
                assert_eq!(given, kept);
            }
            Published::Theirs(theirs) => assert_eq!(theirs, kept),
        }
    }
    assert_eq!(ours, 1);
    assert!(!format!("{kept:?}").contains("a fleet-ca"), "secrets do not reach debug output");
}

#[tokio::test]
async fn the_ca_is_published_again_and_again_and_never_over_somebody_elses() {
    let Some((space, secret)) = empty().await else { return };
    secret.publish_ca("cloister-fleet-ca", "first").await.unwrap();
    secret.publish_ca("cloister-fleet-ca", "second").await.unwrap();
    let maps = space.api::<ConfigMap>();
    let map = maps.get("cloister-fleet-ca").await.unwrap();
    assert_eq!(map.data.unwrap()[CA_KEY], "second");
    let theirs = json!({ "apiVersion": "v1", "kind": "ConfigMap", "data": { CA_KEY: "theirs" } });
    maps.patch("cloister-fleet-ca", &PatchParams::apply("somebody").force(), &Patch::Apply(&theirs))
        .await
        .unwrap();
    let refused = secret.publish_ca("cloister-fleet-ca", "third").await.unwrap_err();
    assert!(matches!(refused, IdentityError::OtherCa(..)), "{refused}");
    assert!(matches!(secret.publish_ca("other", "x").await, Err(IdentityError::NoConfigMap(_))));
    let none = IdentitySecret::new(space.client.clone(), &space.namespace, "none");
    assert!(matches!(none.read().await, Err(IdentityError::NoSecret(_))));
}
