//! Which request it was, in words of ours.

use http::{Method, Uri};
use prometheus_client::encoding::EncodeLabelSet;

const VERBS: [&str; 7] = ["create", "delete", "get", "list", "patch", "update", "watch"];
const RESOURCES: [&str; 12] = [
    "configmaps",
    "events",
    "fleetnodes",
    "leases",
    "modeldeployments",
    "models",
    "other",
    "pods",
    "secrets",
    "status",
    "tokenreviews",
    "trustpolicies",
];

/// Verb and resource of a request; writes to any `/status` are told apart as `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, EncodeLabelSet)]
pub struct RequestLabels {
    pub verb: &'static str,
    pub resource: &'static str,
}

/// Every pair that can occur.
pub(super) fn all() -> impl Iterator<Item = RequestLabels> {
    VERBS
        .into_iter()
        .flat_map(|verb| RESOURCES.into_iter().map(move |resource| RequestLabels { verb, resource }))
}

impl RequestLabels {
    pub(super) fn of(method: &Method, uri: &Uri) -> Self {
        let path: Vec<&str> = uri.path().split('/').filter(|part| !part.is_empty()).collect();
        let rest = match path.as_slice() {
            ["api", _, rest @ ..] | ["apis", _, _, rest @ ..] => rest,
            _ => &[],
        };
        let rest = match rest {
            ["namespaces", _, inner @ ..] if !inner.is_empty() => inner,
            other => other,
        };
        let named = rest.len() > 1;
        let resource = match rest {
            [_, _, "status"] => "status",
            [resource, ..] => RESOURCES.into_iter().find(|known| known == resource).unwrap_or("other"),
            [] => "other",
        };
        Self { verb: verb(method, uri, named), resource }
    }
}

fn verb(method: &Method, uri: &Uri, named: bool) -> &'static str {
    let watches = uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "watch=true"));
    match method.as_str() {
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ if watches => "watch",
        _ if named => "get",
        _ => "list",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_named_by_verb_and_resource() {
        let cases = [
            (
                "GET",
                "/apis/fleet.cloister.dev/v1alpha1/namespaces/a/models?watch=true&x=1",
                "watch",
                "models",
            ),
            ("GET", "/apis/fleet.cloister.dev/v1alpha1/namespaces/a/models?limit=250", "list", "models"),
            (
                "PATCH",
                "/apis/fleet.cloister.dev/v1alpha1/namespaces/a/models/m?force=true",
                "patch",
                "models",
            ),
            ("PATCH", "/apis/fleet.cloister.dev/v1alpha1/namespaces/a/models/m/status", "patch", "status"),
            ("GET", "/api/v1/namespaces/a/pods/p", "get", "pods"),
            ("POST", "/apis/authentication.k8s.io/v1/tokenreviews", "create", "tokenreviews"),
            ("POST", "/apis/events.k8s.io/v1/namespaces/a/events", "create", "events"),
            ("GET", "/version", "list", "other"),
        ];
        for (method, uri, verb, resource) in cases {
            let labels = RequestLabels::of(&method.parse().unwrap(), &uri.parse().unwrap());
            assert_eq!(labels, RequestLabels { verb, resource }, "{method} {uri}");
        }
    }
}
