//! The answer's body, watched to its end.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame};
use tokio::time::{Instant, Sleep};
use tonic::{Status, body::Body};

use super::observed::Call;
use crate::status;

/// The answer's body, cut with `DEADLINE_EXCEEDED` when the time is out.
pub(super) struct CallBody {
    body: Body,
    call: Call,
    sleep: Pin<Box<Sleep>>,
    ended: bool,
}

impl CallBody {
    /// The `body` of a call that must end by `deadline`.
    pub(super) fn new(body: Body, call: Call, deadline: Instant) -> Self {
        Self {
            body,
            call,
            sleep: Box::pin(tokio::time::sleep_until(deadline)),
            ended: false,
        }
    }
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
        let span = this.call.span().clone();
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
