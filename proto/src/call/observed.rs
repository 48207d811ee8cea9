//! A call as it is observed: its span, a child of the caller's, its line in the log, and its measure.

use http::{HeaderMap, Request};
use opentelemetry::trace::TraceContextExt as _;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};
use tonic::{Code, Status};
use tracing::{Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::method::{self, Method};
use crate::trace;

/// A call under way; its end, however it comes, is written to the span and the log, and measured.
pub(super) struct Call {
    method: &'static Method,
    span: Span,
    begin: Instant,
    code: Option<Code>,
    _place: OwnedSemaphorePermit,
}

impl Call {
    /// Begins the call of `method` that `request` asks for; it holds `place` until it ends.
    pub(super) fn begin<B>(
        method: &'static Method,
        request: &Request<B>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        method::begun();
        Self {
            method,
            span: server_span(request),
            begin: Instant::now(),
            code: None,
            _place: place,
        }
    }

    /// The span that everything done for the call lies in.
    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    /// Takes the status out of headers or trailers, if it is there.
    pub(super) fn note(&mut self, headers: &HeaderMap) {
        if let Some(status) = headers.get(Status::GRPC_STATUS) {
            self.code = Some(Code::from_bytes(status.as_bytes()));
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let _inside = self.span.enter();
        // A body that is dropped before its trailers belongs to a caller that hung up.
        let code = self.code.unwrap_or(Code::Cancelled);
        let elapsed = self.begin.elapsed();
        self.method.ended(code, elapsed);
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        self.span
            .record("rpc.response.status_code", i32::from(code));
        if code != Code::Ok {
            self.span.record("error.type", tracing::field::debug(code));
        }
        match code {
            Code::Ok => tracing::debug!(elapsed_ms, "done"),
            Code::Internal | Code::Unknown | Code::DataLoss => {
                self.span.record("otel.status_code", "ERROR");
                tracing::error!(elapsed_ms, ?code, "failed");
            }
            Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted => {
                self.span.record("otel.status_code", "ERROR");
                tracing::warn!(elapsed_ms, ?code, "not served");
            }
            Code::Cancelled
            | Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::Unauthenticated => tracing::info!(elapsed_ms, ?code, "refused"),
        }
    }
}

/// Makes the server's span of a call, a child of the caller's span where it sent one.
///
/// Names are OpenTelemetry's semantic conventions for RPC.
fn server_span<B>(request: &Request<B>) -> Span {
    let method = request.uri().path().trim_start_matches('/');
    let span = tracing::info_span!(
        "rpc",
        otel.name = method,
        otel.kind = "server",
        otel.status_code = Empty,
        rpc.system.name = "grpc",
        rpc.method = method,
        rpc.response.status_code = Empty,
        error.type = Empty,
        trace_id = Empty,
        // What the call is about, for the handler to record.
        request_id = Empty,
        chat_id = Empty,
        message_id = Empty,
        image_id = Empty,
    );
    // Fails only where no OpenTelemetry layer is installed; then there is no trace to join.
    let _ = span.set_parent(trace::extract(request.headers()));
    span.record(
        "trace_id",
        tracing::field::display(span.context().span().span_context().trace_id()),
    );
    span
}
