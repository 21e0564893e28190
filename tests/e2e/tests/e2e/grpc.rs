//! The gRPC front door, with a client made from `proto/`.

use cloister_e2e::{Database, until};
use cloister_proto::inference::v1::inference_service_client::InferenceServiceClient;
use cloister_proto::inference::v1::{ChatMessage, ChatRequest, DecodeParams, FinishReason, SamplingParams};
use serde_json::Value;
use tokio_stream::StreamExt;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request};

use crate::story::{Story, WARD, deployed, question, token_ids};

const ASKED: &str = "Name three signs of an infection after surgery.";

fn chat(story: &Story, max_tokens: u32, ignore_eos: bool) -> Request<ChatRequest> {
    let mut request = Request::new(ChatRequest {
        model: WARD.into(),
        messages: vec![ChatMessage { role: "user".into(), content: ASKED.into() }],
        sampling: Some(SamplingParams { temperature: Some(0.0), ignore_eos, ..SamplingParams::default() }),
        decode: Some(DecodeParams {
            max_tokens: Some(max_tokens),
            return_token_ids: true,
            ..DecodeParams::default()
        }),
    });
    let bearer: MetadataValue<_> = format!("Bearer {}", story.caller.key).parse().unwrap();
    request.metadata_mut().insert("authorization", bearer);
    request
}

#[tokio::test]
async fn grpc_streams_the_tokens_that_http_gives_and_its_trailer_names_model_and_contract() {
    let story = deployed(Database::Sqlite, 1, 1).await;
    let url = format!("http://{}", story.fleet.endpoint("grpc"));
    let mut client = InferenceServiceClient::connect(url).await.unwrap();

    let response = client.chat(chat(&story, 24, false)).await.unwrap();
    assert!(response.metadata().contains_key("x-cloister-record"));
    let mut stream = response.into_inner();
    let (mut ids, mut finish) = (Vec::new(), None);
    while let Some(message) = stream.next().await {
        let message = message.unwrap();
        ids.extend(message.token_ids.iter().map(|id| u64::from(*id)));
        finish = message.finish.or(finish);
    }
    let trailers = stream.trailers().await.unwrap().unwrap_or_default();
    assert_eq!(trailers.get("x-cloister-model-digest").unwrap(), story.model_digest.as_str());
    assert!(trailers.get("x-cloister-numerics").unwrap().to_str().unwrap().starts_with("cn1-"));
    let finish = finish.expect("the last message says how it ended");
    assert_eq!(finish.reason(), FinishReason::Length);
    assert_eq!(finish.usage.unwrap().completion_tokens as usize, ids.len());
    let http = story.caller.post("/v1/chat/completions", &question(ASKED, 24)).await.ok();
    assert_eq!(ids, token_ids(&http));

    statuses(&story, &mut client).await;
    cancel(&story, &mut client).await;
}

async fn statuses(story: &Story, client: &mut InferenceServiceClient<tonic::transport::Channel>) {
    let mut without_key = chat(story, 4, false);
    without_key.metadata_mut().remove("authorization");
    let mut unknown = chat(story, 4, false);
    unknown.get_mut().model = "nonesuch".into();
    let mut negative = chat(story, 4, false);
    negative.get_mut().sampling.as_mut().unwrap().temperature = Some(-1.0);
    let cases = [
        (without_key, vec![Code::Unauthenticated]),
        // A key that is scoped to one deployment need not learn which others exist.
        (unknown, vec![Code::NotFound, Code::PermissionDenied]),
        (negative, vec![Code::InvalidArgument]),
    ];
    for (request, codes) in cases {
        let status = client.chat(request).await.unwrap_err();
        assert!(codes.contains(&status.code()), "{status:?}");
    }
}

async fn cancel(story: &Story, client: &mut InferenceServiceClient<tonic::transport::Channel>) {
    let mut stream = client.chat(chat(story, 1500, true)).await.unwrap().into_inner();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    let record = until("the interrupted record", async || {
        story.fleet.records("inference.interrupted").await.into_iter().next()
    })
    .await;
    assert!(record["inference"]["output_tokens"].as_u64().is_some_and(|n| n < 1500), "{record}");
    let _: &Value = &record;
}
