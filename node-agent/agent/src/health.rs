//! Whether the agent of a folder is well: asked of the agent itself, over a Unix socket in its run folder.
//!
//! Only an agent whose executor still turns answers, so a hung process is told from a busy one, and nothing is
//! written anywhere while nobody asks.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{anyhow, bail};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::cli::HealthArgs;
use crate::controllers::Controllers;
use crate::limits::{HEALTH_MAX_BYTES, HEALTH_TIMEOUT};
use crate::supervisor::Supervisor;

/// No replica's socket has this name: those end in ".sock".
const SOCKET: &str = "agent.health";

/// What an agent says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Health {
    version: String,
    /// Controllers that it is in session with.
    sessions: usize,
    stopping: bool,
    /// Whether it has taken up what it ran before it was started.
    taken_up: bool,
}

/// Says once that the agent has taken up what it ran before. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct TakenUp(Arc<AtomicBool>);

impl TakenUp {
    /// Waits until `supervisor` has taken up its first order. Later orders take nothing back: a node that loads
    /// one more model is as ready as before.
    pub(crate) async fn follow(self, supervisor: Arc<Supervisor>) {
        supervisor.taken_up().await;
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Asks the agent, and says in one line how it is.
///
/// # Errors
///
/// No agent answers in time; with `ready`, it is in session with no controller, has not taken up what it ran
/// before, or is stopping.
#[expect(clippy::print_stdout, reason = "the answer of a command")]
pub fn run(args: &HealthArgs) -> anyhow::Result<()> {
    let health = ask(&args.data).map_err(|error| {
        anyhow!("no agent answers in {}: {error}. Is it running, and with this --data?", args.data.display())
    })?;
    if args.ready && health.stopping {
        bail!("the agent is stopping");
    }
    if args.ready && health.sessions == 0 {
        bail!("the agent is in session with no controller; its log says why");
    }
    if args.ready && !health.taken_up {
        bail!("the agent is still loading what it ran before it was started");
    }
    println!("the agent is well, in session with {} controllers", health.sessions);
    Ok(())
}

fn ask(data: &Path) -> io::Result<Health> {
    let mut stream = UnixStream::connect(socket(&run_directory(&data.canonicalize()?)))?;
    stream.set_read_timeout(Some(HEALTH_TIMEOUT))?;
    let mut answer = Vec::new();
    stream.by_ref().take(HEALTH_MAX_BYTES).read_to_end(&mut answer)?;
    serde_json::from_slice(&answer).map_err(io::Error::from)
}

/// A folder whose path is too long for sockets has a link in place of its run folder.
fn run_directory(root: &Path) -> PathBuf {
    let run = root.join("run");
    std::fs::read_link(&run).unwrap_or(run)
}

fn socket(run_directory: &Path) -> PathBuf {
    run_directory.join(SOCKET)
}

/// Answers whoever asks, until the returned guard is dropped. The folder's mode says who can ask.
///
/// # Errors
///
/// The socket cannot be made.
pub(crate) fn serve(
    run_directory: &Path,
    controllers: Controllers,
    taken_up: TakenUp,
    stop: CancellationToken,
) -> io::Result<DropGuard> {
    let path = socket(run_directory);
    crate::files::remove_stale(&path)?;
    let listener = UnixListener::bind(&path)?;
    let answering = async move {
        loop {
            let Ok((mut stream, _)) = listener.accept().await else {
                // Out of descriptors, say: that passes, and must not spin.
                tokio::time::sleep(HEALTH_TIMEOUT).await;
                continue;
            };
            let health = Health {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                sessions: controllers.count(),
                stopping: stop.is_cancelled(),
                taken_up: taken_up.0.load(Ordering::Relaxed),
            };
            let answer = serde_json::to_vec(&health).unwrap_or_default();
            // Whoever does not read does not keep others from asking.
            let _ = tokio::time::timeout(HEALTH_TIMEOUT, stream.write_all(&answer)).await;
        }
    };
    let end = CancellationToken::new();
    let guard = end.clone().drop_guard();
    tokio::spawn(async move {
        tokio::select! {
            () = end.cancelled() => {}
            () = answering => {}
        }
    });
    Ok(guard)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(data: &Path, ready: bool) -> Result<(), String> {
        let args = HealthArgs { data: data.to_owned(), ready };
        let asking = tokio::task::spawn_blocking(move || run(&args).map_err(|error| error.to_string()));
        asking.await.unwrap()
    }

    #[tokio::test]
    async fn an_agent_is_well_before_it_is_ready_and_not_at_all_when_it_is_gone() {
        let data = tempfile::tempdir().unwrap();
        assert!(asked(data.path(), false).await.unwrap_err().contains("no agent answers in "));
        std::fs::create_dir(data.path().join("run")).unwrap();
        let (controllers, stop) = (Controllers::default(), CancellationToken::new());
        let taken_up = TakenUp::default();
        let run_folder = data.path().join("run");
        let serving = serve(&run_folder, controllers.clone(), taken_up.clone(), stop.clone()).unwrap();
        assert_eq!(asked(data.path(), false).await, Ok(()));
        assert!(asked(data.path(), true).await.unwrap_err().contains("in session with no controller"));

        let address = ([127, 0, 0, 1], 1).into();
        let target = crate::address::Target { url: "https://127.0.0.1:1".into(), address };
        let channel = tonic::transport::Endpoint::from_static("http://127.0.0.1:1").connect_lazy();
        controllers.enter(&target, channel, "", 0).unwrap();
        assert!(asked(data.path(), true).await.unwrap_err().contains("still loading"));
        taken_up.0.store(true, Ordering::Relaxed);
        assert_eq!(asked(data.path(), true).await, Ok(()));
        stop.cancel();
        assert!(asked(data.path(), true).await.unwrap_err().contains("is stopping"));
        assert_eq!(asked(data.path(), false).await, Ok(()));
        drop(serving);
        while asked(data.path(), false).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }
}
