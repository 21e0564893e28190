//! One link per controller: a session and a tunnel, with a back-off of their own.

mod roster;

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::address::{self, Target};
use crate::channel::controller_channel;
use crate::controllers::Controllers;
use crate::limits::RESOLVE_INTERVAL;
use crate::link::LinkError;
use crate::session::{Node, Session};
use crate::tunnel::Tunnel;
use roster::Roster;

/// Links this node with every controller that the names of `urls` lead to.
pub(crate) struct Links {
    pub(crate) node: Arc<Node>,
    /// `https://host:port` each.
    pub(crate) urls: Vec<String>,
}

type Ended = (Target, Result<(), LinkError>);

impl Links {
    /// Links until told to stop. While all controllers are away replicas keep running.
    ///
    /// # Errors
    ///
    /// The fleet does not want this node: a controller that looked it up says so, or every one turns it away
    /// for whatever reason. One controller with a wrong clock or certificate does not stop a node that others
    /// work with.
    pub(crate) async fn run(&self, stop: &CancellationToken) -> Result<(), LinkError> {
        let mut listed = address::follow(self.urls.clone());
        let (mut roster, mut links) = (Roster::default(), JoinSet::<Ended>::new());
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Ok(()) = listed.changed() => {}
                // An address that was turned down waits for nothing but time.
                () = tokio::time::sleep(RESOLVE_INTERVAL) => {}
                Some(ended) = links.join_next() => self.judge(&mut roster, ended)?,
            }
            let targets: BTreeSet<Target> = listed.borrow_and_update().clone();
            for (target, listed) in roster.follow(&targets, Instant::now()) {
                links.spawn(link(Arc::clone(&self.node), target, listed, stop.clone()));
            }
        }
        while links.join_next().await.is_some() {}
        Ok(())
    }

    fn judge(&self, roster: &mut Roster, ended: Result<Ended, JoinError>) -> Result<(), LinkError> {
        let Ok((target, verdict)) = ended else {
            tracing::error!("a link's task ended badly");
            return Ok(());
        };
        let Err(error) = verdict else {
            roster.ended(&target);
            return Ok(());
        };
        roster.turned_away(&target, Instant::now());
        if error.speaks_for_the_fleet() || roster.nobody_is_left() {
            return Err(error);
        }
        tracing::error!("{error}; other controllers may still take this node, and its replicas keep running");
        Ok(())
    }
}

async fn link(
    node: Arc<Node>,
    target: Target,
    listed: watch::Receiver<bool>,
    stop: CancellationToken,
) -> Ended {
    let (channel, controller) = controller_channel();
    let (workers, work) = (Arc::clone(node.supervisor.workers()), Arc::clone(&node.work));
    let tunnel = Tunnel { controller, workers, work };
    let _entry = Entry { controllers: node.controllers.clone(), target: target.clone() };
    let mut session = Session { node, target: target.clone(), channel, listed };
    let turned_away = stop.child_token();
    let ended = {
        let (turned_away, hang_up) = (turned_away.clone(), turned_away.clone());
        let session = async move {
            let ended = session.run(&stop).await;
            // Its publisher ends with it: a tunnel that still carries answers then is the last one.
            drop(session);
            if ended.is_err() {
                turned_away.cancel();
            }
            ended
        };
        tokio::join!(session, tunnel.run(&hang_up)).0
    };
    (target, ended)
}

/// Takes the link out of the table of controllers, however it ends.
struct Entry {
    controllers: Controllers,
    target: Target,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.controllers.leave(&self.target);
    }
}
