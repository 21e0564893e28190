//! Tenants: what is one's own, and that nothing of another's can be seen or touched, whatever the route.

use axum::body::Body;
use cloister_api::paths;
use cloister_store::{Change, Replica};
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

use super::{Fleet, Signer, draft, read};
use crate::api::access;

/// In every name of what is cardiology's; in nothing else.
const MARK: &str = "cardio-only";

/// A fleet with a model, and a tenant with everything that can be of one.
struct Hospital {
    fleet: Fleet,
    /// Secrets of admin keys of the two tenants.
    cardiology: String,
    oncology: String,
    /// Ids of cardiology's things, by the name that paths have for them.
    ids: Vec<(&'static str, String)>,
}

impl Hospital {
    async fn open() -> Self {
        let fleet = Fleet::start().await;
        let signer = Signer::new("radiology");
        fleet.trust(&signer).await;
        fleet.import(&signer, "tiny").await;
        for name in ["cardiology", "oncology"] {
            made(fleet.call(Method::POST, paths::TENANTS, Some(json!({"name": name}))).await);
        }
        let cardiology = admin_key(&fleet, "cardiology", &format!("{MARK}-admin")).await;
        let oncology = admin_key(&fleet, "oncology", "onco-admin").await;
        let mut hospital = Self { fleet, cardiology, oncology, ids: Vec::new() };
        hospital.furnish().await;
        hospital
    }

    /// As cardiology's own admin: nobody has to say the tenant.
    async fn furnish(&mut self) {
        let (account, deployment) = (format!("{MARK}-meier"), format!("{MARK}-notes"));
        let new = json!({"name": account, "roles": ["fleet-admin"]});
        let made_account = made(self.call(&self.cardiology, Method::POST, paths::ACCOUNTS, Some(new)).await);
        assert_eq!(made_account["account"]["tenant"], "cardiology");
        let intent = json!({"model": "tiny", "replicas": 1});
        let put =
            self.call(&self.cardiology, Method::PUT, &paths::deployment(&deployment), Some(intent)).await;
        assert_eq!(put.1["tenant"], "cardiology", "{put:?}");
        let key = json!({"name": format!("{MARK}-key"), "role": "inference"});
        let key = made(self.call(&self.cardiology, Method::POST, paths::KEYS, Some(key)).await);
        let link = made(self.call(&self.cardiology, Method::POST, &paths::login_link(&account), None).await);
        let body = json!({"method": "link", "token": link["token"]});
        let session = made(self.fleet.call(Method::POST, paths::SESSION, Some(body)).await);
        self.ids = vec![
            ("{name}", deployment),
            ("{account}", account),
            ("{key_id}", key["key"]["id"].as_str().unwrap().to_owned()),
            ("{session_id}", session["id"].as_str().unwrap().to_owned()),
            ("{record_id}", put.1["record_id"].as_str().unwrap().to_owned()),
            ("{tenant}", "cardiology".to_owned()),
        ];
    }

    async fn call(
        &self,
        secret: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let (status, text) = self.text(secret, method, path, body).await;
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn text(
        &self,
        secret: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, String) {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::AUTHORIZATION, format!("Bearer {secret}"));
        let request = match body {
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.to_string()))
                .unwrap(),
            None => request.body(Body::empty()).unwrap(),
        };
        let response = self.fleet.send(request).await;
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The path of cardiology's thing, and whether the template names one.
    fn theirs(&self, template: &str) -> (String, bool) {
        let named = self.ids.iter().any(|(part, _)| template.contains(part));
        let filled = self.ids.iter().fold(template.to_owned(), |path, (part, id)| path.replace(part, id));
        let rest = filled.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
        (rest.collect::<Vec<_>>().join("/"), named)
    }

    /// Everything of the fleet that cardiology's admin sees.
    async fn furniture(&self) -> Vec<Value> {
        let mut seen = Vec::new();
        for path in [paths::ACCOUNTS, paths::DEPLOYMENTS, paths::KEYS, paths::SESSIONS, paths::TENANTS] {
            let (status, mut body) = self.call(&self.cardiology, Method::GET, path, None).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            forget_last_use(&mut body);
            assert!(body.to_string().contains("cardio"), "{path} shows nothing of one's own: {body}");
            seen.push(body);
        }
        seen
    }
}

fn forget_last_use(body: &mut Value) {
    for key in body["keys"].as_array_mut().into_iter().flatten() {
        key["last_used_at"] = Value::Null;
    }
}

async fn admin_key(fleet: &Fleet, tenant: &str, name: &str) -> String {
    let new = json!({"name": name, "role": "admin", "tenant": tenant});
    let made = made(fleet.call(Method::POST, paths::KEYS, Some(new)).await);
    made["secret"].as_str().unwrap().to_owned()
}

fn made((status, body): (StatusCode, Value)) -> Value {
    assert_eq!(status, StatusCode::CREATED, "{body}");
    body
}

