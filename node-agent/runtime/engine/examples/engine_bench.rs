//! Measures an engine: decoding alone, prefill alone, eight sequences together.
//!
//! `engine_bench MODEL.gguf [THREADS]` prints a table to stderr and JSON to stdout.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::fs::File;
use std::time::{Duration, Instant};

use runtime_engine::sampler::SamplingParams;
use runtime_engine::sequence::{DecodeParams, Finished, SequenceEvent, SequenceRequest, SequenceStream};
use runtime_engine::{Engine, EngineHandle, EngineOptions};

/// Prompt and answer of the single-stream decode measurement.
const DECODE: (usize, usize) = (16, 128);
/// Prompt of the prefill measurement; one token is decoded.
const PREFILL: (usize, usize) = (512, 1);
/// Prompt and answer of each of the parallel sequences.
const PARALLEL: (usize, usize) = (16, 64);
const STREAMS: usize = 8;
/// What a chat application typically asks for.
const SAMPLED: SamplingParams = SamplingParams { temperature: 0.8, top_p: 0.95, ..SamplingParams::GREEDY };
const REPETITIONS: usize = 3;

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: engine_bench MODEL.gguf [THREADS]")?;
    let threads = match arguments.next() {
        Some(threads) => threads.parse()?,
        None => std::thread::available_parallelism()?.get(),
    };
    let started = Instant::now();
    let engine = Engine::load(&File::open(&path)?, &options(threads), |_, _| {})?;
    let load = started.elapsed();
    let (handle, thread) = engine.start()?;
    run(&handle, 1, DECODE, SamplingParams::GREEDY)?;
    let measure = |streams, lengths, sampling, rate: fn(&[Finished]) -> f64| {
        best(|| run(&handle, streams, lengths, sampling).map(|runs| rate(&runs)))
    };
    let decode = measure(1, DECODE, SamplingParams::GREEDY, decode_rate)?;
    let sampled = measure(1, DECODE, SAMPLED, decode_rate)?;
    let prefill = measure(1, PREFILL, SamplingParams::GREEDY, prefill_rate)?;
    let parallel = measure(STREAMS, PARALLEL, SamplingParams::GREEDY, total_rate)?;
    report(
        &[
            ("load_s", load.as_secs_f64()),
            ("decode_tokens_per_s", decode),
            ("decode_sampled_tokens_per_s", sampled),
            ("prefill_tokens_per_s", prefill),
            ("parallel_8_tokens_per_s", parallel),
        ],
        &handle,
        threads,
    );
    drop(handle);
    if thread.join() { Ok(()) } else { Err("the engine's thread panicked".into()) }
}

fn options(threads: usize) -> EngineOptions {
    EngineOptions {
        context_length: 1024,
        max_sequences: STREAMS as u32,
        max_waiting: 0,
        kv_tokens: 1024 * STREAMS as u64,
        threads,
        isa: None,
    }
}

/// Decodes `streams` sequences at the same time, each of the given prompt and answer length.
fn run(
    handle: &EngineHandle,
    streams: usize,
    (prompt, answer): (usize, usize),
    sampling: SamplingParams,
) -> Result<Vec<Finished>, Error> {
    let request = |stream: usize| SequenceRequest {
        // Any ordinary tokens will do; different ones per stream.
        prompt: (0..prompt).map(|token| 1000 + ((token * 37 + stream * 101) % 8000) as u32).collect(),
        sampling,
        decode: DecodeParams { max_tokens: answer, ignore_eos: true, ..DecodeParams::default() },
    };
    let streams: Vec<SequenceStream> =
        (0..streams).map(|stream| handle.submit(request(stream))).collect::<Result<_, _>>()?;
    streams.into_iter().map(finish).collect()
}

fn finish(mut stream: SequenceStream) -> Result<Finished, Error> {
    loop {
        match stream.blocking_next() {
            Some(SequenceEvent::Token(_)) => {}
            Some(SequenceEvent::Finished(finished)) => return Ok(finished),
            Some(SequenceEvent::Failed(failure)) => return Err(failure.into()),
            None => return Err("the engine's thread ended".into()),
        }
    }
}

/// Tokens per second after the first.
fn decode_rate(runs: &[Finished]) -> f64 {
    let run = &runs[0];
    rate(run.completion_tokens - 1, run.total_time - run.time_to_first_token)
}

fn prefill_rate(runs: &[Finished]) -> f64 {
    let run = &runs[0];
    rate(run.prompt_tokens, run.time_to_first_token)
}

/// Tokens per second of all sequences together, their prompts' time included.
fn total_rate(runs: &[Finished]) -> f64 {
    let end = runs.iter().map(|run| run.total_time).max().unwrap_or_default();
    rate(runs.iter().map(|run| run.completion_tokens).sum(), end)
}

fn rate(tokens: usize, time: Duration) -> f64 {
    tokens as f64 / time.as_secs_f64().max(1e-9)
}

fn best(mut measure: impl FnMut() -> Result<f64, Error>) -> Result<f64, Error> {
    (0..REPETITIONS).try_fold(0.0_f64, |best, _| measure().map(|rate| best.max(rate)))
}

fn report(figures: &[(&str, f64)], handle: &EngineHandle, threads: usize) {
    let isa = handle.isa().name();
    eprintln!("{:<28} {isa}, {threads} threads", "instruction set");
    for (name, figure) in figures {
        eprintln!("{name:<28} {figure:.2}");
    }
    let mut json: serde_json::Map<String, serde_json::Value> =
        figures.iter().map(|(name, figure)| ((*name).to_owned(), (*figure).into())).collect();
    json.insert("isa".to_owned(), isa.into());
    json.insert("threads".to_owned(), threads.into());
    println!("{}", serde_json::Value::Object(json));
}
