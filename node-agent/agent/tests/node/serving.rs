//! Replicas for real: the agent's own workers, on a small model with random weights.

use std::time::Duration;

use cloister_proto::agent::v1::agent_message::Message as Up;
use cloister_proto::agent::v1::controller_message::Message as Down;
use cloister_proto::agent::v1::inference_up::Message as Answer;
use cloister_proto::agent::v1::{
    Cancel, DesiredReplica, InferenceDown, InferenceUp, ReadReplicaOutput, ReplicaOutput, ReplicaPhase,
    ReplicaStatus, RunOnReplica, inference_down,
};
use cloister_proto::inference::v1::{DecodeParams, SamplingParams};
use cloister_proto::worker::v1::run_event::Event;
use cloister_proto::worker::v1::{RunRequest, run_request};
use runtime_formats::testing::TinyLlama;
use rustix::process::Signal;

use crate::support::agent::{Agent, worker_pid};
use crate::support::controller::{Controller, PATIENCE, replica};
use crate::support::model::Model;

/// Far more tokens than any test waits for.
const LONG: u32 = 12_000;
const CONTEXT: u32 = 16_384;

struct Fleet {
    controller: Controller,
    agent: Agent,
    model: Model,
    directory: tempfile::TempDir,
}

impl Fleet {
    /// One node that serves these replicas of one model.
    async fn serving(ids: &[&str]) -> Self {
        Self::among(Controller::start().await, &[], ids).await
    }

    /// The same, linked with other controllers too.
    async fn among(controller: Controller, others: &[&Controller], ids: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let controllers: Vec<&Controller> =
            std::iter::once(&controller).chain(others.iter().copied()).collect();
        let agent = Agent::join_all(&controllers, directory.path());
        let weights = TinyLlama { context_length: CONTEXT, ..TinyLlama::default() }.gguf();
        let model = Model::of(vec![("tiny.gguf", weights)]);
        controller.add(&model);
        controller.order_replicas(1, ids.iter().map(|id| long_replica(id, &model)).collect());
        for id in ids {
            controller.phase(id, ReplicaPhase::Ready).await;
        }
        controller.reached(&controller.state.tunnels, 1).await;
        Self { controller, agent, model, directory }
    }

    fn pid(&self, id: &str) -> u32 {
        worker_pid(self.directory.path(), id).unwrap()
    }

    fn ask(&self, request_id: &str, replica_id: &str, max_tokens: u32) {
        let run =
            RunOnReplica { replica_id: replica_id.into(), request: Some(request(request_id, max_tokens)) };
        self.send(request_id, inference_down::Message::Run(run));
    }

    fn send(&self, request_id: &str, message: inference_down::Message) {
        let down = InferenceDown { request_id: request_id.into(), message: Some(message) };
        let _ = self.controller.state.requests.send(down);
    }

    /// Waits for an answer to `request_id` that satisfies `wanted`; returns all that came until then.
    async fn answers(&self, request_id: &str, wanted: impl Fn(&Answer) -> bool) -> Vec<Answer> {
        let mut events = self.controller.state.events.subscribe();
        let own = |event: &InferenceUp| event.request_id == request_id;
        let found = events.wait_for(|events| {
            events.iter().any(|event| own(event) && event.message.as_ref().is_some_and(&wanted))
        });
        let found = tokio::time::timeout(PATIENCE, found).await.expect("an answer in time").unwrap();
        found.iter().filter(|event| own(event)).filter_map(|event| event.message.clone()).collect()
    }
}

fn long_replica(id: &str, model: &Model) -> DesiredReplica {
    DesiredReplica { context_length: CONTEXT, kv_tokens: u64::from(2 * CONTEXT), ..replica(id, model) }
}

fn request(request_id: &str, max_tokens: u32) -> RunRequest {
    RunRequest {
        request_id: request_id.into(),
        input: Some(run_request::Input::Text("a short note".into())),
        sampling: Some(SamplingParams {
            temperature: Some(0.0),
            top_k: Some(0),
            top_p: Some(1.0),
            min_p: Some(0.0),
            presence_penalty: Some(0.0),
            frequency_penalty: Some(0.0),
            repetition_penalty: Some(1.0),
            seed: Some(1),
            ignore_eos: true,
        }),
        decode: Some(DecodeParams { max_tokens: Some(max_tokens), ..DecodeParams::default() }),
        traceparent: String::new(),
    }
}

fn is_event(answer: &Answer, wanted: impl Fn(&Event) -> bool) -> bool {
    matches!(answer, Answer::Event(event) if event.event.as_ref().is_some_and(wanted))
}

fn finished(answer: &Answer) -> bool {
    is_event(answer, |event| matches!(event, Event::Finished(_)))
}

fn some_tokens(answer: &Answer) -> bool {
    is_event(answer, |event| matches!(event, Event::Tokens(_)))
}

