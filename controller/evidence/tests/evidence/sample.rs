//! Small logs with a fixed key and fixed times: the same bytes on every run.

use std::cell::RefCell;

use cloister_evidence::{
    checkpoint::{LogKey, LogVerifier, origin},
    commitment::{Salt, commit},
    file::{EvidenceKind, header_line, log_record_lines, proved_record_lines},
    record::{
        Actor, ActorKind, Draft, Inference, Kind, Outcome, Params, RECORD_VERSION, Record, Subject,
        SubjectKind,
    },
    tree::{self, Hash, HashReader, ReadError},
    verify::{Failure, Report, verify},
};
use zeroize::Zeroizing;

/// First record's time and the distance to the next, in microseconds.
const START_US: i64 = 1_795_000_000_000_000;
const STEP_US: i64 = 1_500_000;

/// A log in memory. Tests alter its records before they are signed, or its file afterwards.
pub(crate) struct SampleLog {
    pub(crate) key: LogKey,
    pub(crate) boot: String,
    pub(crate) leaves: Vec<Vec<u8>>,
    hashes: StoredHashes,
}

#[derive(Default)]
struct StoredHashes(RefCell<Vec<Hash>>);

impl HashReader for StoredHashes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, ReadError> {
        let hashes = self.0.borrow();
        Ok(indexes.iter().map(|index| hashes[*index as usize]).collect())
    }
}

impl SampleLog {
    pub(crate) fn empty() -> Self {
        let key = LogKey::from_seed(&origin("fleet-sample"), &Zeroizing::new([42; 32])).unwrap();
        Self { key, boot: "boot-1".into(), leaves: Vec::new(), hashes: StoredHashes::default() }
    }

    /// A fleet's first minute: a model, a deployment, one inference answered, one lost, one running.
    pub(crate) fn first_minute() -> Self {
        let mut log = Self::empty();
        log.push(system(Kind::FleetCreated));
        log.push(system(Kind::ControllerStarted));
        log.push(Draft { subject: Some(model()), ..system(Kind::ModelImported) });
        log.push(deployment_created());
        let answered = log.push(requested("Does the patient have a fever?"));
        let lost = log.push(requested("Summarise the note."));
        log.push(completed(&answered, "Does the patient have a fever?"));
        log.push(interrupted(&lost, "Summarise the note."));
        log.push(requested("Is the dose right?"));
        log
    }

    /// The record that `draft` becomes as the next of the log.
    pub(crate) fn next_record(&self, draft: Draft) -> Record {
        let seq = self.leaves.len() as u64;
        let time = jiff::Timestamp::from_microsecond(START_US + STEP_US * seq as i64).unwrap();
        Record {
            v: RECORD_VERSION,
            log: self.key.origin().to_owned(),
            seq,
            id: ulid::Ulid::from_parts(time.as_millisecond() as u64, u128::from(seq)).to_string(),
            time: time.to_string(),
            boot: self.boot.clone(),
            mono_us: STEP_US as u64 * (seq + 1),
            draft,
        }
    }

    /// Appends `draft` as a well-formed record and returns its id.
    pub(crate) fn push(&mut self, draft: Draft) -> String {
        let record = self.next_record(draft);
        self.push_leaf(record.to_leaf().unwrap());
        record.id
    }

    /// Appends any bytes, as a controller that lies could.
    pub(crate) fn push_leaf(&mut self, leaf: Vec<u8>) {
        let index = self.leaves.len() as u64;
        let new = tree::hashes_to_store(index, tree::leaf_hash(&leaf), &self.hashes).unwrap();
        self.hashes.0.borrow_mut().extend(new);
        self.leaves.push(leaf);
    }

    fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    fn header(&self, kind: EvidenceKind) -> Vec<u8> {
        let head = self.key.sign(self.size(), tree::tree_hash(self.size(), &self.hashes).unwrap()).unwrap();
        header_line(kind, self.key.origin(), &head).unwrap()
    }

