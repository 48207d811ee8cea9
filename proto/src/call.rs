//! What surrounds every call: its span in the caller's trace, its deadline, its place under the process's limit, its
//! line in the log, and its measure. One tower layer, so that all see the same beginning and the same end, also of a stream.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tokio::{sync::Semaphore, time::Instant};
use tonic::body::Body;
use tower::{Layer, Service};
use tracing::Instrument as _;

use self::{body::CallBody, deadline::DEADLINE, observed::Call};
use crate::status;

pub use deadline::time_left;

mod body;
mod deadline;
mod method;
mod observed;
mod undecoded;

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
        let Some(method) = method::of_path(request.uri().path()) else {
            return Box::pin(self.inner.call(request));
        };
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            method::shed();
            let refused = status::overloaded("too many calls at once");
            return Box::pin(async move { Ok(refused.into_http()) });
        };
        let deadline = Instant::now() + deadline::time_for(method.limit, request.headers());
        let mut call = Call::begin(method, &request, place);
        let span = call.span().clone();
        let answer = span.in_scope(|| self.inner.call(request)).instrument(span);
        let answer = DEADLINE.scope(deadline, answer);
        Box::pin(async move {
            let answer = match tokio::time::timeout_at(deadline, answer).await {
                Ok(answer) => undecoded::judged(answer?),
                Err(_) => status::deadline_exceeded().into_http(),
            };
            call.note(answer.headers());
            Ok(answer.map(|body| Body::new(CallBody::new(body, call, deadline))))
        })
    }
}
