//! The loop's work on a real store; only the clock is told.

use super::*;

const WINDOW_S: i64 = 1_800_000_000 - 1_800_000_000 % HISTORY_COARSE_STEP_S;

async fn store() -> (Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/fleet.db", folder.path().display());
    (Store::open(&url).await.unwrap(), folder)
}

fn figures(running: u64, output_tokens: u64) -> Figures {
    Figures {
        nodes: 1,
        running: Some(running),
        output_tokens: Some(output_tokens),
        span_ms: Some(30_000),
        ..Figures::default()
    }
}

async fn add(store: &Store, at_s: i64, running: u64) {
    let node = Sample { subject: SampleSubject::Node("n1".to_owned()), figures: figures(running, 60) };
    assert!(store.add_samples((HISTORY_FINE_STEP_S, at_s), figures(running, 60), vec![node]).await.unwrap());
}

#[test]
fn a_fleet_is_its_nodes_and_a_jurisdiction_those_that_stand_in_it() {
    let measured = vec![
        ("n1".to_owned(), figures(1, 10)),
        ("n2".to_owned(), figures(2, 20)),
        ("n3".to_owned(), figures(4, 40)),
    ];
    let jurisdictions =
        [("n1", "DE"), ("n2", "DE"), ("n3", "")].map(|(id, code)| (id.to_owned(), code.to_owned()));
    let (fleet, parts) = by_subject(measured, &HashMap::from(jurisdictions));
    assert_eq!((fleet.nodes, fleet.running, fleet.output_tokens), (3, Some(7), Some(70)));
    let of = |subject| parts.iter().find(|part| part.subject == subject).map(|part| part.figures.running);
    assert_eq!(of(SampleSubject::Jurisdiction("DE".to_owned())), Some(Some(3)));
    assert_eq!(of(SampleSubject::Node("n3".to_owned())), Some(Some(4)));
    assert_eq!(parts.len(), 4, "a node that stands nowhere is in no jurisdiction");
}

#[tokio::test]
async fn a_quarter_of_an_hour_is_thinned_out_once_it_is_over() {
    let (store, _folder) = store().await;
    add(&store, WINDOW_S, 3).await;
    add(&store, WINDOW_S + 870, 5).await;
    add(&store, WINDOW_S + 900, 100).await;
    roll_up(&store, WINDOW_S + 899).await.unwrap();
    assert_eq!(store.last_sample_at(HISTORY_COARSE_STEP_S).await.unwrap(), None);
    for _ in 0..2 {
        roll_up(&store, WINDOW_S + 930).await.unwrap();
        let kept = store.samples_at(HISTORY_COARSE_STEP_S, WINDOW_S).await.unwrap();
        let wanted = Figures { span_ms: Some(60_000), ..figures(5, 120) };
        assert_eq!(kept.iter().map(|sample| &sample.figures).collect::<Vec<_>>(), [&wanted, &wanted]);
        assert_eq!(store.last_sample_at(HISTORY_COARSE_STEP_S).await.unwrap(), Some(WINDOW_S));
    }
}

#[tokio::test]
async fn hours_in_which_no_controller_ran_do_not_hold_up_what_came_after() {
    let (store, _folder) = store().await;
    let later_s = WINDOW_S + 40 * HISTORY_COARSE_STEP_S;
    add(&store, WINDOW_S + 30, 1).await;
    add(&store, later_s, 2).await;
    roll_up(&store, later_s + HISTORY_COARSE_STEP_S).await.unwrap();
    let whole = (WINDOW_S, later_s + HISTORY_COARSE_STEP_S);
    let kept = store.samples(&SampleSubject::Fleet, HISTORY_COARSE_STEP_S, whole).await.unwrap();
    assert_eq!(kept.iter().map(|(at_s, _)| *at_s).collect::<Vec<_>>(), [WINDOW_S, later_s]);
}

#[tokio::test]
async fn what_is_old_is_forgotten_and_the_rest_stays() {
    let (store, _folder) = store().await;
    for at_s in [WINDOW_S, WINDOW_S + HISTORY_FINE_KEPT_S] {
        add(&store, at_s, 1).await;
    }
    let now_s = WINDOW_S + HISTORY_FINE_KEPT_S + 1;
    roll_up(&store, now_s).await.unwrap();
    forget(&store, now_s).await.unwrap();
    let first_s = store.first_sample_at(HISTORY_FINE_STEP_S, 0).await.unwrap();
    assert_eq!(first_s, Some(WINDOW_S + HISTORY_FINE_KEPT_S));
    assert_eq!(store.last_sample_at(HISTORY_COARSE_STEP_S).await.unwrap(), Some(WINDOW_S));
    forget(&store, WINDOW_S + HISTORY_COARSE_KEPT_S + 1).await.unwrap();
    assert_eq!(store.last_sample_at(HISTORY_COARSE_STEP_S).await.unwrap(), None);
}
