use cloister_proto::agent::v1::controller_message::Message;
use tonic::Code;

use super::agent::Agent;
use super::fixture::Fixture;

#[tokio::test(flavor = "multi_thread")]
async fn a_token_admits_one_node_and_its_certificate_opens_a_session() {
    let fixture = Fixture::start().await;
    let secret = fixture.token(600).await;
    let agent = Agent::enrol_with(&fixture, &secret, "node-1").await.unwrap();
    let mut session = agent.open(&fixture).await;
    let Message::Welcome(welcome) = session.next().await.unwrap() else { panic!("no welcome") };
    assert_eq!(welcome.node_id, agent.node_id);
    let node = fixture.store().node("node-1").await.unwrap().unwrap();
    assert_eq!((node.id, node.jurisdiction.as_str()), (agent.node_id.clone(), "DE-HE"));
    let records = fixture.records("node.enrolled").await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["subject"]["id"], agent.node_id.as_str());
    assert_eq!(records[0]["change"]["certificate_serial"], node.certificate_serial.as_str());

    let refused = Agent::enrol_with(&fixture, &secret, "node-2").await.err().unwrap();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert!(refused.message().contains("was used before"), "{}", refused.message());
    let records = fixture.records("node.enrolment_refused").await;
    assert_eq!(records[0]["reason"], "token_used");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_machines_with_one_token_at_once_become_one_node() {
    let fixture = Fixture::start().await;
    let secret = fixture.token(600).await;
    let (a, b) = tokio::join!(
        Agent::enrol_with(&fixture, &secret, "node-a"),
        Agent::enrol_with(&fixture, &secret, "node-b"),
    );
    assert!(a.is_ok() != b.is_ok(), "exactly one of them is let in");
    assert_eq!(fixture.store().nodes().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_enrolment_is_said() {
    let fixture = Fixture::start().await;
    Agent::enrol(&fixture, "taken").await;
    let expired = fixture.token(-1).await;
    let valid = fixture.token(600).await;
    let cases = [
        (expired.as_str(), "node-1", Code::Unauthenticated, "has expired"),
        ("guess", "node-1", Code::Unauthenticated, "not known"),
        ("", "node-1", Code::Unauthenticated, "empty or too long"),
        (&valid, "Node 1", Code::InvalidArgument, "[a-z0-9-]"),
        (&valid, "taken", Code::AlreadyExists, "has this name"),
    ];
    for (secret, name, code, sentence) in cases {
        let refused = Agent::enrol_with(&fixture, secret, name).await.err().unwrap();
        assert_eq!(refused.code(), code, "{}", refused.message());
        assert!(refused.message().contains(sentence), "{}", refused.message());
    }
    assert!(Agent::enrol_with(&fixture, &valid, "node-1").await.is_ok(), "refusals do not spend the token");
}
