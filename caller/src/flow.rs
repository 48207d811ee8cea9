//! A flow under way: its request id, its deadline, its span, and how its calls are repeated.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use contract::id::{Uuid, derived_id};
use tokio::time::{Instant, timeout_at};
use tonic::{Request, Response, Status};
use tracing::{Instrument as _, Span};

use crate::{Caller, Error, Progress, Result};

/// The bound of the first wait; each next one is twice as long, and the wait itself is drawn from zero up to the bound
/// ("full jitter"), so that callers who failed together do not come back together.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(4);
/// A service that is down is waited for through this many repetitions: about eight seconds.
const REPETITIONS: usize = 8;

/// A run of a flow.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub(crate) caller: Caller,
    request_id: Uuid,
    /// `None`: each step has as much time as a whole flow has else.
    deadline: Option<Instant>,
    span: Span,
}

impl Flow {
    /// Begins the flow `name` on behalf of `request_id`: its time runs from now on.
    pub(crate) fn begin(caller: &Caller, name: &'static str, request_id: Uuid) -> Self {
        Self {
            deadline: Some(Instant::now() + caller.timeout),
            ..Self::begin_long(caller, name, request_id)
        }
    }

    /// Begins a flow that takes as long as there is something to do: the time runs for each step anew.
    pub(crate) fn begin_long(caller: &Caller, name: &'static str, request_id: Uuid) -> Self {
        Self {
            caller: caller.clone(),
            request_id,
            deadline: None,
            span: tracing::info_span!("flow", otel.name = name, %request_id),
        }
    }

    /// The request id of the flow's call `step`: the same in every run of the flow.
    pub(crate) fn id(&self, step: &str) -> Uuid {
        derived_id(self.request_id, step)
    }

    /// Tells whoever watches.
    pub(crate) fn tell(&self, progress: Progress) {
        self.caller.observer.tell(progress);
    }

    /// When the step is out of time that begins now.
    fn deadline(&self) -> Instant {
        self.deadline
            .unwrap_or_else(|| Instant::now() + self.caller.timeout)
    }

    /// How long the step may take that begins now.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline().saturating_duration_since(Instant::now())
    }

    /// A message with what is left of the flow's time (`grpc-timeout`).
    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.time_left());
        request
    }

    /// A message that is answered by a stream, which may take as long as the flow: where that has no end, each of the stream's
    /// pieces has its time ([`Flow::next`]), and the stream has none.
    pub(crate) fn stream_request<T>(&self, message: T) -> Request<T> {
        match self.deadline {
            Some(_) => self.request(message),
            None => Request::new(message),
        }
    }

    /// Calls the rpc `step`, and again while that may help.
    pub(crate) async fn call<T, R, Fut>(
        &self,
        step: &'static str,
        message: T,
        call: impl Fn(Request<T>) -> Fut,
    ) -> Result<R>
    where
        T: Clone,
        Fut: Future<Output = Result<Response<R>, Status>>,
    {
        self.attempt(step, || {
            let answer = call(self.request(message.clone()));
            async { Ok(answer.await.map_err(Error::at(step))?.into_inner()) }
        })
        .await
    }

    /// Makes an attempt at the rpc `step`, and again while that may help, until the flow is out of time.
    pub(crate) async fn attempt<R, Fut>(
        &self,
        step: &'static str,
        attempt: impl FnMut() -> Fut,
    ) -> Result<R>
    where
        Fut: Future<Output = Result<R>>,
    {
        self.tell(Progress::Step(step));
        let mut last = None;
        let repeated = attempt
            .retry(waits())
            .when(Error::is_transient)
            .adjust(full_jitter)
            .notify(|error, wait| {
                tracing::warn!(step, %error, ?wait, "trying again");
                last = Some(error.to_string());
            })
            .instrument(self.span.clone());
        match timeout_at(self.deadline(), repeated).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::OutOfTime { step, last }),
        }
    }

    /// Waits for the next piece of an answer of `step` that streams, no longer than the flow may take.
    pub(crate) async fn next<T>(
        &self,
        step: &'static str,
        piece: impl Future<Output = Result<T, Status>>,
    ) -> Result<T> {
        match timeout_at(self.deadline(), piece).await {
            Ok(piece) => piece.map_err(Error::at(step)),
            Err(_) => Err(Error::OutOfTime { step, last: None }),
        }
    }
}

fn waits() -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(FIRST_WAIT)
        .with_max_delay(LONGEST_WAIT)
        .with_max_times(REPETITIONS)
}

/// Draws the wait, on top of what the service asked for; `None` when the repetitions are used up.
fn full_jitter(error: &Error, bound: Option<Duration>) -> Option<Duration> {
    let asked = error.retry_after().unwrap_or_default();
    Some(asked + bound?.mul_f64(fastrand::f64()))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::Config;

    fn flow(timeout: Duration) -> Flow {
        let config = Config {
            metadata_url: "http://127.0.0.1:1".into(),
            blob_url: "http://127.0.0.1:1".into(),
            timeout,
        };
        let caller = Caller::connect(config).expect("well-formed addresses");
        Flow::begin(&caller, "test", Uuid::nil())
    }

    #[tokio::test]
    async fn a_transient_failure_is_repeated_and_a_refusal_is_not() {
        let flow = flow(Duration::from_secs(60));
        let calls = AtomicUsize::new(0);
        let answered = flow
            .attempt("GetChat", || async {
                match calls.fetch_add(1, Ordering::Relaxed) {
                    0 => Err(Error::at("GetChat")(Status::unavailable("starting"))),
                    n => Ok(n),
                }
            })
            .await;
        assert_eq!(answered.expect("the second call is answered"), 1);

        calls.store(0, Ordering::Relaxed);
        let refused: Result<()> = flow
            .attempt("GetChat", || async {
                calls.fetch_add(1, Ordering::Relaxed);
                Err(Error::at("GetChat")(Status::not_found("no such chat")))
            })
            .await;
        assert!(refused.is_err());
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_flow_out_of_time_says_what_was_under_way_and_what_failed_before() {
        let flow = flow(Duration::from_millis(300));
        let calls = AtomicUsize::new(0);
        let error = flow
            .attempt("PutObject", || async {
                if calls.fetch_add(1, Ordering::Relaxed) == 0 {
                    return Err::<(), _>(Error::at("PutObject")(Status::unavailable("down")));
                }
                std::future::pending().await
            })
            .await
            .expect_err("the deadline comes");
        assert_eq!(error.code(), Some(tonic::Code::DeadlineExceeded));
        assert_eq!(error.step(), Some("PutObject"));
        assert!(error.to_string().contains("down"), "{error}");
    }

    #[test]
    fn a_wait_lies_between_what_was_asked_for_and_the_bound_on_top() {
        let busy = Error::at("GetChat")(contract::status::overloaded("busy"));
        let asked = contract::status::RETRY_AFTER;
        for _ in 0..100 {
            let wait = full_jitter(&busy, Some(FIRST_WAIT)).expect("repetitions are left");
            assert!((asked..=asked + FIRST_WAIT).contains(&wait));
        }
        assert_eq!(full_jitter(&busy, None), None);
    }
}
