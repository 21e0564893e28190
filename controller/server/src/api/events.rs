//! Whoever shows the fleet is told which things changed, and asks for them: what somebody may see is decided where it
//! is asked for, and only there.
//!
//! One look for the whole controller ([`look`]) finds out; each stream ([`stream`]) tells its reader what changed since
//! it last told something. A reader that is slow is told of more at once, and nothing piles up.

mod look;
mod places;
mod stream;
mod told;
mod topics;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(super) use stream::{Reader, open};

use places::Places;
use topics::{Topics, Versions};

/// All streams of a controller.
pub(super) struct Events {
    versions: watch::Sender<Versions>,
    places: Places,
    stop: CancellationToken,
}

impl Events {
    pub(super) fn new() -> Self {
        Self { versions: watch::Sender::default(), places: Places::default(), stop: CancellationToken::new() }
    }

    /// Ends all streams, and those that are opened from now on.
    pub(super) fn end(&self) {
        self.stop.cancel();
    }

    /// Whether anybody would hear what changed.
    fn has_readers(&self) -> bool {
        self.versions.receiver_count() > 0
    }

    fn tell(&self, topics: &Topics) {
        if !topics.is_empty() {
            self.versions.send_modify(|versions| versions.change(topics));
        }
    }
}
