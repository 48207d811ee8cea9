//! One trace through the caller and the service. A file of its own: the subscriber is the whole process's, because spans that
//! a thread without one meets first are switched off for all.

use std::convert::Infallible;

use contract::{call::CallLayer, trace::Propagate};
use http::{Request, Response};
use opentelemetry::trace::{TraceContextExt as _, TraceId, TracerProvider as _};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tonic::{body::Body, service::Interceptor as _};
use tower::{Layer as _, ServiceExt as _, service_fn};
use tracing::{Instrument as _, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{layer::SubscriberExt as _, util::SubscriberInitExt as _};

const METHOD: &str = "/chatstore.metadata.v1.ChatService/GetChat";

#[tokio::test]
async fn the_trace_of_the_caller_runs_on_in_the_service() {
    let provider = SdkTracerProvider::builder().build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    tracing_subscriber::registry().with(layer).init();
    let trace_id = || Span::current().context().span().span_context().trace_id();

    let flow = tracing::info_span!("flow");
    let sent = flow.in_scope(trace_id);
    assert_ne!(sent, TraceId::INVALID);
    let outgoing = flow
        .in_scope(|| Propagate.call(tonic::Request::new(())))
        .expect("an outgoing call");

    let seen = service_fn(move |_| async move {
        let mut answer = Response::new(Body::empty());
        answer.extensions_mut().insert(trace_id());
        Ok::<_, Infallible>(answer)
    });
    let mut incoming = Request::post(METHOD)
        .body(Body::empty())
        .expect("a request");
    incoming
        .headers_mut()
        .extend(outgoing.metadata().clone().into_headers());
    let unrelated = tracing::info_span!("unrelated");
    let answer = CallLayer::new(1)
        .layer(seen)
        .oneshot(incoming)
        .instrument(unrelated)
        .await
        .expect("an answer");
    assert_eq!(answer.extensions().get(), Some(&sent));
}
