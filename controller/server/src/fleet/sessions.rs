//! Which nodes are connected: at most one session and one tunnel each, the newest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::NodeId;
use super::output::OutputDesk;
use super::tunnel::Tunnel;

#[derive(Default)]
pub(super) struct Sessions {
    connected: Mutex<HashMap<NodeId, Connected>>,
}

#[derive(Default)]
struct Connected {
    session: Option<SessionEnd>,
    /// Of the session, if its agent can be asked what its workers wrote.
    desk: Option<Arc<OutputDesk>>,
    tunnel: Option<Arc<Tunnel>>,
}

/// Why a session is to end, told to it by whoever ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EndReason {
    Replaced,
    Revoked,
    /// The node was enrolled anew: whoever holds the earlier certificate is out.
    EnrolledAgain,
    Stopping,
}

/// A switch that ends one session, with the reason.
#[derive(Debug, Clone, Default)]
pub(super) struct SessionEnd {
    token: CancellationToken,
    reason: Arc<Mutex<Option<EndReason>>>,
}

impl SessionEnd {
    fn end(&self, reason: EndReason) {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
        self.token.cancel();
    }

    pub(super) async fn ended(&self) -> EndReason {
        self.token.cancelled().await;
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or(EndReason::Stopping)
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.reason, &other.reason)
    }
}

impl Sessions {
    /// Registers a session; an older one of the node ends.
    pub(super) fn open_session(&self, node_id: &str) -> SessionEnd {
        let end = SessionEnd::default();
        let mut connected = self.connected();
        let node = connected.entry(node_id.to_owned()).or_default();
        if let Some(older) = node.session.replace(end.clone()) {
            older.end(EndReason::Replaced);
        }
        close_desk(node);
        end
    }

    /// Questions for the node go through `desk` from now on, unless a newer session has taken over already.
    pub(super) fn open_desk(&self, node_id: &str, end: &SessionEnd, desk: Arc<OutputDesk>) {
        if let Some(node) = self.connected().get_mut(node_id)
            && node.session.as_ref().is_some_and(|current| current.is(end))
        {
            node.desk = Some(desk);
        }
    }

    pub(super) fn desk(&self, node_id: &str) -> Option<Arc<OutputDesk>> {
        self.connected().get(node_id)?.desk.clone()
    }

    /// Forgets a session that is over; `false` if a newer one has taken its place, or if it was
    /// ended from here: then whoever ended it has seen to the rest.
    pub(super) fn close_session(&self, node_id: &str, end: &SessionEnd) -> bool {
        let mut connected = self.connected();
        let Some(node) = connected.get_mut(node_id) else { return false };
        if node.session.as_ref().is_some_and(|current| !current.is(end)) {
            return false;
        }
        node.session = None;
        close_desk(node);
        true
    }

    pub(super) fn open_tunnel(&self, node_id: &str, tunnel: Arc<Tunnel>) {
        let mut connected = self.connected();
        let node = connected.entry(node_id.to_owned()).or_default();
        if let Some(older) = node.tunnel.replace(tunnel) {
            older.end();
        }
    }

    pub(super) fn close_tunnel(&self, node_id: &str, tunnel: &Arc<Tunnel>) {
        tunnel.end();
        if let Some(node) = self.connected().get_mut(node_id) {
            node.tunnel.take_if(|current| Arc::ptr_eq(current, tunnel));
        }
    }

    pub(super) fn tunnel(&self, node_id: &str) -> Option<Arc<Tunnel>> {
        self.connected().get(node_id)?.tunnel.clone()
    }

    /// Ends session and tunnel of every node that `gone` names.
    pub(super) fn end_where(&self, gone: impl Fn(&str) -> bool, reason: EndReason) {
        let mut connected = self.connected();
        for (_, mut node) in connected.extract_if(|node_id, _| gone(node_id)) {
            close_desk(&mut node);
            if let Some(session) = node.session {
                session.end(reason);
            }
            if let Some(tunnel) = node.tunnel {
                tunnel.end();
            }
        }
    }

    /// Inferences that are running now, on all nodes.
    pub(super) fn in_flight(&self) -> usize {
        self.connected().values().filter_map(|node| node.tunnel.as_ref()).map(|t| t.in_flight()).sum()
    }

    fn connected(&self) -> MutexGuard<'_, HashMap<NodeId, Connected>> {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn close_desk(node: &mut Connected) {
    if let Some(desk) = node.desk.take() {
        desk.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_newer_session_replaces_an_older_one_and_outlives_its_end() {
        let sessions = Sessions::default();
        let older = sessions.open_session("n");
        let newer = sessions.open_session("n");
        assert_eq!(older.ended().await, EndReason::Replaced);
        assert!(!sessions.close_session("n", &older), "the older one must not take the newer one down");
        assert!(sessions.close_session("n", &newer));
    }

    #[tokio::test]
    async fn revoking_a_node_ends_its_session_and_tunnel_alone() {
        let sessions = Sessions::default();
        let (bad, good) = (sessions.open_session("bad"), sessions.open_session("good"));
        let (tunnel, _messages) = Tunnel::open();
        sessions.open_tunnel("bad", Arc::clone(&tunnel));
        sessions.end_where(|node_id| node_id == "bad", EndReason::Revoked);
        assert_eq!(bad.ended().await, EndReason::Revoked);
        assert!(tunnel.ended.is_cancelled());
        assert!(sessions.tunnel("bad").is_none());
        assert!(!good.token.is_cancelled());
    }
}
