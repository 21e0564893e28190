//! Who gets past the handshake, and who past the first call.

use cloister_evidence::record::Kind;
use cloister_proto::agent::v1::agent_service_client::AgentServiceClient;
use cloister_proto::agent::v1::{Certificate, RenewRequest};
use cloister_store::Change;
use rcgen::KeyPair;
use tonic::Code;

use super::agent::{Agent, Data, Session, connect, csr, hello};
use super::fixture::{Fixture, until};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_certificate_only_enrolment_is_open() {
    let fixture = Fixture::start().await;
    let mut client = AgentServiceClient::new(connect(&fixture, None).await.unwrap());
    let refused = Session::open(&mut client, hello(Vec::new())).await.err().unwrap();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let refused = client.renew(RenewRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_another_fleet_fails_the_handshake() {
    let (fixture, other) = (Fixture::start().await, Fixture::start().await);
    let stranger = Agent::enrol(&other, "node-1").await;
    assert!(handshake_refused(&fixture, &stranger).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_certificate_ends_its_session_and_fails_the_handshake() {
    let fixture = Fixture::with(&["--node-certificate-lifetime", "2s"]).await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let ended = agent.open(&fixture).await.end().await;
    assert_eq!(ended.code(), Code::Unauthenticated);
    assert!(ended.message().contains("has expired"), "{}", ended.message());
    until("the handshake to fail", async || handshake_refused(&fixture, &agent).await.then_some(())).await;
}

/// TLS 1.3 tells a client only with the first read that its certificate was refused.
async fn handshake_refused(fixture: &Fixture, agent: &Agent) -> bool {
    match connect(fixture, Some(agent.identity())).await {
        Err(_) => true,
        Ok(channel) => {
            let refused = AgentServiceClient::new(channel).renew(RenewRequest::default()).await.unwrap_err();
            // A broken connection, not an answer of the service.
            !matches!(refused.code(), Code::InvalidArgument | Code::Unauthenticated | Code::PermissionDenied)
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn revoking_a_node_ends_its_session_and_tunnel_at_once_and_lets_it_in_no_more() {
    let fixture = Fixture::start().await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let mut client = agent.client(&fixture).await;
    let mut session = Session::open(&mut client, hello(Vec::new())).await.unwrap();
    let mut data = Data::open(&mut client).await;
    session.next().await.unwrap();
    let revoke = Change::RevokeNode { node_id: agent.node_id.clone(), at: jiff::Timestamp::now() };
    fixture.change(Kind::NodeRevoked, vec![revoke]).await;
    let ended = session.end().await;
    assert_eq!(ended.code(), Code::PermissionDenied, "{}", ended.message());
    assert!(data.next().await.is_none(), "the tunnel is closed too");
    let refused = Session::open(&mut client, hello(Vec::new())).await.err().unwrap();
    assert_eq!(refused.code(), Code::PermissionDenied, "the connection is still open, the door is not");
    until("the node to be gone", async || {
        (!fixture.controller.fleet().live().contains_key(&agent.node_id)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_takes_over_once_it_is_used() {
    let fixture = Fixture::start().await;
    let mut agent = Agent::enrol(&fixture, "node-1").await;
    let mut old = agent.client(&fixture).await;
    let renewed = renew(&mut old, &agent.key).await;
    assert_eq!(fixture.records("node.certificate_renewed").await.len(), 1);
    // The answer may have been lost: the old one still works, and can renew again.
    let again = renew(&mut old, &agent.key).await;
    assert_ne!(again.chain_der[0], renewed.chain_der[0]);
    agent.certificate = again;
    let mut new = agent.client(&fixture).await;
    Session::open(&mut new, hello(Vec::new())).await.unwrap();
    let refused = old.renew(RenewRequest { csr_der: csr(&agent.key) }).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(refused.message().contains("replaced by a newer one"), "{}", refused.message());
}

async fn renew(client: &mut AgentServiceClient<tonic::transport::Channel>, key: &KeyPair) -> Certificate {
    let answer = client.renew(RenewRequest { csr_der: csr(key) }).await.unwrap().into_inner();
    answer.certificate.unwrap()
}
