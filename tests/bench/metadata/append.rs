//! Appending: messages of 512 bytes, one a call, each caller to a chat of its own.

use std::rc::Rc;

use bytes::Bytes;
use contract::metadata::v1::{AppendMessagesRequest, Message, Role, Turn};

use super::{
    comparison::{Comparison, Goal, Side},
    pgbench::Script,
    seed::{APPENDED, id},
    stage::{Served, Stage},
};
use crate::grpc::frame;

pub(crate) const PATH: &str = "/chatstore.metadata.v1.MessageService/AppendMessages";
const BYTES: usize = 512;

/// At each number of `callers`, against the row alone and against all that an append does.
pub(crate) fn comparisons<'s>(
    stage: &'s Stage,
    served: &Served,
    callers: &[usize],
) -> Vec<Comparison<'s>> {
    let comparison = |&callers: &usize| Comparison {
        name: format!("{callers} at once"),
        sides: vec![
            Side::calls(
                "AppendMessages",
                served.calls(PATH, &requests(callers), callers),
            ),
            Side::script(
                "pgbench, the row alone",
                script(stage, include_str!("append/row.sql"), callers),
            ),
            Side::script(
                "pgbench, all of it",
                script(stage, include_str!("append/whole.sql"), callers),
            ),
        ],
        goal: match callers {
            1 => Some(Goal::Latency(2.0)),
            64 => Some(Goal::Rate(1.5)),
            256 => Some(Goal::Rate(2.0)),
            _ => None,
        },
    };
    callers.iter().map(comparison).collect()
}

/// A request for each caller.
pub(crate) fn requests(callers: usize) -> Rc<[Bytes]> {
    let request = |caller: usize| {
        let message = Message {
            role: Role::User.into(),
            content: content(),
            ..Message::default()
        };
        frame(&AppendMessagesRequest {
            chat_id: id(APPENDED, caller as u64),
            turns: vec![Turn {
                message: Some(message),
                ..Turn::default()
            }],
            ..AppendMessagesRequest::default()
        })
    };
    (0..callers).map(request).collect()
}

fn script<'s>(stage: &'s Stage, sql: &'static str, clients: usize) -> Script<'s> {
    Script {
        stage,
        sql,
        variables: vec![("n", "0".to_owned()), ("content", content())],
        clients,
    }
}

fn content() -> String {
    let mut content = "Рабочие насосы стоят на листе 12, узел А. ".repeat(7);
    content.push_str(&".".repeat(BYTES - content.len()));
    content
}
