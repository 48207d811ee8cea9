//! gRPC calls of blob-svc: in lanes, in each one after the other, all lanes at once.

use anyhow::ensure;
use bytes::Bytes;
use futures::future::try_join_all;
use tests::Service;

use crate::grpc::Connection;

/// As if callers were in so many processes.
pub(crate) const CONNECTIONS: usize = 4;

/// Calls of one method.
pub(crate) struct Calls {
    /// `/package.Service/Method`.
    pub(crate) path: &'static str,
    pub(crate) lanes: Vec<Vec<Call>>,
    /// How many connections the lanes share.
    pub(crate) connections: usize,
}

/// One call.
#[derive(Clone)]
pub(crate) struct Call {
    /// The messages of the request, as they go over the wire.
    pub(crate) frames: Vec<Bytes>,
    /// How long the answer is at least.
    pub(crate) answer_bytes: usize,
}

impl Calls {
    /// Connects to `service`.
    pub(crate) async fn connect(&self, service: &Service) -> anyhow::Result<Vec<Connection>> {
        let address = service.address();
        let connections = (0..self.connections).map(|_| Connection::open(&address, self.path));
        try_join_all(connections).await
    }

    /// Makes all calls.
    pub(crate) async fn run(&self, connections: &[Connection]) -> anyhow::Result<()> {
        let lanes = self.lanes.iter().zip(connections.iter().cycle());
        try_join_all(lanes.map(|(lane, connection)| self.run_lane(lane, connection))).await?;
        Ok(())
    }

    async fn run_lane(&self, lane: &[Call], connection: &Connection) -> anyhow::Result<()> {
        for call in lane {
            let answer = connection.call(call.frames.iter().cloned()).await?;
            ensure!(
                answer.bytes >= call.answer_bytes,
                "{} answers {} bytes, less than {}",
                self.path,
                answer.bytes,
                call.answer_bytes
            );
        }
        Ok(())
    }
}
