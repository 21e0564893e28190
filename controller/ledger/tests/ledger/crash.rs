//! `kill -9` at any moment: what was acknowledged is there, and the log is whole.

use std::collections::HashSet;
use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use cloister_ledger::load_or_create_log_key;
use cloister_store::RecordRow;

use crate::drafts;
use crate::rig::{ORIGIN, Rig, Running, on_both_databases};

/// How the process to be killed learns of its database.
const URL: &str = "CLOISTER_TEST_LEDGER_URL";
const KEY: &str = "CLOISTER_TEST_LEDGER_KEY";
const KILLS: usize = 5;
const WRITERS: usize = 8;

on_both_databases!(acknowledged_records_survive_kill_9);

async fn acknowledged_records_survive_kill_9(rig: Rig) {
    rig.key().await;
    let mut acknowledged = HashSet::new();
    for kill in 0..KILLS {
        let (url, key) = (rig.url().to_owned(), rig.key_path());
        // Each process dies at another point of its work.
        let lines = 1 + kill * 37;
        let seen = tokio::task::spawn_blocking(move || killed_after(&url, &key, lines)).await.unwrap();
        acknowledged.extend(seen);
    }
    assert!(acknowledged.len() > KILLS * 10, "{} records are too few to mean much", acknowledged.len());

    let (report, rows) = rig.verified().await;
    let stored: HashSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let lost: Vec<_> = acknowledged.iter().filter(|id| !stored.contains(id.as_str())).collect();
    assert_eq!(lost, Vec::<&String>::new());
    assert!(rows.iter().map(|row| row.seq).eq(0..rows.len() as u64), "the log has gaps");
    assert_eq!(report.records, rows.len() as u64);
    assert_eq!(count(&rows, "inference.requested"), closed(&rows), "a request was left open");
    assert!(count(&rows, "inference.interrupted") > 0, "no process died inside a request");
}

fn count(rows: &[RecordRow], kind: &str) -> usize {
    rows.iter().filter(|row| row.kind == kind).count()
}

fn closed(rows: &[RecordRow]) -> usize {
    count(rows, "inference.completed") + count(rows, "inference.interrupted")
}

/// The ids that a writing process said were durable, until it was killed after `lines` of them.
pub(crate) fn killed_after(url: &str, key: &std::path::Path, lines: usize) -> Vec<String> {
    let mut child: Child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "crash::process_that_writes_until_it_is_killed", "--nocapture"])
        .env(URL, url)
        .env(KEY, key)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut ids = Vec::new();
    // A line that was cut by the kill acknowledges nothing.
    for line in output.lines().map_while(Result::ok) {
        let Some(id) = line.strip_prefix("durable ").and_then(|rest| rest.strip_suffix('.')) else {
            continue;
        };
        ids.push(id.to_owned());
        if ids.len() == lines {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    ids
}

/// The process that dies. It has work only when [`killed_after`] starts it: being in the test binary,
/// it needs no path to another one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn process_that_writes_until_it_is_killed() {
    let (Ok(url), Some(key)) = (env::var(URL), env::var_os(KEY)) else { return };
    let key = load_or_create_log_key(key.as_ref(), ORIGIN).await.unwrap();
    let running = Running::open(&url, key).await.unwrap();
    // A request that is still running when the process dies, whenever that is.
    let endless = running.ledger.new_record_id();
    running.ledger.record(endless.clone(), drafts::requested()).await.unwrap();
    writeln!(std::io::stdout(), "durable {endless}.").unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let ledger = running.ledger.clone();
        writers.spawn(async move {
            loop {
                let request = ledger.new_record_id();
                for draft in [drafts::requested(), drafts::completed(&request)] {
                    let id = if draft.intent.is_none() { request.clone() } else { ledger.new_record_id() };
                    ledger.record(id.clone(), draft).await.unwrap();
                    writeln!(std::io::stdout(), "durable {id}.").unwrap();
                }
            }
        });
    }
    writers.join_next().await;
}
