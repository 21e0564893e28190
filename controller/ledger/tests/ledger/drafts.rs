//! Records as the controller would write them.

use cloister_evidence::record::{
    Actor, ActorKind, Draft, Inference, Kind, Outcome, Params, Subject, SubjectKind,
};

fn draft(kind: Kind) -> Draft {
    Draft {
        kind,
        outcome: Outcome::Success,
        actor: Actor {
            kind: ActorKind::ApiKey,
            id: "key-1".to_owned(),
            name: Some("ward-3".to_owned()),
            address: Some("10.20.4.17".to_owned()),
        },
        subject: None,
        tenant: None,
        intent: None,
        inference: None,
        change: None,
        reason: None,
    }
}

pub(crate) fn about_key(kind: Kind, id: &str) -> Draft {
    let subject = Subject { kind: SubjectKind::Key, id: id.to_owned(), name: None };
    Draft { subject: Some(subject), ..draft(kind) }
}

pub(crate) fn requested() -> Draft {
    Draft { inference: Some(inference()), ..draft(Kind::InferenceRequested) }
}

pub(crate) fn completed(request_id: &str) -> Draft {
    let inference = Inference {
        output_tokens: Some(17),
        finish: Some("stop".to_owned()),
        output_commitment: Some("q83vq83vq83vq83vq83vq83vq83vq83vq83vq83vq80=".to_owned()),
        ..inference()
    };
    Draft {
        intent: Some(request_id.to_owned()),
        inference: Some(inference),
        ..draft(Kind::InferenceCompleted)
    }
}

fn inference() -> Inference {
    Inference {
        operation: "chat".to_owned(),
        protocol: "http".to_owned(),
        deployment: "notes".to_owned(),
        model_name: "smollm2".to_owned(),
        model_digest: format!("sha256:{}", "ab".repeat(32)),
        params: Params {
            temperature: 0.7,
            top_p: 0.9,
            repetition_penalty: 1.0,
            seed: "18446744073709551615".to_owned(),
            max_tokens: 256,
            ..Params::default()
        },
        prompt_commitment: "Zk3rZk3rZk3rZk3rZk3rZk3rZk3rZk3rZk3rZk3rZk0=".to_owned(),
        ..Inference::default()
    }
}