#[tokio::test]
async fn no_route_shows_one_tenant_what_is_anothers() {
    let hospital = Hospital::open().await;
    // The stream of events has no end; it tells which kinds of things changed, and names none.
    let reads =
        access::REST.iter().filter(|(method, path, _)| method == Method::GET && *path != paths::EVENTS);
    for (method, template, _) in reads {
        let (path, named) = hospital.theirs(template);
        let (status, text) = hospital.text(&hospital.oncology, method.clone(), &path, None).await;
        match named {
            true => assert!(
                matches!(status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN),
                "GET {path}: {status} {text}"
            ),
            false => assert!(!text.contains(MARK), "GET {path} shows what is another tenant's: {text}"),
        }
    }
    let sees = [
        (paths::replicas(Some(&format!("{MARK}-notes"))), StatusCode::NOT_FOUND),
        (paths::evidence(&[hospital.ids[4].1.clone()]), StatusCode::NOT_FOUND),
        (paths::evidence(&[]), StatusCode::BAD_REQUEST),
        (paths::usage(None, None, None, Some("cardiology")), StatusCode::OK),
    ];
    for (path, expected) in sees {
        let (status, body) = hospital.call(&hospital.oncology, Method::GET, &path, None).await;
        assert_eq!(status, expected, "{path}: {body}");
    }
}

#[tokio::test]
async fn what_a_worker_wrote_and_a_deployments_past_are_for_its_own_tenant_to_read() {
    let hospital = Hospital::open().await;
    let name = format!("{MARK}-notes");
    let row = hospital.fleet.api.store().deployment(&name).await.unwrap().unwrap();
    let replica = Replica {
        id: "r1".to_owned(),
        deployment_id: row.id,
        node_id: None,
        generation: 0,
        reasons: json!({}),
        memory_bytes: 1,
    };
    hospital.fleet.api.ledger().change(vec![Change::PutReplica(replica)], draft()).await.unwrap();
    // It is on no node: there is nothing to read, which is not a secret before those whose it is.
    let cases = [
        (paths::replica_logs("r1", 5), StatusCode::CONFLICT),
        (paths::deployment_revisions(&name), StatusCode::OK),
        (paths::deployment_events(&name, 5, None), StatusCode::OK),
    ];
    for (path, expected) in cases {
        let (status, body) = hospital.call(&hospital.cardiology, Method::GET, &path, None).await;
        assert_eq!(status, expected, "{path}: {body}");
        let (status, body) = hospital.call(&hospital.oncology, Method::GET, &path, None).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}: {body}");
    }
}

#[tokio::test]
async fn no_route_lets_one_tenant_change_what_is_anothers() {
    let hospital = Hospital::open().await;
    let before = hospital.furniture().await;
    for (method, template, _) in access::REST.iter().filter(|(method, ..)| method != Method::GET) {
        let (path, named) = hospital.theirs(template);
        let body = match *template {
            paths::DEPLOYMENT => json!({"model": "tiny", "replicas": 0}),
            paths::ACCOUNT_ROLES => json!({"roles": ["user"]}),
            _ => json!({}),
        };
        let (status, answer) = hospital.call(&hospital.oncology, method.clone(), &path, Some(body)).await;
        assert!(!named || status.is_client_error(), "{method} {path}: {status} {answer}");
    }
    assert_eq!(hospital.furniture().await, before);
}

#[tokio::test]
async fn what_is_the_fleets_affair_is_denied_to_a_tenants_admin_on_the_tenants_record() {
    let hospital = Hospital::open().await;
    for path in [paths::NODES, paths::SIGNERS, paths::CONFIGURATION, paths::DIAGNOSTICS] {
        let (status, problem) = hospital.call(&hospital.oncology, Method::GET, path, None).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}: {problem}");
    }
    let path = paths::records(&paths::RecordQuery { kind: Some("access.denied"), ..Default::default() });
    let (_, page) = hospital.call(&hospital.oncology, Method::GET, &path, None).await;
    let leaf: Value = serde_json::from_str(page["records"][0]["leaf_json"].as_str().unwrap()).unwrap();
    assert_eq!((&leaf["tenant"], &leaf["reason"]), (&json!("oncology"), &json!("tenant")));
    let (_, theirs) = hospital.call(&hospital.cardiology, Method::GET, &path, None).await;
    assert_eq!(theirs["records"], json!([]));
}

#[tokio::test]
async fn a_tenant_has_its_own_records_and_the_fleet_has_all() {
    let hospital = Hospital::open().await;
    let (_, page) = hospital.call(&hospital.cardiology, Method::GET, paths::RECORDS, None).await;
    let kinds: Vec<_> =
        page["records"].as_array().unwrap().iter().map(|record| record["kind"].as_str().unwrap()).collect();
    let expected = [
        "session.started",
        "account.link_created",
        "key.created",
        "deployment.created",
        "account.created",
        "key.created",
        "tenant.created",
    ];
    assert_eq!(kinds, expected);
    let id = page["records"][0]["id"].as_str().unwrap();
    let (status, evidence) =
        hospital.text(&hospital.cardiology, Method::GET, &paths::record_evidence(id), None).await;
    assert_eq!(status, StatusCode::OK, "{evidence}");
    assert_eq!(hospital.fleet.get(&paths::record(id)).await["id"], id);
}

