//! Durable records per second, with one caller and with 256, on SQLite and on PostgreSQL; there also
//! with two controllers that write one log.
//!
//! `cargo run --release -p cloister-ledger --example ledger_bench [SECONDS]`

use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use cloister_evidence::record::{Actor, ActorKind, Draft, Inference, Kind, Outcome};
use cloister_ledger::{Ledger, LedgerHandle, LedgerOptions, load_or_create_log_key};
use cloister_store::Store;
use cloister_test_postgres::{Durability, Server};
use tokio::task::JoinSet;

const WRITERS: [usize; 2] = [1, 256];
const DEFAULT_SECONDS: u64 = 3;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let seconds = std::env::args().nth(1).map_or(Ok(DEFAULT_SECONDS), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let sqlite = format!("sqlite://{}/bench.db", folder.path().display());
    let server = tokio::task::spawn_blocking(|| Server::start(Durability::Real)).await??;
    let databases = [("SQLite", sqlite), ("PostgreSQL", server.create_database()?)];
    let mut out = io::stdout();
    writeln!(
        out,
        "{:13} {:>8} {:>12} {:>10} {:>9} {:>9}",
        "database", "writers", "records/s", "commits/s", "p50 ms", "p99 ms"
    )?;
    for (name, url) in databases {
        let store = Store::open(&url).await?;
        let key =
            load_or_create_log_key(&folder.path().join(name).with_extension("key"), "cloister/bench").await?;
        let (ledger, task) = Ledger::start(store, key, LedgerOptions::default()).await?;
        for writers in WRITERS {
            let run = measure(&ledger, writers, Duration::from_secs(seconds)).await?;
            print(&mut out, name, writers, &run)?;
        }
        task.stop().await?;
    }
    together(&mut out, &server.create_database()?, folder.path(), seconds).await
}

/// The same number of callers, spread over two controllers.
async fn together(out: &mut io::Stdout, url: &str, folder: &Path, seconds: u64) -> anyhow::Result<()> {
    let mut controllers = Vec::new();
    for _ in 0..2 {
        let key = load_or_create_log_key(&folder.join("together.key"), "cloister/bench").await?;
        controllers.push(Ledger::start(Store::open(url).await?, key, LedgerOptions::default()).await?);
    }
    for writers in [2, 256] {
        let mut tasks = JoinSet::new();
        for (ledger, _) in &controllers {
            let ledger = ledger.clone();
            tasks.spawn(async move { measure(&ledger, writers / 2, Duration::from_secs(seconds)).await });
        }
        let mut sum = Run { records_per_s: 0.0, commits_per_s: 0.0, p50_ms: 0.0, p99_ms: 0.0 };
        while let Some(run) = tasks.join_next().await {
            let run = run??;
            sum.records_per_s += run.records_per_s;
            sum.commits_per_s += run.commits_per_s;
            sum.p50_ms = sum.p50_ms.max(run.p50_ms);
            sum.p99_ms = sum.p99_ms.max(run.p99_ms);
        }
        print(out, "2 on Postgres", writers, &sum)?;
    }
    for (_, task) in controllers {
        task.stop().await?;
    }
    Ok(())
}

fn print(out: &mut io::Stdout, name: &str, writers: usize, run: &Run) -> io::Result<()> {
    writeln!(
        out,
        "{name:13} {writers:>8} {:>12.0} {:>10.0} {:>9.2} {:>9.2}",
        run.records_per_s, run.commits_per_s, run.p50_ms, run.p99_ms
    )
}

struct Run {
    records_per_s: f64,
    commits_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
}

/// Each writer waits for one record before it hands in the next, as a request does.
async fn measure(ledger: &LedgerHandle, writers: usize, length: Duration) -> anyhow::Result<Run> {
    let (before, started) = (ledger.stats(), Instant::now());
    let mut tasks = JoinSet::new();
    for _ in 0..writers {
        tasks.spawn(write_until(ledger.clone(), started + length));
    }
    let mut waits = Vec::new();
    while let Some(task) = tasks.join_next().await {
        waits.extend(task??);
    }
    let (after, seconds) = (ledger.stats(), started.elapsed().as_secs_f64());
    waits.sort_unstable();
    let percentile = |percent: usize| {
        let at = waits.len().saturating_sub(1) * percent / 100;
        waits.get(at).map(|wait| wait.as_secs_f64() * 1_000.0).context("nothing was written")
    };
    Ok(Run {
        records_per_s: (after.records - before.records) as f64 / seconds,
        commits_per_s: (after.commits - before.commits) as f64 / seconds,
        p50_ms: percentile(50)?,
        p99_ms: percentile(99)?,
    })
}

async fn write_until(ledger: LedgerHandle, end: Instant) -> anyhow::Result<Vec<Duration>> {
    let mut waits = Vec::new();
    while Instant::now() < end {
        let (request, started) = (ledger.new_record_id(), Instant::now());
        ledger.record(request.clone(), draft(Kind::InferenceRequested, None)).await?;
        waits.push(started.elapsed());
        let started = Instant::now();
        let closing = draft(Kind::InferenceCompleted, Some(request));
        ledger.record(ledger.new_record_id(), closing).await?;
        waits.push(started.elapsed());
    }
    Ok(waits)
}

/// About the size of a real one.
fn draft(kind: Kind, intent: Option<String>) -> Draft {
    let inference = Inference {
        operation: "chat".to_owned(),
        protocol: "http".to_owned(),
        deployment: "clinical-notes".to_owned(),
        model_name: "smollm2-135m-instruct".to_owned(),
        model_digest: format!("sha256:{}", "ab".repeat(32)),
        node_id: Some("01JD9Z3V5K8Q2R7M4N6P0T1W9X".to_owned()),
        prompt_commitment: "Zk3rZk3rZk3rZk3rZk3rZk3rZk3rZk3rZk3rZk3rZk0=".to_owned(),
        ..Inference::default()
    };
    Draft {
        kind,
        outcome: Outcome::Success,
        actor: Actor {
            kind: ActorKind::ApiKey,
            id: "01JD9Z3V5K8Q2R7M4N6P0T1W9Y".to_owned(),
            name: Some("ward-3".to_owned()),
            address: Some("10.20.4.17".to_owned()),
        },
        subject: None,
        tenant: None,
        intent,
        inference: Some(inference),
        change: None,
        reason: None,
    }
}
