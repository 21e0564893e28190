//! Who may do what: the whole matrix, printed and compared with its committed copy.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use axum::body::Body;
use cloister_api::{FleetRole, paths};
use cloister_proto::FILE_DESCRIPTOR_SET;
use http::{Method, Request, StatusCode, header};
use prost::Message as _;

use super::{ADMIN, EXPIRED, Fleet, INFERENCE, REVOKED, assert_committed, committed, read};
use crate::api::access::{self, Access, Action};

const CALLERS: [(&str, Option<&str>); 6] = [
    ("no key", None),
    ("unknown", Some("clk_unknown")),
    ("expired", Some(EXPIRED)),
    ("revoked", Some(REVOKED)),
    ("inference", Some(INFERENCE)),
    ("admin", Some(ADMIN)),
];

#[tokio::test]
async fn the_matrix_of_routes_and_callers_is_the_committed_one() {
    let fleet = Fleet::start().await;
    let mut matrix = format!("{:<7}{:<46}{:<20}", "", "route", "needs");
    for (caller, _) in CALLERS {
        write!(matrix, "{caller:<11}").unwrap();
    }
    matrix.truncate(matrix.trim_end().len());
    matrix.push('\n');
    for (method, path, access) in access::REST {
        let needs = access.as_str();
        write!(matrix, "{:<7}{path:<46}{needs:<20}", method.as_str()).unwrap();
        for (_, secret) in CALLERS {
            let outcome = match send(&fleet, method, path, secret).await {
                StatusCode::UNAUTHORIZED => "401",
                StatusCode::FORBIDDEN => "403",
                _ => "allowed",
            };
            write!(matrix, "{outcome:<11}").unwrap();
        }
        matrix.truncate(matrix.trim_end().len());
        matrix.push('\n');
    }
    assert_committed(&committed("src/api/tests/access_matrix.txt"), &matrix);
}

#[test]
fn the_matrix_of_roles_and_actions_is_the_committed_one() {
    let mut matrix = String::from(
        "# Who may do what\n\nMade from the table in the controller's source; a test compares the two. `allowed` \
         calls succeed, all others are denied and on record. An API key with the role *admin* may what a fleet-admin \
         may; one with the role *inference* asks models, and nothing else. Of a tenant, people and keys may what \
         their role says where the last column says so too, and with what is their tenant's own.\n\n| action |",
    );
    for role in FleetRole::ALL {
        write!(matrix, " {role} |").unwrap();
    }
    write!(matrix, " in a tenant |\n|---|{}\n", "---|".repeat(FleetRole::ALL.len() + 1)).unwrap();
    for action in Action::ALL {
        write!(matrix, "| `{}` |", action.as_str()).unwrap();
        for role in FleetRole::ALL {
            write!(matrix, " {} |", if access::allows(role, action) { "allowed" } else { "" }).unwrap();
        }
        write!(matrix, " {} |", if access::is_within(Some("one"), action) { "own" } else { "" }).unwrap();
        matrix.push('\n');
    }
    assert_committed(&committed("../../docs/access-matrix.md"), &matrix);
}

#[test]
fn every_action_that_a_route_needs_is_in_the_matrix_and_a_fleet_admin_may_do_it() {
    let needed = access::REST.iter().filter_map(|(_, _, access)| match access {
        Access::Needs(action) => Some(*action),
        Access::Public | Access::OwnSession => None,
    });
    for action in needed.chain(access::GRPC.iter().map(|(_, action)| *action)) {
        assert!(Action::ALL.contains(&action), "{}", action.as_str());
        assert!(access::allows(FleetRole::FleetAdmin, action), "{}", action.as_str());
    }
}

#[test]
fn vendor_support_sees_neither_content_nor_the_log_and_changes_nothing() {
    for action in Action::ALL.into_iter().filter(|action| access::allows(FleetRole::VendorSupport, *action)) {
        let word = action.as_str();
        // What workers write is about themselves, never text of a request.
        let reads = word.ends_with(".read") || action == Action::ReplicaLogs;
        assert!(reads && !word.starts_with("audit") && !word.starts_with("key"), "{word}");
    }
}

async fn send(fleet: &Fleet, method: &Method, path: &str, secret: Option<&str>) -> StatusCode {
    let mut request = Request::builder().method(method).uri(path.replace(['{', '}'], "x"));
    if let Some(secret) = secret {
        request = request.header(header::AUTHORIZATION, format!("Bearer {secret}"));
    }
    fleet.send(request.body(Body::empty()).unwrap()).await.status()
}

#[tokio::test]
async fn a_method_that_no_route_declares_is_refused_with_those_that_are() {
    let fleet = Fleet::start().await;
    let known: BTreeSet<&str> = access::REST.iter().map(|(_, path, _)| *path).collect();
    for path in known {
        for method in [Method::PATCH, Method::TRACE, Method::OPTIONS] {
            let request = Request::builder().method(&method).uri(path.replace(['{', '}'], "x"));
            let request = request.header(header::AUTHORIZATION, format!("Bearer {ADMIN}"));
            let response = fleet.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert!(response.headers().contains_key(header::ALLOW), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn an_unknown_path_is_a_problem_document_too() {
    let fleet = Fleet::start().await;
    for path in
        ["/api", "/api/", "/api/v1", "/api/v1/", "/api/v2/models", "/api/v1/models/a/b", "/api/v1/Models"]
    {
        let (status, body) = fleet.call(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(body["type"], "urn:cloister:problem:not-found", "{path}");
    }
}

#[test]
fn every_grpc_method_has_an_action_and_every_action_a_method() {
    let files = prost_types::FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    let services = files.file.into_iter().flat_map(|file| file.service);
    let admin = services.into_iter().find(|service| service.name() == "AdminService").unwrap();
    let methods: BTreeSet<_> = admin.method.iter().map(|method| method.name().to_owned()).collect();
    let declared: BTreeSet<_> = access::GRPC.iter().map(|(method, _)| (*method).to_owned()).collect();
    assert_eq!(methods, declared);
}

#[tokio::test]
async fn a_refused_call_is_on_record_with_its_reason_and_without_the_secret() {
    let fleet = Fleet::start().await;
    for (secret, class) in
        [(Some("clk_unknown"), "key_unknown"), (Some(INFERENCE), "role"), (None, "key_missing")]
    {
        send(&fleet, &Method::GET, paths::MODELS, secret).await;
        let (kind, leaf) = fleet.recorded(1).await.remove(0);
        assert_eq!(kind, "access.denied");
        assert_eq!(leaf["reason"], class);
        assert_eq!(leaf["change"]["action"], "model.read");
        assert!(!leaf.to_string().contains("clk_"), "{leaf}");
    }
    assert_eq!(fleet.recorded(2).await[1].1["actor"]["id"], "key-inference");
}

#[tokio::test]
async fn a_body_is_not_read_before_its_sender_is_known() {
    let fleet = Fleet::start().await;
    let endless = futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>();
    let request = Request::post(paths::KEYS).header(header::CONTENT_TYPE, "application/json");
    let answer = fleet.send(request.body(Body::from_stream(endless)).unwrap());
    let response = tokio::time::timeout(std::time::Duration::from_secs(10), answer).await.unwrap();
    let (status, _) = read(response).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}