#[tokio::test]
async fn what_is_made_for_a_tenant_is_refused_unless_it_is_ones_own_and_exists() {
    let hospital = Hospital::open().await;
    let account = |tenant: &str| json!({"name": "x", "roles": ["user"], "tenant": tenant});
    let key = |tenant: &str| json!({"name": "x", "role": "inference", "tenant": tenant});
    let intent = |tenant: &str| json!({"model": "tiny", "tenant": tenant});
    let deployment = paths::deployment("x");
    let cases = [
        (Method::POST, paths::ACCOUNTS, account("cardiology"), account("nowhere")),
        (Method::POST, paths::KEYS, key("cardiology"), key("nowhere")),
        (Method::PUT, deployment.as_str(), intent("cardiology"), intent("nowhere")),
    ];
    for (method, path, foreign, unknown) in cases {
        let (status, problem) = hospital.call(&hospital.oncology, method.clone(), path, Some(foreign)).await;
        assert_eq!(
            (status, &problem["field"]),
            (StatusCode::BAD_REQUEST, &json!("tenant")),
            "{path}: {problem}"
        );
        let (status, problem) = hospital.fleet.call(method, path, Some(unknown)).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}: {problem}");
    }
}

#[tokio::test]
async fn a_tenant_is_made_once_and_removed_when_nothing_of_it_is_left() {
    let hospital = Hospital::open().await;
    let fleet = &hospital.fleet;
    for (body, field) in [
        (json!({"name": "Cardiology"}), "name"),
        (json!({"name": "x", "title": "a\u{7}b"}), "title"),
        (json!({"name": "x", "title": "t".repeat(121)}), "title"),
    ] {
        let (status, problem) = fleet.call(Method::POST, paths::TENANTS, Some(body)).await;
        assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!(field)));
    }
    let again = fleet.call(Method::POST, paths::TENANTS, Some(json!({"name": "oncology"}))).await;
    assert_eq!(again.0, StatusCode::CONFLICT);
    let (status, problem) = fleet.call(Method::DELETE, &paths::tenant("cardiology"), None).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(problem["detail"].as_str().unwrap().contains(&format!("{MARK}-notes")), "{problem}");
    made(fleet.call(Method::POST, paths::TENANTS, Some(json!({"name": "empty"}))).await);
    assert_eq!(fleet.call(Method::DELETE, &paths::tenant("empty"), None).await.0, StatusCode::OK);
    assert_eq!(fleet.call(Method::DELETE, &paths::tenant("empty"), None).await.0, StatusCode::NOT_FOUND);
    let (_, [(kind, _)]) = ((), <[_; 1]>::try_from(fleet.recorded(1).await).unwrap());
    assert_eq!(kind, "tenant.removed");
}

#[tokio::test]
async fn a_key_says_when_it_was_last_used() {
    let hospital = Hospital::open().await;
    let (_, keys) = hospital.call(&hospital.cardiology, Method::GET, paths::KEYS, None).await;
    let used = |name: &str| {
        let key = keys["keys"].as_array().unwrap().iter().find(|key| key["name"] == name).unwrap();
        key["last_used_at"].as_str().map(str::to_owned)
    };
    assert!(used(&format!("{MARK}-admin")).is_some());
    assert_eq!(used(&format!("{MARK}-key")), None);
}

#[tokio::test]
async fn a_report_of_usage_takes_days_and_nothing_else() {
    let fleet = Fleet::start().await;
    for (query, field) in [
        ("from=yesterday", "from"),
        ("to=2026-11-30T12:00:00Z", "to"),
        ("from=2026-12-01&to=2026-11-30", "from"),
        ("from=2024-01-01&to=2026-11-30", "from"),
        ("to=-9999-01-01", "to"),
    ] {
        let (status, problem) = fleet.call(Method::GET, &format!("{}?{query}", paths::USAGE), None).await;
        assert_eq!(
            (status, &problem["field"]),
            (StatusCode::BAD_REQUEST, &json!(field)),
            "{query}: {problem}"
        );
    }
    let report = fleet.get(&format!("{}?from=2026-11-01&to=2026-11-30&by=day", paths::USAGE)).await;
    assert_eq!((&report["rows"], &report["total"]["requests"]), (&json!([]), &json!(0)));
    let response = fleet.send(Request::get(paths::USAGE).body(Body::empty()).unwrap()).await;
    assert_eq!(read(response).await.0, StatusCode::UNAUTHORIZED);
}
