//! Traces, batched on a thread of their own and sent as OTLP over HTTP.
//!
//! What holds: at most [`QUEUE`] spans wait, further ones are dropped by the library, so a collector that is away
//! costs memory for these and no time; shutdown waits for the collector at most [`FAREWELL`].
//!
//! Sources: OTLP specification 1.x, section OTLP/HTTP; docs/decisions/0020-process.md for the choice of the library.

use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, Tracer};
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;

use crate::log::collector::Collector;

/// Spans that may wait for the collector.
const QUEUE: usize = 2_048;
/// Time between two batches.
const EVERY: Duration = Duration::from_secs(5);
/// Longest that sending a batch may take, retries included.
const LONGEST: Duration = Duration::from_secs(5);
/// Longest that the end of the process waits for the collector.
const FAREWELL: Duration = Duration::from_secs(2);

/// Spans on their way to a collector. What waits is sent when this is dropped.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Starts the thread that sends to the collector at `url`.
    ///
    /// # Errors
    ///
    /// [`ExporterBuildError`] if `url` is not an address.
    pub fn to(url: &str, service: &str) -> Result<Self, ExporterBuildError> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::new(LONGEST))
            .with_endpoint(format!("{}/v1/traces", url.trim_end_matches('/')))
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(LONGEST)
            .build()?;
        let batches =
            BatchConfigBuilder::default().with_max_queue_size(QUEUE).with_scheduled_delay(EVERY);
        let sender = BatchSpanProcessor::builder(exporter).with_batch_config(batches.build());
        let provider = SdkTracerProvider::builder()
            .with_span_processor(sender.build())
            .with_resource(Resource::builder_empty().with_service_name(service.to_owned()).build())
            .build();
        Ok(Self(provider))
    }

    /// The layer through which spans reach the collector.
    pub fn layer<S>(&self) -> OpenTelemetryLayer<S, Tracer>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer().with_tracer(self.0.tracer("chopmark"))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        // That the collector is away was reported when it was tried.
        self.0.shutdown_with_timeout(FAREWELL).ok();
    }
}
