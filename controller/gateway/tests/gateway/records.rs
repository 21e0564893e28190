//! What an auditor finds.

use cloister_evidence::commitment::{Salt, opens};
use cloister_evidence::record::{Kind, Record};
use cloister_proto::inference::v1::FinishReason;
use tonic::Code;

use crate::replicas::{CONTRACT, Step};
use crate::rig::{CHAT, DIGEST, QUESTION, Rig, TEXT, post};

#[tokio::test]
async fn both_records_say_who_asked_what_ran_and_how() {
    let rig = Rig::start().await;
    let body =
        QUESTION.replacen('{', r#"{"temperature":0.5,"seed":18446744073709551615,"stop":["x","y"],"#, 1);
    rig.post(CHAT, &body).await;
    let records = rig.records().await;
    let (requested, completed) = (&records[0], &records[1]);
    assert_eq!(
        (requested.draft.kind, completed.draft.kind),
        (Kind::InferenceRequested, Kind::InferenceCompleted)
    );
    assert_eq!(completed.draft.intent.as_ref(), Some(&requested.id));
    let actor = &requested.draft.actor;
    assert_eq!((actor.id.as_str(), actor.name.as_deref()), ("key-all", Some("name of key-all")));
    let asked = requested.draft.inference.as_ref().unwrap();
    assert_eq!((asked.operation.as_str(), asked.protocol.as_str()), ("chat", "http"));
    assert_eq!((asked.deployment.as_str(), asked.model_digest.as_str()), ("notes", DIGEST));
    assert_eq!((asked.params.seed.as_str(), asked.params.temperature), ("18446744073709551615", 0.5));
    assert_eq!((asked.params.stop_strings, asked.params.max_tokens), (2, 0));
    assert!(asked.node_id.is_none() && asked.output_tokens.is_none(), "not known before dispatch");
    let answered = completed.draft.inference.as_ref().unwrap();
    assert_eq!((answered.prompt_tokens, answered.output_tokens), (Some(2), Some(3)));
    assert_eq!(
        (answered.finish.as_deref(), answered.numerics_contract.as_deref()),
        (Some("stop"), Some(CONTRACT))
    );
    assert_eq!((answered.time_to_first_token_us, answered.total_time_us), (Some(7), Some(9)));
    assert_eq!(answered.node_id.as_deref(), Some("node-of-r1"));
}

#[tokio::test]
async fn the_commitments_open_with_the_kept_salts_and_nothing_is_in_clear() {
    let rig = Rig::start().await;
    rig.post(CHAT, QUESTION).await;
    rig.post(TEXT, r#"{"model":"notes","prompt":"Does Anna have a fever?"}"#).await;
    rig.post(TEXT, r#"{"model":"notes","prompt":[5,6]}"#).await;
    let prompts = [
        r#"{"messages":[{"content":"Does Anna have a fever?","role":"user"}]}"#,
        r#"{"text":"Does Anna have a fever?"}"#,
        r#"{"token_ids":[5,6]}"#,
    ];
    let output: Vec<u8> = [10_u32, 11, 12].iter().flat_map(|id| id.to_le_bytes()).collect();
    let records = rig.records().await;
    for (pair, prompt) in records.chunks(2).zip(prompts) {
        let prompt_commitment = &pair[0].draft.inference.as_ref().unwrap().prompt_commitment;
        let output_commitment = pair[1].draft.inference.as_ref().unwrap().output_commitment.clone().unwrap();
        let salt = salt(&rig, &pair[0].id, "prompt").await;
        assert!(opens(prompt_commitment, &salt, prompt.as_bytes()), "{prompt}");
        assert!(opens(&output_commitment, &self::salt(&rig, &pair[1].id, "output").await, &output));
    }
    let text = serde_json::to_string(&records).unwrap();
    assert!(!text.contains("Anna") && !text.contains("Hel"));
}

async fn salt(rig: &Rig, record: &str, name: &str) -> Salt {
    let rows = rig.store.salts(record).await.unwrap();
    Salt(rows.iter().find(|row| row.name == name).expect("the salt is kept").salt)
}

#[tokio::test]
async fn every_request_has_exactly_one_end_that_repeats_it() {
    let rig = Rig::start().await;
    let ends: Vec<Vec<Step>> = vec![
        crate::replicas::hello(),
        vec![Step::Started, Step::Finished(FinishReason::Length)],
        vec![Step::Fail(Code::FailedPrecondition)],
        vec![Step::Fail(Code::InvalidArgument)],
        vec![Step::Fail(Code::Unavailable)],
        vec![Step::Fail(Code::Internal)],
        vec![Step::Started, Step::Fail(Code::Unavailable)],
        vec![Step::Tokens("x", vec![1])],
        vec![],
        vec![Step::Started, Step::Tokens("x", vec![1])],
    ];
    let count = ends.len();
    for steps in ends {
        rig.replicas.script("r1", steps);
        rig.post(CHAT, QUESTION).await;
    }
    let records = rig.records().await;
    assert_eq!(records.len(), 2 * count);
    for requested in records.iter().filter(|record| record.draft.kind == Kind::InferenceRequested) {
        let closing: Vec<&Record> =
            records.iter().filter(|record| record.draft.intent.as_ref() == Some(&requested.id)).collect();
        assert_eq!(closing.len(), 1);
        let (asked, ended) = (&requested.draft, &closing[0].draft);
        assert_eq!((&asked.actor, &asked.subject), (&ended.actor, &ended.subject));
        let (asked, end) = (asked.inference.as_ref().unwrap(), ended.inference.as_ref().unwrap());
        assert_eq!((&asked.params, &asked.prompt_commitment), (&end.params, &end.prompt_commitment));
        assert_eq!((&asked.model_digest, &asked.trace_id), (&end.model_digest, &end.trace_id));
        assert_eq!(ended.reason.is_none(), ended.kind == Kind::InferenceCompleted);
    }
}

#[tokio::test]
async fn a_clients_trace_goes_on_record_and_to_the_replica() {
    let rig = Rig::start().await;
    let mut request = post(CHAT, "clk_all", QUESTION);
    let sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    request.headers_mut().insert("traceparent", sent.parse().unwrap());
    rig.send(request).await;
    let trace_id = "0af7651916cd43dd8448eb211c80319c";
    assert!(rig.replicas.last_request().traceparent.starts_with(&format!("00-{trace_id}-")));
    let records = rig.records().await;
    assert_eq!(records[0].draft.inference.as_ref().unwrap().trace_id.as_deref(), Some(trace_id));
}

#[tokio::test]
async fn every_end_is_counted_once() {
    let rig = Rig::start().await;
    rig.post(CHAT, QUESTION).await;
    rig.post(CHAT, "{").await;
    rig.replicas.script("r1", vec![Step::Fail(Code::FailedPrecondition)]);
    rig.post(CHAT, QUESTION).await;
    let metrics = rig.metrics();
    for outcome in ["completed", "invalid_request", "context_length_exceeded"] {
        let line = format!(
            r#"cloister_gateway_requests_total{{protocol="http",operation="chat",outcome="{outcome}"}} 1"#
        );
        assert!(metrics.contains(&line), "{line}\n{metrics}");
    }
    assert!(metrics.contains(r#"cloister_gateway_output_tokens_total{deployment="notes"} 3"#));
    assert!(metrics.contains(r#"cloister_gateway_in_flight{deployment="notes"} 0"#));
    assert!(metrics.contains(r#"cloister_gateway_time_to_first_token_seconds_count{deployment="notes"} 1"#));
}
