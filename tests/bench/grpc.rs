//! gRPC calls with as little work as there can be: requests that are encoded already, answers that are counted and not
//! decoded, straight on HTTP/2. The load generator shares the machine with what it measures.

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use http::{HeaderMap, HeaderValue, Method, Request, Version, header};
use prost::Message;
use tokio::{net::TcpStream, task::spawn_local};

/// Wide enough that no answer ever waits for room.
const WINDOW: u32 = 16 << 20;
/// Before each message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// `message` as it stands in a call's body.
pub(crate) fn frame(message: &impl Message) -> Bytes {
    let encoded = message.encode_to_vec();
    let length = u32::try_from(encoded.len()).unwrap_or(u32::MAX);
    [&[0][..], &length.to_be_bytes(), &encoded].concat().into()
}

/// A connection; clones share it. Calls are made inside of a `LocalSet`.
#[derive(Clone)]
pub(crate) struct Connection {
    send: SendRequest<Bytes>,
    request: Request<()>,
}

impl Connection {
    /// Connects to `address`, to call the method at `path` (`/package.Service/Method`).
    pub(crate) async fn open(address: &str, path: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        let (send, connection) = Builder::new()
            .initial_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .handshake(stream)
            .await?;
        // It ends with the last clone; what breaks it breaks the calls too.
        spawn_local(connection);
        let request = Request::builder()
            .method(Method::POST)
            .version(Version::HTTP_2)
            .uri(format!("http://{address}{path}"))
            .header(header::CONTENT_TYPE, "application/grpc")
            .header(header::TE, "trailers")
            .body(())?;
        Ok(Self { send, request })
    }

    /// Makes a call with the messages `frames`, and reads its answer to the end. What has no room on its way yet waits here,
    /// as it is: clones of what is sent elsewhere cost nothing.
    pub(crate) async fn call(
        &self,
        frames: impl IntoIterator<Item = Bytes>,
    ) -> anyhow::Result<Answer> {
        let send = self.send.clone();
        let (answer, mut stream) = send
            .ready()
            .await?
            .send_request(self.request.clone(), false)?;
        let mut frames = frames.into_iter().peekable();
        while let Some(frame) = frames.next() {
            stream.send_data(frame, frames.peek().is_none())?;
        }
        let (head, mut body) = answer.await?.into_parts();
        let mut messages = Messages::default();
        while let Some(chunk) = body.data().await {
            let chunk = chunk?;
            body.flow_control().release_capacity(chunk.len())?;
            messages.read(&chunk);
        }
        let trailers = body.trailers().await?;
        demand_ok(trailers.as_ref().unwrap_or(&head.headers))?;
        ensure!(messages.is_whole(), "an answer ends within a message");
        Ok(messages.read)
    }
}

fn demand_ok(headers: &HeaderMap) -> anyhow::Result<()> {
    let text = |name| {
        headers
            .get(name)
            .map(HeaderValue::as_bytes)
            .unwrap_or_default()
    };
    if text("grpc-status") == b"0" {
        return Ok(());
    }
    bail!(
        "a call failed with status {}: {}",
        text("grpc-status").escape_ascii(),
        text("grpc-message").escape_ascii()
    )
}

/// What an answer held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) messages: usize,
    /// How long they were, all together.
    pub(crate) bytes: usize,
}

/// Counts the messages in a body that comes in chunks.
#[derive(Default)]
struct Messages {
    read: Answer,
    prefix: [u8; PREFIX],
    /// How much of the prefix is there.
    filled: usize,
    /// How much of the message behind it is missing.
    missing: usize,
}

impl Messages {
    fn read(&mut self, mut chunk: &[u8]) {
        while !chunk.is_empty() {
            if self.missing > 0 {
                let taken = self.missing.min(chunk.len());
                self.missing -= taken;
                chunk = &chunk[taken..];
                continue;
            }
            self.prefix[self.filled] = chunk[0];
            self.filled += 1;
            chunk = &chunk[1..];
            if self.filled == PREFIX {
                let [_, length @ ..] = self.prefix;
                self.missing = u32::from_be_bytes(length) as usize;
                self.filled = 0;
                self.read.messages += 1;
                self.read.bytes += self.missing;
            }
        }
    }

    fn is_whole(&self) -> bool {
        self.filled == 0 && self.missing == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_however_the_body_is_cut() {
        let body = [
            &[0, 0, 0, 0, 3, 1, 2, 3][..],
            &[0, 0, 0, 0, 0],
            &[0, 0, 0, 0, 1, 9],
        ]
        .concat();
        for size in 1..=body.len() {
            let mut messages = Messages::default();
            body.chunks(size).for_each(|chunk| messages.read(chunk));
            assert!(messages.is_whole());
            let all = Answer {
                messages: 3,
                bytes: 4,
            };
            assert_eq!(messages.read, all, "in chunks of {size}");
        }
    }
}
