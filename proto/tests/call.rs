//! What surrounds every call, claim by claim, on the layer itself.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use contract::call::CallLayer;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::BodyExt as _;
use tonic::{Code, Status, body::Body};
use tonic_types::StatusExt as _;
use tower::{Layer as _, Service, ServiceExt as _, service_fn};

const UNARY: &str = "/chatstore.metadata.v1.ChatService/GetChat";
const STREAM: &str = "/chatstore.metadata.v1.ChatService/WatchChat";
const HEALTH: &str = "/grpc.health.v1.Health/Check";

fn request(path: &str, timeout: &str) -> Request<Body> {
    Request::post(path)
        .header("grpc-timeout", timeout)
        .body(Body::empty())
        .expect("a request")
}

fn status(answer: &Response<Body>) -> Status {
    Status::from_header_map(answer.headers()).expect("an answer of trailers alone")
}

/// A body that never has a frame: what a stream looks like whose events do not come.
struct Silent;

impl http_body::Body for Silent {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Poll::Pending
    }
}

fn silent_stream(
    max_calls: usize,
) -> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone {
    CallLayer::new(max_calls).layer(service_fn(|_| {
        std::future::ready(Ok(Response::new(Body::new(Silent))))
    }))
}

#[tokio::test]
async fn a_call_out_of_time_answers_deadline_exceeded() {
    let hangs = service_fn(|_| std::future::pending::<Result<Response<Body>, Infallible>>());
    let answer = CallLayer::new(1)
        .layer(hangs)
        .oneshot(request(UNARY, "10m"))
        .await
        .expect("an answer");
    assert_eq!(status(&answer).code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_stream_out_of_time_ends_with_deadline_exceeded() {
    let answer = silent_stream(1)
        .oneshot(request(STREAM, "10m"))
        .await
        .expect("an answer");
    let end = answer.into_body().collect().await.expect("a whole stream");
    let status = Status::from_header_map(end.trailers().expect("trailers")).expect("a status");
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn one_call_over_the_limit_is_told_when_to_retry_and_the_place_is_free_when_the_stream_is_dropped()
 {
    let service = silent_stream(1);
    let open = service
        .clone()
        .oneshot(request(STREAM, "1H"))
        .await
        .expect("an answer");
    let refused = status(
        &service
            .clone()
            .oneshot(request(STREAM, "1H"))
            .await
            .expect("an answer"),
    );
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(
        refused
            .get_details_retry_info()
            .is_some_and(|retry| retry.retry_delay.is_some())
    );

    let health = service
        .clone()
        .oneshot(request(HEALTH, "1H"))
        .await
        .expect("an answer");
    assert!(
        Status::from_header_map(health.headers()).is_none(),
        "health passes a full server"
    );

    drop(open);
    let served = service
        .oneshot(request(STREAM, "1H"))
        .await
        .expect("an answer");
    assert!(Status::from_header_map(served.headers()).is_none());
}
