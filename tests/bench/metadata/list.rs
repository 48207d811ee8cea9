//! Listing: pages of 50 all over a chat of 10,000 messages.

use std::rc::Rc;

use anyhow::ensure;
use contract::metadata::v1::{ListMessagesRequest, message_service_client::MessageServiceClient};

use super::{
    comparison::{Comparison, Goal, Side},
    pgbench::Script,
    seed::{LONG, id},
    stage::{Served, Stage},
};
use crate::grpc::frame;

const PATH: &str = "/chatstore.metadata.v1.MessageService/ListMessages";
const CALLERS: usize = 16;
const PAGES: usize = 200;

pub(crate) async fn comparisons<'s>(
    stage: &'s Stage,
    served: &Served,
) -> anyhow::Result<Vec<Comparison<'s>>> {
    let requests: Rc<[_]> = pages(served).await?.iter().map(frame).collect();
    let script = Script {
        stage,
        sql: include_str!("list/page.sql"),
        variables: Vec::new(),
        clients: CALLERS,
    };
    Ok(vec![Comparison {
        name: format!("{CALLERS} at once"),
        sides: vec![
            Side::calls("ListMessages", served.calls(PATH, &requests, CALLERS)),
            Side::script("pgbench", script),
        ],
        goal: Some(Goal::Rate(0.5)),
    }])
}

/// A request for each page.
async fn pages(served: &Served) -> anyhow::Result<Vec<ListMessagesRequest>> {
    let mut client = MessageServiceClient::new(served.service.channel());
    let mut requests = Vec::new();
    let mut next = ListMessagesRequest {
        chat_id: id(LONG, 0),
        page_size: 50,
        ..ListMessagesRequest::default()
    };
    loop {
        let page = client.list_messages(next.clone()).await?.into_inner();
        ensure!(
            page.messages.len() == 50,
            "a page has {} messages",
            page.messages.len()
        );
        requests.push(next.clone());
        if page.next_page_token.is_empty() {
            break;
        }
        next.page_token = page.next_page_token;
    }
    ensure!(
        requests.len() == PAGES,
        "the chat has {} pages",
        requests.len()
    );
    Ok(requests)
}
