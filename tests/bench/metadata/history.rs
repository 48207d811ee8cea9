//! A chat's history: 1,000 messages, 500 images and 500 search results.

use std::rc::Rc;

use anyhow::ensure;
use contract::metadata::v1::{GetChatHistoryRequest, chat_service_client::ChatServiceClient};

use super::{
    comparison::{Comparison, Goal, Side},
    load::Calls,
    pgbench::Script,
    seed::{HISTORY, id},
    stage::{Served, Stage},
};
use crate::grpc::frame;

const PATH: &str = "/chatstore.metadata.v1.ChatService/GetChatHistory";
const MESSAGES: usize = 1_000;
const ATTACHMENTS: usize = 500;
const CALLERS: usize = 1;

pub(crate) async fn comparisons<'s>(
    stage: &'s Stage,
    served: &Served,
) -> anyhow::Result<Vec<Comparison<'s>>> {
    let request = GetChatHistoryRequest {
        chat_id: id(HISTORY, 0),
        after_seq: 0,
    };
    let requests = Rc::from([frame(&request)]);
    demand_whole(served, request).await?;
    let calls = Calls {
        answers: MESSAGES,
        ..served.calls(PATH, &requests, CALLERS)
    };
    let script = Script {
        stage,
        sql: include_str!("history/whole.sql"),
        variables: Vec::new(),
        clients: CALLERS,
    };
    Ok(vec![Comparison {
        name: format!("{CALLERS} at once"),
        sides: vec![
            Side::calls("GetChatHistory", calls),
            Side::script("pgbench, pipelined", script),
        ],
        goal: Some(Goal::Latency(2.0)),
    }])
}

/// Once for all: the calls that are measured count answers and do not read them.
async fn demand_whole(served: &Served, request: GetChatHistoryRequest) -> anyhow::Result<()> {
    let mut client = ChatServiceClient::new(served.service.channel());
    let mut turns = client.get_chat_history(request).await?.into_inner();
    let (mut images, mut results) = (0, 0);
    while let Some(answer) = turns.message().await? {
        let turn = answer.turn.unwrap_or_default();
        images += turn.images.len();
        results += turn.search_results.len();
    }
    ensure!(
        (images, results) == (ATTACHMENTS, ATTACHMENTS),
        "the history has {images} images and {results} search results"
    );
    Ok(())
}
