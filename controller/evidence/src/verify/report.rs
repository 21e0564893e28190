//! What a successful verification showed, and what it did not.

use std::collections::BTreeMap;

use serde::Serialize;

use super::history::History;
use crate::{
    checkpoint::{LogVerifier, SignedCheckpoint},
    file::EvidenceKind,
};

/// Result of [`super::verify`] when everything that was checked holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Origin of the log.
    pub origin: String,
    /// The verifier key that was used.
    pub key: String,
    pub kind: EvidenceKind,
    /// Number of records that the signed log checkpoint covers.
    pub tree_size: u64,
    /// Root hash of the log, base64.
    pub root: String,
    /// Number of records in the file, all of them checked.
    pub records: u64,
    /// Wall-clock times of the first and the last record, RFC 3339.
    pub first_time: Option<String>,
    pub last_time: Option<String>,
    /// Number of records by kind.
    pub counts: BTreeMap<String, u64>,
    /// Inferences whose request and closing record are both there and agree.
    pub inference_pairs: u64,
    /// Requests that no record in the file closes.
    pub inferences_open: u64,
    /// Of these, begun under a controller process that has stopped.
    pub inferences_abandoned: u64,
    /// Closing records whose request is not in the file (chosen records only).
    pub closings_without_request: u64,
    /// How often the wall clock stepped back between two records.
    pub clock_steps_back: u64,
    /// What was checked and holds, in sentences.
    pub checked: Vec<String>,
    /// What to know besides, in sentences.
    pub notes: Vec<String>,
    /// What this does not prove, in sentences.
    pub not_proved: Vec<String>,
}

impl Report {
    pub(super) fn new(
        key: &LogVerifier,
        kind: EvidenceKind,
        head: &SignedCheckpoint,
        history: History,
    ) -> Self {
        Self {
            origin: key.origin().to_owned(),
            key: key.text().to_owned(),
            kind,
            tree_size: head.tree_size(),
            root: head.root().to_string(),
            records: history.records(),
            first_time: history.first_time.map(|time| time.to_string()),
            last_time: history.last_time.map(|time| time.to_string()),
            inference_pairs: history.inferences.pairs,
            inferences_open: history.inferences.open(),
            inferences_abandoned: history.abandoned(),
            closings_without_request: history.inferences.closings_alone,
            clock_steps_back: history.clock_steps_back,
            checked: checked(kind, head, &history),
            notes: notes(kind, &history),
            not_proved: not_proved(kind),
            counts: history.counts,
        }
    }
}

fn checked(kind: EvidenceKind, head: &SignedCheckpoint, history: &History) -> Vec<String> {
    let (records, size) = (history.records(), head.tree_size());
    let tree = match kind {
        EvidenceKind::Log => format!(
            "All {size} records of the log are here, and the root computed from their bytes is the signed one."
        ),
        EvidenceKind::Records => format!(
            "Each of the {records} records is in the signed log of {size} records, at the place it states."
        ),
    };
    vec![
        "The log checkpoint (size and root of the log) is signed by the key given.".to_owned(),
        tree,
        "Every record is complete, in canonical form, of this log, and numbered by its place.".to_owned(),
        format!(
            "{} wrote the records, none after it had stopped, and no controller's own clock ran backwards.",
            count(history.boots(), "controller process", "controller processes"),
        ),
        format!(
            "{} closed, and each closing record agrees with its request on model, prompt commitment, \
             deployment and sampling parameters; none is closed twice.",
            count(history.inferences.pairs, "announced inference is", "announced inferences are")
        ),
    ]
}

fn notes(kind: EvidenceKind, history: &History) -> Vec<String> {
    let (open, abandoned) = (history.inferences.open(), history.abandoned());
    let mut notes = Vec::new();
    if open > 0 {
        let reason = match kind {
            EvidenceKind::Log => "they were running when the log checkpoint was signed",
            EvidenceKind::Records => "the closing records are not in this file or not yet written",
        };
        notes.push(format!("{} not closed here: {reason}.", count(open, "inference is", "inferences are")));
    }
    if abandoned > 0 && kind == EvidenceKind::Log {
        notes.push(format!(
            "{abandoned} of them began under a controller process that has stopped; another one must close them."
        ));
    }
    if history.inferences.closings_alone > 0 {
        let alone = count(history.inferences.closings_alone, "record closes", "records close");
        notes.push(format!("{alone} a request that is not in this file."));
    }
    if history.clock_steps_back > 0 {
        let steps = count(history.clock_steps_back, "time", "times");
        notes.push(format!("The wall clock stepped back {steps}; the order of records does not rest on it."));
    }
    notes
}

fn not_proved(kind: EvidenceKind) -> Vec<String> {
    let mut sentences = vec![
        "That everybody is shown this same log: without an independent witness, a holder of the log's \
         signing key could sign another one. Compare log checkpoints with others who hold one."
            .to_owned(),
        "That everything that happened was recorded: a verifier sees what is in the log, not what a \
         controller never wrote."
            .to_owned(),
        "The wall-clock times: they are what the controller's clock said.".to_owned(),
        "The texts: prompts and answers are not in the log. Who holds a text and its salt can show that \
         it is the recorded one (open-commitment)."
            .to_owned(),
    ];
    if kind == EvidenceKind::Records {
        sentences.push(
            "That these are all records on the subject: they were chosen by whoever made the file."
                .to_owned(),
        );
    }
    sentences
}

fn count(number: u64, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}
