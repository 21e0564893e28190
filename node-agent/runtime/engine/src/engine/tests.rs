use std::time::{Duration, Instant};

use runtime_formats::testing::TinyLlama;

use super::{Engine, EngineHandle, EngineOptions, EngineThread};
use crate::models::LoadError;
use crate::sampler::SamplingParams;
use crate::sequence::{
    DecodeParams, FinishReason, Finished, SequenceEvent, SequenceRequest, SequenceStream, SubmitError,
};

const OPTIONS: EngineOptions = EngineOptions {
    context_length: 256,
    max_sequences: 4,
    max_waiting: 4,
    kv_tokens: 1024,
    threads: 1,
    isa: None,
};
const SAMPLED: SamplingParams =
    SamplingParams { temperature: 1.0, top_p: 0.9, seed: 3, ..SamplingParams::GREEDY };
/// Longer than anything here takes, on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn start(options: &EngineOptions) -> (EngineHandle, EngineThread) {
    Engine::load(&TinyLlama::default().gguf(), options, |_, _| {}).unwrap().start().unwrap()
}

/// An engine so slow that a sequence meant to be interrupted cannot end first, however late the test gets its turn.
fn start_slow(options: &EngineOptions) -> (EngineHandle, EngineThread) {
    let model = TinyLlama { layers: 24, hidden: 256, ffn: 768, ..TinyLlama::default() };
    Engine::load(&model.gguf(), options, |_, _| {}).unwrap().start().unwrap()
}

fn request(prompt: &[u32], max_tokens: usize) -> SequenceRequest {
    let decode = DecodeParams { max_tokens, ignore_eos: true, ..DecodeParams::default() };
    SequenceRequest { prompt: prompt.to_vec(), sampling: SamplingParams::GREEDY, decode }
}

/// Tokens, text and end of a sequence.
fn collect(mut stream: SequenceStream) -> (Vec<u32>, String, Finished) {
    let (mut tokens, mut text) = (Vec::new(), String::new());
    loop {
        match stream.blocking_next().expect("a sequence ends with its last event") {
            SequenceEvent::Token(token) => {
                tokens.push(token.id);
                text.push_str(&token.text);
            }
            SequenceEvent::Finished(finished) => {
                text.push_str(&finished.text);
                return (tokens, text, finished);
            }
            SequenceEvent::Failed(failure) => panic!("{failure}"),
        }
    }
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "{what} did not happen in {PATIENCE:?}");
        std::thread::yield_now();
    }
}

#[test]
fn a_sequence_ends_at_its_limit_and_says_what_it_used() {
    let (handle, thread) = start(&OPTIONS);
    let (tokens, _, finished) = collect(handle.submit(request(&[1, 2, 3], 10)).unwrap());
    assert_eq!(finished.reason, FinishReason::Length);
    assert_eq!((finished.prompt_tokens, finished.completion_tokens, tokens.len()), (3, 10, 10));
    assert!(finished.time_to_first_token <= finished.total_time);
    wait_until("counting", || handle.load().completion_tokens == 10 && handle.load().prompt_tokens == 3);
    drop(handle);
    assert!(thread.join(), "the engine ends with its last handle");
}

#[test]
fn an_answer_is_the_same_alone_and_in_a_full_batch() {
    let (handle, _thread) = start(&OPTIONS);
    for sampling in [SamplingParams::GREEDY, SAMPLED] {
        let watched = SequenceRequest { sampling, ..request(&[9, 8, 7, 6], 40) };
        let alone = collect(handle.submit(watched.clone()).unwrap()).0;
        let others: Vec<_> = (1..=3)
            .map(|seed| handle.submit(request(&vec![seed; 30 * seed as usize], 60)).unwrap())
            .collect();
        let together = collect(handle.submit(watched).unwrap()).0;
        assert_eq!(alone, together, "{sampling:?}");
        drop(others);
        wait_until("leaving", || handle.load().running == 0);
    }
}

#[test]
fn the_text_ends_before_a_stop_string_and_at_the_end_token() {
    let (handle, _thread) = start(&OPTIONS);
    let (tokens, text, _) = collect(handle.submit(request(&[1, 2, 3], 40)).unwrap());
    let place = text.char_indices().nth(4).map(|(place, _)| place).unwrap();
    let stop: String = text[place..].chars().take(2).collect();
    let expected = &text[..text.find(&stop).unwrap()];
    let mut stopped = request(&[1, 2, 3], 40);
    stopped.decode.stop = vec![stop];
    let (fewer, before, finished) = collect(handle.submit(stopped).unwrap());
    assert_eq!(finished.reason, FinishReason::Stop);
    assert_eq!(before, expected);
    assert!(tokens.starts_with(&fewer) && fewer.len() < tokens.len());
}

#[test]
fn a_reader_that_leaves_frees_its_blocks_within_a_step() {
    let (handle, _thread) = start_slow(&OPTIONS);
    let streams: Vec<_> = (0..4).map(|_| handle.submit(request(&[1; 10], 200)).unwrap()).collect();
    wait_until("starting", || handle.load().running == 4);
    assert!(handle.load().kv_blocks_used > 0);
    drop(streams);
    wait_until("leaving", || handle.load().running == 0 && handle.load().kv_blocks_used == 0);
    assert!(handle.load().completion_tokens < 4 * 200, "nobody decoded to the end for nobody");
}

