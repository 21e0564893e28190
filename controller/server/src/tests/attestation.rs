//! Enrolment by ServiceAccount token: who gets in, as which node, and what becomes of the certificate before.

use std::net::IpAddr;
use std::sync::Arc;

use cloister_evidence::record::Kind;
use cloister_proto::agent::v1::agent_service_client::AgentServiceClient;
use cloister_proto::agent::v1::{EnrolRequest, Locality};
use cloister_store::Change;
use secrecy::{ExposeSecret as _, SecretString};
use tonic::{Code, Status};

use super::agent::{Agent, Session, connect, hello};
use super::fixture::Fixture;
use crate::fleet::{AttestationError, AttestedNode, NodeAttestor};

/// A cluster of which a test says what it knows: the token's second part is the k8s node, or the fault.
struct Cluster;

#[tonic::async_trait]
impl NodeAttestor for Cluster {
    async fn attest(
        &self,
        token: &SecretString,
        caller: IpAddr,
        claimed_node: &str,
    ) -> Result<AttestedNode, AttestationError> {
        assert!(caller.is_loopback());
        let pod = "agent-x7".to_owned();
        match token.expose_secret().split('.').nth(1).unwrap() {
            "audience" => Err(AttestationError::Audience),
            "unknown" => Err(AttestationError::TokenUnknown),
            "unbound" => Err(AttestationError::Unbound),
            "gone" => Err(AttestationError::PodGone { pod }),
            "elsewhere" => Err(AttestationError::Address { caller, pod }),
            "stranger" => Err(AttestationError::OtherAccount {
                found: "default/default".into(),
                expected: "cloister/cloister-agent".into(),
            }),
            "down" => Err(AttestationError::Unavailable { reason: "connection refused".into() }),
            "othernode" => {
                Err(AttestationError::OtherNode { claimed: claimed_node.into(), actual: "worker-9".into() })
            }
            "lax" => Ok(AttestedNode { platform_node: "worker-9".into(), pod, namespace: "cloister".into() }),
            _ => Ok(AttestedNode { platform_node: claimed_node.into(), pod, namespace: "cloister".into() }),
        }
    }
}

async fn cluster() -> Fixture {
    Fixture::attested_by(Some(Arc::new(Cluster)), &[]).await
}

fn request(token: &str, node: &str) -> EnrolRequest {
    EnrolRequest {
        service_account_token: format!("head.{token}.signature"),
        node_name: node.to_owned(),
        locality: Some(Locality { jurisdiction: "DE-HE".into(), ..Locality::default() }),
        ..EnrolRequest::default()
    }
}

