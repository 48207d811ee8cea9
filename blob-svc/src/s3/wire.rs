//! Between rusoto's types, which are made of `http` 0.2, and hyper's, which are made of `http` 1.

use super::{Error, guard};
use bytes::Bytes;
use futures::TryStreamExt;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};
use rusoto_core::ByteStream;
use rusoto_core::request::HttpResponse;
use rusoto_core::signature::{SignedRequest, SignedRequestPayload};
use std::io;
use std::time::Duration;

/// Stores send some 16 to 36 characters.
const MAX_REQUEST_ID: usize = 128;

/// What an answer's body is, where it is a success.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// An object's bytes.
    Data,
    /// XML, or nothing.
    Document,
    /// JSON: a bucket's policy is the one answer that is not XML.
    Json,
}

pub(super) type RequestBody = UnsyncBoxBody<Bytes, io::Error>;

/// What an answer's reading depends on, known from the request alone.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// The request names a key, not only a bucket.
    pub(super) names_key: bool,
    /// What the answer's body is.
    pub(super) body: Body,
}

/// The request as it was signed, path and query untouched: one byte changed breaks the signature.
pub(super) fn outgoing(mut request: SignedRequest) -> Result<http::Request<RequestBody>, Error> {
    let query = request.canonical_query_string();
    let mark = if query.is_empty() { "" } else { "?" };
    let uri = format!(
        "{}://{}{}{mark}{query}",
        request.scheme(),
        request.hostname(),
        request.canonical_path()
    );
    let mut head = http::Request::builder().method(request.method()).uri(uri);
    for (name, values) in request.headers() {
        for value in values {
            head = head.header(name.as_str(), value.as_slice());
        }
    }
    let body = match request.payload.take() {
        None => Full::default()
            .map_err(|never| match never {})
            .boxed_unsync(),
        Some(SignedRequestPayload::Buffer(bytes)) => Full::new(bytes)
            .map_err(|never| match never {})
            .boxed_unsync(),
        Some(SignedRequestPayload::Stream(stream)) => {
            StreamBody::new(stream.map_ok(Frame::data)).boxed_unsync()
        }
    };
    // Only text of our own could be refused here, and parsing keeps such text out.
    head.body(body).map_err(|_| Error::Refused)
}

/// The answer as rusoto may see it: a success whose headers and document are sound. A failure is read here, and only here.
pub(super) async fn incoming(
    answer: http::Response<Incoming>,
    shape: Shape,
    idle: Duration,
) -> Result<HttpResponse, Error> {
    let (head, body) = answer.into_parts();
    let status = head.status.as_u16();
    record(status, &head.headers);
    if !head.status.is_success() {
        let body = gather(body, guard::MAX_ERROR, idle)
            .await
            .unwrap_or_default();
        return Err(refusal(status, guard::error_code(&body).as_deref(), shape));
    }
    let headers = headers(&head.headers)?;
    let body = match shape.body {
        Body::Data => ByteStream::new(flow(body, idle)),
        // Whoever asked for it reads it with a parser of its own.
        Body::Json => ByteStream::from(gather(body, guard::MAX_ERROR, idle).await?),
        Body::Document => {
            let body = gather(body, guard::MAX_DOCUMENT, idle).await?;
            if let guard::Document::Failure(code) = guard::read(&body)? {
                return Err(refusal(500, code.as_deref(), shape));
            }
            ByteStream::from(body)
        }
    };
    let status = http02::StatusCode::from_u16(status).map_err(|_| Error::Malformed)?;
    Ok(HttpResponse {
        status,
        headers,
        body,
    })
}

/// In the span of the call. The request's id is the store's: by it the store's own people find the request.
fn record(status: u16, headers: &http::HeaderMap) {
    let span = tracing::Span::current();
    span.record("http.response.status_code", status);
    let id = headers
        .get("x-amz-request-id")
        .and_then(|id| id.to_str().ok());
    if let Some(id) = id.filter(|id| id.len() <= MAX_REQUEST_ID) {
        span.record("aws.request_id", id);
    }
}

/// The code is the store's text: it is logged when it looks like one of S3's words, and the body never is.
fn refusal(status: u16, code: Option<&str>, shape: Shape) -> Error {
    let error = Error::of_answer(status, code, shape.names_key);
    let code = code
        .filter(|code| code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    tracing::debug!(status, code, %error, "the store answered a failure");
    error
}

/// Every value readable, and every number and bool one: rusoto unwraps them.
fn headers(from: &http::HeaderMap) -> Result<http02::HeaderMap<String>, Error> {
    let mut to = http02::HeaderMap::with_capacity(from.len());
    for (name, value) in from {
        let value = value.to_str().map_err(|_| Error::Malformed)?;
        let sound = match name.as_str() {
            "content-length"
            | "x-amz-missing-meta"
            | "x-amz-mp-parts-count"
            | "x-amz-tagging-count" => value.parse::<i64>().is_ok(),
            "x-amz-delete-marker" | "x-amz-server-side-encryption-bucket-key-enabled" => {
                value.parse::<bool>().is_ok()
            }
            _ => true,
        };
        if !sound {
            return Err(Error::Malformed);
        }
        let name = http02::header::HeaderName::from_bytes(name.as_str().as_bytes())
            .map_err(|_| Error::Malformed)?;
        to.append(name, value.to_owned());
    }
    Ok(to)
}

/// The body's bytes as they come, each within `idle` of the one before. hyper fails a body that ends before its declared
/// length; the receiver counts, for answers that declare none.
fn flow(
    body: Incoming,
    idle: Duration,
) -> impl futures::Stream<Item = io::Result<Bytes>> + Send + 'static {
    futures::stream::try_unfold(body, move |mut body| async move {
        loop {
            let frame = match tokio::time::timeout(idle, body.frame()).await {
                Err(_) => {
                    return Err(io::Error::new(
                        io::ErrorKind::TimedOut,
                        "the store's answer stalled",
                    ));
                }
                Ok(None) => return Ok(None),
                Ok(Some(frame)) => frame.map_err(io::Error::other)?,
            };
            if let Ok(data) = frame.into_data() {
                return Ok(Some((data, body)));
            }
        }
    })
}

/// The whole body, unless it is longer than `limit`.
pub(super) async fn gather(body: Incoming, limit: usize, idle: Duration) -> Result<Vec<u8>, Error> {
    let mut whole = Vec::new();
    let mut chunks = std::pin::pin!(flow(body, idle));
    while let Some(chunk) = chunks.try_next().await.map_err(|_| Error::Unavailable)? {
        if whole.len() + chunk.len() > limit {
            return Err(Error::Malformed);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole)
}
