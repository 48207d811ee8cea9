//! Calls of any method by its path, with requests that are encoded already: what a table of requests to all methods needs.

use bytes::{Buf, BufMut};
use futures::{TryStreamExt, stream};
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
    transport::Channel,
};

/// Sends `requests` to the method at `path` (`/package.Service/Method`), one for a method that takes one, and gives all that it
/// answers.
///
/// # Errors
/// The status that the call ends with.
///
/// # Panics
/// When `path` is none.
pub async fn call(
    channel: Channel,
    path: &str,
    requests: Vec<Vec<u8>>,
) -> Result<Vec<Vec<u8>>, Status> {
    let path = PathAndQuery::try_from(path).expect("the path of a method");
    let mut client = Grpc::new(channel);
    client
        .ready()
        .await
        .map_err(|error| Status::unavailable(error.to_string()))?;
    // On the wire a call of one message is a stream of one message.
    let requests = Request::new(stream::iter(requests));
    let answers = client.streaming(requests, path, Encoded).await?;
    answers.into_inner().try_collect().await
}

/// The codec of messages that are encoded already.
#[derive(Clone, Copy, Debug)]
struct Encoded;

impl Codec for Encoded {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Encoded {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&message);
        Ok(())
    }
}

impl Decoder for Encoded {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining()).into()))
    }
}
