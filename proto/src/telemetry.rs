//! Telemetry: one set-up of logs and traces for every process of chatstore.
//!
//! Logs go to standard error: lines for people on a terminal, JSON elsewhere. Spans go to the collector that
//! `OTEL_EXPORTER_OTLP_ENDPOINT` names, over gRPC; without it they are made (so that trace ids run through the logs) and
//! dropped. A collector that is dead or slow costs a request nothing and delays the end of a process by a second at most.

mod fields;

use std::{io::IsTerminal as _, sync::mpsc, time::Duration};

use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    EnvFilter, Layer as _, filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use self::fields::Fields;

/// The OpenTelemetry setting that names the collector.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// How long the last spans may take to leave.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);
/// Beginnings of the names of crates that would log whole requests, or feed the exporter with its own spans.
const QUIET: [&str; 9] = [
    "h2",
    "hyper",
    "hyper_util",
    "opentelemetry",
    "rusoto",
    "s3s",
    "tokio_postgres",
    "tonic",
    "tower",
];

/// Logs and traces, until it is stopped.
#[derive(Debug)]
pub struct Telemetry {
    provider: SdkTracerProvider,
}

impl Telemetry {
    /// Sets up the process's logs, at `level` but for the `modules` that have a level of their own, and its traces under the
    /// name `service`. Call it once, inside of the runtime.
    ///
    /// # Errors
    /// When the collector's address is malformed.
    pub fn start(
        service: &'static str,
        level: LevelFilter,
        modules: &[(&'static str, LevelFilter)],
    ) -> Result<Self, ExporterBuildError> {
        let resource = Resource::builder()
            .with_service_name(service)
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        let mut provider = SdkTracerProvider::builder().with_resource(resource.build());
        if std::env::var_os(ENDPOINT).is_some_and(|endpoint| !endpoint.is_empty()) {
            provider = provider.with_batch_exporter(SpanExporter::builder().with_tonic().build()?);
        }
        let provider = provider.build();

        let spans = Targets::new()
            .with_default(LevelFilter::INFO)
            .with_targets(QUIET.map(|q| (q, LevelFilter::OFF)));
        let traces = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer(service))
            .with_filter(spans);
        let logs = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let logs = if std::io::stderr().is_terminal() {
            logs.boxed()
        } else {
            logs.json()
                .with_current_span(false)
                .fmt_fields(Fields::default())
                .boxed()
        };
        // A second start in one process (tests) keeps the first one's subscriber.
        let _ = tracing_subscriber::registry()
            .with(logs.with_filter(log_filter(level, modules)))
            .with(traces)
            .try_init();
        Ok(Self { provider })
    }

    /// Sends what is left, for at most a second, off the runtime: the exporter can hang on a dead collector.
    pub fn stop(self) {
        let (done, wait) = mpsc::channel();
        std::thread::spawn(move || {
            let _ = self.provider.shutdown_with_timeout(FLUSH_LIMIT);
            let _ = done.send(());
        });
        let _ = wait.recv_timeout(FLUSH_LIMIT);
    }
}

/// Ours at `level` or the module's own, the quiet crates at WARN at most.
fn log_filter(level: LevelFilter, modules: &[(&str, LevelFilter)]) -> EnvFilter {
    let filter = EnvFilter::default().add_directive(level.into());
    let quiet = QUIET.iter().map(|quiet| (*quiet, LevelFilter::WARN));
    quiet
        .chain(modules.iter().copied())
        .filter_map(|(module, level)| format!("{module}={level}").parse().ok())
        .fold(filter, EnvFilter::add_directive)
}
