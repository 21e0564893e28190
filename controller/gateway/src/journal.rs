//! What goes on record, and when: *requested* is durable before anything is dispatched, *completed* or
//! *interrupted* before the caller sees the end. Text goes in as salted commitments only.

use cloister_evidence::commitment::{Salt, commit};
use cloister_evidence::record::{Actor, Draft, Inference, Kind, Outcome, Params, Subject, SubjectKind};
use cloister_ledger::LedgerHandle;

use crate::authenticate::Caller;
use crate::failure::Failure;
use crate::request::{Call, InferenceRequest};
use crate::routes::{ReplicaRoute, Route};

/// Names under which the ledger keeps the salts.
const PROMPT_SALT: &str = "prompt";
const OUTPUT_SALT: &str = "output";

/// Writes the records of the front door.
pub(crate) struct Journal {
    ledger: LedgerHandle,
}

/// A request that is about to go on record.
pub(crate) struct Entry {
    pub(crate) id: String,
    draft: Draft,
    prompt_salt: Salt,
}

/// A request that is on record and must be closed by a second one.
pub(crate) struct Open {
    id: String,
    draft: Draft,
}

/// What is known of an inference when it ends.
#[derive(Default)]
pub(crate) struct Closing<'a> {
    pub(crate) replica: Option<&'a ReplicaRoute>,
    pub(crate) output_ids: &'a [u32],
    pub(crate) prompt_tokens: Option<u32>,
    pub(crate) numerics_contract: Option<&'a str>,
    /// `stop`, `length` or `cancelled`.
    pub(crate) finish: &'static str,
    /// The class of what went wrong; `None` for a completion.
    pub(crate) reason: Option<&'static str>,
    pub(crate) time_to_first_token_us: Option<u64>,
    pub(crate) total_time_us: u64,
}

impl Open {
    /// Id of the *requested* record.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

impl Journal {
    pub(crate) fn new(ledger: LedgerHandle) -> Self {
        Self { ledger }
    }

    /// The entry for a checked request. `canonical_prompt` is what the commitment covers.
    pub(crate) fn entry(&self, facts: Facts<'_>, canonical_prompt: &[u8]) -> Result<Entry, Failure> {
        let prompt_salt = random_salt()?;
        let inference = facts.inference(commit(&prompt_salt, canonical_prompt));
        let draft = Draft {
            kind: Kind::InferenceRequested,
            outcome: Outcome::Success,
            actor: actor(facts.caller, facts.call),
            subject: Some(subject(facts.route)),
            tenant: facts.caller.grant.tenant.clone(),
            intent: None,
            inference: Some(inference),
            change: None,
            reason: None,
        };
        Ok(Entry { id: self.ledger.new_record_id(), draft, prompt_salt })
    }

    /// Puts the request on record; durable when this returns.
    pub(crate) async fn request(&self, entry: Entry) -> Result<Open, Failure> {
        let Entry { id, draft, prompt_salt } = entry;
        self.write(&id, draft.clone(), Some((PROMPT_SALT, prompt_salt))).await?;
        Ok(Open { id, draft })
    }

    /// Puts the end of a request on record and returns the record's id; durable when this returns.
    pub(crate) async fn close(&self, open: &Open, closing: &Closing<'_>) -> Result<String, Failure> {
        let mut draft = open.draft.clone();
        draft.intent = Some(open.id.clone());
        draft.reason = closing.reason.map(str::to_owned);
        (draft.kind, draft.outcome) = match closing.reason {
            None => (Kind::InferenceCompleted, Outcome::Success),
            Some(_) => (Kind::InferenceInterrupted, Outcome::Failure),
        };
        let salt = random_salt()?;
        if let Some(inference) = draft.inference.as_mut() {
            closing.complete(inference, &salt);
        }
        let id = self.ledger.new_record_id();
        self.write(&id, draft, Some((OUTPUT_SALT, salt))).await?;
        Ok(id)
    }

