use super::*;

use cloister_proto::agent::v1::{Gpu, Memory, ReplicaStatus};
use cloister_proto::worker::v1::StatusResponse;

fn replica(id: &str, restarts: u32, prompt: u64, output: u64) -> ReplicaStatus {
    let worker = StatusResponse {
        running: 2,
        waiting: 1,
        prompt_tokens_total: prompt,
        completion_tokens_total: output,
        ..StatusResponse::default()
    };
    ReplicaStatus { replica_id: id.to_owned(), restarts, worker: Some(worker), ..ReplicaStatus::default() }
}

fn node(replicas: Vec<ReplicaStatus>) -> LiveNode {
    let replicas = replicas.into_iter().map(|status| (status.replica_id.clone(), status)).collect();
    LiveNode { connected: true, boot_id: "one".to_owned(), replicas, ..LiveNode::default() }
}

fn tokens(before: Vec<ReplicaStatus>, now: Vec<ReplicaStatus>) -> Option<(u64, u64)> {
    let figures = Reading::of(&node(now)).since(&Reading::of(&node(before)), 30_000);
    figures.prompt_tokens.zip(figures.output_tokens)
}

#[test]
fn tokens_are_those_since_the_last_reading_whatever_became_of_the_workers() {
    let before = || vec![replica("a", 0, 10, 100)];
    let cases = [
        ("nothing new", before(), (0, 0)),
        ("more of the same worker", vec![replica("a", 0, 15, 180)], (5, 80)),
        ("a second worker", vec![replica("a", 0, 10, 100), replica("b", 0, 3, 7)], (3, 7)),
        ("started anew, and past where it was", vec![replica("a", 1, 20, 150)], (20, 150)),
        ("counts less, and nobody said why", vec![replica("a", 0, 2, 9)], (2, 9)),
        ("gone", Vec::new(), (0, 0)),
    ];
    for (what, now, wanted) in cases {
        assert_eq!(tokens(before(), now), Some(wanted), "{what}");
    }
}

fn with_work(boot_id: &str, finished: u64, first_token: Vec<u64>) -> LiveNode {
    let work = Work { finished, failed: 1, first_token };
    LiveNode { boot_id: boot_id.to_owned(), work: Some(work), ..node(Vec::new()) }
}

#[test]
fn an_agent_that_started_again_counts_from_nothing() {
    let before = Reading::of(&with_work("one", 5, vec![2, 3]));
    let same = Reading::of(&with_work("one", 9, vec![2, 4, 3])).since(&before, 30_000);
    assert_eq!((same.finished, same.failed), (Some(4), Some(0)));
    assert_eq!(same.first_token.unwrap().0[..4], [0, 1, 3, 0]);
    let again = Reading::of(&with_work("two", 6, vec![0, 6])).since(&before, 30_000);
    assert_eq!((again.finished, again.failed), (Some(6), Some(1)));
    assert_eq!(again.first_token.unwrap().0[..2], [0, 6]);
}

#[test]
fn processors_are_busy_by_what_went_by() {
    let at = |busy_ticks, total_ticks| {
        let cpu_time = Some(CpuTime { busy_ticks, total_ticks });
        Reading::of(&LiveNode { cpu_time, ..node(Vec::new()) })
    };
    let figures = at(400, 2_000).since(&at(100, 1_000), 30_000);
    assert_eq!((figures.cpu_busy_ticks, figures.cpu_total_ticks), (Some(300), Some(1_000)));
    let restarted = at(50, 200).since(&at(100, 1_000), 30_000);
    assert_eq!((restarted.cpu_busy_ticks, restarted.cpu_total_ticks), (Some(50), Some(200)));
    let absurd = at(5_000, 1_001).since(&at(100, 1_000), 30_000);
    assert_eq!((absurd.cpu_busy_ticks, absurd.cpu_total_ticks), (Some(1), Some(1)));
}

#[test]
fn of_an_older_agent_nothing_is_made_up() {
    let older = node(vec![replica("a", 0, 1, 1)]);
    let figures = Reading::of(&older).since(&Reading::of(&older), 30_000);
    assert_eq!((figures.cpu_busy_ticks, figures.cpu_total_ticks), (None, None));
    assert_eq!((figures.finished, figures.failed, figures.first_token), (None, None, None));
    // It was updated in the meantime: what it counted before is not known.
    let updated = Reading::of(&with_work("two", 6, vec![1])).since(&Reading::of(&older), 30_000);
    assert_eq!((updated.finished, updated.first_token), (None, None));
    let gauges = gauges(&older);
    assert_eq!((gauges.memory_total_bytes, gauges.gpus, gauges.gpu_memory_total_bytes), (None, None, None));
    assert_eq!((gauges.running, gauges.waiting), (Some(2), Some(1)));
}

#[test]
fn gpus_that_do_not_say_how_busy_they_are_do_not_count_as_idle() {
    let gpu = |busy_permille| Gpu {
        memory_total_bytes: 80,
        memory_used_bytes: 20,
        busy_permille,
        ..Gpu::default()
    };
    let with = |gpus| {
        let mut node = node(Vec::new());
        (node.inventory.gpus, node.inventory.memory) = (gpus, Some(Memory::default()));
        gauges(&node)
    };
    let one_says = with(vec![gpu(Some(700)), gpu(None)]);
    assert_eq!((one_says.gpus, one_says.gpu_busy_permille), (Some(1), Some(700)));
    assert_eq!((one_says.gpu_memory_total_bytes, one_says.gpu_memory_used_bytes), (Some(160), Some(40)));
    assert_eq!(one_says.memory_total_bytes, None, "a memory of nothing was not measured");
    let none_says = with(vec![gpu(None)]);
    assert_eq!((none_says.gpus, none_says.gpu_busy_permille), (None, None));
}
