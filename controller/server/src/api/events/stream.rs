//! One stream: what changed, as far as its reader may know, as long as its session or key holds.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::response::sse::Event;
use cloister_api::{ChangedTopics, Hello, Topic};
use futures_util::Stream;
use http::HeaderMap;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};
use tokio_stream::wrappers::ReceiverStream;

use super::places::Place;
use super::topics::{Versions, needed};
use crate::api::auth::{Caller, still};
use crate::api::{ApiError, ApiState};
use crate::limits::EVENT_CHECK_INTERVAL;

/// Events that wait for a reader: the first one, and one more. Whatever else changes meanwhile goes into the next.
const QUEUE_MAX: usize = 2;

/// Who reads, and by what right.
pub(in crate::api) struct Reader {
    pub(in crate::api) caller: Caller,
    pub(in crate::api) headers: HeaderMap,
    pub(in crate::api) address: Option<SocketAddr>,
}

/// The events of one stream. It ends with the reader's session or key, and when the controller stops.
pub(in crate::api) fn open(
    api: &ApiState,
    reader: Reader,
) -> Result<impl Stream<Item = Result<Event, Infallible>> + use<>, ApiError> {
    let place = api.events().places.take(reader.caller.standing())?;
    let (out, events) = mpsc::channel(QUEUE_MAX);
    let mut news = api.events().versions.subscribe();
    let told = news.borrow_and_update().look();
    let telling = Telling { api: api.clone(), reader, news, told, own_changed: false, _place: place };
    tokio::spawn(telling.run(out));
    Ok(ReceiverStream::new(events))
}

struct Telling {
    api: ApiState,
    reader: Reader,
    news: watch::Receiver<Versions>,
    /// The look up to which everything is told.
    told: u64,
    /// The reader's own roles changed, and it is not told yet.
    own_changed: bool,
    _place: Place,
}

type Out = mpsc::Sender<Result<Event, Infallible>>;
/// Room for one event.
type Room<'a> = mpsc::Permit<'a, Result<Event, Infallible>>;

impl Telling {
    /// Apart from the connection: a reader that takes nothing does not keep the session from being looked at.
    async fn run(mut self, out: Out) {
        let stop = self.api.events().stop.clone();
        if out.send(Ok(self.hello())).await.is_err() {
            return;
        }
        let mut check = interval(EVENT_CHECK_INTERVAL);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_sure = true;
        loop {
            let room = tokio::select! {
                () = stop.cancelled() => return,
                () = out.closed() => return,
                _ = check.tick() => None,
                room = self.news(&out), if is_sure => Some(room),
            };
            let admitted = self.is_admitted().await;
            is_sure = admitted.is_ok();
            match (admitted, room) {
                (Ok(true), Some(room)) => self.tell(room),
                (Ok(true), None) => {}
                (Ok(false), _) => return,
                // Whether the session holds is not known now: nothing is told before it is asked again.
                (Err(error), _) => tracing::debug!(%error, "a stream of events waits"),
            }
        }
    }

    fn hello(&self) -> Event {
        let controller_id = self.api.ledger().controller_id().to_owned();
        let hello = Hello { controller_id, started_at: self.api.started_at().to_string() };
        event("hello", self.told, &hello)
    }

    /// Waits until there is something to tell, and then until the reader takes it.
    async fn news<'a>(&mut self, out: &'a Out) -> Room<'a> {
        if !self.own_changed {
            // Its sender lives as long as the API, which this holds.
            let _ = self.news.wait_for(|versions| versions.look() != self.told).await;
        }
        match out.reserve().await {
            Ok(room) => room,
            // Whoever waits for this waits for that, too.
            Err(_) => std::future::pending().await,
        }
    }

    /// Asks again who reads. False if they may not any more.
    async fn is_admitted(&mut self) -> Result<bool, ApiError> {
        let Some(caller) = still(&self.api, &self.reader.headers, self.reader.address).await? else {
            return Ok(false);
        };
        self.own_changed |= caller.roles() != self.reader.caller.roles();
        self.reader.caller = caller;
        Ok(true)
    }

    fn tell(&mut self, room: Room<'_>) {
        let mut topics = {
            let versions = self.news.borrow_and_update();
            let topics = versions.since(self.told);
            self.told = versions.look();
            topics
        };
        topics.retain(|topic| needed(*topic).is_none_or(|action| self.reader.caller.may(action)));
        if std::mem::take(&mut self.own_changed) {
            topics.insert(Topic::Session);
        }
        if !topics.is_empty() {
            let changed = ChangedTopics { topics: topics.into_iter().collect() };
            room.send(Ok(event("changed", self.told, &changed)));
        }
    }
}

fn event(name: &str, look: u64, data: &impl serde::Serialize) -> Event {
    let event = Event::default().event(name).id(look.to_string());
    event.json_data(data).expect("names and numbers are always JSON on one line")
}
