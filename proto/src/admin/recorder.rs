//! What the process measures, from where it is measured (the macros of `metrics`) to Prometheus' text.

use std::sync::LazyLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// The bounds of every histogram, in seconds: from a point read to a document's upload.
const BOUNDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The macros' one recorder in this process.
static RECORDER: LazyLock<PrometheusHandle> = LazyLock::new(|| {
    let builder = PrometheusBuilder::new();
    let builder = builder.set_buckets(&BOUNDS).unwrap_or_default();
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    // Nobody else in this process installs one.
    let _ = metrics::set_global_recorder(recorder);
    handle
});

/// The recorder, installed. What is named before that is measured by nobody.
pub(super) fn installed() -> PrometheusHandle {
    RECORDER.clone()
}
