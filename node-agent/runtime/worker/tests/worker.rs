//! A real worker process, sandbox and all, spoken to over its socket.
// Helpers of tests may fail a test.
#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cloister_proto::inference::v1::{ChatMessage, DecodeParams, FinishReason, SamplingParams, TokenIds};
use cloister_proto::worker::v1::run_event::Event;
use cloister_proto::worker::v1::run_request::Input;
use cloister_proto::worker::v1::worker_service_client::WorkerServiceClient;
use cloister_proto::worker::v1::{
    Conversation, DrainRequest, Finished, RunRequest, StatusRequest, StatusResponse, WorkerPhase,
};
use hyper_util::rt::TokioIo;
use runtime_formats::testing::TinyLlama;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request};

type Client = WorkerServiceClient<Channel>;

/// Longer than anything here takes, on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A worker process, killed when the test is over.
struct Worker {
    process: Child,
    folder: tempfile::TempDir,
    client: Client,
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Worker {
    async fn start(model: &[u8], extra: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (model_path, socket) = (folder.path().join("model.gguf"), folder.path().join("worker.sock"));
        std::fs::write(&model_path, model).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_runtime-worker"))
            .arg("--socket")
            .arg(&socket)
            .args(["--allow-weak-sandbox", "--context-length", "512", "--threads", "1"])
            .args(extra)
            .stdin(Stdio::from(File::open(&model_path).unwrap()))
            .spawn()
            .unwrap();
        let client = connect(&socket).await;
        Self { process, folder, client }
    }

    /// A worker whose model is loaded.
    async fn ready(extra: &[&str]) -> Self {
        Self::ready_with(TinyLlama::default(), extra).await
    }

    /// One whose tokens take so long that a long answer is still running when the next call comes.
    async fn ready_and_slow(extra: &[&str]) -> Self {
        Self::ready_with(TinyLlama { layers: 32, ffn: 2048, ..TinyLlama::default() }, extra).await
    }

    async fn ready_with(model: TinyLlama, extra: &[&str]) -> Self {
        let mut worker = Self::start(&model.gguf(), extra).await;
        worker.reach(|status| status.phase() != WorkerPhase::Loading).await;
        assert_eq!(worker.status().await.phase(), WorkerPhase::Ready);
        worker
    }

    async fn status(&mut self) -> StatusResponse {
        self.client.status(StatusRequest {}).await.unwrap().into_inner()
    }

    /// Waits for a status.
    async fn reach(&mut self, reached: impl Fn(&StatusResponse) -> bool) {
        let asking = async {
            while !reached(&self.status().await) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.expect("the status is reached in time");
    }

    async fn refused(&mut self, request: RunRequest) -> tonic::Status {
        self.client.run(request).await.map(|_| ()).unwrap_err()
    }
}

async fn connect(socket: &Path) -> Client {
    let path = socket.to_owned();
    let connector = tower::service_fn(move |_| {
        let path = path.clone();
        async move { tokio::net::UnixStream::connect(path).await.map(TokioIo::new) }
    });
    let endpoint = Endpoint::from_static("http://worker");
    let connecting = async {
        loop {
            match endpoint.connect_with_connector(connector.clone()).await {
                Ok(channel) => return WorkerServiceClient::new(channel),
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, connecting).await.expect("the worker listens in time")
}

fn request(input: Input, max_tokens: u32) -> RunRequest {
    RunRequest {
        request_id: "request-1".to_owned(),
        input: Some(input),
        sampling: Some(SamplingParams {
            temperature: Some(0.0),
            top_k: Some(0),
            top_p: Some(1.0),
            min_p: Some(0.0),
            presence_penalty: Some(0.0),
            frequency_penalty: Some(0.0),
            repetition_penalty: Some(1.0),
            seed: Some(0),
            ignore_eos: true,
        }),
        decode: Some(DecodeParams { max_tokens: Some(max_tokens), ..DecodeParams::default() }),
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
    }
}

fn text(text: &str, max_tokens: u32) -> RunRequest {
    request(Input::Text(text.to_owned()), max_tokens)
}

/// Prompt tokens, decoded tokens, and how the call ended.
async fn answer(client: &mut Client, request: RunRequest) -> (Vec<u32>, Vec<u32>, Finished) {
    let mut stream = client.run(request).await.unwrap().into_inner();
    let (mut prompt, mut tokens, mut finished) = (None, Vec::new(), None);
    while let Some(event) = stream.message().await.unwrap() {
        assert!(finished.is_none(), "nothing follows the last event");
        match event.event.unwrap() {
            Event::Started(started) => {
                assert!(prompt.is_none() && started.numerics_contract.starts_with("cn1-"));
                prompt = Some(started.prompt_token_ids);
            }
            Event::Tokens(more) => tokens.extend(more.token_ids),
            Event::Finished(end) => finished = Some(end),
        }
    }
    (prompt.expect("started comes first"), tokens, finished.expect("finished comes last"))
}

#[tokio::test]
async fn a_worker_loads_answers_and_says_what_walls_it_in() {
    let mut worker = Worker::ready(&[]).await;
    let (prompt, tokens, finished) = answer(&mut worker.client, text("hello", 12)).await;
    assert_eq!(prompt, b"hello".map(u32::from));
    assert_eq!((tokens.len(), finished.reason()), (12, FinishReason::Length));
    let usage = finished.usage.unwrap();
    assert_eq!((usage.prompt_tokens, usage.completion_tokens), (5, 12));
    assert!(usage.time_to_first_token_us <= usage.total_time_us);

    let (again, same, _) =
        answer(&mut worker.client, request(Input::TokenIds(TokenIds { ids: prompt.clone() }), 12)).await;
    assert_eq!((again, same), (prompt, tokens), "text and its tokens are the same request");

    let status = worker.status().await;
    assert!(status.sandbox.iter().any(|wall| wall.contains("seccomp")), "{:?}", status.sandbox);
    assert_eq!(status.loaded_bytes, status.total_bytes);
    assert_eq!((status.prompt_tokens_total, status.completion_tokens_total), (10, 24));
    assert!(!status.isa.is_empty() && status.kv_blocks_total > 0);
    let mode = std::fs::metadata(worker.folder.path().join("worker.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "nobody else may connect");
}

#[tokio::test]
async fn a_conversation_is_rendered_with_the_models_template() {
    let mut worker = Worker::ready(&[]).await;
    let message = ChatMessage { role: "user".to_owned(), content: "a<|end|>".to_owned() };
    let conversation = Input::Conversation(Conversation { messages: vec![message] });
    let (prompt, ..) = answer(&mut worker.client, request(conversation, 1)).await;
    let controls: Vec<u32> = prompt.into_iter().filter(|token| *token >= 256).collect();
    assert_eq!(controls, [256, 257, 256], "the message's own marker stays text");
}

#[tokio::test]
async fn requests_that_cannot_be_run_are_refused_with_the_right_code() {
    let mut worker = Worker::ready(&[]).await;
    let change = |change: fn(&mut RunRequest)| {
        let mut request = text("hello", 4);
        change(&mut request);
        request
    };
    let cases = [
        (change(|r| r.sampling = None), Code::InvalidArgument, "sampling is absent"),
        (change(|r| r.sampling.as_mut().unwrap().seed = None), Code::InvalidArgument, "sampling.seed"),
        (change(|r| r.sampling.as_mut().unwrap().top_p = Some(7.0)), Code::InvalidArgument, "top_p is 7"),
        (change(|r| r.input = None), Code::InvalidArgument, "input is absent"),
        (text("", 4), Code::InvalidArgument, "prompt is empty"),
        (text("hello", 508), Code::FailedPrecondition, "context of 512"),
        (text(&"x".repeat(20_000), 4), Code::FailedPrecondition, "tokens"),
        (request(Input::TokenIds(TokenIds { ids: vec![999] }), 4), Code::InvalidArgument, "token id 999"),
        (request(Input::Conversation(Conversation::default()), 4), Code::InvalidArgument, "0 messages"),
    ];
    for (request, code, words) in cases {
        let status = worker.refused(request).await;
        assert_eq!(status.code(), code, "{status:?}");
        assert!(status.message().contains(words), "{status:?} should contain {words:?}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_stops_its_sequence_and_frees_its_memory() {
    let mut worker = Worker::ready(&[]).await;
    let mut stream = worker.client.run(text("hello", 500)).await.unwrap().into_inner();
    stream.message().await.unwrap();
    drop(stream);
    worker.reach(|status| status.running == 0 && status.kv_blocks_used == 0).await;
    assert!(worker.status().await.completion_tokens_total < 500);
}

#[tokio::test]
async fn a_deadline_ends_the_sequence() {
    let mut worker = Worker::ready(&["--kv-tokens", "512"]).await;
    let mut hurried = Request::new(text("hello", 500));
    hurried.metadata_mut().insert("grpc-timeout", "1m".parse().unwrap());
    let outcome = match worker.client.run(hurried).await {
        Err(status) => status,
        Ok(stream) => {
            let mut stream = stream.into_inner();
            loop {
                match stream.message().await {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("500 tokens in a millisecond"),
                    Err(status) => break status,
                }
            }
        }
    };
    // The transport may notice the deadline first, and calls it a cancellation.
    assert!(matches!(outcome.code(), Code::DeadlineExceeded | Code::Cancelled), "{outcome:?}");
    worker.reach(|status| status.running == 0 && status.kv_blocks_used == 0).await;
}

#[tokio::test]
async fn a_full_queue_says_so() {
    let mut worker = Worker::ready_and_slow(&["--max-sequences", "1", "--max-waiting", "0"]).await;
    let running = worker.client.run(text("hello", 500)).await.unwrap();
    let status = worker.refused(text("hello", 1)).await;
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    drop(running);
}

#[tokio::test]
async fn draining_lets_what_runs_finish_and_takes_nothing_new() {
    let mut worker = Worker::ready_and_slow(&[]).await;
    let mut client = worker.client.clone();
    let running = tokio::spawn(async move { answer(&mut client, text("hello", 300)).await });
    worker.reach(|status| status.running == 1).await;
    let mut client = worker.client.clone();
    let drained = tokio::spawn(async move { client.drain(DrainRequest { deadline_ms: 60_000 }).await });
    worker.reach(|status| status.phase() == WorkerPhase::Draining).await;
    assert_eq!(worker.refused(text("hello", 1)).await.code(), Code::Unavailable);
    assert_eq!(drained.await.unwrap().unwrap().into_inner().cancelled, 0);
    assert_eq!(running.await.unwrap().1.len(), 300);
}

#[tokio::test]
async fn a_drain_that_runs_out_of_time_cancels_and_counts() {
    let mut worker = Worker::ready_and_slow(&[]).await;
    let mut client = worker.client.clone();
    let running = tokio::spawn(async move { answer(&mut client, text("hello", 500)).await });
    worker.reach(|status| status.running == 1).await;
    let drained = worker.client.drain(DrainRequest { deadline_ms: 0 }).await.unwrap().into_inner();
    assert_eq!(drained.cancelled, 1);
    assert_eq!(running.await.unwrap().2.reason(), FinishReason::Cancelled);
}

#[tokio::test]
async fn a_file_that_is_no_model_is_reported_and_not_fatal() {
    let mut worker = Worker::start(b"not a model", &[]).await;
    worker.reach(|status| status.phase() == WorkerPhase::Failed).await;
    let status = worker.status().await;
    assert!(!status.error.is_empty());
    assert_eq!(worker.refused(text("hello", 1)).await.code(), Code::Unavailable);
}