async fn enrol(fixture: &Fixture, node: &str) -> Result<Agent, Status> {
    Agent::enrol_by(fixture, request("good", node)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_k8s_node_keeps_its_node_however_often_its_agent_comes_anew() {
    let fixture = cluster().await;
    let first = enrol(&fixture, "worker-1.clinic.internal").await.unwrap();
    let mut session = first.open(&fixture).await;
    session.next().await.unwrap();
    let again = EnrolRequest {
        locality: Some(Locality { jurisdiction: "DE-BE".into(), ..Locality::default() }),
        ..request("good", "worker-1.clinic.internal")
    };
    let second = Agent::enrol_by(&fixture, again).await.unwrap();
    assert_eq!(second.node_id, first.node_id);
    let ended = session.end().await;
    assert_eq!(ended.code(), Code::PermissionDenied, "{}", ended.message());
    assert!(ended.message().contains("enrolled anew"), "{}", ended.message());
    let refused = Session::open(&mut first.client(&fixture).await, hello(Vec::new())).await.err().unwrap();
    assert_eq!(refused.code(), Code::PermissionDenied, "{}", refused.message());
    second.open(&fixture).await.next().await.unwrap();

    let node = fixture.store().node(&first.node_id).await.unwrap().unwrap();
    assert_eq!((node.name.as_str(), node.jurisdiction.as_str()), ("worker-1-clinic-internal", "DE-BE"));
    assert_eq!(node.labels["cloister.dev/k8s-node"], "worker-1.clinic.internal");
    let records = fixture.records("node.enrolled").await;
    let facts: Vec<_> = records.iter().map(|record| &record["change"]).collect();
    assert_eq!((&facts[0]["again"], &facts[1]["again"]), (&false.into(), &true.into()));
    assert_eq!(
        (&facts[1]["k8s_node"], &facts[1]["pod"]),
        (&"worker-1.clinic.internal".into(), &"agent-x7".into())
    );
    assert_eq!(facts[1]["certificate_serial"], node.certificate_serial.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_from_before_counts_nowhere_also_where_the_new_one_was_not_seen_yet() {
    let fixture = cluster().await;
    let agent = enrol(&fixture, "worker-1").await.unwrap();
    let node = fixture.store().node(&agent.node_id).await.unwrap().unwrap();
    // As another controller of the fleet leaves it: in the database, and not in this one's memory.
    let again = Change::EnrolNodeAgain {
        node_id: node.id,
        serial: "beef".into(),
        not_after: node.certificate_not_after,
        region: node.region,
        jurisdiction: node.jurisdiction,
        labels: node.labels,
        at: node.enrolled_at.checked_add(jiff::SignedDuration::from_secs(60)).unwrap(),
    };
    fixture.change(Kind::NodeEnrolled, vec![again]).await;
    let refused = Session::open(&mut agent.client(&fixture).await, hello(Vec::new())).await.err().unwrap();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(refused.message().contains("enrolled anew"), "{}", refused.message());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_vouches_for_is_refused_said_and_on_record() {
    let fixture = cluster().await;
    let cases = [
        ("unknown", Code::Unauthenticated, "does not know this", "service_account_token_unknown"),
        ("audience", Code::Unauthenticated, "cloister-agents", "service_account_token_audience"),
        ("unbound", Code::Unauthenticated, "not bound to a pod", "service_account_token_unbound"),
        ("gone", Code::Unauthenticated, "is gone", "pod_gone"),
        ("elsewhere", Code::Unauthenticated, "the call came from 127.0.0.1", "pod_address_differs"),
        ("stranger", Code::PermissionDenied, "default/default", "service_account_other"),
        ("othernode", Code::PermissionDenied, "worker-9", "k8s_node_differs"),
        ("lax", Code::PermissionDenied, "worker-9", "k8s_node_differs"),
        ("down", Code::Unavailable, "connection refused", "attestation_unavailable"),
        ("two.parts", Code::Unauthenticated, "does not know this", "service_account_token_unknown"),
    ];
    for (index, (token, code, sentence, class)) in cases.into_iter().enumerate() {
        let refused = Agent::enrol_by(&fixture, request(token, "worker-1")).await.err().unwrap();
        assert_eq!(refused.code(), code, "{token}: {}", refused.message());
        assert!(refused.message().contains(sentence), "{token}: {}", refused.message());
        let records = fixture.records("node.enrolment_refused").await;
        assert_eq!(records[index]["reason"], class);
        assert_eq!(records[index]["actor"]["id"], "service-account-token");
        assert!(!records[index].to_string().contains("signature"), "no part of a token is on record");
    }
    assert!(fixture.store().nodes().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_cannot_say_itself_which_k8s_node_it_is_nor_bring_two_credentials() {
    let fixture = cluster().await;
    let label = [("cloister.dev/k8s-node".to_owned(), "worker-1".to_owned())];
    let claims = EnrolRequest {
        token_secret: fixture.token(600).await,
        node_name: "worker-1".into(),
        locality: Some(Locality { labels: label.into(), ..Locality::default() }),
        ..EnrolRequest::default()
    };
    let both = EnrolRequest { token_secret: claims.token_secret.clone(), ..request("good", "worker-1") };
    let cases =
        [(claims, "controller's to set"), (both, "not both"), (request("good", "Worker 1"), "[a-z0-9.-]")];
    for (request, sentence) in cases {
        let refused = Agent::enrol_by(&fixture, request).await.err().unwrap();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains(sentence), "{}", refused.message());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_joined_with_a_token_is_not_taken_over() {
    let fixture = cluster().await;
    let joined = Agent::enrol(&fixture, "worker-1").await;
    let refused = enrol(&fixture, "worker-1").await.err().unwrap();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert!(refused.message().contains("cloister nodes revoke worker-1"), "{}", refused.message());
    joined.open(&fixture).await.next().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_k8s_node_stays_out_until_an_admin_hands_it_a_join_token() {
    let fixture = cluster().await;
    let agent = enrol(&fixture, "worker-1").await.unwrap();
    let revoke = Change::RevokeNode { node_id: agent.node_id.clone(), at: jiff::Timestamp::now() };
    fixture.change(Kind::NodeRevoked, vec![revoke]).await;
    let refused = enrol(&fixture, "worker-1").await.err().unwrap();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(refused.message().contains("cloister nodes join-token"), "{}", refused.message());
    assert_eq!(fixture.records("node.enrolment_refused").await[0]["reason"], "node_revoked");
    Agent::enrol(&fixture, "worker-1").await.open(&fixture).await.next().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_outside_a_cluster_takes_no_service_account_tokens_and_says_so() {
    let fixture = Fixture::start().await;
    let refused = enrol(&fixture, "worker-1").await.err().unwrap();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("--kubernetes"), "{}", refused.message());
    assert_eq!(fixture.records("node.enrolment_refused").await[0]["reason"], "attestation_off");
    let mut stranger = AgentServiceClient::new(connect(&fixture, None).await.unwrap());
    assert!(Session::open(&mut stranger, hello(Vec::new())).await.is_err());
}
