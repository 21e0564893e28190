//! What was measured comes out as columns with gaps; where it comes from is asked in `crate::history`.

use cloister_api::{History, ProblemKind, paths};
use cloister_store::{Change, Figures, Node, NodeState, Sample, SampleSubject};
use http::Method;
use jiff::{SignedDuration, Timestamp};

use super::{Fleet, draft, kind};

const STEP_S: i64 = 30;

/// The beginning of the step before the present one.
fn before_s() -> i64 {
    let now_s = Timestamp::now().as_second();
    now_s - now_s % STEP_S - STEP_S
}

async fn add_node(fleet: &Fleet, id: &str, name: &str) {
    let now = Timestamp::now();
    let node = Node {
        id: id.to_owned(),
        name: name.to_owned(),
        region: String::new(),
        jurisdiction: "DE-HE".to_owned(),
        labels: Default::default(),
        certificate_serial: format!("01{id}"),
        certificate_not_after: now + SignedDuration::from_hours(24),
        generation: 0,
        state: NodeState::Enrolled,
        scheduling: Default::default(),
        enrolled_at: now,
        revoked_at: None,
    };
    fleet.api.ledger().change(vec![Change::AddNode(node)], draft()).await.unwrap();
}

fn figures(output_tokens: u64) -> Figures {
    Figures {
        nodes: 1,
        memory_total_bytes: Some(100),
        memory_available_bytes: Some(60),
        running: Some(2),
        span_ms: Some(30_000),
        output_tokens: Some(output_tokens),
        ..Figures::default()
    }
}

/// One sample of a node and of the jurisdiction that it stands in.
async fn add_sample(fleet: &Fleet, at_s: i64) {
    let part = |subject| Sample { subject, figures: figures(60) };
    let parts = vec![
        part(SampleSubject::Node("n1".to_owned())),
        part(SampleSubject::Jurisdiction("DE-HE".to_owned())),
    ];
    assert!(fleet.api.store().add_samples((STEP_S, at_s), figures(90), parts).await.unwrap());
}

async fn history(fleet: &Fleet, path: &str) -> History {
    serde_json::from_value(fleet.get(path).await).unwrap()
}

/// What a chart would show of tokens: how many points there are, and those that are no gaps.
fn tokens(history: &History) -> (usize, Vec<f64>) {
    (history.output_tokens_per_s.len(), history.output_tokens_per_s.iter().flatten().copied().collect())
}

#[tokio::test]
async fn a_nodes_history_is_found_by_name_and_by_id_and_has_gaps_where_nothing_was_heard() {
    let fleet = Fleet::start().await;
    add_node(&fleet, "n1", "gpu-01").await;
    add_sample(&fleet, before_s()).await;
    add_sample(&fleet, before_s() - 3 * STEP_S).await;
    for node in ["n1", "gpu-01"] {
        let hour = history(&fleet, &paths::node_history(node, "1h")).await;
        assert_eq!((hour.step_s, tokens(&hour)), (30, (120, vec![2.0, 2.0])));
        assert_eq!(hour.memory_used_bytes.iter().flatten().collect::<Vec<_>>(), [&40, &40]);
        assert!(hour.cpu_busy_percent.iter().all(Option::is_none), "nobody reported it");
        let day = history(&fleet, &paths::node_history(node, "24h")).await;
        assert_eq!((day.step_s, day.running.len()), (180, 480));
        assert_eq!(day.running.iter().flatten().max(), Some(&2));
    }
    let month = history(&fleet, &paths::node_history("n1", "30d")).await;
    assert_eq!((month.step_s, tokens(&month)), (5_400, (480, Vec::new())), "nothing is thinned out yet");
}

#[tokio::test]
async fn a_fleets_history_is_that_of_all_nodes_or_of_a_jurisdiction() {
    let fleet = Fleet::start().await;
    add_sample(&fleet, before_s()).await;
    let path = paths::fleet_history("1h", None);
    assert_eq!(tokens(&history(&fleet, &path).await).1, [3.0]);
    let path = paths::fleet_history("1h", Some("DE-HE"));
    assert_eq!(tokens(&history(&fleet, &path).await).1, [2.0]);
    let path = paths::fleet_history("1h", Some("FR"));
    assert_eq!(tokens(&history(&fleet, &path).await), (120, Vec::new()));
    let unasked = history(&fleet, paths::FLEET_HISTORY).await;
    assert_eq!(unasked.step_s, 30, "an hour, where nothing else is asked for");
}

#[tokio::test]
async fn what_is_asked_wrongly_is_named() {
    let fleet = Fleet::start().await;
    add_node(&fleet, "n1", "gpu-01").await;
    let cases = [
        (paths::node_history("nowhere", "1h"), ProblemKind::NotFound, None),
        (paths::node_history("n1", "2h"), ProblemKind::Invalid, Some("range")),
        (paths::fleet_history("1H", None), ProblemKind::Invalid, Some("range")),
        (paths::fleet_history("1h", Some("Germany")), ProblemKind::Invalid, Some("jurisdiction")),
    ];
    for (path, wanted, field) in cases {
        let problem = fleet.problem(Method::GET, &path, None).await;
        assert_eq!((kind(&problem), problem.field.as_deref()), (wanted, field), "{path}: {}", problem.detail);
    }
}