#[tokio::test]
async fn a_verified_model_answers_from_inside_its_walls() {
    let fleet = Fleet::serving(&["r1"]).await;
    fleet.ask("q1", "r1", 5);
    let answers = fleet.answers("q1", finished).await;
    assert!(is_event(
        &answers[0],
        |event| matches!(event, Event::Started(started) if !started.prompt_token_ids.is_empty())
    ));
    let tokens: usize = answers
        .iter()
        .map(|answer| match answer {
            Answer::Event(event) => match &event.event {
                Some(Event::Tokens(tokens)) => tokens.token_ids.len(),
                _ => 0,
            },
            Answer::Failed(_) => 0,
        })
        .sum();
    assert_eq!(tokens, 5);

    let walled = |status: &ReplicaStatus| status.checks.len() >= 6;
    let checks = fleet.controller.replica("r1", "its walls", walled).await.checks;
    assert!(checks[4].contains("Landlock"), "{checks:?}");
    assert!(checks[5].contains("seccomp"), "{checks:?}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", fleet.pid("r1"))).unwrap();
    assert!(status.contains("Seccomp:\t2") && status.contains("NoNewPrivs:\t1"), "{status}");
    let environment = std::fs::read(format!("/proc/{}/environ", fleet.pid("r1"))).unwrap();
    assert!(!String::from_utf8_lossy(&environment).contains("PATH="));
}

#[tokio::test]
async fn what_a_worker_wrote_outlives_it_and_how_fast_it_answered_is_told() {
    let fleet = Fleet::serving(&["r1"]).await;
    fleet.ask("q1", "r1", 5);
    fleet.answers("q1", finished).await;
    let measured = fleet.controller.replica("r1", "its speed", |status| status.speed.is_some()).await;
    assert_eq!(measured.speed.unwrap().inferences, 1);

    kill(fleet.pid("r1"), Signal::KILL);
    fleet.controller.replica("r1", "its crash", |status| status.restarts == 1).await;
    let again = |status: &ReplicaStatus| status.restarts == 1 && status.phase() == ReplicaPhase::Ready;
    fleet.controller.replica("r1", "its second run", again).await;
    let asked = |request, replica_id: &str, lines| {
        let replica_id = replica_id.to_owned();
        fleet.controller.send(Down::ReadOutput(ReadReplicaOutput { request, replica_id, lines }));
    };
    asked(1, "r1", 500);
    let all = told(&fleet, 1).await;
    let has = |run, text: &str| all.lines.iter().any(|line| line.run == run && line.text.contains(text));
    assert!(has(0, "worker.ready") && has(0, "SIGKILL") && has(1, "worker.ready"), "{all:?}");
    asked(2, "r1", 1);
    assert_eq!(told(&fleet, 2).await.lines, all.lines[all.lines.len() - 1..]);
    asked(3, "another", 1);
    assert!(told(&fleet, 3).await.unknown);
}

async fn told(fleet: &Fleet, request: u64) -> ReplicaOutput {
    let answer = |up: &Up| match up {
        Up::Output(output) if output.request == request => Some(output.clone()),
        _ => None,
    };
    fleet.controller.hear("what its worker wrote", answer).await
}

#[tokio::test]
async fn a_worker_killed_mid_stream_fails_its_request_and_touches_no_other_replica() {
    let fleet = Fleet::serving(&["r1", "r2"]).await;
    let (pid, other) = (fleet.pid("r1"), fleet.pid("r2"));
    fleet.ask("q1", "r1", LONG);
    fleet.ask("q2", "r2", 300);
    fleet.answers("q1", some_tokens).await;
    kill(pid, Signal::KILL);
    let answers = fleet.answers("q1", |answer| matches!(answer, Answer::Failed(_))).await;
    let Some(Answer::Failed(failed)) = answers.last() else { panic!("{answers:?}") };
    assert_eq!(failed.code, i32::from(tonic::Code::Aborted), "{failed:?}");

    let crashed = fleet.controller.phase("r1", ReplicaPhase::Crashed).await;
    assert!(crashed.error.contains("the worker ended (signal: 9"), "{}", crashed.error);
    let again = |status: &ReplicaStatus| status.phase() == ReplicaPhase::Ready && status.restarts == 1;
    fleet.controller.replica("r1", "r1 ready again", again).await;
    assert_ne!(fleet.pid("r1"), pid);
    fleet.answers("q2", finished).await;
    assert_eq!(fleet.pid("r2"), other);
    fleet.ask("q3", "r1", 3);
    fleet.answers("q3", finished).await;
}

