//! A caller who appends and reads what he appended, with a deadline, and repeats what was refused until it is answered.

use std::time::{Duration, Instant};

use contract::metadata::v1::{
    AppendMessagesRequest, ListMessagesRequest, MessageOrder,
    message_service_client::MessageServiceClient,
};
use tests::Service;
use tokio::{sync::watch, time::sleep};
use tonic::{Code, Request, Status, transport::Channel};
use tonic_types::StatusExt as _;

use super::load::Counts;
use crate::metadata::{id, new_chat, turn};

/// The deadline of calls while Postgres is away: less than what the service itself waits for a connection.
const SHORT: Duration = Duration::from_secs(1);
/// Of calls at other times: a slow machine is no outage.
const LONG: Duration = Duration::from_secs(30);
/// The pause behind a refused call; shorter than the service asks for, to press harder.
const PAUSE: Duration = Duration::from_millis(50);

/// A call that has ended.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) begin: Instant,
    pub(super) end: Instant,
    pub(super) deadline: Duration,
    /// How it was refused, and whether it was told when to come back.
    pub(super) outcome: Result<(), (Code, bool)>,
}

/// A caller with a chat of his own.
pub(super) struct Caller {
    messages: MessageServiceClient<Channel>,
    chat_id: String,
    /// Whether Postgres is away.
    away: watch::Receiver<bool>,
    /// What he said and was acknowledged, in order.
    pub(super) acknowledged: Vec<String>,
    pub(super) calls: Vec<Call>,
}

impl Caller {
    pub(super) fn new(service: &Service, away: watch::Receiver<bool>) -> Self {
        Self {
            messages: MessageServiceClient::new(service.channel()),
            chat_id: id(),
            away,
            acknowledged: Vec::new(),
            calls: Vec::new(),
        }
    }

    /// Appends and reads until told to stop; ends with nothing in doubt.
    pub(super) async fn run(
        mut self,
        stopped: watch::Receiver<bool>,
        count: watch::Sender<Counts>,
    ) -> Self {
        while !*stopped.borrow() {
            let content = self.acknowledged.len().to_string();
            self.append(&content, &count).await;
            self.acknowledged.push(content);
            self.read(&count).await;
        }
        self
    }

    /// Appends a message, by the same request id until it is acknowledged.
    async fn append(&mut self, content: &str, count: &watch::Sender<Counts>) {
        let append = AppendMessagesRequest {
            chat_id: self.chat_id.clone(),
            create_chat: Some(new_chat("outage")),
            turns: vec![turn(content)],
            request_id: id(),
        };
        loop {
            let (begin, deadline) = (Instant::now(), self.deadline());
            let append = in_time(append.clone(), deadline);
            let answer = self.messages.append_messages(append).await;
            if self.note(begin, deadline, answer, count).await.is_some() {
                return;
            }
        }
    }

    /// Reads the newest message, which must be the last that was acknowledged.
    async fn read(&mut self, count: &watch::Sender<Counts>) {
        let list = ListMessagesRequest {
            chat_id: self.chat_id.clone(),
            order: MessageOrder::NewestFirst.into(),
            page_size: 1,
            ..ListMessagesRequest::default()
        };
        let (begin, deadline) = (Instant::now(), self.deadline());
        let answer = self.messages.list_messages(in_time(list, deadline)).await;
        if let Some(page) = self.note(begin, deadline, answer, count).await {
            let newest = page.into_inner().messages.pop();
            let newest = newest.map(|message| message.content);
            assert_eq!(newest.as_ref(), self.acknowledged.last());
        }
    }

    async fn note<T>(
        &mut self,
        begin: Instant,
        deadline: Duration,
        answer: Result<T, Status>,
        count: &watch::Sender<Counts>,
    ) -> Option<T> {
        let end = Instant::now();
        let (answer, outcome) = match answer {
            Ok(answer) => (Some(answer), Ok(())),
            Err(status) => {
                let retry = status.get_error_details().retry_info().is_some();
                (None, Err((status.code(), retry)))
            }
        };
        let refused = outcome.is_err();
        self.calls.push(Call {
            begin,
            end,
            deadline,
            outcome,
        });
        count.send_modify(|count| {
            count.refused += usize::from(refused);
            count.answered += usize::from(!refused);
        });
        if refused {
            sleep(PAUSE).await;
        }
        answer
    }

    fn deadline(&self) -> Duration {
        if *self.away.borrow() { SHORT } else { LONG }
    }

    /// All that is kept of what he said.
    pub(super) async fn kept(&self) -> Vec<String> {
        let mut list = ListMessagesRequest {
            chat_id: self.chat_id.clone(),
            page_size: 1_000,
            ..ListMessagesRequest::default()
        };
        let mut kept = Vec::new();
        loop {
            let page = self.messages.clone().list_messages(list.clone()).await;
            let page = page.expect("the server is back").into_inner();
            kept.extend(page.messages.into_iter().map(|message| message.content));
            if page.next_page_token.is_empty() {
                return kept;
            }
            list.page_token = page.next_page_token;
        }
    }
}

fn in_time<T>(message: T, deadline: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(deadline);
    request
}
