use super::*;
use crate::request::{Operation, Protocol};

fn request() -> InferenceRequest {
    InferenceRequest {
        operation: Operation::Generate,
        protocol: Protocol::Grpc,
        model: "notes".into(),
        input: Input::Text("x".into()),
        sampling: SamplingParams::default(),
        decode: DecodeParams::default(),
    }
}

fn route() -> Route {
    Route {
        deployment: "notes".into(),
        model_name: "smol".into(),
        model_digest: "sha256:00".into(),
        tenant: None,
        context_length: 100,
        max_sequences: 1,
        max_waiting: 0,
        created_unix_s: 0,
        replicas: Vec::new(),
    }
}

fn message(role: &str) -> ChatMessage {
    ChatMessage { role: role.into(), content: "x".into() }
}

type Change = fn(&mut InferenceRequest);

#[test]
fn values_outside_of_their_range_are_refused_by_name() {
    let cases: &[(&str, Change)] = &[
        ("temperature", |r| r.sampling.temperature = Some(2.1)),
        ("temperature", |r| r.sampling.temperature = Some(-0.1)),
        ("temperature", |r| r.sampling.temperature = Some(f32::NAN)),
        ("temperature", |r| r.sampling.temperature = Some(f32::INFINITY)),
        ("top_p", |r| r.sampling.top_p = Some(0.0)),
        ("top_p", |r| r.sampling.top_p = Some(1.01)),
        ("top_p", |r| r.sampling.top_p = Some(f32::NAN)),
        ("min_p", |r| r.sampling.min_p = Some(1.5)),
        ("presence_penalty", |r| r.sampling.presence_penalty = Some(-2.5)),
        ("frequency_penalty", |r| r.sampling.frequency_penalty = Some(2.5)),
        ("repetition_penalty", |r| r.sampling.repetition_penalty = Some(0.0)),
        ("repetition_penalty", |r| r.sampling.repetition_penalty = Some(10.1)),
        ("top_k", |r| r.sampling.top_k = Some(1_000_001)),
        ("top_logprobs", |r| r.decode.top_logprobs = Some(21)),
        ("max_tokens", |r| r.decode.max_tokens = Some(0)),
        ("stop", |r| r.decode.stop = vec!["x".into(); 17]),
        ("stop", |r| r.decode.stop = vec![String::new()]),
        ("stop", |r| r.decode.stop = vec!["x".repeat(257)]),
        ("prompt", |r| r.input = Input::Text(String::new())),
        ("prompt", |r| r.input = Input::TokenIds(Vec::new())),
        ("prompt", |r| r.input = Input::Text("x".repeat(4 * 1024 * 1024 + 1))),
        ("messages", |r| r.input = Input::Messages(Vec::new())),
        ("messages", |r| r.input = Input::Messages(vec![message("user"); 1_025])),
        ("messages[1].role", |r| r.input = Input::Messages(vec![message("user"), message("doctor")])),
    ];
    for (index, (param, change)) in cases.iter().enumerate() {
        let mut request = request();
        change(&mut request);
        let failure = complete(&mut request, &route()).expect_err(&format!("case {index}, {param}"));
        assert_eq!(failure.param(), Some(*param), "case {index}: {failure}");
    }
}

#[test]
fn values_at_the_ends_of_their_range_are_taken() {
    let cases: &[Change] = &[
        |r| r.sampling.temperature = Some(0.0),
        |r| r.sampling.temperature = Some(2.0),
        |r| r.sampling.top_p = Some(f32::MIN_POSITIVE),
        |r| r.sampling.top_k = Some(1_000_000),
        |r| r.sampling.repetition_penalty = Some(10.0),
        |r| r.sampling.seed = Some(u64::MAX),
        |r| r.decode.max_tokens = Some(100),
        |r| r.decode.stop = vec!["x".repeat(256); 16],
        |r| r.decode.top_logprobs = Some(20),
        |r| {
            r.input = Input::Messages(vec![
                message("system"),
                message("user"),
                message("assistant"),
                message("tool"),
            ])
        },
    ];
    for (index, change) in cases.iter().enumerate() {
        let mut request = request();
        change(&mut request);
        assert_eq!(complete(&mut request, &route()), Ok(()), "case {index}");
    }
}

#[test]
fn more_tokens_than_the_context_holds_are_refused_with_both_numbers() {
    let mut request = request();
    request.decode.max_tokens = Some(101);
    let failure = complete(&mut request, &route()).unwrap_err();
    assert_eq!(failure.code(), "context_length_exceeded");
    let message = failure.to_string();
    assert!(message.contains("101") && message.contains("100"), "{message}");
}

#[test]
fn nothing_is_left_for_the_worker_to_choose_but_the_rest_of_the_context() {
    let mut request = request();
    complete(&mut request, &route()).unwrap();
    let sampling = &request.sampling;
    assert_eq!((sampling.temperature, sampling.top_k, sampling.top_p), (Some(1.0), Some(0), Some(1.0)));
    assert_eq!((sampling.min_p, sampling.repetition_penalty), (Some(0.0), Some(1.0)));
    assert_eq!((sampling.presence_penalty, sampling.frequency_penalty), (Some(0.0), Some(0.0)));
    assert!(sampling.seed.is_some_and(|seed| i64::try_from(seed).is_ok()));
    assert_eq!(request.decode.max_tokens, None);
}

#[test]
fn a_seed_that_is_not_given_differs_each_time() {
    let seeds: std::collections::HashSet<_> = (0..8)
        .map(|_| {
            let mut request = request();
            complete(&mut request, &route()).unwrap();
            request.sampling.seed
        })
        .collect();
    assert_eq!(seeds.len(), 8);
}

#[test]
fn a_model_name_has_1_to_128_characters() {
    assert!(model_name("").is_err());
    assert!(model_name(&"é".repeat(128)).is_ok());
    assert!(model_name(&"é".repeat(129)).is_err());
}
