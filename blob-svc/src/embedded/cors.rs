//! Pages of other origins: what a bucket lets them do ("Cross-origin resource sharing", Amazon S3 User Guide), told to browsers
//! in the words of the Fetch Standard. The protocol layer knows no `OPTIONS`, so this stands before it.

use super::Backend;
use super::form::Front;
use super::settings::CorsRule;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderName, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::Service;
use s3s::{Body, HttpError};

/// What a browser asks about.
struct Asked {
    bucket: String,
    origin: String,
    method: String,
    /// Header fields that the request is going to carry; none but in a preflight.
    headers: Vec<String>,
    is_preflight: bool,
}

/// Answers preflights, and tells browsers of all other answers whether the page may see them.
pub(super) async fn serve(
    backend: Backend,
    front: Front,
    request: Request<Incoming>,
) -> Result<Response<Body>, HttpError> {
    let Some(asked) = Asked::of(&request) else {
        return front.call(request).await;
    };
    let bucket = asked.bucket.clone();
    let settings = backend.disk(move |disk| disk.settings(&bucket)).await;
    let rules = settings.map(|settings| settings.cors).unwrap_or_default();
    let told = rules.iter().find_map(|rule| asked.told_by(rule));
    if asked.is_preflight {
        return Ok(preflight(told));
    }
    let mut answer = front.call(request).await?;
    answer.headers_mut().extend(told.unwrap_or_default());
    Ok(answer)
}

fn preflight(told: Option<HeaderMap>) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    match told {
        Some(told) => *answer.headers_mut() = told,
        None => *answer.status_mut() = StatusCode::FORBIDDEN,
    }
    answer
}

impl Asked {
    /// None where no page of another origin asks.
    fn of(request: &Request<Incoming>) -> Option<Self> {
        let text = |name: HeaderName| request.headers().get(name)?.to_str().ok();
        let method = text(ACCESS_CONTROL_REQUEST_METHOD);
        let is_preflight = request.method() == Method::OPTIONS && method.is_some();
        let headers = text(ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default();
        let headers = headers
            .split(',')
            .map(|name| name.trim().to_ascii_lowercase());
        let bucket = request.uri().path().split('/').nth(1)?;
        Some(Self {
            bucket: bucket.to_owned(),
            origin: text(ORIGIN)?.to_owned(),
            method: method.unwrap_or(request.method().as_str()).to_owned(),
            headers: headers
                .filter(|name| is_preflight && !name.is_empty())
                .collect(),
            is_preflight,
        })
    }

    /// What a rule lets browsers know, where it lets them do what they ask.
    fn told_by(&self, rule: &CorsRule) -> Option<HeaderMap> {
        let origin = rule
            .origins
            .iter()
            .find(|origin| matches(origin, &self.origin))?;
        let carries = |name: &String| {
            rule.headers
                .iter()
                .any(|allowed| matches(&allowed.to_ascii_lowercase(), name))
        };
        if !rule.methods.contains(&self.method) || !self.headers.iter().all(carries) {
            return None;
        }
        let origin = if origin == "*" { "*" } else { &self.origin };
        let mut told = vec![
            (ACCESS_CONTROL_ALLOW_ORIGIN, origin.to_owned()),
            (
                VARY,
                "Origin, Access-Control-Request-Headers, Access-Control-Request-Method".to_owned(),
            ),
        ];
        if self.is_preflight {
            told.push((ACCESS_CONTROL_ALLOW_METHODS, rule.methods.join(", ")));
            told.push((ACCESS_CONTROL_ALLOW_HEADERS, self.headers.join(", ")));
            let age = rule.max_age_seconds;
            told.extend(age.map(|seconds| (ACCESS_CONTROL_MAX_AGE, seconds.to_string())));
        } else {
            told.push((ACCESS_CONTROL_EXPOSE_HEADERS, rule.exposed.join(", ")));
        }
        let fields = told.into_iter().filter(|(_, value)| !value.is_empty());
        fields
            .map(|(name, value)| Some((name, HeaderValue::try_from(value).ok()?)))
            .collect()
    }
}

/// One `*` at most stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((begin, end)) => {
            text.len() >= begin.len() + end.len() && text.starts_with(begin) && text.ends_with(end)
        }
    }
}