    /// A caller who is known asked for a model that the key's scope does not include.
    pub(crate) async fn denied(
        &self,
        caller: &Caller,
        call: &Call,
        route: Option<&Route>,
        reason: &'static str,
    ) -> Result<(), Failure> {
        let draft = Draft {
            kind: Kind::InferenceDenied,
            outcome: Outcome::Denied,
            actor: actor(caller, call),
            // A name that only the caller knows does not go on record.
            subject: route.map(subject),
            tenant: caller.grant.tenant.clone(),
            intent: None,
            inference: None,
            change: None,
            reason: Some(reason.to_owned()),
        };
        self.write(&self.ledger.new_record_id(), draft, None).await
    }

    async fn write(&self, id: &str, draft: Draft, salt: Option<(&'static str, Salt)>) -> Result<(), Failure> {
        match self.ledger.record_with_salt(id.to_owned(), draft, salt.into_iter().collect()).await {
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::error!(record = id, %error, "the audit record could not be written");
                Err(Failure::RecordUnavailable)
            }
        }
    }
}

/// What the *requested* record says.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) call: &'a Call,
    pub(crate) route: &'a Route,
    pub(crate) request: &'a InferenceRequest,
    pub(crate) trace_id: &'a str,
}

impl Facts<'_> {
    fn inference(&self, prompt_commitment: String) -> Inference {
        Inference {
            operation: self.request.operation.as_str().to_owned(),
            protocol: self.request.protocol.as_str().to_owned(),
            deployment: self.route.deployment.clone(),
            model_name: self.route.model_name.clone(),
            model_digest: self.route.model_digest.clone(),
            params: params(self.request),
            prompt_commitment,
            trace_id: Some(self.trace_id.to_owned()),
            ..Inference::default()
        }
    }
}

impl Closing<'_> {
    fn complete(&self, inference: &mut Inference, salt: &Salt) {
        let output: Vec<u8> = self.output_ids.iter().flat_map(|id| id.to_le_bytes()).collect();
        inference.node_id = self.replica.map(|replica| replica.node_id.clone());
        inference.replica_id = self.replica.map(|replica| replica.replica_id.clone());
        inference.output_commitment = Some(commit(salt, &output));
        inference.prompt_tokens = self.prompt_tokens;
        inference.output_tokens = Some(u32::try_from(self.output_ids.len()).unwrap_or(u32::MAX));
        inference.finish = Some(self.finish.to_owned());
        inference.numerics_contract = self.numerics_contract.map(str::to_owned);
        inference.time_to_first_token_us = self.time_to_first_token_us;
        inference.total_time_us = Some(self.total_time_us);
    }
}

fn params(request: &InferenceRequest) -> Params {
    let (sampling, decode) = (&request.sampling, &request.decode);
    Params {
        temperature: sampling.temperature.unwrap_or_default(),
        top_k: sampling.top_k.unwrap_or_default(),
        top_p: sampling.top_p.unwrap_or_default(),
        min_p: sampling.min_p.unwrap_or_default(),
        presence_penalty: sampling.presence_penalty.unwrap_or_default(),
        frequency_penalty: sampling.frequency_penalty.unwrap_or_default(),
        repetition_penalty: sampling.repetition_penalty.unwrap_or_default(),
        seed: sampling.seed.unwrap_or_default().to_string(),
        // 0, which no caller can ask for: what the prompt left of the context.
        max_tokens: decode.max_tokens.unwrap_or(0),
        stop_strings: u32::try_from(decode.stop.len()).unwrap_or(u32::MAX),
        ignore_eos: sampling.ignore_eos,
    }
}

fn actor(caller: &Caller, call: &Call) -> Actor {
    Actor {
        kind: caller.grant.kind,
        id: caller.grant.id.clone(),
        name: Some(caller.grant.name.clone()),
        address: call.address.clone(),
    }
}

fn subject(route: &Route) -> Subject {
    Subject {
        kind: SubjectKind::Deployment,
        id: route.deployment.clone(),
        name: Some(route.model_name.clone()),
    }
}

fn random_salt() -> Result<Salt, Failure> {
    let mut salt = Salt([0; 32]);
    getrandom::fill(&mut salt.0).map_err(|error| {
        tracing::error!(%error, "the system has no random bytes for a salt");
        Failure::RecordUnavailable
    })?;
    Ok(salt)
}
