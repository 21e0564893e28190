//! The one look for all streams: what is otherwise than it was a moment ago.

use std::sync::Arc;
use std::time::Instant;

use cloister_api::{Import, Topic};
use cloister_scheduler::Plan;
use cloister_store::{Head, StoreError};
use jiff::{SignedDuration, Timestamp};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::told::{self, Told};
use super::topics::Topics;
use crate::api::ApiState;
use crate::fleet::LiveNodes;
use crate::limits::{EVENT_LOOK_INTERVAL, EVENT_LOOK_PAUSE, EVENT_RECORDS_MAX, EVENT_SESSIONS_INTERVAL};

impl ApiState {
    /// Tells all streams what changed, until `stop`. Woken by every change that is known here; looks once a second in
    /// any case, because nodes and imports report figures without waking anybody, and another controller's word may
    /// be lost.
    pub(crate) async fn tell_changes(self, stop: CancellationToken) {
        let mut woken = self.fleet().shared.subscribe();
        let mut second = interval(EVENT_LOOK_INTERVAL);
        second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = Seen::default();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = second.tick() => {}
                // Its sender lives as long as the fleet, which this holds.
                _ = woken.changed() => {}
            }
            if !self.events().has_readers() {
                continue;
            }
            // What is asked for after this must be answered from the change that is told.
            self.fleet().settle().await;
            match seen.look(&self).await {
                Ok(topics) => self.events().tell(&topics),
                // Whoever asks is told; the next look finds what this one missed.
                Err(error) => tracing::debug!(%error, "what changed cannot be found out now"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(EVENT_LOOK_PAUSE) => {}
            }
        }
    }
}

/// What the last look found.
#[derive(Default)]
struct Seen {
    head: Option<Head>,
    nodes: Arc<LiveNodes>,
    plan: Arc<Plan>,
    imports: Vec<Import>,
    sessions: Vec<(String, Timestamp)>,
    sessions_at: Option<Instant>,
    /// What changed and is not told yet: figures that wait, and what was found before something could not be read.
    untold: Told,
    figures_told_at: Option<Instant>,
}

impl Seen {
    /// What is to be told now.
    async fn look(&mut self, api: &ApiState) -> Result<Topics, StoreError> {
        let now = Instant::now();
        let (nodes, imports) = (self.nodes(api), self.imports(api));
        self.untold.add(nodes);
        self.untold.add(imports);
        let records = self.records(api).await?;
        self.untold.add(records);
        let sessions = self.sessions(api, now).await?;
        self.untold.add(sessions);
        let mut topics = std::mem::take(&mut self.untold.state);
        if is_over(self.figures_told_at, EVENT_LOOK_INTERVAL, now) && !self.untold.figures.is_empty() {
            self.figures_told_at = Some(now);
            topics.append(&mut self.untold.figures);
        }
        Ok(topics)
    }

    /// Every change has a record; so the new records tell, whichever controller wrote them.
    async fn records(&mut self, api: &ApiState) -> Result<Told, StoreError> {
        let head = api.store().head().await?;
        let Some(before) = &self.head else {
            self.head = Some(head);
            return Ok(Told::everything());
        };
        if *before == head {
            return Ok(Told::default());
        }
        let told = match head.size.checked_sub(before.size) {
            Some(0) => Told { figures: Topics::from([Topic::Audit]), ..Told::default() },
            Some(new) if new <= EVENT_RECORDS_MAX => {
                let kinds = api.store().record_kinds_between(before.size, head.size).await?;
                told::by_records(kinds.iter().map(String::as_str))
            }
            _ => Told::everything(),
        };
        self.head = Some(head);
        Ok(told)
    }

    /// A session's use and its end by not being used have no record.
    async fn sessions(&mut self, api: &ApiState, now: Instant) -> Result<Told, StoreError> {
        if !is_over(self.sessions_at, EVENT_SESSIONS_INTERVAL, now) {
            return Ok(Told::default());
        }
        let (time, idle) = (Timestamp::now(), SignedDuration::try_from(api.sessions().idle));
        let idle = idle.unwrap_or(SignedDuration::MAX);
        let open = api.store().open_sessions(time).await?;
        let open = open.into_iter().filter(|session| time.duration_since(session.last_seen_at) < idle);
        let sessions: Vec<_> = open.map(|session| (session.id, session.last_seen_at)).collect();
        self.sessions_at = Some(now);
        let differ = std::mem::replace(&mut self.sessions, sessions) != self.sessions;
        Ok(figures(differ, Topic::Sessions))
    }

    fn nodes(&mut self, api: &ApiState) -> Told {
        let nodes = api.fleet().live();
        let mut told = told::by_nodes(&self.nodes, &nodes);
        self.nodes = nodes;
        // Why a replica is where it is hangs on what the scheduler found last.
        let plan = Arc::clone(&api.fleet().shared.plan.borrow());
        told.add(figures(std::mem::replace(&mut self.plan, Arc::clone(&plan)) != plan, Topic::Replicas));
        told
    }

    fn imports(&mut self, api: &ApiState) -> Told {
        let imports = api.imports().list();
        let phases = |imports: &[Import]| -> Vec<_> {
            imports.iter().map(|import| (import.id.clone(), import.phase)).collect()
        };
        let before = std::mem::replace(&mut self.imports, imports);
        let mut told = figures(before != self.imports, Topic::Imports);
        if phases(&before) != phases(&self.imports) {
            told.state.insert(Topic::Imports);
        }
        told
    }
}

fn figures(differ: bool, topic: Topic) -> Told {
    let figures = differ.then_some(topic).into_iter().collect();
    Told { figures, ..Told::default() }
}

fn is_over(since: Option<Instant>, time: std::time::Duration, now: Instant) -> bool {
    since.is_none_or(|since| now.saturating_duration_since(since) >= time)
}
