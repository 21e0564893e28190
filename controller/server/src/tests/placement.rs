//! From a deployment to orders, and back from what agents report to routes and records.

use cloister_evidence::record::Kind;
use cloister_proto::agent::v1::{DescribeArtifactRequest, ReadArtifactRequest, ReplicaPhase};
use cloister_store::Change;
use futures_util::StreamExt as _;
use tonic::Code;

use super::agent::{Agent, Data, Session, hello, status};
use super::fixture::{Fixture, until};
use super::models::{deploy, deployment, digest, import, keep, policy};
use crate::fleet::RouteTable;
use crate::reconcile::Explanation;

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_becomes_an_order_and_its_removal_another() {
    let fixture = Fixture::start().await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let mut session = agent.open(&fixture).await;
    import(&fixture).await;
    deploy(&fixture, deployment(1)).await;
    let order = session.order(false).await;
    let ordered = &order.replicas[0];
    assert_eq!((order.generation, ordered.model_digest.clone()), (1, digest()));
    assert_eq!((ordered.context_length, ordered.max_sequences, ordered.kv_tokens), (128, 2, 256));
    let row = fixture.store().replica(&ordered.replica_id).await.unwrap().unwrap();
    let why = Explanation::of(&row);
    assert!(why.reasons[0].starts_with("placed on node-1"), "{:?}", why.reasons);
    assert_eq!(row.memory_bytes, why.weights_bytes + why.kv_bytes + why.scratch_bytes);
    assert!(why.weights_bytes > 0 && why.kv_bytes > 0);
    let records = fixture.records("placement.changed").await;
    assert_eq!(records[0]["change"][&ordered.replica_id], agent.node_id.as_str());

    fixture.change(Kind::DeploymentRemoved, vec![Change::RemoveDeployment { id: "d1".to_owned() }]).await;
    assert_eq!(session.order(true).await.generation, 2);
    assert!(fixture.store().replicas().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_has_just_started_places_nothing_before_its_nodes_are_back() {
    let fixture = Fixture::start().await;
    let first = Agent::enrol(&fixture, "node-1").await;
    let second = Agent::enrol(&fixture, "node-2").await;
    import(&fixture).await;
    let fixture = fixture.restart().await;
    let mut early = first.open(&fixture).await;
    deploy(&fixture, deployment(2)).await;
    let fleet = fixture.controller.fleet();
    until("the first node, passed over by nobody", async || {
        fleet.live().get(&first.node_id).is_some_and(|node| node.connected).then_some(())
    })
    .await;

    let mut late = second.open(&fixture).await;

    assert_eq!(early.order(false).await.replicas.len(), 1);
    assert_eq!(late.order(false).await.replicas.len(), 1);
    assert_eq!(fixture.records("placement.changed").await.len(), 1, "placed once, on both");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_signer_takes_the_running_replicas_of_its_models_away() {
    let fixture = Fixture::start().await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let mut session = agent.open(&fixture).await;
    import(&fixture).await;
    deploy(&fixture, deployment(1)).await;
    assert_eq!(session.order(false).await.replicas.len(), 1);

    let revoked = Change::RevokeSigner { key_id: "signer".to_owned(), at: jiff::Timestamp::now() };
    fixture.change(Kind::SignerRevoked, vec![revoked]).await;

    assert!(session.order(true).await.replicas.is_empty());
    assert!(fixture.store().replicas().await.unwrap().is_empty());
    assert_eq!(fixture.store().deployments().await.unwrap().len(), 1, "the intent stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trust_policy_that_is_narrowed_takes_running_replicas_away_and_nodes_are_told() {
    let fixture = Fixture::start().await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let mut session = agent.open(&fixture).await;
    fixture.change(Kind::TrustPolicyCreated, vec![policy("tin?", 1)]).await;
    keep(&fixture).await;
    deploy(&fixture, deployment(1)).await;
    assert_eq!(session.order(false).await.replicas.len(), 1);
    let describe = DescribeArtifactRequest { model_digest: digest() };
    let mut client = agent.client(&fixture).await;
    let description = client.describe_artifact(describe).await.unwrap().into_inner();
    assert_eq!(description.trusted_signers_pem, ["PEM of release"]);

    fixture.change(Kind::TrustPolicyChanged, vec![policy("other-*", 2)]).await;

    assert!(session.order(true).await.replicas.is_empty());
    assert_eq!(fixture.store().deployments().await.unwrap().len(), 1, "the intent stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_told_only_the_signers_of_that_very_model() {
    let fixture = Fixture::start().await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let mut session = agent.open(&fixture).await;
    import(&fixture).await;
    let Change::PutTrustPolicy(mut other) = policy("other-*", 1) else { unreachable!() };
    other.rules[0].signers[0].key_id = "elsewhere".to_owned();
    other.rules[0].signers[0].public_key_pem = "PEM of elsewhere".to_owned();
    fixture.change(Kind::TrustPolicyCreated, vec![Change::PutTrustPolicy(other)]).await;
    deploy(&fixture, deployment(1)).await;
    session.order(false).await;
    let describe = DescribeArtifactRequest { model_digest: digest() };
    let description = agent.client(&fixture).await.describe_artifact(describe).await.unwrap().into_inner();
    assert_eq!(description.trusted_signers_pem, ["PEM of release"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_finds_no_node_is_on_the_books_with_a_verdict_of_each() {
    let fixture = Fixture::start().await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let mut session = agent.open(&fixture).await;
    session.next().await.unwrap();
    import(&fixture).await;
    let mut elsewhere = deployment(1);
    elsewhere.jurisdiction = "FR".to_owned();
    deploy(&fixture, elsewhere).await;
    let verdict = until("a replica with verdicts", async || {
        let rows = fixture.store().replicas().await.unwrap();
        let why = fixture.controller.fleet().explain(rows.first()?);
        why.nodes.first().cloned()
    })
    .await;
    assert_eq!(verdict.sentence, "is in DE-HE, and the deployment must stay in FR");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_replicas_that_are_ready_and_reachable_are_routed_to() {
    let fixture = Fixture::start().await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let mut client = agent.client(&fixture).await;
    let mut session = Session::open(&mut client, hello(Vec::new())).await.unwrap();
    let data = Data::open(&mut client).await;
    import(&fixture).await;
    deploy(&fixture, deployment(1)).await;
    let replica_id = session.order(false).await.replicas[0].replica_id.clone();
    let (table, routes) = RouteTable::new(fixture.controller.fleet().clone());
    tokio::spawn(table.run(tokio_util::sync::CancellationToken::new()));
    let routed = |count: usize| {
        let routes = routes.clone();
        async move || (routes.borrow().deployments.get("notes")?.replicas.len() == count).then_some(())
    };
    until("the deployment, without a replica", routed(0)).await;
    session.report(status(&replica_id, ReplicaPhase::Ready)).await;
    until("the ready replica", routed(1)).await;
    assert_eq!(routes.borrow().deployments["notes"].model_name, "tiny");
    drop(data);
    until("no replica without a tunnel", routed(0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_revision_is_never_answered_by_the_old_model() {
    let fixture = Fixture::start().await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let mut session = agent.open(&fixture).await;
    import(&fixture).await;
    deploy(&fixture, deployment(1)).await;
    let first = session.order(false).await.replicas[0].replica_id.clone();
    let mut changed = deployment(1);
    (changed.revision, changed.context_length) = (2, 64);
    deploy(&fixture, changed).await;
    let second = session.order(false).await;
    assert_eq!(second.replicas.len(), 1);
    assert_ne!(second.replicas[0].replica_id, first, "another replica, not the old one changed");
    assert_eq!(second.replicas[0].context_length, 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_serves_is_routed_to_under_its_own_model_until_the_new_revision_serves() {
    let fixture = Fixture::start().await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let mut client = agent.client(&fixture).await;
    let mut session = Session::open(&mut client, hello(Vec::new())).await.unwrap();
    let _data = Data::open(&mut client).await;
    import(&fixture).await;
    deploy(&fixture, deployment(1)).await;
    let first = session.order(false).await.replicas[0].replica_id.clone();
    session.report(status(&first, ReplicaPhase::Ready)).await;
    let (table, routes) = RouteTable::new(fixture.controller.fleet().clone());
    tokio::spawn(table.run(tokio_util::sync::CancellationToken::new()));
    let routed = |id: String, context_length: u32| {
        let routes = routes.clone();
        async move || {
            let routes = routes.borrow();
            let route = routes.deployments.get("notes")?;
            let ids: Vec<_> = route.replicas.iter().map(|replica| replica.replica_id.as_str()).collect();
            (ids == [id.as_str()] && route.context_length == context_length).then_some(())
        }
    };
    until("the first replica", routed(first.clone(), 128)).await;

    let mut changed = deployment(1);
    (changed.revision, changed.context_length) = (2, 64);
    deploy(&fixture, changed).await;
    let both = session.order(false).await.replicas;
    assert_eq!(both.len(), 2, "the new one comes before the old one goes");
    let second = both.into_iter().find(|replica| replica.replica_id != first).unwrap().replica_id;
    session.report(status(&second, ReplicaPhase::Loading)).await;
    until("the first one under what it runs", routed(first.clone(), 128)).await;
    session.report(status(&second, ReplicaPhase::Ready)).await;
    until("the second one under what it runs", routed(second.clone(), 64)).await;
    let after = session.order(false).await.replicas;
    assert_eq!(after.iter().map(|r| r.replica_id.as_str()).collect::<Vec<_>>(), [second.as_str()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_replicas_of_a_revoked_node_go_to_another() {
    let fixture = Fixture::start().await;
    let (first, second) = (Agent::enrol(&fixture, "node-1").await, Agent::enrol(&fixture, "node-2").await);
    let mut session = first.open(&fixture).await;
    import(&fixture).await;
    deploy(&fixture, deployment(1)).await;
    session.order(false).await;
    let mut other = second.open(&fixture).await;
    let revoke = Change::RevokeNode { node_id: first.node_id.clone(), at: jiff::Timestamp::now() };
    fixture.change(Kind::NodeRevoked, vec![revoke]).await;
    assert_eq!(other.order(false).await.replicas.len(), 1);
    assert_eq!(session.end().await.code(), Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_survive_a_restart_with_the_same_generation() {
    let fixture = Fixture::start().await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let mut session = agent.open(&fixture).await;
    import(&fixture).await;
    deploy(&fixture, deployment(1)).await;
    let before = session.order(false).await;
    let fixture = fixture.restart().await;
    let running = status(&before.replicas[0].replica_id, ReplicaPhase::Ready);
    let mut client = agent.client(&fixture).await;
    let mut session = Session::open(&mut client, hello(vec![running])).await.unwrap();
    assert_eq!(session.order(false).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_has_seen_more_than_the_store_is_outbid() {
    let fixture = Fixture::start().await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let mut ahead = hello(Vec::new());
    ahead.generation = 41;
    let mut session = Session::open(&mut agent.client(&fixture).await, ahead).await.unwrap();
    loop {
        if session.order(true).await.generation == 42 {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_model_is_recorded_once_and_not_tried_again() {
    let fixture = Fixture::start().await;
    let agent = Agent::enrol(&fixture, "node-1").await;
    let mut session = agent.open(&fixture).await;
    import(&fixture).await;
    deploy(&fixture, deployment(1)).await;
    let order = session.order(false).await;
    let mut refused = status(&order.replicas[0].replica_id, ReplicaPhase::Refused);
    refused.error = "the signature does not match".to_owned();
    session.report(refused.clone()).await;
    until("the record", async || (!fixture.records("model.refused").await.is_empty()).then_some(())).await;
    let fixture = fixture.restart().await;
    let mut client = agent.client(&fixture).await;
    let mut session = Session::open(&mut client, hello(vec![refused])).await.unwrap();
    assert_eq!(session.order(false).await, order, "it is not ordered anew");
    let row = fixture.store().replica(&order.replicas[0].replica_id).await.unwrap().unwrap();
    assert_eq!(Explanation::of(&row).refused.unwrap().error, "the signature does not match");
    assert_eq!(fixture.records("model.refused").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn model_bytes_go_to_the_node_that_is_to_run_them_and_to_no_other() {
    let fixture = Fixture::start().await;
    let (placed, other) = (Agent::enrol(&fixture, "node-1").await, Agent::enrol(&fixture, "node-2").await);
    let mut session = placed.open(&fixture).await;
    let bytes = import(&fixture).await;
    deploy(&fixture, deployment(1)).await;
    session.order(false).await;

    let describe = DescribeArtifactRequest { model_digest: digest() };
    let mut client = placed.client(&fixture).await;
    let description = client.describe_artifact(describe.clone()).await.unwrap().into_inner();
    assert_eq!(description.signature_bundle, b"bundle");
    assert_eq!(description.trusted_signers_pem, ["PEM of release"]);
    assert_eq!(description.files[0].size_bytes, bytes.len() as u64);
    let refused = other.client(&fixture).await.describe_artifact(describe).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);

    let mut read =
        ReadArtifactRequest { model_digest: digest(), file: "tiny.gguf".to_owned(), ..Default::default() };
    (read.offset_bytes, read.length_bytes) = (10, 100);
    let chunks = client.read_artifact(read.clone()).await.unwrap().into_inner();
    let got: Vec<u8> = chunks.flat_map(|c| futures_util::stream::iter(c.unwrap().data)).collect().await;
    assert_eq!(got, bytes[10..110]);
    read.offset_bytes = bytes.len() as u64;
    assert_eq!(client.read_artifact(read).await.unwrap_err().code(), Code::OutOfRange);
}