#[test]
fn a_slow_reader_does_not_hold_up_the_others() {
    let (handle, _thread) = start(&OPTIONS);
    let slow = handle.submit(request(&[1; 10], 100)).unwrap();
    let (tokens, ..) = collect(handle.submit(request(&[2; 10], 100)).unwrap());
    assert_eq!(tokens.len(), 100);
    assert_eq!(collect(slow).0.len(), 100, "and misses nothing");
}

#[test]
fn more_than_the_batch_and_the_queue_hold_is_refused_until_one_ends() {
    let (handle, _thread) = start_slow(&EngineOptions { max_sequences: 1, max_waiting: 1, ..OPTIONS });
    let first = handle.submit(request(&[1], 200)).unwrap();
    let second = handle.submit(request(&[1], 2)).unwrap();
    assert!(matches!(handle.submit(request(&[1], 2)), Err(SubmitError::QueueFull { .. })));
    drop(first);
    assert_eq!(collect(second).0.len(), 2);
    assert!(handle.submit(request(&[1], 2)).is_ok(), "the place is free before the reader learns of the end");
}

#[test]
fn requests_that_cannot_be_served_are_refused_with_the_reason() {
    let (handle, _thread) = start(&EngineOptions { kv_tokens: 128, ..OPTIONS });
    let change = |change: fn(&mut SequenceRequest)| {
        let mut request = request(&[1, 2], 4);
        change(&mut request);
        handle.submit(request).unwrap_err().to_string()
    };
    type Spoil = fn(&mut SequenceRequest);
    let cases: [(Spoil, &str); 9] = [
        (|r| r.prompt.clear(), "prompt is empty"),
        (|r| r.prompt[1] = 258, "token id 258"),
        (|r| r.decode.max_tokens = 0, "max_tokens is 0"),
        (|r| r.decode.max_tokens = 255, "context of 256"),
        (|r| r.decode.max_tokens = usize::MAX, "context of 256"),
        (|r| r.decode.max_tokens = 200, "KV cache of 128"),
        (|r| r.decode.stop = vec!["x".to_owned(); 17], "16 stop strings"),
        (|r| r.decode.top_logprobs = Some(21), "top_logprobs is 21"),
        (|r| r.sampling.temperature = 3.0, "temperature is 3"),
    ];
    for (spoil, words) in cases {
        let message = change(spoil);
        assert!(message.contains(words), "{message:?} should contain {words:?}");
    }
}

#[test]
fn stopping_lets_sequences_finish_and_cancelling_ends_them() {
    let (handle, _thread) = start(&OPTIONS);
    let running = handle.submit(request(&[1; 10], 20)).unwrap();
    handle.stop_accepting();
    assert!(matches!(handle.submit(request(&[1], 2)), Err(SubmitError::Stopping)));
    assert_eq!(collect(running).2.reason, FinishReason::Length);

    let (handle, _thread) = start_slow(&OPTIONS);
    let running = handle.submit(request(&[1; 10], 240)).unwrap();
    wait_until("starting", || handle.load().running == 1);
    handle.cancel_all();
    assert_eq!(collect(running).2.reason, FinishReason::Cancelled);
}

#[test]
fn log_probabilities_come_with_every_token_when_asked_for() {
    let (handle, _thread) = start(&OPTIONS);
    let mut asked = request(&[1, 2, 3], 5);
    asked.decode.top_logprobs = Some(2);
    let mut stream = handle.submit(asked).unwrap();
    for _ in 0..5 {
        let Some(SequenceEvent::Token(token)) = stream.blocking_next() else { panic!("five tokens") };
        let logprobs = token.logprobs.unwrap();
        assert_eq!(logprobs.chosen, logprobs.top[0], "greedy takes the most likely");
        assert!(logprobs.top[1].logprob <= logprobs.top[0].logprob && logprobs.top[0].logprob <= 0.0);
    }
}

#[test]
fn options_and_files_that_cannot_be_used_are_refused_with_the_reason() {
    let load = |file: &[u8], options: &EngineOptions| {
        Engine::load(file, options, |_, _| {}).err().map(|error| error.to_string()).unwrap_or_default()
    };
    let file = TinyLlama::default().gguf();
    let cases = [
        (EngineOptions { context_length: 513, ..OPTIONS }, "context_length is 513; 1 to 512"),
        (EngineOptions { context_length: 0, ..OPTIONS }, "context_length is 0"),
        (EngineOptions { max_sequences: 0, ..OPTIONS }, "max_sequences is 0"),
        (EngineOptions { max_sequences: 449, ..OPTIONS }, "max_sequences is 449"),
        (EngineOptions { kv_tokens: 0, ..OPTIONS }, "kv_tokens is 0"),
        (EngineOptions { threads: 0, ..OPTIONS }, "0 compute threads"),
    ];
    for (options, words) in cases {
        let message = load(&file, &options);
        assert!(message.contains(words), "{message:?} should contain {words:?}");
    }
    assert!(!load(&file[..file.len() / 2], &OPTIONS).is_empty(), "half a file is no model");
    assert!(matches!(Engine::load(b"GGUX".as_slice(), &OPTIONS, |_, _| {}), Err(LoadError::Gguf(_))));
}
