//! Searching the log, and counting it over time.

use cloister_api::{ProblemKind, paths};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::session::let_in;
use super::{Fleet, Signer, kind};

fn kinds(page: &Value) -> Vec<&str> {
    page["records"].as_array().unwrap().iter().map(|record| record["kind"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn records_are_found_by_who_model_and_time_and_by_all_of_them() {
    let fleet = Fleet::start().await;
    let signer = Signer::new("acme");
    fleet.trust(&signer).await;
    let model = fleet.import(&signer, "tiny").await;
    let approver = let_in(&fleet, "weber", "model-approver").await;
    let retire = Some(json!({"because": "too small"}));
    approver.call(&fleet, Method::POST, &paths::model_retirement("tiny"), retire).await;
    approver.call(&fleet, Method::POST, &paths::model_approval("tiny"), None).await;

    let find = |query: &str| format!("{}?{query}", paths::RECORDS);
    let digest = model["digest"].as_str().unwrap();
    for name in ["tiny", digest] {
        let page = fleet.get(&find(&format!("model={name}"))).await;
        assert_eq!(kinds(&page), ["model.approved", "model.retired", "model.imported"], "{name}");
    }
    let by_weber = fleet.get(&find("actor=weber")).await;
    assert_eq!(kinds(&by_weber), ["model.approved", "model.retired", "session.started"]);
    let both = fleet.get(&find("actor=weber&model=tiny&kind=model.retired")).await;
    assert_eq!(kinds(&both), ["model.retired"]);

    let at = both["records"][0]["time"].as_str().unwrap();
    let before = fleet.get(&find(&format!("actor=weber&to={at}"))).await;
    assert_eq!(kinds(&before), ["session.started"]);
    let since = fleet.get(&find(&format!("model=tiny&from={at}&actor="))).await;
    assert_eq!(kinds(&since), ["model.approved", "model.retired"]);
    let page = fleet.get(&find("model=tiny&limit=2")).await;
    let next = page["next_before_seq"].as_u64().unwrap();
    let rest = fleet.get(&find(&format!("model=tiny&limit=2&before_seq={next}"))).await;
    assert_eq!((kinds(&rest), &rest["unsearchable"]), (vec!["model.imported"], &Value::Null));
}

#[tokio::test]
async fn a_timeline_counts_what_the_same_filter_finds() {
    let fleet = Fleet::start().await;
    let signer = Signer::new("acme");
    fleet.trust(&signer).await;
    fleet.import(&signer, "tiny").await;
    let of = |query: &str| format!("{}?{query}", paths::TIMELINE);
    let day = fleet.get(&of("")).await;
    let buckets = day["buckets"].as_array().unwrap();
    assert_eq!((buckets.len(), &day["complete"]), (60, &json!(true)));
    let sum = |day: &Value, group: &str| {
        let buckets = day["buckets"].as_array().unwrap();
        buckets.iter().filter_map(|bucket| bucket["counts"][group].as_u64()).sum::<u64>()
    };
    // Times of the log are at least those of the timeline's default end: what was just written is in its last piece.
    assert_eq!((sum(&day, "model"), sum(&day, "signer")), (1, 1), "{day}");
    let narrow = fleet.get(&of("model=tiny&buckets=7")).await;
    assert_eq!((sum(&narrow, "model"), sum(&narrow, "signer")), (1, 0));
    assert_eq!(narrow["buckets"].as_array().unwrap().len(), 7);
    let long_ago = fleet.get(&of("from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z")).await;
    assert!(long_ago["buckets"].as_array().unwrap().iter().all(|bucket| bucket["counts"] == json!({})));
}

#[tokio::test]
async fn a_filter_that_means_nothing_is_refused_by_field() {
    let fleet = Fleet::start().await;
    let long = "x".repeat(257);
    let cases = [
        (paths::RECORDS, "from=yesterday".to_owned(), "from"),
        (paths::RECORDS, "to=2026-11-22".to_owned(), "to"),
        (paths::RECORDS, "from=2026-11-22T09:00:00Z&to=2026-11-22T08:00:00Z".to_owned(), "to"),
        (paths::RECORDS, format!("actor={long}"), "actor"),
        (paths::RECORDS, "kind=%00".to_owned(), "kind"),
        (paths::RECORDS, "limit=many".to_owned(), "query"),
        (paths::TIMELINE, "buckets=241".to_owned(), "buckets"),
        (paths::TIMELINE, "from=9998-01-01T00:00:00Z".to_owned(), "from"),
        (paths::TIMELINE, "to=-009999-01-02T01:59:59Z".to_owned(), "to"),
        (paths::TIMELINE, "node=%00".to_owned(), "node"),
    ];
    for (path, query, field) in cases {
        let problem = fleet.problem(Method::GET, &format!("{path}?{query}"), None).await;
        assert_eq!(
            (kind(&problem), problem.field.as_deref()),
            (ProblemKind::Invalid, Some(field)),
            "{query}"
        );
    }
    // The longest time there is.
    let all = format!("{}?from=-009999-01-03T00:00:00Z&to=9999-12-30T00:00:00Z", paths::TIMELINE);
    let (status, body) = fleet.call(Method::GET, &all, None).await;
    assert_eq!(status, StatusCode::OK, "{body}");
}
