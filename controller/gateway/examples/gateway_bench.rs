//! What the front door costs: CPU per request and per streamed token, with the ledger on (SQLite in a
//! temporary folder), HTTP over loopback sockets and a replica that answers at once. The client's CPU is
//! in the figure, as both run in this process.
//!
//! ```text
//! cargo run --release -p cloister-gateway --example gateway_bench
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use cloister_evidence::record::ActorKind;
use cloister_gateway::{
    DispatchError, Dispatcher, Gateway, Grant, Options, ReplicaRoute, Route, Routes, RunStream,
};
use cloister_ledger::{Ledger, LedgerHandle, LedgerOptions, load_or_create_log_key};
use cloister_proto::inference::v1::{FinishReason, Usage};
use cloister_proto::worker::v1::run_event::Event;
use cloister_proto::worker::v1::{Finished, RunEvent, RunRequest, Started, Tokens};
use cloister_store::Store;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const CLIENTS: usize = 32;

/// A replica that has its tokens ready.
struct Instantly;

impl Dispatcher for Instantly {
    fn dispatch(&self, _: &ReplicaRoute, request: RunRequest) -> Result<RunStream, DispatchError> {
        let count = request.decode.and_then(|decode| decode.max_tokens).unwrap_or(1);
        let event = |event| Ok(RunEvent { event: Some(event) });
        let started = Started { prompt_token_ids: vec![1; 200], numerics_contract: "cn1-bench".into() };
        let tokens = (0..count).map(move |id| {
            event(Event::Tokens(Tokens { text: " token".into(), token_ids: vec![id], logprobs: Vec::new() }))
        });
        let usage = Usage { prompt_tokens: 200, completion_tokens: count, ..Usage::default() };
        let finished = Finished { reason: FinishReason::Length.into(), usage: Some(usage) };
        let events = std::iter::once(event(Event::Started(started)))
            .chain(tokens)
            .chain(std::iter::once(event(Event::Finished(finished))));
        Ok(Box::pin(futures_util::stream::iter(events)))
    }
}

fn routes() -> Routes {
    let grant = Grant {
        kind: ActorKind::ApiKey,
        id: "bench".into(),
        name: "bench".into(),
        admin: false,
        tenant: None,
        models: Vec::new(),
        expires_unix_s: None,
    };
    let route = Route {
        deployment: "notes".into(),
        model_name: "notes".into(),
        model_digest: format!("sha256:{}", "0".repeat(64)),
        tenant: None,
        context_length: 1 << 20,
        max_sequences: 256,
        max_waiting: 256,
        created_unix_s: 0,
        replicas: vec![ReplicaRoute { replica_id: "r1".into(), node_id: "n1".into() }],
    };
    Routes {
        deployments: [("notes".to_owned(), route)].into(),
        keys: [(Sha256::digest("clk_bench").into(), grant)].into(),
    }
}

/// CPU time of this process, all threads.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after = stat.rsplit_once(')').unwrap().1;
    let ticks: u64 = after.split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().unwrap()).sum();
    // Linux reports in ticks of 10 ms (USER_HZ).
    Duration::from_millis(ticks * 10)
}

/// One request on a kept connection; returns when its last byte is there.
async fn ask(stream: &mut TcpStream, tokens: usize, buffer: &mut [u8]) {
    let body = format!(
        r#"{{"model":"notes","stream":true,"max_tokens":{tokens},"messages":[{{"role":"user","content":"{}"}}]}}"#,
        "word ".repeat(200)
    );
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer clk_bench\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut tail = Vec::new();
    loop {
        let read = stream.read(buffer).await.unwrap();
        assert!(read > 0, "the gateway closed the connection");
        tail.extend_from_slice(&buffer[..read]);
        tail.drain(..tail.len().saturating_sub(5));
        if tail == b"0\r\n\r\n" {
            return;
        }
    }
}

/// Wall and CPU time of `requests` requests over all clients.
async fn measure(address: std::net::SocketAddr, requests: usize, tokens: usize) -> (Duration, Duration) {
    let (began, cpu_before) = (Instant::now(), cpu());
    let clients = (0..CLIENTS).map(|_| {
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let mut buffer = vec![0; 64 * 1024];
            for _ in 0..requests / CLIENTS {
                ask(&mut stream, tokens, &mut buffer).await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    (began.elapsed(), cpu() - cpu_before)
}

async fn ledger(folder: &std::path::Path) -> LedgerHandle {
    let store = Store::open(&format!("sqlite://{}", folder.join("bench.db").display())).await.unwrap();
    let key = load_or_create_log_key(&folder.join("audit.key"), "cloister/fleet-bench").await.unwrap();
    Ledger::start(store, key, LedgerOptions::default()).await.unwrap().0
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(folder.path()).await;
    let (_routes, receiver) = watch::channel(Arc::new(routes()));
    let mut registry = prometheus_client::registry::Registry::default();
    let gateway = Gateway::new(Options::default(), receiver, Arc::new(Instantly), ledger, &mut registry);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, gateway.http_router()).await });

    measure(address, 320, 1).await;
    let (short_requests, long_requests, long_tokens) = (3_200, 96, 1_000);
    let (wall, busy) = measure(address, short_requests, 1).await;
    let per_request_us = busy.as_micros() as f64 / short_requests as f64;
    println!("clients                 {CLIENTS}");
    println!("requests per second     {:.0}", short_requests as f64 / wall.as_secs_f64());
    println!("CPU per request         {per_request_us:.0} us (two records, one token, client included)");
    let (wall, busy) = measure(address, long_requests, long_tokens).await;
    let tokens = (long_requests * long_tokens) as f64;
    let per_token_us = (busy.as_micros() as f64 - per_request_us * long_requests as f64) / tokens;
    println!("tokens per second       {:.0}", tokens / wall.as_secs_f64());
    println!("CPU per streamed token  {per_token_us:.2} us (client included)");
}
