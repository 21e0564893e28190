//! The kinds as CustomResourceDefinitions, and as the YAML files of the chart.

use kube::CustomResourceExt as _;
use serde_json::Value;

use super::{FleetNode, Model, ModelDeployment, TrustPolicy};

/// All four, as JSON of `apiextensions.k8s.io/v1`.
pub fn definitions() -> Vec<Value> {
    [Model::crd(), ModelDeployment::crd(), TrustPolicy::crd(), FleetNode::crd()]
        .into_iter()
        .map(|definition| {
            let mut json = serde_json::to_value(definition).expect("a definition is plain data");
            plain_schema(&mut json);
            let status = json.pointer_mut("/spec/versions/0/schema/openAPIV3Schema/properties/status");
            if let Some(status) = status {
                without_defaults(status);
            }
            json
        })
        .collect()
}

/// File name and text of each, for `charts/cloister/files/crds`.
///
/// # Errors
/// If a definition cannot be written as YAML.
pub fn yaml_files() -> Result<Vec<(String, String)>, serde_yaml_ng::Error> {
    let files = definitions().into_iter().map(|definition| {
        let name = format!("{}.yaml", definition["spec"]["names"]["plural"].as_str().unwrap_or_default());
        let text = serde_yaml_ng::to_string(&definition)?;
        Ok((name, format!("# Generated from controller/operator/src/crd by `make crds`.\n{text}")))
    });
    files.collect()
}

/// Takes out what Rust's types say and Kubernetes does not: unsigned formats (the API server warns of formats that
/// it does not know) and `nullable` (an absent field is left out, never null).
fn plain_schema(json: &mut Value) {
    match json {
        Value::Array(items) => items.iter_mut().for_each(plain_schema),
        Value::Object(fields) => {
            if fields.get("nullable") == Some(&Value::Bool(true)) {
                fields.remove("nullable");
            }
            let unsigned =
                matches!(fields.get("format").and_then(Value::as_str), Some("uint32" | "uint64" | "uint"));
            if unsigned {
                fields.insert("format".to_owned(), "int64".into());
            }
            fields.values_mut().for_each(plain_schema);
        }
        _ => {}
    }
}

/// A status is written as a whole; the API server is to add nothing to it.
fn without_defaults(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(without_defaults),
        Value::Object(fields) => {
            fields.remove("default");
            fields.values_mut().for_each(without_defaults);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_charts_definitions_are_current() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/cloister/files/crds");
        for (name, text) in yaml_files().unwrap() {
            let written = std::fs::read_to_string(folder.join(&name)).unwrap_or_default();
            assert!(written == text, "charts/cloister/files/crds/{name} is outdated: run `make crds`");
        }
    }

    #[test]
    fn everything_a_person_writes_is_described() {
        fn undescribed(at: &str, schema: &Value, found: &mut Vec<String>) {
            for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                let at = format!("{at}.{name}");
                if !property["description"].is_string() {
                    found.push(at.clone());
                }
                undescribed(&at, property, found);
                undescribed(&at, &property["items"], found);
            }
        }
        let mut found = Vec::new();
        for definition in definitions() {
            let kind = definition["spec"]["names"]["kind"].as_str().unwrap().to_owned();
            undescribed(&kind, &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"], &mut found);
        }
        assert!(found.is_empty(), "`kubectl explain` says nothing of {found:?}");
    }
}
