//! What the admin port answers.

use std::convert::Infallible;

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE},
};
use http_body_util::Full;
use metrics_exporter_prometheus::PrometheusHandle;

use super::process;
use crate::health::{Picture, State};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// Prometheus, "Exposition formats", text-based format.
const EXPOSITION: HeaderValue =
    HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Answers a request; hyper leaves the body away where it is HEAD.
pub(super) fn answer<B>(
    request: &Request<B>,
    picture: &Picture,
    recorder: &PrometheusHandle,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, content_type, body) = match request.uri().path() {
        "/health" | "/ready" | "/metrics" if !is_read(request.method()) => (
            StatusCode::METHOD_NOT_ALLOWED,
            TEXT,
            "only GET and HEAD\n".to_owned(),
        ),
        "/health" => (StatusCode::OK, JSON, json(picture)),
        "/ready" if picture.is_ready() => (StatusCode::OK, JSON, json(picture)),
        "/ready" => (StatusCode::SERVICE_UNAVAILABLE, JSON, json(picture)),
        "/metrics" => (
            StatusCode::OK,
            EXPOSITION,
            recorder.render() + &process::exposition(),
        ),
        _ => (
            StatusCode::NOT_FOUND,
            TEXT,
            "there are /health, /ready and /metrics\n".to_owned(),
        ),
    };
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    Ok(answer)
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// One object, a line for the whole and one for each dependency. Texts of ours in plain ASCII: Rust quotes them as JSON does.
fn json(picture: &Picture) -> String {
    let whole = ("status", picture.status().to_owned());
    let each = picture
        .dependencies()
        .map(|(name, state)| (name, word(state)));
    let lines: Vec<_> = std::iter::once(whole)
        .chain(each)
        .map(|(name, word)| format!("  {name:?}: {word:?}"))
        .collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

/// A state as existing checklists read it: what no setting names is unavailable, and no failure.
fn word(state: &State) -> String {
    match state {
        State::Ok => "ok".to_owned(),
        State::Starting => "starting".to_owned(),
        State::Failing(reason) => format!("failing: {reason}"),
        State::NotConfigured => "unavailable".to_owned(),
    }
}
