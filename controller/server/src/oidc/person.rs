//! What a provider's claims make of somebody here: a name and roles.

use cloister_api::FleetRole;
use serde_json::{Map, Value};

use super::settings::{GroupRoles, IssuerSettings};

/// Groups that are looked at; large directories send hundreds.
const GROUPS_MAX: usize = 2_000;
const NAME_MAX_CHARS: usize = 60;

/// Roles that the person's groups have here, each once, in one order. A claim that is one text is one group.
pub(super) fn roles(issuer: &IssuerSettings, claims: &Map<String, Value>) -> Vec<FleetRole> {
    let groups: Vec<&str> = match claims.get(&issuer.groups_claim) {
        Some(Value::Array(all)) => all.iter().take(GROUPS_MAX).filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => vec![one],
        _ => Vec::new(),
    };
    let has = |rule: &&GroupRoles| groups.contains(&rule.group.as_str());
    let given: Vec<FleetRole> = issuer.roles.iter().filter(has).flat_map(|rule| rule.roles.clone()).collect();
    FleetRole::ALL.into_iter().filter(|role| given.contains(role)).collect()
}

/// For people to read, in records and lists: who is who is the subject's to say. No local account can have it.
pub(super) fn name(issuer: &IssuerSettings, subject: &str, claims: &Map<String, Value>) -> String {
    let said =
        ["preferred_username", "email", "name"].into_iter().filter_map(|claim| claims.get(claim)?.as_str());
    let plain = said.chain([subject]).map(plain).find(|name| !name.is_empty());
    format!("{}@{}", plain.unwrap_or_else(|| "person".to_owned()), issuer.id)
}

fn plain(said: &str) -> String {
    let kept = said.chars().filter(|c| c.is_ascii_alphanumeric() || "._+-@".contains(*c));
    kept.take(NAME_MAX_CHARS).collect::<String>().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn issuer() -> IssuerSettings {
        toml::from_str(
            r#"
            id = "clinic"
            name = "Clinic"
            url = "https://idp.example"
            client_id = "cloister"
            roles = [
                { group = "platform", roles = ["operator", "fleet-admin"] },
                { group = "compliance", roles = ["auditor"] },
                { group = "ops", roles = ["operator"] },
            ]"#,
        )
        .unwrap()
    }

    #[test]
    fn groups_give_roles_and_nothing_else_does() {
        let of = |groups: Value| roles(&issuer(), json!({"groups": groups}).as_object().unwrap());
        assert_eq!(of(json!(["ops", "platform", "x"])), [FleetRole::FleetAdmin, FleetRole::Operator]);
        assert_eq!(of(json!("compliance")), [FleetRole::Auditor]);
        for none in
            [json!([]), json!(["Platform"]), json!([["platform"]]), json!({"platform": true}), Value::Null]
        {
            assert_eq!(of(none.clone()), [], "{none}");
        }
    }

    #[test]
    fn a_name_is_readable_and_never_a_local_one() {
        let of = |claims: Value| name(&issuer(), "0a-1f", claims.as_object().unwrap());
        assert_eq!(of(json!({"preferred_username": "Anna.Weber", "email": "a@b.c"})), "anna.weber@clinic");
        assert_eq!(of(json!({"email": "anna@clinic.example"})), "anna@clinic.example@clinic");
        assert_eq!(of(json!({"preferred_username": "\u{202e}<b>"})), "b@clinic");
        assert_eq!(of(json!({"preferred_username": 7})), "0a-1f@clinic");
    }
}
