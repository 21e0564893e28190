//! Are these the rules of a policy? The field that is wrong is named with its index.

use cloister_api::limits::{TRUST_RULE_MODELS_MAX, TRUST_RULE_SIGNERS_MAX, TRUST_RULES_MAX};
use cloister_api::{PolicySigner, TrustRule};
use cloister_provenance::trust::check_glob;
use cloister_store::TrustRuleSigner;

use crate::api::operations::signers::public_key;
use crate::api::{ApiError, names};

pub(super) fn rules(rules: Vec<TrustRule>) -> Result<Vec<cloister_store::TrustRule>, ApiError> {
    count("rules", rules.len(), TRUST_RULES_MAX)?;
    rules.into_iter().enumerate().map(|(index, each)| rule(&format!("rules[{index}]"), each)).collect()
}

fn rule(field: &str, rule: TrustRule) -> Result<cloister_store::TrustRule, ApiError> {
    count(&format!("{field}.models"), rule.models.len(), TRUST_RULE_MODELS_MAX)?;
    count(&format!("{field}.signers"), rule.signers.len(), TRUST_RULE_SIGNERS_MAX)?;
    for (index, glob) in rule.models.iter().enumerate() {
        let field = format!("{field}.models[{index}]");
        check_glob(glob).map_err(|why| {
            ApiError::invalid(field.clone(), format!("{field} is no pattern for model names: {why}"))
        })?;
    }
    let signers = rule.signers.into_iter().enumerate();
    let signers = signers.map(|(index, each)| signer(&format!("{field}.signers[{index}]"), each));
    Ok(cloister_store::TrustRule { models: rule.models, signers: signers.collect::<Result<_, _>>()? })
}

fn signer(field: &str, signer: PolicySigner) -> Result<TrustRuleSigner, ApiError> {
    names::check(&format!("{field}.name"), &signer.name)?;
    let key = public_key(&format!("{field}.public_key_pem"), &signer.public_key_pem)?;
    let key_id = key.key_id();
    if let Some(stated) = signer.key_id.filter(|stated| *stated != key_id) {
        let field = format!("{field}.key_id");
        let stated: String = stated.chars().take(64).collect();
        let detail = format!(
            "{field} is {stated:?}, and the public key's is {key_id}; leave it out, or send the key that belongs to it"
        );
        return Err(ApiError::invalid(field, detail));
    }
    Ok(TrustRuleSigner { name: signer.name, key_id, public_key_pem: key.to_pem() })
}

fn count(field: &str, found: usize, most: usize) -> Result<(), ApiError> {
    match (1..=most).contains(&found) {
        true => Ok(()),
        false => {
            Err(ApiError::invalid(field, format!("{field} has {found} entries, and must have 1 to {most}")))
        }
    }
}
