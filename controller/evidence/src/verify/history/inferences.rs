//! Every inference is announced before it runs and closed once: the two records must agree.

use std::collections::{HashMap, HashSet};

use crate::{
    file::EvidenceKind,
    limits::MAX_OPEN_INFERENCES,
    record::{Inference, Kind, Params, Record},
    verify::failure::{Failure, Place, Tampered},
};

/// What a *requested* record announced, kept until it is closed.
#[derive(Debug)]
struct Announced {
    boot: String,
    facts: Facts,
}

/// What the request and the record that closes it both say.
#[derive(Debug, PartialEq)]
struct Facts {
    model_digest: String,
    prompt_commitment: String,
    deployment: String,
    operation: String,
    protocol: String,
    params: Params,
}

impl From<&Inference> for Facts {
    fn from(inference: &Inference) -> Self {
        Self {
            model_digest: inference.model_digest.clone(),
            prompt_commitment: inference.prompt_commitment.clone(),
            deployment: inference.deployment.clone(),
            operation: inference.operation.clone(),
            protocol: inference.protocol.clone(),
            params: inference.params.clone(),
        }
    }
}

/// The inferences seen so far.
#[derive(Debug)]
pub(in crate::verify) struct Inferences {
    kind: EvidenceKind,
    open: HashMap<String, Announced>,
    /// Ids of requests that were closed; kept only for chosen records, where a request may be absent.
    closed: HashSet<String>,
    /// Requests together with the record that closes them.
    pub(in crate::verify) pairs: u64,
    /// Closing records whose request is not among the chosen records.
    pub(in crate::verify) closings_alone: u64,
}

impl Inferences {
    pub(super) fn new(kind: EvidenceKind) -> Self {
        Self { kind, open: HashMap::new(), closed: HashSet::new(), pairs: 0, closings_alone: 0 }
    }

    /// Requests that nothing has closed.
    pub(in crate::verify) fn open(&self) -> u64 {
        self.open.len() as u64
    }

    pub(super) fn open_of_boots(&self, chosen: impl Fn(&str) -> bool) -> u64 {
        self.open.values().filter(|announced| chosen(&announced.boot)).count() as u64
    }

    pub(super) fn take(&mut self, place: Place, record: &Record) -> Result<(), Failure> {
        let intent = record.draft.intent.as_deref();
        match (record.draft.kind, intent) {
            (Kind::InferenceRequested, None) => self.announce(place, record),
            (Kind::InferenceCompleted | Kind::InferenceInterrupted, Some(intent))
            | (Kind::InferenceDenied, Some(intent)) => self.close(place, record, intent),
            // Refused before it was even announced.
            (Kind::InferenceDenied, None) => Ok(()),
            (Kind::InferenceCompleted | Kind::InferenceInterrupted, None) => {
                Err(Tampered::new(place, "this record closes an inference but does not say which").into())
            }
            (_, Some(_)) => {
                Err(Tampered::new(place, "this record names a request but closes no inference").into())
            }
            (_, None) => Ok(()),
        }
    }

    fn announce(&mut self, place: Place, record: &Record) -> Result<(), Failure> {
        let Some(inference) = &record.draft.inference else {
            return Err(
                Tampered::new(place, "this request does not say what was asked of which model").into()
            );
        };
        let announced = Announced { boot: record.boot.clone(), facts: inference.into() };
        if self.open.insert(record.id.clone(), announced).is_some() || self.closed.contains(&record.id) {
            return Err(Tampered::new(place, "two requests have the same identifier").into());
        }
        self.check_memory()
    }

    fn close(&mut self, place: Place, record: &Record, intent: &str) -> Result<(), Failure> {
        if let Some(announced) = self.open.remove(intent) {
            agree(place, &announced.facts, record)?;
            self.pairs += 1;
        } else if self.kind == EvidenceKind::Log || self.closed.contains(intent) {
            let what = "this record closes a request that is not open: it never was, or was closed before";
            return Err(Tampered::new(place, what).differs("an open request", intent).into());
        } else {
            self.closings_alone += 1;
        }
        if self.kind == EvidenceKind::Records {
            self.closed.insert(intent.to_owned());
        }
        self.check_memory()
    }

    fn check_memory(&self) -> Result<(), Failure> {
        let remembered = self.open.len().saturating_add(self.closed.len());
        if remembered > MAX_OPEN_INFERENCES {
            return Err(Failure::TooMuchToRemember { what: "inferences", limit: MAX_OPEN_INFERENCES });
        }
        Ok(())
    }
}

fn agree(place: Place, announced: &Facts, record: &Record) -> Result<(), Tampered> {
    let Some(inference) = &record.draft.inference else {
        return match record.draft.kind {
            Kind::InferenceCompleted => {
                Err(Tampered::new(place, "this completion says nothing about the answer"))
            }
            _ => Ok(()),
        };
    };
    let closed = Facts::from(inference);
    if closed == *announced {
        return Ok(());
    }
    let texts = [
        ("model digest", &announced.model_digest, &closed.model_digest),
        ("prompt commitment", &announced.prompt_commitment, &closed.prompt_commitment),
        ("deployment", &announced.deployment, &closed.deployment),
        ("operation", &announced.operation, &closed.operation),
        ("protocol", &announced.protocol, &closed.protocol),
    ];
    match texts.into_iter().find(|(_, expected, actual)| expected != actual) {
        Some((field, expected, actual)) => {
            let what = format!("this record and the request it closes differ in the {field}");
            Err(Tampered::new(place, what).differs(expected, actual))
        }
        None => {
            Err(Tampered::new(place, "this record and the request it closes differ in sampling parameters"))
        }
    }
}
