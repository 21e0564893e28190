//! The inferences that one tunnel carries.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use tonic::Code;

use crate::limits::INFERENCES_MAX;

const REQUEST_ID_MAX_BYTES: usize = 128;

type Table = Arc<Mutex<HashMap<String, CancellationToken>>>;

/// By request id. Dropping it cancels them all.
#[derive(Debug, Default)]
pub(crate) struct Active {
    table: Table,
}

/// An admitted inference's place in the table; dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct Ticket {
    table: Table,
    id: String,
    pub(crate) cancel: CancellationToken,
}

pub(crate) enum Admission {
    Admitted(Ticket),
    Refused(Code, &'static str),
}

impl Active {
    pub(crate) fn admit(&self, id: &str) -> Admission {
        if id.is_empty() || id.len() > REQUEST_ID_MAX_BYTES {
            return Admission::Refused(Code::InvalidArgument, "a request id has 1 to 128 bytes");
        }
        let mut table = lock(&self.table);
        if table.contains_key(id) {
            return Admission::Refused(Code::AlreadyExists, "a request with this id is running on this node");
        }
        if table.len() >= INFERENCES_MAX {
            return Admission::Refused(
                Code::ResourceExhausted,
                "this node carries as many requests as it can",
            );
        }
        let cancel = CancellationToken::new();
        table.insert(id.to_owned(), cancel.clone());
        Admission::Admitted(Ticket { table: Arc::clone(&self.table), id: id.to_owned(), cancel })
    }

    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.table).is_empty()
    }

    /// One that has ended already is no error: the cancel and its last event crossed on the way.
    pub(crate) fn cancel(&self, id: &str) {
        if let Some(token) = lock(&self.table).get(id) {
            token.cancel();
        }
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        for token in lock(&self.table).values() {
            token.cancel();
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        lock(&self.table).remove(&self.id);
    }
}

fn lock(table: &Table) -> MutexGuard<'_, HashMap<String, CancellationToken>> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(active: &Active, id: &str) -> Result<Ticket, Code> {
        match active.admit(id) {
            Admission::Admitted(ticket) => Ok(ticket),
            Admission::Refused(code, _) => Err(code),
        }
    }

    #[test]
    fn an_id_is_taken_while_its_request_runs_and_free_again_afterwards() {
        let active = Active::default();
        let first = admit(&active, "a").unwrap();
        assert_eq!(admit(&active, "a").unwrap_err(), Code::AlreadyExists);
        drop(first);
        assert!(admit(&active, "a").is_ok());
    }

    #[test]
    fn a_lost_tunnel_cancels_what_it_carried_and_a_cancel_only_its_own() {
        let active = Active::default();
        let (a, b) = (admit(&active, "a").unwrap(), admit(&active, "b").unwrap());
        active.cancel("a");
        active.cancel("unknown");
        assert!(a.cancel.is_cancelled() && !b.cancel.is_cancelled());
        drop(active);
        assert!(b.cancel.is_cancelled());
    }

    #[test]
    fn there_is_a_limit() {
        let active = Active::default();
        let tickets: Vec<_> =
            (0..INFERENCES_MAX).map(|id| admit(&active, &id.to_string()).unwrap()).collect();
        assert_eq!(admit(&active, "one more").unwrap_err(), Code::ResourceExhausted);
        drop(tickets);
        assert!(admit(&active, "one more").is_ok());
        assert_eq!(admit(&active, "").unwrap_err(), Code::InvalidArgument);
        assert_eq!(admit(&active, &"x".repeat(129)).unwrap_err(), Code::InvalidArgument);
    }
}