    /// The whole log as an evidence file.
    pub(crate) fn log_file(&self) -> Vec<u8> {
        let mut file = self.header(EvidenceKind::Log);
        self.leaves.iter().for_each(|leaf| file.extend(log_record_lines(leaf).unwrap()));
        file
    }

    /// A header without records.
    pub(crate) fn header_only(&self) -> String {
        String::from_utf8(self.header(EvidenceKind::Log)).unwrap()
    }

    /// Chosen records as an evidence file.
    pub(crate) fn records_file(&self, indexes: &[u64]) -> Vec<u8> {
        let mut file = self.header(EvidenceKind::Records);
        for index in indexes {
            let proof = tree::prove_inclusion(self.size(), *index, &self.hashes).unwrap();
            file.extend(proved_record_lines(&self.leaves[*index as usize], *index, &proof).unwrap());
        }
        file
    }

    pub(crate) fn verifier(&self) -> LogVerifier {
        self.key.verifier().unwrap()
    }

    pub(crate) fn verify(&self, file: &[u8]) -> Result<Report, Failure> {
        verify(file, &self.verifier())
    }
}

pub(crate) fn system(kind: Kind) -> Draft {
    Draft {
        kind,
        outcome: Outcome::Success,
        actor: Actor { kind: ActorKind::System, id: "system".into(), name: None, address: None },
        subject: None,
        tenant: None,
        intent: None,
        inference: None,
        change: None,
        reason: None,
    }
}

fn by_key(kind: Kind) -> Draft {
    let actor = Actor {
        kind: ActorKind::ApiKey,
        id: "key-ward-3".into(),
        name: Some("Ward 3 — Über".into()),
        address: Some("10.20.4.17".into()),
    };
    Draft { actor, ..system(kind) }
}

fn model() -> Subject {
    Subject { kind: SubjectKind::Model, id: model_digest(), name: Some("smol".into()) }
}

fn model_digest() -> String {
    format!("sha256:{}", "17f43937".repeat(8))
}

fn deployment_created() -> Draft {
    let subject = Subject { kind: SubjectKind::Deployment, id: "dep-1".into(), name: Some("notes".into()) };
    let change = [("replicas".to_owned(), 2.into()), ("context_length".to_owned(), 2048.into())];
    Draft { subject: Some(subject), change: Some(change.into()), ..by_key(Kind::DeploymentCreated) }
}

fn inference(prompt: &str) -> Inference {
    Inference {
        operation: "chat".into(),
        protocol: "http".into(),
        deployment: "notes".into(),
        model_name: "smol".into(),
        model_digest: model_digest(),
        params: Params {
            temperature: 0.7,
            top_p: 0.95,
            repetition_penalty: 1.0,
            seed: u64::MAX.to_string(),
            max_tokens: 64,
            ..Params::default()
        },
        prompt_commitment: commit(&Salt([9; 32]), prompt.as_bytes()),
        prompt_tokens: Some(31),
        ..Inference::default()
    }
}

pub(crate) fn requested(prompt: &str) -> Draft {
    Draft { inference: Some(inference(prompt)), ..by_key(Kind::InferenceRequested) }
}

pub(crate) fn completed(intent: &str, prompt: &str) -> Draft {
    let inference = Inference {
        output_commitment: Some(commit(&Salt([10; 32]), b"No.")),
        output_tokens: Some(3),
        finish: Some("stop".into()),
        node_id: Some("node-1".into()),
        replica_id: Some("replica-1".into()),
        time_to_first_token_us: Some(84_000),
        total_time_us: Some(120_500),
        ..inference(prompt)
    };
    Draft { intent: Some(intent.to_owned()), inference: Some(inference), ..by_key(Kind::InferenceCompleted) }
}

pub(crate) fn interrupted(intent: &str, prompt: &str) -> Draft {
    Draft {
        outcome: Outcome::Failure,
        intent: Some(intent.to_owned()),
        inference: Some(inference(prompt)),
        reason: Some("worker_lost".into()),
        ..by_key(Kind::InferenceInterrupted)
    }
}
