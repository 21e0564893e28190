//! Joins the client's trace and passes it on (W3C Trace Context, level 1). The ids come from the
//! installed OpenTelemetry layer; without one they are made here, so that the audit record can name
//! the trace in either case.

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Where this request stands in its trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trace {
    /// 32 hex digits.
    pub(crate) trace_id: String,
    /// The header for whoever comes next.
    pub(crate) traceparent: String,
}

/// Makes `span` a child of the client's span, if the client sent one.
pub(crate) fn join(span: &Span, traceparent: Option<&str>) -> Trace {
    let incoming = traceparent.and_then(parse);
    if let Some(parent) = &incoming {
        // Fails only when no OpenTelemetry layer is installed; then there is nothing to join.
        let _ = span.set_parent(opentelemetry::Context::new().with_remote_span_context(parent.clone()));
    }
    let own = span.context().span().span_context().clone();
    if own.is_valid() && own.span_id() != incoming.as_ref().map_or(SpanId::INVALID, SpanContext::span_id) {
        return describe(own.trace_id(), own.span_id(), own.is_sampled());
    }
    let trace_id = incoming.as_ref().map_or_else(|| TraceId::from_bytes(random()), SpanContext::trace_id);
    let sampled = incoming.as_ref().is_some_and(SpanContext::is_sampled);
    describe(trace_id, SpanId::from_bytes(random()), sampled)
}

fn describe(trace_id: TraceId, span_id: SpanId, sampled: bool) -> Trace {
    let flags = u8::from(sampled);
    Trace { trace_id: trace_id.to_string(), traceparent: format!("00-{trace_id}-{span_id}-{flags:02x}") }
}

/// Random bytes; zeros, which mean "no id", if the system has none to give.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if getrandom::fill(&mut bytes).is_err() {
        return [0; N];
    }
    bytes
}

/// A `traceparent` header; anything malformed is as good as none (section 3.2.2 of the standard).
fn parse(header: &str) -> Option<SpanContext> {
    let mut parts = header.trim().split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let lower_hex = |text: &str, digits: usize| {
        text.len() == digits && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let well_formed =
        lower_hex(version, 2) && lower_hex(trace, 32) && lower_hex(span, 16) && lower_hex(flags, 2);
    let known = version == "00" && parts.next().is_none() || version != "00" && version != "ff";
    if !well_formed || !known {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()? & 1);
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::NONE);
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_clients_trace_is_continued_under_a_new_span() {
        let trace = join(&Span::none(), Some(SENT));
        assert_eq!(trace.trace_id, "0af7651916cd43dd8448eb211c80319c");
        assert!(trace.traceparent.starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
        assert!(trace.traceparent.ends_with("-01"));
        assert!(!trace.traceparent.contains("b7ad6b7169203331"));
    }

    #[test]
    fn a_malformed_header_starts_a_new_trace() {
        let cases = [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319é-b7ad6b7169203331-01",
        ];
        for header in cases {
            let trace = join(&Span::none(), Some(header));
            assert_ne!(trace.trace_id, "0af7651916cd43dd8448eb211c80319c", "{header}");
            assert_eq!(trace.traceparent.len(), SENT.len(), "{header}");
            assert!(parse(&trace.traceparent).is_some(), "{header}");
        }
    }
}
