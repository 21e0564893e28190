//! One link's connection that is in force, for its tunnel.

use tokio::sync::watch;
use tonic::transport::Channel;

/// Where the session publishes its connection.
#[derive(Debug)]
pub(crate) struct ChannelPublisher(watch::Sender<Option<Channel>>);

/// Where the tunnel finds it.
#[derive(Debug, Clone)]
pub(crate) struct ControllerChannel(watch::Receiver<Option<Channel>>);

pub(crate) fn controller_channel() -> (ChannelPublisher, ControllerChannel) {
    let (sender, receiver) = watch::channel(None);
    (ChannelPublisher(sender), ControllerChannel(receiver))
}

impl ChannelPublisher {
    /// `None` while there is no session.
    pub(crate) fn publish(&self, channel: Option<Channel>) {
        self.0.send_replace(channel);
    }
}

impl ControllerChannel {
    /// The connection in force, now or when there is one; `None` when there will never be one again.
    pub(crate) async fn connected(&mut self) -> Option<Channel> {
        let channel = self.0.wait_for(Option::is_some).await.ok()?;
        channel.clone()
    }

    /// Returns when a newer connection is in force than the one seen last. Losing the session is not that: a
    /// stream on the old connection tells its own end.
    pub(crate) async fn replaced(&mut self) {
        loop {
            if self.0.changed().await.is_err() {
                // The session is over: nothing will change any more.
                std::future::pending::<()>().await;
            }
            if self.0.borrow_and_update().is_some() {
                return;
            }
        }
    }
}
