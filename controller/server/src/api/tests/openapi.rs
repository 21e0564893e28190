//! The OpenAPI document is complete, and its committed copy is the one that is served.

use std::collections::BTreeSet;

use cloister_api::paths;
use http::Method;
use serde_json::Value;

use super::{Fleet, assert_committed, committed};
use crate::api::access::{self, Access};

fn document() -> Value {
    serde_json::to_value(crate::api::openapi()).unwrap()
}

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let text = format!("{}\n", crate::api::openapi().to_pretty_json().unwrap());
    assert_committed(&committed("../api/openapi.json"), &text);
}

#[test]
fn the_document_lists_exactly_the_declared_routes() {
    let document = document();
    let listed = document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        item.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
    });
    let declared = access::REST.iter().map(|(method, path, _)| (method.to_string(), (*path).to_owned()));
    // The document does not list itself.
    let declared = declared.filter(|(_, path)| path != paths::OPENAPI);
    assert_eq!(listed.collect::<BTreeSet<_>>(), declared.collect::<BTreeSet<_>>());
}

#[test]
fn every_operation_has_its_parameters_its_key_and_its_errors() {
    let document = document();
    for (method, path, access) in access::REST.iter().filter(|(_, path, _)| *path != paths::OPENAPI) {
        let operation = &document["paths"][path][method.as_str().to_lowercase()];
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let listed: BTreeSet<&str> =
            parameters.iter().filter(|p| p["in"] == "path").map(|p| p["name"].as_str().unwrap()).collect();
        let named: BTreeSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(listed, named, "{method} {path}");
        let responses = operation["responses"].as_object().unwrap();
        let listed: Vec<_> = operation["security"].as_array().into_iter().flatten().collect();
        let has = |scheme: &str| listed.iter().any(|security| security[scheme].is_array());
        let (key, session) = match access {
            Access::Public => (false, false),
            Access::OwnSession => (false, true),
            Access::Needs(_) => (true, true),
        };
        assert_eq!((has("api_key"), has("session")), (key, session), "{method} {path}");
        // Signing in is refused with the same answers as everything that needs to be signed in.
        let guarded = session || (method == Method::POST && *path == paths::SESSION);
        for status in ["401", "403", "500", "503"] {
            assert_eq!(responses.contains_key(status), guarded, "{method} {path}: {status}");
        }
        if method == Method::POST || (method == Method::PUT && *path == paths::DEPLOYMENT) {
            let takes_body = operation["requestBody"].is_object();
            assert_eq!(responses.contains_key("415"), takes_body, "{method} {path}");
        }
        for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
            let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/Problem", "{method} {path}: {status}");
        }
    }
}

#[test]
fn every_schema_that_is_named_is_there() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn it_is_served_without_a_key() {
    let fleet = Fleet::start().await;
    let request = http::Request::get(paths::OPENAPI).body(axum::body::Body::empty()).unwrap();
    let (status, served) = super::read(fleet.send(request).await).await;
    assert_eq!(status, http::StatusCode::OK);
    assert_eq!(served, document());
}