#[tokio::test]
async fn a_cancelled_request_leaves_its_worker_at_once() {
    let fleet = Fleet::serving(&["r1"]).await;
    fleet.ask("q1", "r1", LONG);
    fleet.answers("q1", some_tokens).await;
    let running =
        |count: u32| move |status: &ReplicaStatus| status.worker.as_ref().is_some_and(|w| w.running == count);
    fleet.controller.replica("r1", "one running", running(1)).await;
    fleet.send("q1", inference_down::Message::Cancel(Cancel {}));
    // What was heard before counts no more.
    fleet.controller.state.heard.send_modify(Vec::clear);
    fleet.controller.replica("r1", "none running", running(0)).await;
}

#[tokio::test]
async fn a_replica_that_is_ordered_no_more_answers_what_it_had_begun() {
    let fleet = Fleet::serving(&["r1"]).await;
    let pid = fleet.pid("r1");
    fleet.ask("q1", "r1", 400);
    fleet.answers("q1", some_tokens).await;
    fleet.controller.order_replicas(2, vec![]);
    fleet.answers("q1", finished).await;
    fleet.controller.phase("r1", ReplicaPhase::Stopped).await;
    gone(pid).await;
}

#[tokio::test]
async fn replicas_outlive_their_controller_but_not_their_agent() {
    let mut fleet = Fleet::serving(&["r1"]).await;
    let pid = fleet.pid("r1");
    fleet.controller.state.heard.send_modify(Vec::clear);
    fleet.controller.restart().await;
    let ready = |up: &Up| match up {
        Up::Hello(hello) => hello.replicas.first().map(|replica| (replica.phase(), replica.restarts)),
        _ => None,
    };
    let told = fleet.controller.hear("a hello that tells of r1", ready).await;
    assert_eq!((told, fleet.pid("r1")), ((ReplicaPhase::Ready, 0), pid));
    fleet.agent.kill().await;
    gone(pid).await;
}

#[tokio::test]
async fn an_agent_told_to_stop_leaves_no_worker_behind() {
    let fleet = Fleet::serving(&["r1", "r2"]).await;
    let pids = [fleet.pid("r1"), fleet.pid("r2")];
    fleet.agent.signal(Signal::TERM);
    let (success, output) = fleet.agent.ended().await;
    assert!(success, "{output}");
    for pid in pids {
        gone(pid).await;
    }
}

#[tokio::test]
async fn an_agent_told_to_stop_says_so_to_every_controller_first_and_ends_what_it_had_begun() {
    let first = Controller::start().await;
    let second = first.beside().await;
    let fleet = Fleet::among(first, &[&second], &["r1"]).await;
    second.reached(&second.state.tunnels, 1).await;
    fleet.ask("q1", "r1", 1_000);
    fleet.answers("q1", some_tokens).await;
    fleet.agent.signal(Signal::TERM);
    for controller in [&fleet.controller, &second] {
        controller.phase("r1", ReplicaPhase::Draining).await;
    }
    // What crossed with the news is still taken; after that, requests go elsewhere.
    let mut asked = 0;
    let mut turned_down = fleet.controller.state.events.subscribe();
    let refused = |event: &InferenceUp| match &event.message {
        Some(Answer::Failed(failed)) => failed.code == i32::from(tonic::Code::Unavailable),
        _ => false,
    };
    let turned_down = async {
        while !turned_down.borrow_and_update().iter().any(refused) {
            asked += 1;
            fleet.ask(&format!("late-{asked}"), "r1", 1);
            let _ = tokio::time::timeout(Duration::from_millis(50), turned_down.changed()).await;
        }
    };
    tokio::time::timeout(PATIENCE, turned_down).await.expect("late requests are turned down");
    fleet.answers("q1", finished).await;
    let (controller, agent) = (&fleet.controller, fleet.agent);
    for controller in [controller, &second] {
        controller.phase("r1", ReplicaPhase::Stopped).await;
    }
    let (success, output) = agent.ended().await;
    assert!(success, "{output}");
}

#[tokio::test]
async fn a_file_that_changes_on_disk_is_caught_at_the_next_load() {
    let fleet = Fleet::serving(&["r1"]).await;
    let stored = fleet.agent.data.join("artifacts").join(&fleet.model.digest[7..]).join("files/tiny.gguf");
    let mut bytes = std::fs::read(&stored).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&stored, bytes).unwrap();
    // The running replica computes with its own sealed copy.
    fleet.ask("q1", "r1", 3);
    fleet.answers("q1", finished).await;
    kill(fleet.pid("r1"), Signal::KILL);
    let status = fleet.controller.phase("r1", ReplicaPhase::Refused).await;
    assert!(status.error.contains("was altered"), "{}", status.error);
}

fn kill(pid: u32, signal: Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid.cast_signed()).unwrap(), signal)
        .unwrap();
}

/// Waits until a process is no more (or a zombie, which computes nothing).
async fn gone(pid: u32) {
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let alive =
        || std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    let waiting = async {
        while alive() {
            looks.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}
