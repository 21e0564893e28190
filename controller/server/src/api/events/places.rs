//! How many streams are open, and whose.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloister_api::ProblemKind;

use crate::api::ApiError;
use crate::limits::{EVENT_STREAMS_MAX, EVENT_STREAMS_PER_CALLER_MAX};

/// Streams by session or key. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Places(Arc<Mutex<HashMap<String, usize>>>);

/// The right to one stream; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    of: String,
}

impl Places {
    pub(super) fn take(&self, of: &str) -> Result<Place, ApiError> {
        let mut open = self.lock();
        if open.values().sum::<usize>() >= EVENT_STREAMS_MAX {
            return Err(too_many(format!(
                "{EVENT_STREAMS_MAX} streams of events are open at this controller, the most there may be; ask for what \
                 you show every few seconds instead"
            )));
        }
        let own = open.entry(of.to_owned()).or_default();
        if *own >= EVENT_STREAMS_PER_CALLER_MAX {
            return Err(too_many(format!(
                "{EVENT_STREAMS_PER_CALLER_MAX} streams of events are open with this session or key, the most there may \
                 be; close one first"
            )));
        }
        *own += 1;
        Ok(Place { places: self.clone(), of: of.to_owned() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        // Each change of it is a single statement: it is whole, whoever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.places.lock();
        if let Some(own) = open.get_mut(&self.of) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                open.remove(&self.of);
            }
        }
    }
}

fn too_many(detail: String) -> ApiError {
    ApiError::new(ProblemKind::TooManyRequests, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_for_each_caller_and_for_all_and_come_back() {
        let places = Places::default();
        let mut own: Vec<_> = (0..EVENT_STREAMS_PER_CALLER_MAX).map(|_| places.take("a").unwrap()).collect();
        assert!(places.take("a").unwrap_err().to_string().contains("this session or key"));
        let others = EVENT_STREAMS_MAX - EVENT_STREAMS_PER_CALLER_MAX;
        let all: Vec<_> = (0..others).map(|n| places.take(&format!("caller-{n}")).unwrap()).collect();
        assert!(places.take("b").unwrap_err().to_string().contains("at this controller"));
        own.pop();
        assert!(places.take("b").is_ok());
        drop((own, all));
        assert!(places.lock().is_empty(), "nothing is kept of those who left");
    }
}
