//! The load generator: callers, each with one call under way at a time, over a few connections.

use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::ensure;
use bytes::Bytes;
use futures::future::try_join_all;
use tokio::{join, task::spawn_local};

use super::measurement::{Latency, Measurement, cpu_rate};
use crate::{
    grpc::Connection,
    process::{Watched, memory_bytes},
};

/// How many connections the callers share at most: as if they were in so many processes.
pub(crate) const CONNECTIONS: usize = 4;

/// Calls of one method.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    /// Where the service serves: `127.0.0.1:port`.
    pub(crate) address: String,
    /// `/package.Service/Method`.
    pub(crate) path: &'static str,
    /// The requests as they go over the wire. A caller begins with the one of its own number and goes on by the number of
    /// callers; so where there are as many requests as callers, each repeats its own.
    pub(crate) requests: Rc<[Bytes]>,
    /// How many messages each answer has.
    pub(crate) answers: usize,
    pub(crate) callers: usize,
    pub(crate) watched: Watched,
}

impl Calls {
    /// Calls for `time`.
    pub(crate) async fn run(&self, time: Duration) -> anyhow::Result<Measurement> {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS.min(self.callers) {
            connections.push(Connection::open(&self.address, self.path).await?);
        }
        let latency = Rc::new(RefCell::new(Latency::new()));
        let begin = Instant::now();
        let callers = (0..self.callers).map(|number| {
            let connection = connections[number % connections.len()].clone();
            let caller = Caller {
                calls: self.clone(),
                connection,
                latency: latency.clone(),
            };
            spawn_local(caller.call_until(begin + time, number))
        });
        let callers = try_join_all(callers.collect::<Vec<_>>());
        let (called, cpu) = join!(callers, cpu_rate(self.watched, time));
        let elapsed = begin.elapsed().as_secs_f64();
        called?.into_iter().collect::<anyhow::Result<()>>()?;
        let latency = latency.take();
        let resident = self
            .watched
            .service
            .map(|pid| memory_bytes(pid, "VmRSS"))
            .transpose()?;
        let per_second = latency.count() as f64 / elapsed;
        Ok(Measurement::new(per_second, latency, cpu?, resident))
    }
}

struct Caller {
    calls: Calls,
    connection: Connection,
    latency: Rc<RefCell<Latency>>,
}

impl Caller {
    async fn call_until(self, end: Instant, number: usize) -> anyhow::Result<()> {
        let mut next = number;
        let mut begin = Instant::now();
        while begin < end {
            let request = self.calls.requests[next % self.calls.requests.len()].clone();
            next += self.calls.callers;
            let answers = self.connection.call([request]).await?.messages;
            ensure!(
                answers == self.calls.answers,
                "{} answered {answers} messages, not {}",
                self.calls.path,
                self.calls.answers
            );
            let now = Instant::now();
            self.latency.borrow_mut().record(now - begin);
            begin = now;
        }
        Ok(())
    }
}
