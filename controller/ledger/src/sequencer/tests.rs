//! What only shows from inside: a commit whose outcome its writer never learned.

use cloister_evidence::commitment::Salt;
use cloister_evidence::record::{Actor, ActorKind, Draft, Inference, Kind, Outcome};
use cloister_test_postgres::Server;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::*;
use crate::LedgerOptions;

const ORIGIN: &str = "cloister/fleet-test";

async fn sequencer(store: &Store) -> Sequencer {
    sequencer_with(store, LedgerOptions::default()).await
}

async fn sequencer_with(store: &Store, options: LedgerOptions) -> Sequencer {
    let key = LogKey::from_seed(ORIGIN, &Zeroizing::new([3; 32])).unwrap();
    let tree = Tree::load(store, store.head().await.unwrap().size).await.unwrap();
    let (head, _) = watch::channel(key.sign(tree.size(), tree.root().unwrap()).unwrap());
    let (clock, verifier) = (Clock::start([1; 8]), key.verifier().unwrap());
    let log = (head.clone(), verifier.clone());
    let register = Register::enter(store, clock.boot(), &options, log).await.unwrap();
    Sequencer {
        store: store.clone(),
        key,
        verifier,
        clock,
        tree,
        head,
        counters: Arc::default(),
        register,
        unconfirmed: Vec::new(),
    }
}

async fn store() -> (Store, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/fleet.db", folder.path().display());
    (Store::open(&url).await.unwrap(), folder)
}

fn requested() -> Entry {
    Entry::new(Draft {
        kind: Kind::InferenceRequested,
        outcome: Outcome::Success,
        actor: Actor { kind: ActorKind::ApiKey, id: "key-1".to_owned(), name: None, address: None },
        subject: None,
        tenant: None,
        intent: None,
        inference: Some(Inference::default()),
        change: None,
        reason: None,
    })
}

#[tokio::test]
async fn request_that_was_committed_without_its_writer_knowing_is_interrupted() {
    let (store, _folder) = store().await;
    let mut ours = sequencer(&store).await;
    let lost = requested();
    // The commit took place, as seen from the database; the writer's memory is as before it.
    sequencer(&store).await.write(vec![lost.clone()]).await.unwrap();
    ours.unconfirmed = vec![lost.id.clone()];

    let next = requested();
    let outcomes = ours.write(vec![next.clone()]).await.unwrap();
    assert_eq!(outcomes.len(), 1, "the caller gets an answer for its own record alone");
    assert_eq!(outcomes[0].as_ref().unwrap(), &RecordRef { id: next.id.clone(), seq: 2 });
    let closing = store.closing_record(&lost.id).await.unwrap().unwrap();
    assert_eq!((closing.seq, closing.kind.as_str()), (1, "inference.interrupted"));
    assert!(String::from_utf8(closing.leaf).unwrap().contains("commit_unconfirmed"));
    let open = store.open_requests().await.unwrap();
    assert_eq!(open.into_iter().map(|request| request.request_id).collect::<Vec<_>>(), [next.id]);
}

#[tokio::test]
async fn request_whose_commit_really_failed_leaves_nothing_to_close() {
    let (store, _folder) = store().await;
    let mut ours = sequencer(&store).await;
    ours.unconfirmed = vec![requested().id];
    ours.write(vec![requested()]).await.unwrap();
    assert_eq!(store.head().await.unwrap().size, 1);
}

#[tokio::test]
async fn request_whose_fate_is_unknown_is_not_forgotten_when_the_next_commit_fails() {
    let (store, _folder) = store().await;
    let mut ours = sequencer(&store).await;
    let lost = requested();
    sequencer(&store).await.write(vec![lost.clone()]).await.unwrap();
    ours.unconfirmed = vec![lost.id.clone()];
    let mut salted_twice = requested();
    salted_twice.salts = vec![("prompt", Salt([1; 32])), ("prompt", Salt([2; 32]))];
    ours.write(vec![salted_twice]).await.unwrap_err();
    assert_eq!(store.closing_record(&lost.id).await.unwrap(), None);

    ours.write(vec![requested()]).await.unwrap();
    assert!(store.closing_record(&lost.id).await.unwrap().is_some());
}

#[tokio::test]
async fn log_that_was_set_back_under_a_running_controller_is_not_written() {
    let (store, folder) = store().await;
    let mut ours = sequencer(&store).await;
    ours.write(vec![requested()]).await.unwrap();
    let (other, _other_folder) = self::store().await;
    ours.store = other;
    let refused = ours.write(vec![requested()]).await.unwrap_err();
    assert!(refused.to_string().contains("set back"), "{refused}");
    assert_eq!(ours.store.head().await.unwrap().size, 0);
    drop(folder);
}

#[tokio::test]
async fn records_that_were_slipped_into_the_log_are_not_signed() {
    let (store, _folder) = store().await;
    let mut ours = sequencer(&store).await;
    ours.write(vec![requested()]).await.unwrap();
    // By somebody with the database and without the log key.
    let mut forger = sequencer(&store).await;
    forger.key = LogKey::from_seed(ORIGIN, &Zeroizing::new([4; 32])).unwrap();
    forger.write(vec![requested()]).await.unwrap();
    let refused = ours.write(vec![requested()]).await.unwrap_err();
    assert!(refused.to_string().contains("checkpoint over 2 records"), "{refused}");
    assert_eq!(store.head().await.unwrap().size, 2);
}

#[tokio::test]
async fn controller_that_could_not_say_that_it_lives_says_so_with_what_it_commits() {
    let url = tokio::task::spawn_blocking(|| Server::shared().create_database().unwrap()).await.unwrap();
    let store = Store::open(&url).await.unwrap();
    let beat_interval = std::time::Duration::from_millis(20);
    let options = LedgerOptions { beat_interval, ..LedgerOptions::default() };
    let mut ours = sequencer_with(&store, options).await;
    ours.register.fall_silent();
    let begun = Instant::now();
    while !ours.register.overdue() {
        assert!(begun.elapsed() < COMMIT_DEADLINE);
        tokio::time::sleep(beat_interval).await;
    }
    store.deregister_controller(ours.clock.boot()).await.unwrap();
    ours.write(vec![requested()]).await.unwrap();
    assert_eq!(store.controllers().await.unwrap()[0].id, ours.clock.boot());
    let gone_after = ours.register.gone_after();
    assert!(!store.has_abandoned("another", gone_after).await.unwrap(), "a living one's request");
}

#[tokio::test]
async fn batch_in_which_all_is_refused_commits_nothing() {
    let (store, _folder) = store().await;
    let mut ours = sequencer(&store).await;
    let entry = requested();
    ours.write(vec![entry.clone()]).await.unwrap();
    let outcomes = ours.write(vec![entry.clone(), entry]).await.unwrap();
    assert!(outcomes.iter().all(Result::is_err));
    assert_eq!(store.checkpoints_after(0).await.unwrap().len(), 1);
    assert_eq!(ours.tree.size(), 1);
}

#[tokio::test]
async fn one_commit_takes_no_more_than_its_bound_in_bytes() {
    let (sender, mut queue) = mpsc::channel(8);
    for bytes in [600_000, 600_000, 10] {
        let (done, _) = tokio::sync::oneshot::channel();
        sender.try_send(Submission { entry: requested(), bytes, done }).unwrap();
    }
    let first = queue.recv().await.unwrap();
    let (batch, rest) = drain(first, &mut queue);
    assert_eq!((batch.len(), rest.map(|rest| rest.bytes), queue.len()), (1, Some(600_000), 1));
}
