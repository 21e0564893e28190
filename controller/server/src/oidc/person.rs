//! What a provider's claims make of somebody here: a name and roles.

use cloister_api::FleetRole;
use serde_json::{Map, Value};

use super::settings::{GroupRoles, IssuerSettings};

/// Groups that are looked at; large directories send hundreds.
const GROUPS_MAX: usize = 2_000;
const NAME_MAX_CHARS: usize = 60;

/// What the person's groups make of the person here: roles, each once and in one order, and the tenant. The first
/// rule that fits says which tenant; rules of other tenants are passed over, for one belongs to one tenant. A claim that
/// is one text is one group.
pub(super) fn place(
    issuer: &IssuerSettings,
    claims: &Map<String, Value>,
) -> (Vec<FleetRole>, Option<String>) {
    let groups: Vec<&str> = match claims.get(&issuer.groups_claim) {
        Some(Value::Array(all)) => all.iter().take(GROUPS_MAX).filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => vec![one],
        _ => Vec::new(),
    };
    let mine = || issuer.roles.iter().filter(|rule| groups.contains(&rule.group.as_str()));
    let tenant = mine().next().and_then(|rule| rule.tenant.clone());
    let given = mine().filter(|rule| rule.tenant == tenant).flat_map(|rule: &GroupRoles| rule.roles.clone());
    let given: Vec<FleetRole> = given.collect();
    (FleetRole::ALL.into_iter().filter(|role| given.contains(role)).collect(), tenant)
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
        let of = |groups: Value| place(&issuer(), json!({"groups": groups}).as_object().unwrap()).0;
        assert_eq!(of(json!(["ops", "platform", "x"])), [FleetRole::FleetAdmin, FleetRole::Operator]);
        assert_eq!(of(json!("compliance")), [FleetRole::Auditor]);
        for none in
            [json!([]), json!(["Platform"]), json!([["platform"]]), json!({"platform": true}), Value::Null]
        {
            assert_eq!(of(none.clone()), [], "{none}");
        }
    }

    #[test]
    fn the_first_rule_that_fits_says_which_tenant_and_others_give_nothing() {
        let mut issuer = issuer();
        for (rule, tenant) in issuer.roles.iter_mut().zip([None, Some("cardiology"), Some("oncology")]) {
            rule.tenant = tenant.map(str::to_owned);
        }
        let of = |groups: Value| place(&issuer, json!({"groups": groups}).as_object().unwrap());
        let in_tenant = |role, tenant: &str| (vec![role], Some(tenant.to_owned()));
        assert_eq!(of(json!(["compliance"])), in_tenant(FleetRole::Auditor, "cardiology"));
        assert_eq!(of(json!(["ops", "compliance"])), in_tenant(FleetRole::Auditor, "cardiology"));
        assert_eq!(of(json!(["ops"])), in_tenant(FleetRole::Operator, "oncology"));
        assert_eq!(of(json!(["ops", "platform"])), (vec![FleetRole::FleetAdmin, FleetRole::Operator], None));
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
