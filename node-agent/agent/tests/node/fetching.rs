//! Models: fetched whole, through faults, and refused when they are not what was signed.

use std::time::Duration;

use crate::support::agent::Agent;
use crate::support::controller::{Controller, Fault, PATIENCE};
use crate::support::model::Model;
use cloister_proto::agent::v1::ReplicaPhase;

const RANGE: u64 = 8 * 1024 * 1024;

async fn joined(options: &[&str]) -> (Controller, Agent, tempfile::TempDir) {
    let (controller, directory) = (Controller::start().await, tempfile::tempdir().unwrap());
    let agent = Agent::join(&controller, directory.path(), options);
    (controller, agent, directory)
}

#[tokio::test]
async fn a_fetch_survives_streams_that_break_off() {
    let (controller, agent, _directory) = joined(&[]).await;
    let model = Model::of_three_ranges();
    controller.add(&model);
    controller.state.faults.lock().unwrap().extend([
        Fault::Sound,
        Fault::Truncated,
        Fault::Broken,
        Fault::Truncated,
        Fault::Broken,
    ]);
    controller.order(1, &[("r1", &model)]);
    let verified = |status: &cloister_proto::agent::v1::ReplicaStatus| status.checks.len() >= 4;
    let status = controller.replica("r1", "all checks passed", verified).await;
    assert!(status.checks[0].starts_with("signature: good"), "{:?}", status.checks);
    assert!(status.checks[1].contains(&model.digest), "{:?}", status.checks);
    let stored = agent.data.join("artifacts").join(&model.digest[7..]).join("files");
    for (name, bytes) in &model.files {
        assert!(std::fs::read(stored.join(name)).unwrap() == *bytes, "{name}");
    }
    // A broken stream is continued, not begun anew.
    let reads = controller.state.reads.lock().unwrap().clone();
    assert!(reads.iter().any(|(_, offset, _)| offset % RANGE != 0), "{reads:?}");
}

