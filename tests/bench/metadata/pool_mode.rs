//! Transaction mode against session mode: what it costs to keep nothing on the server from one transaction to the next.

use std::rc::Rc;

use bytes::Bytes;
use contract::metadata::v1::GetMessageRequest;

use super::{
    append,
    comparison::{Comparison, Goal, Side},
    pgbench::Script,
    seed::{ARCHIVE, id},
    stage::{Served, Stage},
};
use crate::grpc::frame;

const PATH: &str = "/chatstore.metadata.v1.MessageService/GetMessage";
const READS: u64 = 10_000;
/// The golden ratio's share of 2^64: steps of it come everywhere, and nowhere soon again.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A service in each mode.
pub(crate) struct Modes {
    pub(crate) session: Served,
    pub(crate) transaction: Served,
    pub(crate) pooler: Served,
}

/// Reading one of `messages` messages, and appending.
pub(crate) fn comparisons<'s>(
    stage: &'s Stage,
    modes: &Modes,
    messages: u64,
) -> Vec<Comparison<'s>> {
    let reads = reads(messages);
    let read = |callers: usize| Comparison {
        name: format!("GetMessage, {callers} at once"),
        sides: vec![
            Side::calls(
                "transaction mode, PgBouncer",
                modes.pooler.calls(PATH, &reads, callers),
            ),
            Side::calls(
                "session mode, direct",
                modes.session.calls(PATH, &reads, callers),
            ),
            Side::calls(
                "transaction mode, direct",
                modes.transaction.calls(PATH, &reads, callers),
            ),
            Side::script("pgbench, direct", script(stage, messages, callers)),
        ],
        goal: Some(Goal::Latency(1.5)),
    };
    let appends = append::requests(64);
    let append = Comparison {
        name: "AppendMessages, 64 at once".to_owned(),
        sides: vec![
            Side::calls(
                "transaction mode, PgBouncer",
                modes.pooler.calls(append::PATH, &appends, 64),
            ),
            Side::calls(
                "session mode, direct",
                modes.session.calls(append::PATH, &appends, 64),
            ),
        ],
        goal: None,
    };
    vec![read(1), read(16), append]
}

fn reads(messages: u64) -> Rc<[Bytes]> {
    let read = |n: u64| {
        frame(&GetMessageRequest {
            message_id: id(ARCHIVE, n.wrapping_mul(STEP) % messages),
        })
    };
    (0..READS).map(read).collect()
}

fn script(stage: &Stage, messages: u64, clients: usize) -> Script<'_> {
    Script {
        stage,
        sql: include_str!("pool_mode/message.sql"),
        variables: vec![("messages", messages.to_string())],
        clients,
    }
}
