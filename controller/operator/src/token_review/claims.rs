//! What an answer of the API server says about a token and its pod.

use std::net::IpAddr;

use k8s_openapi::api::authentication::v1::{TokenReview, UserInfo};
use k8s_openapi::api::core::v1::Pod;

use super::{AGENT_AUDIENCE, AttestedPod, ReviewError};

/// Whom the API server takes the token's holder to be.
#[derive(Debug)]
pub(super) struct Claims(UserInfo);

impl Claims {
    pub(super) fn read(review: TokenReview) -> Result<Self, ReviewError> {
        let status = review.status.unwrap_or_default();
        if status.authenticated != Some(true) {
            return Err(ReviewError::NotAccepted);
        }
        // An authenticator that knows no audiences answers without any: then nothing was checked.
        if !status.audiences.iter().flatten().any(|audience| audience == AGENT_AUDIENCE) {
            return Err(ReviewError::OtherAudience);
        }
        Ok(Self(status.user.unwrap_or_default()))
    }

    pub(super) fn prove(self, wanted: &str, claimed_node: &str) -> Result<AttestedPod, ReviewError> {
        let found = self.0.username.clone().unwrap_or_default();
        if found != wanted {
            return Err(ReviewError::OtherServiceAccount { found, wanted: wanted.to_owned() });
        }
        let name = self.extra("pod-name").ok_or(ReviewError::NotBoundToPod)?;
        let uid = self.extra("pod-uid").ok_or(ReviewError::NotBoundToPod)?;
        let node_name = self.extra("node-name").ok_or(ReviewError::NotBoundToNode)?;
        if node_name != claimed_node {
            return Err(ReviewError::OtherNode { claimed: claimed_node.to_owned(), found: node_name });
        }
        Ok(AttestedPod { name, uid, node_name, node_uid: self.extra("node-uid") })
    }

    fn extra(&self, name: &str) -> Option<String> {
        let values = self.0.extra.as_ref()?.get(&format!("authentication.kubernetes.io/{name}"))?;
        values.first().filter(|value| !value.is_empty()).cloned()
    }
}

/// The pod is there, is that very one, on that node, and the caller has one of its addresses.
pub(super) fn check_pod(found: Option<&Pod>, pod: &AttestedPod, caller: IpAddr) -> Result<(), ReviewError> {
    let name = || pod.name.clone();
    let found = found.ok_or_else(|| ReviewError::PodGone(name()))?;
    let node = found.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
    let status = found.status.clone().unwrap_or_default();
    let ended = matches!(status.phase.as_deref(), Some("Succeeded" | "Failed"));
    if found.metadata.uid.as_deref() != Some(pod.uid.as_str())
        || node != Some(pod.node_name.as_str())
        || ended
    {
        return Err(ReviewError::PodReplaced(name()));
    }
    let listed = status.pod_ips.into_iter().flatten().map(|ip| ip.ip);
    let caller = caller.to_canonical();
    let is_callers = |ip: String| ip.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical() == caller);
    match listed.chain(status.pod_ip).any(is_callers) {
        true => Ok(()),
        false => Err(ReviewError::OtherAddress(name())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn review(change: impl FnOnce(&mut serde_json::Value)) -> TokenReview {
        let mut status = json!({
            "authenticated": true,
            "audiences": ["cloister-agents"],
            "user": {
                "username": "system:serviceaccount:ns:agent",
                "extra": {
                    "authentication.kubernetes.io/pod-name": ["p"],
                    "authentication.kubernetes.io/pod-uid": ["u"],
                    "authentication.kubernetes.io/node-name": ["n"]
                }
            }
        });
        change(&mut status);
        serde_json::from_value(json!({"spec": {}, "status": status})).unwrap()
    }

    fn prove(change: impl FnOnce(&mut serde_json::Value)) -> Result<AttestedPod, ReviewError> {
        Claims::read(review(change))?.prove("system:serviceaccount:ns:agent", "n")
    }

    #[test]
    fn only_a_token_of_the_agents_pod_on_the_claimed_node_proves_it() {
        let pod = prove(|_| {}).unwrap();
        assert_eq!((pod.name.as_str(), pod.uid.as_str(), pod.node_name.as_str()), ("p", "u", "n"));
        type Change = fn(&mut serde_json::Value);
        let cases: [(Change, &str); 8] = [
            (|s| s["authenticated"] = json!(false), "token_not_accepted"),
            (|s| s["authenticated"] = json!(null), "token_not_accepted"),
            (|s| s["audiences"] = json!(["https://kubernetes.default.svc"]), "token_audience"),
            (|s| s["audiences"] = json!(null), "token_audience"),
            (|s| s["user"]["username"] = json!("system:serviceaccount:other:agent"), "service_account"),
            (
                |s| s["user"]["extra"]["authentication.kubernetes.io/pod-uid"] = json!([""]),
                "token_without_pod",
            ),
            (
                |s| s["user"]["extra"]["authentication.kubernetes.io/node-name"] = json!([]),
                "token_without_node",
            ),
            (|s| s["user"]["extra"]["authentication.kubernetes.io/node-name"] = json!(["m"]), "node_name"),
        ];
        for (change, class) in cases {
            assert_eq!(prove(change).unwrap_err().class(), class);
        }
    }

    #[test]
    fn the_pod_must_be_that_one_there_and_call_from_its_own_address() {
        let pod = AttestedPod { name: "p".into(), uid: "u".into(), node_name: "n".into(), node_uid: None };
        let found = |uid: &str, node: &str, phase: &str| -> Pod {
            serde_json::from_value(json!({
                "metadata": {"name": "p", "uid": uid},
                "spec": {"nodeName": node, "containers": []},
                "status": {"phase": phase, "podIP": "10.0.0.7", "podIPs": [{"ip": "10.0.0.7"}, {"ip": "fd00::7"}]}
            }))
            .unwrap()
        };
        let good = found("u", "n", "Running");
        for address in ["10.0.0.7", "fd00::7", "::ffff:10.0.0.7"] {
            assert!(check_pod(Some(&good), &pod, address.parse().unwrap()).is_ok(), "{address}");
        }
        let cases = [
            (None, "10.0.0.7", "pod_gone"),
            (Some(found("other", "n", "Running")), "10.0.0.7", "pod_replaced"),
            (Some(found("u", "m", "Running")), "10.0.0.7", "pod_replaced"),
            (Some(found("u", "n", "Failed")), "10.0.0.7", "pod_replaced"),
            (Some(good), "10.0.0.8", "pod_address"),
        ];
        for (found, address, class) in cases {
            let error = check_pod(found.as_ref(), &pod, address.parse().unwrap()).unwrap_err();
            assert_eq!(error.class(), class, "{error}");
        }
    }
}
