//! What surrounds every call: its span in the caller's trace, its deadline, its place under the process's limit, and its
//! line in the log. One tower layer, so that the four see the same beginning and the same end, also of a stream.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body as HttpBody, Frame};
use opentelemetry::trace::TraceContextExt as _;
use prost::Message as _;
use prost_types::FileDescriptorSet;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep},
};
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};
use tracing::{Instrument as _, Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::{FILE_DESCRIPTOR_SET, status, trace};

/// The longest a unary call takes.
const UNARY_LIMIT: Duration = Duration::from_secs(60);
/// The longest a streaming call takes; whoever watches for longer resumes.
const STREAM_LIMIT: Duration = Duration::from_secs(3_600);
/// The gRPC header that carries the caller's deadline.
const GRPC_TIMEOUT: &str = "grpc-timeout";

/// The time limit of every method of the contract, by path (`/package.Service/Method`).
static LIMITS: LazyLock<HashMap<String, Duration>> = LazyLock::new(|| {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap_or_default();
    let services = set
        .file
        .iter()
        .flat_map(|file| file.service.iter().map(move |s| (file.package(), s)));
    services
        .flat_map(|(package, service)| {
            service.method.iter().map(move |method| {
                let streams = method.client_streaming() || method.server_streaming();
                let path = format!("/{package}.{}/{}", service.name(), method.name());
                (path, if streams { STREAM_LIMIT } else { UNARY_LIMIT })
            })
        })
        .collect()
});

/// Surrounds the calls of a server; health and reflection pass untouched.
#[derive(Clone, Debug)]
pub struct CallLayer {
    places: Arc<Semaphore>,
}

impl CallLayer {
    /// Lets at most `max_calls` run at once in this process; one more is answered `RESOURCE_EXHAUSTED`.
    #[must_use]
    pub fn new(max_calls: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(max_calls)),
        }
    }
}

impl<S> Layer<S> for CallLayer {
    type Service = CallService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CallService {
            inner,
            places: self.places.clone(),
        }
    }
}

/// A service whose calls are surrounded by [`CallLayer`].
#[derive(Clone, Debug)]
pub struct CallService<S> {
    inner: S,
    places: Arc<Semaphore>,
}

impl<S, B> Service<Request<B>> for CallService<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Some(limit) = LIMITS.get(request.uri().path()) else {
            return Box::pin(self.inner.call(request));
        };
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            return Box::pin(async {
                Ok(status::overloaded("too many calls at once").into_http())
            });
        };
        let deadline =
            Instant::now() + caller_timeout(request.headers()).map_or(*limit, |t| t.min(*limit));
        let mut call = Call {
            span: server_span(&request),
            begin: Instant::now(),
            code: None,
            _place: place,
        };
        let answer = call
            .span
            .in_scope(|| self.inner.call(request))
            .instrument(call.span.clone());
        Box::pin(async move {
            let answer = match tokio::time::timeout_at(deadline, answer).await {
                Ok(answer) => answer?,
                Err(_) => status::deadline_exceeded().into_http(),
            };
            call.note(answer.headers());
            let sleep = Box::pin(tokio::time::sleep_until(deadline));
            Ok(answer.map(|body| {
                Body::new(CallBody {
                    body,
                    call,
                    sleep,
                    ended: false,
                })
            }))
        })
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

/// Reads `grpc-timeout` (gRPC over HTTP/2: up to 8 digits and a unit); a malformed one counts as none.
fn caller_timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(GRPC_TIMEOUT)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3_600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

/// A call under way; its end, however it comes, is written to the span and the log.
struct Call {
    span: Span,
    begin: Instant,
    code: Option<Code>,
    _place: OwnedSemaphorePermit,
}

impl Call {
    /// Takes the status out of headers or trailers, if it is there.
    fn note(&mut self, headers: &HeaderMap<HeaderValue>) {
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
        let elapsed_ms = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
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

/// The answer's body, cut with `DEADLINE_EXCEEDED` when the time is out.
struct CallBody {
    body: Body,
    call: Call,
    sleep: Pin<Box<Sleep>>,
    ended: bool,
}

impl HttpBody for CallBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        if this.sleep.as_mut().poll(cx).is_ready() {
            this.ended = true;
            let mut trailers = HeaderMap::new();
            status::deadline_exceeded().add_header(&mut trailers)?;
            this.call.note(&trailers);
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        let span = this.call.span.clone();
        let frame = span.in_scope(|| Pin::new(&mut this.body).poll_frame(cx));
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(trailers) = frame.trailers_ref()
        {
            this.call.note(trailers);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_of_grpc_timeout_is_read_and_malformed_ones_count_as_none() {
        let read = |text: &str| {
            let value = HeaderValue::from_str(text).expect("ASCII");
            caller_timeout(&HeaderMap::from_iter([(
                http::HeaderName::from_static(GRPC_TIMEOUT),
                value,
            )]))
        };
        assert_eq!(read("2H"), Some(Duration::from_secs(7_200)));
        assert_eq!(read("3M"), Some(Duration::from_secs(180)));
        assert_eq!(read("4S"), Some(Duration::from_secs(4)));
        assert_eq!(read("5m"), Some(Duration::from_millis(5)));
        assert_eq!(read("6u"), Some(Duration::from_micros(6)));
        assert_eq!(read("7n"), Some(Duration::from_nanos(7)));
        for bad in ["", "S", "123456789S", "1s", "+1S", "1.5S"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_method_of_the_contract_has_a_limit_and_streams_have_the_longer_one() {
        assert_eq!(
            LIMITS.get("/chatstore.metadata.v1.ChatService/GetChat"),
            Some(&UNARY_LIMIT)
        );
        assert_eq!(
            LIMITS.get("/chatstore.blob.v1.ObjectService/PutObject"),
            Some(&STREAM_LIMIT)
        );
        assert_eq!(LIMITS.get("/grpc.health.v1.Health/Check"), None);
    }
}
