//! Logs on standard error, and traces to a collector if the usual `OTEL_*` variables name one.
//! Neither ever holds a prompt, an answer or a secret.

use std::io::IsTerminal as _;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, Layer as _};

/// Either of these being set turns tracing on (OpenTelemetry, OTLP exporter specification).
const ENDPOINT_VARIABLES: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("traces cannot be exported: {0}; check the OTEL_EXPORTER_OTLP_* variables, or unset them")]
    Exporter(#[from] ExporterBuildError),
    #[error("logging was set up twice: {0}")]
    Twice(#[from] TryInitError),
}

/// Sends what is left when the process ends.
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Sets up logging (`RUST_LOG`, default `info`; JSON unless standard error is a terminal) and,
    /// if asked for, tracing. Call inside the runtime that the exporter shall use.
    ///
    /// # Errors
    /// [`TelemetryError`].
    pub fn start() -> Result<Self, TelemetryError> {
        let provider = tracing_wanted().then(tracer_provider).transpose()?;
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
        let terminal = std::io::stderr().is_terminal();
        let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let log = if terminal { log.boxed() } else { log.json().boxed() };
        let traces = provider.as_ref().map(|provider| {
            tracing_opentelemetry::layer().with_tracer(provider.tracer("cloister-controller"))
        });
        tracing_subscriber::registry().with(filter).with(log).with(traces).try_init()?;
        Ok(Self { provider })
    }

    /// Flushes what is not sent yet. Blocks: not for an async thread.
    pub fn stop(self) {
        if let Some(Err(error)) = self.provider.map(|provider| provider.shutdown()) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

fn tracing_wanted() -> bool {
    let switched_off = std::env::var("OTEL_SDK_DISABLED").is_ok_and(|v| v.eq_ignore_ascii_case("true"));
    !switched_off && ENDPOINT_VARIABLES.iter().any(|name| std::env::var(name).is_ok_and(|v| !v.is_empty()))
}

fn tracer_provider() -> Result<SdkTracerProvider, ExporterBuildError> {
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let exporter = SpanExporter::builder().with_tonic().build()?;
    // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES, read by the builder, come before this name.
    let named = std::env::var("OTEL_SERVICE_NAME").is_ok_and(|name| !name.is_empty());
    let resource = Resource::builder();
    let resource = if named { resource } else { resource.with_service_name("cloister-controller") };
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build())
}
