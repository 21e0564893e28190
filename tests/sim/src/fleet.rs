//! All nodes, from the first join token to SIGTERM.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt as _;
use secrecy::SecretString;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::board::Board;
use crate::cli::Options;
use crate::error::SimError;
use crate::identity::Door;
use crate::join::Registrar;
use crate::limits::{ENROLMENTS_AT_ONCE, INPUT_FILE_MAX_BYTES, STOP_TIMEOUT};
use crate::node::{Node, Surroundings};
use crate::open_files;
use crate::profile::Profile;
use crate::progress::{peak_memory_mib, report, tell};
use crate::replicas::Replicas;

/// Runs the fleet until `stop`.
///
/// # Errors
/// [`SimError`]: an option cannot be used, a node cannot enrol, or not all are connected in time.
pub async fn run(options: Options, stop: CancellationToken) -> Result<(), SimError> {
    open_files::allow(options.nodes)?;
    let door = Door {
        agents_url: options.agents.clone(),
        ca_pem: read(&options.ca)?,
        server_name: options.server_name.clone(),
    };
    let key = SecretString::from(read(&options.api_key_file)?.trim().to_owned());
    let registrar = Registrar::new(&options.http, key, door.clone())?;
    let board = Arc::new(Board::default());
    let around = Arc::new(Surroundings::new(door, Arc::clone(&board), options.token_pause()));
    // However this function ends, all that it started ends.
    let _end = stop.clone().drop_guard();
    tokio::spawn(report(Arc::clone(&board), stop.clone()));
    let mut nodes = JoinSet::new();
    let outcome = tokio::select! {
        () = stop.cancelled() => Ok(()),
        outcome = start(&options, &registrar, &around, &mut nodes, &stop) => outcome,
    };
    if outcome.is_ok() {
        stop.cancelled().await;
        // What has not ended by then ends with the process.
        let _ =
            tokio::time::timeout(STOP_TIMEOUT, async { while nodes.join_next().await.is_some() {} }).await;
    }
    tell(&format!("stopped: {board}; peak memory {} MiB", peak_memory_mib()));
    outcome
}

/// Enrols and starts every node, and waits until all are connected.
async fn start(
    options: &Options,
    registrar: &Registrar,
    around: &Arc<Surroundings>,
    nodes: &mut JoinSet<()>,
    stop: &CancellationToken,
) -> Result<(), SimError> {
    let began = Instant::now();
    let mut connected = around.board.watch_connected();
    let wanted = options.nodes as usize;
    let all_connected = async {
        enrol_all(options, registrar, around, nodes, stop).await?;
        // The sender lives in the board, which lives longer than this.
        let _ = connected.wait_for(|count| *count == wanted).await;
        Ok(())
    };
    match tokio::time::timeout(options.ready_within(), all_connected).await {
        Ok(outcome) => outcome?,
        Err(_) => {
            return Err(SimError::NotReady {
                connected: *around.board.watch_connected().borrow(),
                nodes: options.nodes,
                patience: options.ready_within(),
            });
        }
    }
    tell(&format!(
        "ready: {wanted} nodes connected after {:.1} s; memory {} MiB",
        began.elapsed().as_secs_f64(),
        peak_memory_mib()
    ));
    Ok(())
}

async fn enrol_all(
    options: &Options,
    registrar: &Registrar,
    around: &Arc<Surroundings>,
    nodes: &mut JoinSet<()>,
    stop: &CancellationToken,
) -> Result<(), SimError> {
    let profiles = (0..options.nodes).map(|number| Profile::new(&options.name_prefix, options.seed, number));
    let enrolments = profiles.map(|profile| async {
        let identity = registrar.enrol(&profile).await?;
        Ok((profile, identity))
    });
    let mut enrolments = futures_util::stream::iter(enrolments).buffer_unordered(ENROLMENTS_AT_ONCE);
    while let Some(enrolled) = enrolments.next().await {
        let (profile, identity) = enrolled?;
        around.board.enrolled.add_one();
        let replicas = Replicas::new(options.phase(), options.replica_bytes());
        nodes.spawn(Node::new(profile, identity, replicas, Arc::clone(around)).live(stop.clone()));
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, SimError> {
    let fail = |source| SimError::File { path: path.to_owned(), source };
    let bytes = std::fs::metadata(path).map_err(fail)?.len();
    if bytes > INPUT_FILE_MAX_BYTES {
        return Err(SimError::Content { path: path.to_owned(), why: "too large to be what it should be" });
    }
    let text = std::fs::read_to_string(path).map_err(fail)?;
    match text.trim().is_empty() {
        true => Err(SimError::Content { path: path.to_owned(), why: "empty" }),
        false => Ok(text),
    }
}
