//! Whether the records, taken in their order, tell one possible story.

mod inferences;

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::failure::{Failure, Place, Tampered};
use crate::{
    file::EvidenceKind,
    limits::MAX_BOOTS,
    record::{Kind, Record},
};
use inferences::Inferences;

/// What was seen so far.
#[derive(Debug)]
pub(super) struct History {
    origin: String,
    pub(super) inferences: Inferences,
    pub(super) counts: BTreeMap<String, u64>,
    pub(super) first_time: Option<Timestamp>,
    pub(super) last_time: Option<Timestamp>,
    /// How often a record has an earlier wall-clock time than the one before it.
    pub(super) clock_steps_back: u64,
    boots: HashMap<String, Boot>,
}

/// What is known of a controller process.
#[derive(Debug)]
struct Boot {
    /// Its own clock, at its last record.
    mono_us: u64,
    stopped: bool,
}

impl History {
    pub(super) fn new(kind: EvidenceKind, origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            inferences: Inferences::new(kind),
            counts: BTreeMap::new(),
            first_time: None,
            last_time: None,
            clock_steps_back: 0,
            boots: HashMap::new(),
        }
    }

    pub(super) fn records(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Number of controller processes that wrote the records.
    pub(super) fn boots(&self) -> u64 {
        self.boots.len() as u64
    }

    /// Open inferences that began under a controller process that has stopped.
    pub(super) fn abandoned(&self) -> u64 {
        self.inferences.open_of_boots(|boot| self.boots.get(boot).is_some_and(|boot| boot.stopped))
    }

    /// Takes the leaf at `index`.
    pub(super) fn take(&mut self, place: Place, index: u64, leaf: &[u8]) -> Result<(), Failure> {
        let record = Record::parse(leaf).map_err(|error| Tampered::new(place, error.to_string()))?;
        self.check_place(place, index, &record)?;
        self.check_time(place, &record)?;
        self.check_boot(place, &record)?;
        self.inferences.take(place, &record)?;
        *self.counts.entry(record.draft.kind.to_string()).or_default() += 1;
        Ok(())
    }

    fn check_place(&self, place: Place, index: u64, record: &Record) -> Result<(), Tampered> {
        if record.log != self.origin {
            let what = "this record says it belongs to another log";
            return Err(Tampered::new(place, what).differs(&self.origin, &record.log));
        }
        if record.seq != index {
            let what = "another record stands in this place: records were removed, added or moved";
            return Err(Tampered::new(place, what)
                .differs(format!("record {index}"), format!("record {}", record.seq)));
        }
        if record.id.parse::<ulid::Ulid>().is_err() {
            return Err(Tampered::new(place, "the identifier of this record is not a ULID"));
        }
        Ok(())
    }

    fn check_time(&mut self, place: Place, record: &Record) -> Result<(), Tampered> {
        let time: Timestamp = record
            .time
            .parse()
            .map_err(|_| Tampered::new(place, "the time of this record is not an RFC 3339 time"))?;
        if self.last_time.is_some_and(|last| time < last) {
            self.clock_steps_back += 1;
        }
        self.first_time.get_or_insert(time);
        self.last_time = Some(time);
        Ok(())
    }

    /// The own clock of each controller process never runs backwards, and one that has stopped writes no
    /// more. Several may write at the same time.
    fn check_boot(&mut self, place: Place, record: &Record) -> Result<(), Failure> {
        let stopped = record.draft.kind == Kind::ControllerStopped;
        if let Some(boot) = self.boots.get_mut(&record.boot) {
            if boot.stopped {
                let what = "a controller process that had stopped wrote this record";
                return Err(Tampered::new(place, what).into());
            }
            if record.mono_us < boot.mono_us {
                let what = "the controller's own clock runs backwards here (microseconds since its start)";
                let expected = format!("at least {}", boot.mono_us);
                return Err(Tampered::new(place, what).differs(expected, record.mono_us).into());
            }
            *boot = Boot { mono_us: record.mono_us, stopped };
            return Ok(());
        }
        if self.boots.len() >= MAX_BOOTS {
            return Err(Failure::TooMuchToRemember { what: "controller processes", limit: MAX_BOOTS });
        }
        self.boots.insert(record.boot.clone(), Boot { mono_us: record.mono_us, stopped });
        Ok(())
    }
}
