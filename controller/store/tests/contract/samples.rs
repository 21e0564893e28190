use cloister_store::{Figures, FirstTokens, Sample, SampleSubject};

use crate::backends::{Database, on_both_databases};

on_both_databases!(
    a_sample_comes_back_with_all_its_figures,
    what_was_not_reported_stays_absent,
    of_two_controllers_one_writes_a_time,
    times_without_a_sample_are_left_out,
    a_large_fleet_is_written_at_once,
    the_oldest_samples_are_forgotten_a_few_at_a_time,
);

const STEP_S: i64 = 30;

fn node(id: &str) -> SampleSubject {
    SampleSubject::Node(id.to_owned())
}

/// Every figure another one.
fn figures() -> Figures {
    let mut first_token = FirstTokens::default();
    (first_token.0[3], first_token.0[39]) = (2, 1);
    Figures {
        nodes: 1,
        memory_total_bytes: Some(64 << 30),
        memory_available_bytes: Some(48 << 30),
        cpu_busy_ticks: Some(1_200),
        cpu_total_ticks: Some(6_000),
        gpus: Some(2),
        gpu_busy_permille: Some(1_500),
        gpu_memory_total_bytes: Some(160 << 30),
        gpu_memory_used_bytes: Some(140 << 30),
        running: Some(8),
        waiting: Some(3),
        span_ms: Some(30_004),
        prompt_tokens: Some(900),
        output_tokens: Some(4_000),
        finished: Some(7),
        failed: Some(4),
        first_token: Some(first_token),
    }
}

fn part(subject: SampleSubject) -> Sample {
    Sample { subject, figures: figures() }
}

async fn add(db: &Database, at_s: i64, parts: Vec<Sample>) -> bool {
    db.store.add_samples((STEP_S, at_s), figures(), parts).await.unwrap()
}

async fn a_sample_comes_back_with_all_its_figures(db: Database) {
    let germany = SampleSubject::Jurisdiction("DE".to_owned());
    assert!(add(&db, 60, vec![part(node("n1")), part(germany.clone())]).await);
    for subject in [SampleSubject::Fleet, germany.clone(), node("n1")] {
        let found = db.store.samples(&subject, STEP_S, (0, 300)).await.unwrap();
        assert_eq!(found, [(60, figures())], "{subject:?}");
    }
    let subjects = [SampleSubject::Fleet, germany, node("n1")].map(part);
    assert_eq!(db.store.samples_at(STEP_S, 60).await.unwrap(), subjects);
    assert_eq!(db.store.samples_at(900, 60).await.unwrap(), []);
}

async fn what_was_not_reported_stays_absent(db: Database) {
    let silent = Figures { nodes: 1, running: Some(0), ..Figures::default() };
    let sample = Sample { subject: node("old"), figures: silent.clone() };
    assert!(db.store.add_samples((STEP_S, 0), Figures::default(), vec![sample]).await.unwrap());
    assert_eq!(db.store.samples(&node("old"), STEP_S, (0, 30)).await.unwrap(), [(0, silent)]);
    let fleet = db.store.samples(&SampleSubject::Fleet, STEP_S, (0, 30)).await.unwrap();
    assert_eq!(fleet, [(0, Figures::default())]);
}

async fn of_two_controllers_one_writes_a_time(db: Database) {
    let (one, other) =
        tokio::join!(add(&db, 30, vec![part(node("n1"))]), add(&db, 30, vec![part(node("n2"))]));
    assert!(one != other, "one of them writes, the other sees that it is done");
    assert_eq!(db.store.samples_at(STEP_S, 30).await.unwrap().len(), 2);
    assert!(!add(&db, 30, vec![part(node("n3"))]).await);
    assert!(add(&db, 60, vec![part(node("n3"))]).await, "and the next time is written again");
}

async fn times_without_a_sample_are_left_out(db: Database) {
    for at_s in [30, 60, 150, 300] {
        add(&db, at_s, vec![part(node("n1"))]).await;
    }
    add(&db, 90, vec![part(node("n2"))]).await;
    let found = db.store.samples(&node("n1"), STEP_S, (60, 300)).await.unwrap();
    assert_eq!(found.iter().map(|(at_s, _)| *at_s).collect::<Vec<_>>(), [60, 150]);
    assert_eq!(db.store.first_sample_at(STEP_S, 61).await.unwrap(), Some(90));
    assert_eq!(db.store.first_sample_at(STEP_S, 301).await.unwrap(), None);
    assert_eq!(db.store.last_sample_at(STEP_S).await.unwrap(), Some(300));
    assert_eq!(db.store.last_sample_at(900).await.unwrap(), None);
}

async fn a_large_fleet_is_written_at_once(db: Database) {
    let nodes = (0..1_000).map(|number| part(node(&format!("{number:04}")))).collect();
    assert!(add(&db, 30, nodes).await);
    assert_eq!(db.store.samples_at(STEP_S, 30).await.unwrap().len(), 1_001);
    assert_eq!(db.store.samples(&node("0999"), STEP_S, (0, 86_400)).await.unwrap().len(), 1);
}

async fn the_oldest_samples_are_forgotten_a_few_at_a_time(db: Database) {
    assert_eq!(db.store.forget_samples(STEP_S, 1_000, 10).await.unwrap(), 0);
    for at_s in [30, 60, 90, 120] {
        add(&db, at_s, vec![part(node("n1"))]).await;
    }
    db.store.add_samples((900, 0), figures(), Vec::new()).await.unwrap();
    assert_eq!(db.store.forget_samples(STEP_S, 1_000, 2).await.unwrap(), 4);
    assert_eq!(db.store.first_sample_at(STEP_S, 0).await.unwrap(), Some(90));
    assert_eq!(db.store.forget_samples(STEP_S, 120, 10).await.unwrap(), 2);
    assert_eq!(db.store.forget_samples(STEP_S, 120, 10).await.unwrap(), 0);
    assert_eq!(db.store.last_sample_at(STEP_S).await.unwrap(), Some(120));
    assert_eq!(db.store.last_sample_at(900).await.unwrap(), Some(0), "of another step nothing is forgotten");
}
