//! The same over gRPC, with a real client on a real connection.

use std::time::Duration;

use cloister_evidence::record::Kind;
use cloister_proto::inference::v1::generate_request::Prompt;
use cloister_proto::inference::v1::inference_service_client::InferenceServiceClient;
use cloister_proto::inference::v1::{
    ChatMessage, ChatRequest, DecodeParams, FinishReason, GenerateRequest, SamplingParams,
};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Server};
use tonic::{Code, Request, Status};

use crate::replicas::{CONTRACT, Step};
use crate::rig::{DIGEST, Rig};

async fn client(rig: &Rig) -> InferenceServiceClient<Channel> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder().add_service(rig.gateway.grpc_service());
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    InferenceServiceClient::connect(format!("http://{address}")).await.unwrap()
}

fn with_key<T>(message: T, key: &str) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
    request
}

fn generate() -> GenerateRequest {
    GenerateRequest {
        model: "notes".into(),
        prompt: Some(Prompt::Text("Once".into())),
        sampling: None,
        decode: None,
    }
}

fn chat() -> ChatRequest {
    ChatRequest {
        model: "notes".into(),
        messages: vec![ChatMessage { role: "user".into(), content: "Does Anna have a fever?".into() }],
        sampling: None,
        decode: Some(DecodeParams { return_token_ids: true, ..DecodeParams::default() }),
    }
}

/// The status with which a call ends, at its start or later.
async fn status(client: &mut InferenceServiceClient<Channel>, request: Request<GenerateRequest>) -> Status {
    match client.generate(request).await {
        Err(status) => status,
        Ok(response) => {
            let mut stream = response.into_inner();
            loop {
                match stream.message().await {
                    Ok(Some(_)) => {}
                    Ok(None) => return Status::ok(""),
                    Err(status) => return status,
                }
            }
        }
    }
}

#[tokio::test]
async fn a_chat_streams_and_ends_with_usage_records_and_trailers() {
    let rig = Rig::start().await;
    let mut client = client(&rig).await;
    let response = client.chat(with_key(chat(), "clk_all")).await.unwrap();
    let records = rig.records_when(1).await;
    assert_eq!(response.metadata().get("x-cloister-record").unwrap(), records[0].id.as_str());
    assert_eq!(response.metadata().get("x-cloister-model-digest").unwrap(), DIGEST);
    let mut stream = response.into_inner();
    let (mut content, mut ids, mut prompt_ids, mut finish) = (String::new(), Vec::new(), Vec::new(), None);
    while let Some(message) = stream.message().await.unwrap() {
        content.push_str(&message.content);
        ids.extend(message.token_ids);
        prompt_ids.extend(message.prompt_token_ids);
        finish = message.finish;
    }
    assert_eq!((content.as_str(), ids, prompt_ids), ("Hello", vec![10, 11, 12], vec![1, 2]));
    let finish = finish.expect("in the last message");
    assert_eq!(finish.reason(), FinishReason::Stop);
    let usage = finish.usage.unwrap();
    assert_eq!((usage.prompt_tokens, usage.completion_tokens), (2, 3));
    let records = rig.records().await;
    assert_eq!([&finish.requested_record, &finish.completed_record], [&records[0].id, &records[1].id]);
    assert_eq!(records[0].draft.inference.as_ref().unwrap().protocol, "grpc");
    assert_eq!(records[0].draft.actor.address.as_deref(), Some("127.0.0.1"));
    let trailers = stream.trailers().await.unwrap().expect("trailers");
    assert_eq!(trailers.get("x-cloister-model-digest").unwrap(), DIGEST);
    assert_eq!(trailers.get("x-cloister-numerics").unwrap(), CONTRACT);
    assert_eq!(trailers.get("x-cloister-completion-record").unwrap(), records[1].id.as_str());
}