#[tokio::test]
async fn a_fetch_goes_on_after_a_restart_where_it_ended() {
    let (controller, agent, directory) = joined(&[]).await;
    let model = Model::of_three_ranges();
    controller.add(&model);
    // The small file and one range arrive, the other two ranges hang half-way.
    let faults = [Fault::Sound, Fault::Sound, Fault::Stalled, Fault::Stalled];
    controller.state.faults.lock().unwrap().extend(faults);
    controller.order(1, &[("r1", &model)]);
    let bookkeeping = agent.data.join("artifacts").join(&model.digest[7..]).join("parts/weights.gguf#ranges");
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let arrived = async {
        while !bookkeeping.exists() {
            looks.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, arrived).await.unwrap();
    agent.kill().await;

    let first_reads = std::mem::take(&mut *controller.state.reads.lock().unwrap());
    let _again = Agent::start(directory.path(), &[]);
    controller.replica("r1", "all checks passed", |status| status.checks.len() >= 4).await;
    let reads = controller.state.reads.lock().unwrap().clone();
    assert_eq!((first_reads.len(), reads.len()), (4, 2), "{reads:?}");
}

#[tokio::test]
async fn a_model_with_one_wrong_bit_is_refused_and_fetched_afresh_when_ordered_anew() {
    let (controller, agent, _directory) = joined(&[]).await;
    let model = Model::of(vec![("weights.gguf", vec![7; 100_000])]);
    controller.add(&model);
    controller.state.faults.lock().unwrap().push_back(Fault::WrongByte);
    controller.order(1, &[("r1", &model)]);
    let status = controller.phase("r1", ReplicaPhase::Refused).await;
    assert!(status.error.contains("\"weights.gguf\" was altered: its SHA-256 is"), "{}", status.error);
    let stored = agent.data.join("artifacts").join(&model.digest[7..]);
    assert!(stored.join("refused/weights.gguf").exists() && !stored.join("files/weights.gguf").exists());

    // The same order again changes nothing; another replica of the model fetches it anew.
    controller.order(2, &[("r1", &model), ("r2", &model)]);
    controller.replica("r2", "all checks passed", |status| status.checks.len() >= 4).await;
    assert_eq!(controller.state.reads.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn models_that_no_trusted_signer_signed_are_refused_before_a_byte_is_fetched() {
    let (controller, _agent, _directory) = joined(&[]).await;
    let good = Model::of(vec![("weights.gguf", vec![7; 1_000])]);
    let stranger = Model::of(vec![("weights.gguf", vec![8; 1_000])]);
    let mut untrusted = good.clone();
    untrusted.description.trusted_signers_pem = vec![stranger.signer_pem.clone()];
    controller.add(&untrusted);
    // The bundle of one model served under another model's digest.
    let mut swapped = stranger.clone();
    swapped.description = good.description.clone();
    swapped.files = good.files.clone();
    controller.add(&swapped);
    let mut unsigned = Model::of(vec![("weights.gguf", vec![9; 1_000])]);
    unsigned.description.signature_bundle.clear();
    controller.add(&unsigned);
    controller.order(1, &[("untrusted", &untrusted), ("swapped", &swapped), ("unsigned", &unsigned)]);
    for (id, reason) in [
        ("untrusted", "which is not a trusted signer"),
        ("swapped", "was ordered"),
        ("unsigned", "the signature file is empty"),
    ] {
        let status = controller.phase(id, ReplicaPhase::Refused).await;
        assert!(status.error.contains(reason), "{id}: {}", status.error);
    }
    assert!(controller.state.reads.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_nodes_own_pins_count_instead_of_what_the_controller_trusts() {
    let model = Model::of(vec![("weights.gguf", vec![7; 1_000])]);
    let pins = tempfile::tempdir().unwrap();
    let (own, other) = (pins.path().join("own.pub"), pins.path().join("other.pub"));
    std::fs::write(&own, &model.signer_pem).unwrap();
    std::fs::write(&other, Model::of(vec![("weights.gguf", vec![1])]).signer_pem).unwrap();

    let (controller, _agent, _directory) = joined(&["--trusted-signer", other.to_str().unwrap()]).await;
    controller.add(&model);
    controller.order(1, &[("r1", &model)]);
    let status = controller.phase("r1", ReplicaPhase::Refused).await;
    assert!(status.error.contains("which is not a trusted signer"), "{}", status.error);

    let (controller, _agent, _directory) = joined(&["--trusted-signer", own.to_str().unwrap()]).await;
    let mut distrusted = model.clone();
    distrusted.description.trusted_signers_pem.clear();
    controller.add(&distrusted);
    controller.order(1, &[("r1", &distrusted)]);
    let status = controller.replica("r1", "all checks passed", |status| status.checks.len() >= 4).await;
    assert!(status.checks[0].contains("pinned on this node"), "{:?}", status.checks);
}

#[tokio::test]
async fn a_controller_that_sends_too_much_is_told_apart_from_a_bad_model() {
    let (controller, _agent, _directory) = joined(&[]).await;
    let model = Model::of(vec![("weights.gguf", vec![7; 1_000])]);
    controller.add(&model);
    controller.state.faults.lock().unwrap().push_back(Fault::TooMany);
    controller.order(1, &[("r1", &model)]);
    let status = controller.replica("r1", "an error", |status| !status.error.is_empty()).await;
    assert!(status.error.contains("more bytes than were asked for"), "{}", status.error);
    assert_ne!(status.phase(), ReplicaPhase::Refused);
    controller.replica("r1", "all checks passed", |status| status.checks.len() >= 4).await;
}

#[tokio::test]
async fn a_model_that_does_not_fit_on_the_disk_says_so_and_touches_nothing() {
    let (controller, agent, _directory) = joined(&[]).await;
    let mut huge = Model::of(vec![("weights.gguf", vec![7; 1_000])]);
    huge.description.files[0].size_bytes = 3 << 40;
    let small = Model::of(vec![("weights.gguf", vec![8; 1_000])]);
    controller.add(&huge);
    controller.add(&small);
    controller.order(1, &[("huge", &huge), ("small", &small)]);
    let status = controller.replica("huge", "an error", |status| !status.error.is_empty()).await;
    assert!(status.error.starts_with("not enough disk space in "), "{}", status.error);
    assert_eq!(status.phase(), ReplicaPhase::Pending);
    controller.replica("small", "all checks passed", |status| status.checks.len() >= 4).await;
    assert!(agent.data.join("artifacts").join(&small.digest[7..]).join("files/weights.gguf").exists());
    assert!(controller.state.reads.lock().unwrap().iter().all(|(_, _, length)| *length == 1_000));
}
