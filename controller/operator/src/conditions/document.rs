//! The list of conditions as a document.

use super::{Row, TABLE};
use crate::decide::autoscale::Reason;

const HEAD: &str = "# Conditions of the Kubernetes kinds

What the operator says in `status.conditions`, and why. Reasons are a closed list: a program may rely on them. The sentence
for people is in `message`. `kubectl wait --for=condition=Ready modeldeployment/ward` waits for one.

Printed from `controller/operator/src/conditions.rs` by `make crds`.
";

const AUTOSCALING: &str = "
## Autoscaling

What `status.autoscaling.reason` of a ModelDeployment says: why as many replicas are wanted as are.

| reason | meaning |
|---|---|
";

/// `docs/kubernetes-conditions.md`.
pub fn document() -> String {
    let mut text = HEAD.to_owned();
    let mut last: Option<Row> = None;
    for row in TABLE {
        if last.is_none_or(|last| last.kind != row.kind) {
            text.push_str(&format!(
                "\n## {}\n\n| condition | status | reason | meaning |\n|---|---|---|---|\n",
                row.kind
            ));
        }
        let same = last.is_some_and(|last| last.kind == row.kind && last.condition == row.condition);
        let condition = if same { String::new() } else { format!("`{}`", row.condition) };
        text.push_str(&format!(
            "| {condition} | {} | `{}` | {} |\n",
            row.status.as_str(),
            row.reason,
            row.meaning
        ));
        last = Some(*row);
    }
    text.push_str(AUTOSCALING);
    for reason in Reason::ALL {
        text.push_str(&format!("| `{}` | {} |\n", reason.as_str(), reason.meaning()));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_document_in_the_repository_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/kubernetes-conditions.md");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == document(), "docs/kubernetes-conditions.md is outdated: run `make crds`");
    }

    #[test]
    fn a_reason_has_one_meaning_within_its_condition() {
        let mut seen = BTreeSet::new();
        for row in TABLE {
            assert!(seen.insert((row.kind, row.condition, row.reason)), "twice: {row:?}");
            assert!(row.reason.chars().all(|c| c.is_ascii_alphanumeric()), "{row:?}");
            assert!(row.meaning.ends_with('.'), "{row:?}");
        }
        let reasons: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(reasons.len(), Reason::ALL.len());
    }
}
