use super::*;

fn route(deployment: &str, model_name: &str, replicas: usize) -> Route {
    Route {
        deployment: deployment.into(),
        model_name: model_name.into(),
        model_digest: "sha256:00".into(),
        tenant: None,
        context_length: 2048,
        max_sequences: 4,
        max_waiting: u32::MAX,
        created_unix_s: 0,
        replicas: (0..replicas)
            .map(|index| ReplicaRoute { replica_id: format!("r{index}"), node_id: "n".into() })
            .collect(),
    }
}

fn grant(models: &[&str], expires_unix_s: Option<i64>) -> Grant {
    Grant {
        kind: ActorKind::ApiKey,
        id: "k1".into(),
        name: "ward 3".into(),
        admin: false,
        tenant: None,
        models: models.iter().map(|model| (*model).to_owned()).collect(),
        expires_unix_s,
    }
}

#[test]
fn a_name_finds_a_deployment_first_then_a_served_model() {
    let mut routes = Routes::default();
    for entry in [route("notes", "smol", 0), route("briefs", "smol", 1), route("smol-old", "older", 1)] {
        routes.deployments.insert(entry.deployment.clone(), entry);
    }
    let cases =
        [("notes", Some("notes")), ("smol", Some("briefs")), ("older", Some("smol-old")), ("no", None)];
    for (name, expected) in cases {
        assert_eq!(
            routes.find(&grant(&[], None), name).map(|found| found.deployment.as_str()),
            expected,
            "{name}"
        );
    }
}

#[test]
fn what_is_of_another_tenant_is_not_there() {
    let of = |tenant: Option<&str>, deployment: &str, model: &str| Route {
        tenant: tenant.map(str::to_owned),
        ..route(deployment, model, 1)
    };
    let mut routes = Routes::default();
    for entry in
        [of(None, "notes", "smol"), of(Some("cardiology"), "heart", "smol"), of(Some("law"), "briefs", "big")]
    {
        routes.deployments.insert(entry.deployment.clone(), entry);
    }
    let cases = [
        (None, "notes", Some("notes")),
        (None, "heart", None),
        (None, "big", None),
        (Some("cardiology"), "heart", Some("heart")),
        (Some("cardiology"), "smol", Some("heart")),
        (Some("cardiology"), "notes", None),
        (Some("cardiology"), "briefs", None),
        (Some("law"), "smol", None),
    ];
    for (tenant, name, expected) in cases {
        let caller = Grant { tenant: tenant.map(str::to_owned), ..grant(&[], None) };
        let found = routes.find(&caller, name).map(|route| route.deployment.as_str());
        assert_eq!(found, expected, "{name} for {tenant:?}");
    }
}

#[test]
fn a_key_is_found_by_its_secret_alone() {
    let mut routes = Routes::default();
    routes.keys.insert(Sha256::digest(b"clk_right").into(), grant(&[], None));
    assert_eq!(routes.key("clk_right").map(|key| key.id.as_str()), Some("k1"));
    assert!(routes.key("clk_wrong").is_none());
    assert!(routes.key("").is_none());
}

#[test]
fn a_scope_covers_deployment_and_model_names_and_nothing_else() {
    let notes = route("notes", "smol", 1);
    let cases = [
        (grant(&[], None), "notes", Some(&notes), true),
        (grant(&[], None), "missing", None, true),
        (grant(&["notes"], None), "notes", Some(&notes), true),
        (grant(&["notes"], None), "smol", Some(&notes), true),
        (grant(&["smol"], None), "notes", Some(&notes), true),
        (grant(&["other"], None), "notes", Some(&notes), false),
        (grant(&["other"], None), "missing", None, false),
        (grant(&["other"], None), "other", None, true),
    ];
    for (key, name, found, expected) in cases {
        assert_eq!(key.covers(name, found), expected, "{:?} for {name}", key.models);
    }
}

#[test]
fn a_key_ends_at_its_second() {
    assert!(!grant(&[], None).expired(i64::MAX));
    assert!(!grant(&[], Some(100)).expired(99));
    assert!(grant(&[], Some(100)).expired(100));
}

#[test]
fn capacity_does_not_overflow() {
    assert_eq!(route("notes", "smol", 1).replica_capacity(), u32::MAX);
}
