//! The request's trace, continued. The worker has no network, so its spans go to its log, with the trace's
//! id in them; the agent and the gateway export theirs.

use tracing::Span;

/// A span for one sequence, joined to the caller's trace by its W3C `traceparent`, if that is well formed.
pub(crate) fn span(request_id: &str, traceparent: &str) -> Span {
    let (trace_id, parent_id) = ids(traceparent).unwrap_or_default();
    tracing::info_span!(
        "worker.run",
        request_id,
        trace_id,
        parent_id,
        prompt_tokens = tracing::field::Empty,
        completion_tokens = tracing::field::Empty,
        outcome = tracing::field::Empty,
    )
}

/// Trace id and parent span id of `version-trace-parent-flags` (W3C Trace Context, section 3.2).
fn ids(traceparent: &str) -> Option<(&str, &str)> {
    let mut parts = traceparent.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    };
    let zero = |part: &str| part.bytes().all(|digit| digit == b'0');
    let sound = hex(version, 2) && version != "ff" && hex(trace, 32) && hex(parent, 16) && hex(flags, 2);
    (sound && !zero(trace) && !zero(parent)).then_some((trace, parent))
}

#[cfg(test)]
mod tests {
    use super::ids;

    #[test]
    fn only_a_well_formed_parent_is_joined() {
        let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        assert_eq!(ids(&format!("00-{trace}-{parent}-01")), Some((trace, parent)));
        let zeros = "0".repeat(32);
        let bad = [
            String::new(),
            "00".to_owned(),
            format!("ff-{trace}-{parent}-01"),
            format!("00-{}-{parent}-01", trace.to_uppercase()),
            format!("00-{zeros}-{parent}-01"),
            format!("00-{trace}-{parent}"),
            format!("00-{trace}-{parent}x-01"),
        ];
        for text in bad {
            assert_eq!(ids(&text), None, "{text:?}");
        }
    }
}