#[tokio::test]
async fn statuses_are_those_of_the_contract() {
    let rig = Rig::start().await;
    let mut client = client(&rig).await;
    type Change = fn(&mut GenerateRequest);
    let cases: [(&str, Change, &[Step], Code); 12] = [
        ("clk_wrong", |_| {}, &[], Code::Unauthenticated),
        ("clk_old", |_| {}, &[], Code::Unauthenticated),
        ("clk_briefs", |_| {}, &[], Code::PermissionDenied),
        ("clk_all", |r| r.model = "absent".into(), &[], Code::NotFound),
        ("clk_all", |r| r.model = "briefs".into(), &[], Code::Unavailable),
        ("clk_all", |r| r.prompt = None, &[], Code::InvalidArgument),
        (
            "clk_all",
            |r| r.sampling = Some(SamplingParams { top_p: Some(f32::NAN), ..SamplingParams::default() }),
            &[],
            Code::InvalidArgument,
        ),
        (
            "clk_all",
            |r| r.decode = Some(DecodeParams { max_tokens: Some(101), ..DecodeParams::default() }),
            &[],
            Code::FailedPrecondition,
        ),
        ("clk_all", |_| {}, &[Step::Fail(Code::FailedPrecondition)], Code::FailedPrecondition),
        ("clk_all", |_| {}, &[Step::Fail(Code::InvalidArgument)], Code::InvalidArgument),
        ("clk_all", |_| {}, &[Step::Fail(Code::ResourceExhausted)], Code::ResourceExhausted),
        ("clk_all", |_| {}, &[Step::Started, Step::Fail(Code::Unavailable)], Code::Aborted),
    ];
    for (index, (key, change, steps, expected)) in cases.into_iter().enumerate() {
        if !steps.is_empty() {
            rig.replicas.script("r1", steps.to_vec());
        }
        let mut message = generate();
        change(&mut message);
        let status = status(&mut client, with_key(message, key)).await;
        assert_eq!(status.code(), expected, "case {index}: {status}");
        let retry = matches!(expected, Code::ResourceExhausted | Code::Unavailable);
        assert_eq!(status.metadata().contains_key("retry-after"), retry, "case {index}");
    }
    let missing = status(&mut client, Request::new(generate())).await;
    assert_eq!(missing.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_callers_deadline_ends_the_decoding_on_record() {
    let rig = Rig::start().await;
    rig.replicas.script("r1", vec![Step::Started, Step::Tokens("a", vec![7]), Step::Hang]);
    let mut client = client(&rig).await;
    let mut request = with_key(generate(), "clk_all");
    request.set_timeout(Duration::from_millis(300));
    let status = status(&mut client, request).await;
    // The client's own timer may win the race; the record is the gateway's.
    assert!(matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled), "{status}");
    rig.replicas.cancelled(1).await;
    let records = rig.records_when(2).await;
    assert_eq!(records[1].draft.kind, Kind::InferenceInterrupted);
}

#[tokio::test]
async fn a_cancelled_call_stops_the_replica_and_is_on_record() {
    let rig = Rig::start().await;
    rig.replicas.script("r1", vec![Step::Started, Step::Tokens("a", vec![7]), Step::Hang]);
    let mut client = client(&rig).await;
    let mut stream = client.generate(with_key(generate(), "clk_all")).await.unwrap().into_inner();
    assert_eq!(stream.message().await.unwrap().unwrap().text, "a");
    drop(stream);
    rig.replicas.cancelled(1).await;
    let records = rig.records_when(2).await;
    assert_eq!(records[1].draft.reason.as_deref(), Some("client_gone"));
    assert_eq!(records[1].draft.inference.as_ref().unwrap().output_tokens, Some(1));
}

#[tokio::test]
async fn without_a_record_there_is_no_answer() {
    let mut rig = Rig::start().await;
    rig.close_ledger().await;
    let mut client = client(&rig).await;
    assert_eq!(status(&mut client, with_key(generate(), "clk_all")).await.code(), Code::Unavailable);
    assert_eq!(rig.replicas.call_count(), 0);
}
