//! How long searches take on a log of so many records, on SQLite and on PostgreSQL. Median of five.
//!
//! `cargo run -p cloister-store --example search_bench [RECORDS]`

use std::error::Error;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use cloister_store::{
    CheckpointRow, LogRows, RecordFilter, RecordQuery, RecordRow, SearchField, SearchRow, SearchTerm, Store,
    TimelineQuery,
};
use cloister_test_postgres::{Durability, Server};
use jiff::{SignedDuration, Timestamp};

const DEFAULT_RECORDS: u64 = 100_000;
const RECORDS_AT_ONCE: u64 = 1_000;
const LEAF_BYTES: usize = 1_000;
const RUNS: usize = 5;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let records = std::env::args().nth(1).map_or(Ok(DEFAULT_RECORDS), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let sqlite = format!("sqlite://{}/bench.db", folder.path().display());
    let server = tokio::task::spawn_blocking(|| Server::start(Durability::Fast)).await??;
    for (name, url) in [("SQLite", sqlite), ("PostgreSQL", server.create_database()?)] {
        let store = Store::open(&url).await?;
        let begun = Instant::now();
        fill(&store, records).await?;
        writeln!(
            io::stdout(),
            "{name}: {records} records written in {:.1} s",
            begun.elapsed().as_secs_f64()
        )?;
        for (what, filter) in searches(records) {
            let page = median(|| page(&store, &filter)).await?;
            let counts = median(|| timeline(&store, &filter, records)).await?;
            writeln!(io::stdout(), "  {what:34} page {page:9.2?}   timeline {counts:9.2?}")?;
        }
        store.close().await;
    }
    Ok(())
}

/// One second apart. Half of them of one caller, one in fifty of a model, one in a thousand of a node.
fn search_row(seq: u64) -> SearchRow {
    let term = |field, value: String| SearchTerm { field, value };
    let caller = if seq.is_multiple_of(2) { "often".to_owned() } else { format!("caller-{}", seq % 100) };
    SearchRow {
        seq,
        kind: kind(seq),
        written_at: at(seq),
        terms: vec![
            term(SearchField::Actor, format!("id-of-{caller}")),
            term(SearchField::Actor, caller),
            term(SearchField::Model, format!("sha256:{:064}", seq % 50)),
            term(SearchField::Model, format!("model-{}", seq % 50)),
            term(SearchField::Node, format!("node-{}", seq % 1_000)),
        ],
    }
}

fn kind(seq: u64) -> String {
    if seq.is_multiple_of(2) { "inference.requested" } else { "inference.completed" }.to_owned()
}

fn at(seq: u64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(i64::try_from(seq).unwrap_or(i64::MAX))
}

async fn fill(store: &Store, records: u64) -> Outcome<()> {
    for from in (0..records).step_by(usize::try_from(RECORDS_AT_ONCE)?) {
        let to = records.min(from + RECORDS_AT_ONCE);
        let mut append = store.ledger_append().await?;
        let rows = LogRows {
            writer: "bench".to_owned(),
            records: (from..to).map(record).collect(),
            search: (from..to).map(search_row).collect(),
            tiles: Vec::new(),
            checkpoint: CheckpointRow { size: to, note: "head".to_owned() },
            opened: Vec::new(),
            closed: Vec::new(),
            salts: Vec::new(),
            used: Vec::new(),
        };
        append.write(rows).await?;
        append.commit().await?;
    }
    Ok(())
}

fn record(seq: u64) -> RecordRow {
    RecordRow {
        seq,
        id: format!("record-{seq:020}"),
        kind: kind(seq),
        time: format!("{:.9}", at(seq)),
        subject_id: Some("ward".to_owned()),
        tenant: None,
        intent: None,
        leaf: vec![b'x'; LEAF_BYTES],
        leaf_hash: [7; 32],
    }
}

fn searches(records: u64) -> Vec<(&'static str, RecordFilter)> {
    let none = RecordFilter::default();
    let text = |value: &str| Some(value.to_owned());
    let who = RecordFilter { actor: text("often"), ..none.clone() };
    let old = RecordFilter { from: Some(at(records / 10)), until: Some(at(records / 5)), ..none.clone() };
    vec![
        ("nothing", none.clone()),
        ("kind", RecordFilter { kind: text("inference.completed"), ..none.clone() }),
        ("who, of half of them", who.clone()),
        ("who, nobody", RecordFilter { actor: text("nobody"), ..none.clone() }),
        ("an old tenth of the time", old.clone()),
        ("who + model", RecordFilter { model: text("model-48"), ..who.clone() }),
        ("who + model, never together", RecordFilter { model: text("model-49"), ..who.clone() }),
        ("who + kind, never together", RecordFilter { kind: text("inference.completed"), ..who.clone() }),
        (
            "who + model + node + kind + time",
            RecordFilter {
                model: text("model-48"),
                node: text("node-48"),
                kind: text("inference.requested"),
                actor: who.actor,
                ..old
            },
        ),
    ]
}

async fn page(store: &Store, filter: &RecordFilter) -> Outcome<()> {
    let query = RecordQuery { filter: filter.clone(), before_seq: None, limit: 100 };
    store.records(&query).await?;
    Ok(())
}

async fn timeline(store: &Store, filter: &RecordFilter, records: u64) -> Outcome<()> {
    let (from, until) = (filter.from.unwrap_or(at(0)), filter.until.unwrap_or(at(records)));
    let bucket_us = (until.as_microsecond() - from.as_microsecond()) / 60 + 1;
    let query = TimelineQuery { filter: filter.clone(), from, until, bucket_us, limit: u32::MAX };
    store.timeline(&query).await?;
    Ok(())
}

async fn median<F: Future<Output = Outcome<()>>>(run: impl Fn() -> F) -> Outcome<Duration> {
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let begun = Instant::now();
        run().await?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times.get(RUNS / 2).copied().unwrap_or_default())
}
