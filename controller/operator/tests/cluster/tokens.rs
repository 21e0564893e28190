use std::net::IpAddr;

use cloister_operator::{AGENT_AUDIENCE, TokenReviewer};
use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::{Node, Pod, ServiceAccount};
use kube::Api;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use crate::space::Space;

const POD_ADDRESS: &str = "10.1.2.3";

struct Agents {
    space: Space,
    reviewer: TokenReviewer,
    node: String,
}

impl Agents {
    async fn new() -> Option<Self> {
        let space = Space::new().await?;
        for name in ["cloister-agent", "other"] {
            let account: ServiceAccount =
                serde_json::from_value(json!({ "metadata": { "name": name } })).unwrap();
            space.api::<ServiceAccount>().create(&PostParams::default(), &account).await.unwrap();
        }
        let node = format!("k8s-{}", space.namespace);
        let object: Node = serde_json::from_value(json!({ "metadata": { "name": node } })).unwrap();
        Api::<Node>::all(space.client.clone()).create(&PostParams::default(), &object).await.unwrap();
        let reviewer = TokenReviewer::new(space.client.clone(), &space.namespace, "cloister-agent");
        Some(Self { space, reviewer, node })
    }

    /// A pod of that ServiceAccount on the node, with its address.
    async fn pod(&self, name: &str, account: &str) -> Pod {
        let pods = self.space.api::<Pod>();
        let pod: Pod = serde_json::from_value(json!({
            "metadata": { "name": name },
            "spec": {
                "serviceAccountName": account, "automountServiceAccountToken": false, "nodeName": self.node,
                "containers": [{ "name": "agent", "image": "agent" }]
            }
        }))
        .unwrap();
        pods.create(&PostParams::default(), &pod).await.unwrap();
        let status = json!({ "status": { "phase": "Running", "podIP": POD_ADDRESS, "podIPs": [{ "ip": POD_ADDRESS }] } });
        pods.patch_status(name, &PatchParams::default(), &Patch::Merge(&status)).await.unwrap()
    }

    async fn token(&self, account: &str, audience: &str, bound_to: Option<&Pod>) -> String {
        let mut spec = json!({ "audiences": [audience], "expirationSeconds": 600 });
        if let Some(pod) = bound_to {
            spec["boundObjectRef"] =
                json!({ "kind": "Pod", "apiVersion": "v1", "name": pod.name_any(), "uid": pod.uid() });
        }
        let request: Value = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": {}, "spec": spec });
        let made: TokenRequest = self
            .space
            .api::<ServiceAccount>()
            .create_subresource("token", account, &PostParams::default(), &request)
            .await
            .unwrap();
        made.status.unwrap().token.unwrap()
    }

    async fn class(&self, token: &str, address: &str, node: &str) -> &'static str {
        let address: IpAddr = address.parse().unwrap();
        match self.reviewer.review(token, address, node).await {
            Ok(_) => "accepted",
            Err(error) => {
                assert!(!error.to_string().contains(token), "an error never holds the token");
                error.class()
            }
        }
    }
}

#[tokio::test]
async fn only_the_agents_own_pod_on_its_own_node_is_accepted() {
    let Some(agents) = Agents::new().await else { return };
    let pod = agents.pod("agent-1", "cloister-agent").await;
    let node = agents.node.clone();
    let good = agents.token("cloister-agent", AGENT_AUDIENCE, Some(&pod)).await;
    let attested = agents.reviewer.review(&good, POD_ADDRESS.parse().unwrap(), &node).await.unwrap();
    assert_eq!(
        (attested.name.as_str(), Some(attested.uid), attested.node_name),
        ("agent-1", pod.uid(), node.clone())
    );
    assert!(attested.node_uid.is_some());
    assert_eq!(agents.class(&good, "10.9.9.9", &node).await, "pod_address");
    assert_eq!(agents.class(&good, POD_ADDRESS, "another").await, "node_name");
    let for_the_api = agents.token("cloister-agent", "https://kubernetes.default.svc", Some(&pod)).await;
    assert_eq!(agents.class(&for_the_api, POD_ADDRESS, &node).await, "token_not_accepted");
    let unbound = agents.token("cloister-agent", AGENT_AUDIENCE, None).await;
    assert_eq!(agents.class(&unbound, POD_ADDRESS, &node).await, "token_without_pod");
    let theirs = agents.pod("other-1", "other").await;
    let theirs = agents.token("other", AGENT_AUDIENCE, Some(&theirs)).await;
    assert_eq!(agents.class(&theirs, POD_ADDRESS, &node).await, "service_account");
    assert_eq!(agents.class("nonsense", POD_ADDRESS, &node).await, "token_not_accepted");
    assert_eq!(agents.class(&"x".repeat(20_000), POD_ADDRESS, &node).await, "token_too_long");
}

#[tokio::test]
async fn a_token_dies_with_its_pod_and_does_not_serve_its_successor() {
    let Some(agents) = Agents::new().await else { return };
    let pod = agents.pod("agent-1", "cloister-agent").await;
    let token = agents.token("cloister-agent", AGENT_AUDIENCE, Some(&pod)).await;
    let at_once = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
    agents.space.api::<Pod>().delete("agent-1", &at_once).await.unwrap();
    let gone = agents.class(&token, POD_ADDRESS, &agents.node).await;
    assert!(["token_not_accepted", "pod_gone"].contains(&gone), "{gone}");
    agents.pod("agent-1", "cloister-agent").await;
    let replaced = agents.class(&token, POD_ADDRESS, &agents.node).await;
    assert!(["token_not_accepted", "pod_replaced"].contains(&replaced), "{replaced}");
}
