//! One of the storages, asked through one service or several.

use std::time::Duration;

use contract::metadata::v1::{
    AckDeletesRequest, GetChatHistoryRequest, ListPendingDeletesRequest,
    ListPendingDeletesResponse, WatchChatRequest, chat_service_client::ChatServiceClient,
};
use futures::{StreamExt as _, TryStreamExt as _};
use prost::Message as _;
use tests::{Service, wire};
use tokio::time::{Instant, sleep, timeout};
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt as _;

use super::{ask::Ask, script::Deed};

/// How long a call may take before its outcome counts as unknown, and all attempts together.
const CALL_LIMIT: Duration = Duration::from_secs(10);
const LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(25);

/// A storage, asked through its services.
#[derive(Clone)]
pub(super) struct Side {
    services: Vec<Channel>,
}

/// What a storage said.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// What is to be compared with what the other said.
    pub(super) text: String,
    /// The answers as they came; `None` where the call was refused.
    pub(super) answers: Option<Vec<Vec<u8>>>,
    /// The token of the next page.
    next: String,
    /// Whether the outcome of an attempt is not known.
    pub(super) repeated: bool,
}

impl Side {
    pub(super) fn of<'s>(services: impl IntoIterator<Item = &'s Service>) -> Self {
        Self {
            services: services.into_iter().map(Service::channel).collect(),
        }
    }

    /// Does a deed; `first` is asked first, and where the outcome is unknown the others in turn.
    pub(super) async fn do_it(&self, first: usize, deed: Deed) -> Told {
        match deed {
            Deed::Call(ask) | Deed::Again(ask) => self.ask_all(first, ask).await,
            Deed::ForeignToken { of, mut list } => {
                let page = self.ask(first, &of).await;
                if let Some(token) = list.page_token() {
                    *token = page.next;
                }
                self.ask_all(first, *list).await
            }
            Deed::Ack(count) => self.ack(first, count).await,
        }
    }

    /// Asks, and follows a list to its end.
    async fn ask_all(&self, first: usize, mut ask: Ask) -> Told {
        let mut all = self.ask(first, &ask).await;
        while let Some(token) = ask.page_token().filter(|_| !all.next.is_empty()) {
            *token = all.next;
            let page = self.ask(first, &ask).await;
            all.text = format!("{}\n{}", all.text, page.text);
            all.next = page.next;
        }
        all
    }

    async fn ack(&self, first: usize, count: usize) -> Told {
        let list = Ask::ListPendingDeletes(ListPendingDeletesRequest {
            page_size: i32::try_from(count).expect("a few"),
            ..ListPendingDeletesRequest::default()
        });
        let pending = self.ask(first, &list).await;
        let pages = pending.answers.iter().flatten();
        let pages = pages.map(|page| ListPendingDeletesResponse::decode(page.as_slice()));
        let deletes = pages.flat_map(|page| page.expect("a page").pending_deletes);
        let ack = Ask::AckDeletes(AckDeletesRequest {
            ids: deletes.map(|delete| delete.id).collect(),
            request_id: String::new(),
        });
        let acked = self.ask(first, &ack).await;
        Told {
            text: format!("{}\n{}", pending.text, acked.text),
            ..acked
        }
    }

    /// Strikes out all pending deletes.
    pub(super) async fn ack_all(&self) {
        while self.ack(0, 1_000).await.answers.is_some() {}
    }

    /// Asks until the outcome is known (P9).
    async fn ask(&self, first: usize, ask: &Ask) -> Told {
        let deadline = Instant::now() + LIMIT;
        let mut attempt = 0;
        loop {
            let service = &self.services[(first + attempt) % self.services.len()];
            let answered = timeout(CALL_LIMIT, call(service, ask)).await;
            let answered = answered.unwrap_or_else(|_| Err(Status::cancelled("it hangs")));
            let told = match answered {
                Ok(answers) => {
                    let (text, next) = ask.levelled(&answers);
                    (text, next, Some(answers))
                }
                Err(status) if is_unknown(&status) => {
                    assert!(Instant::now() < deadline, "{ask:?} ends with {status}");
                    attempt += 1;
                    sleep(PAUSE).await;
                    continue;
                }
                Err(status) => (refusal(&status), String::new(), None),
            };
            return Told {
                text: told.0,
                next: told.1,
                answers: told.2,
                repeated: attempt > 0,
            };
        }
    }
}

/// Whether a call may have had its effect or not. tonic says UNKNOWN where a connection broke; no service of ours does.
fn is_unknown(status: &Status) -> bool {
    [
        Code::Unavailable,
        Code::Cancelled,
        Code::DeadlineExceeded,
        Code::Unknown,
    ]
    .contains(&status.code())
}

/// All that a refusal tells.
fn refusal(status: &Status) -> String {
    let details = status.get_error_details();
    format!("{:?}: {}\n{details:#?}", status.code(), status.message())
}

async fn call(service: &Channel, ask: &Ask) -> Result<Vec<Vec<u8>>, Status> {
    if let Ask::WatchChat(watch) = ask {
        return events(service, watch).await;
    }
    wire::call(service.clone(), ask.path(), vec![ask.encoded()]).await
}

/// What a watch shows of what is there already; then it would wait.
async fn events(service: &Channel, watch: &WatchChatRequest) -> Result<Vec<Vec<u8>>, Status> {
    let mut chats = ChatServiceClient::new(service.clone());
    let history = GetChatHistoryRequest {
        chat_id: watch.chat_id.clone(),
        after_seq: watch.after_seq,
    };
    let turns = match chats.get_chat_history(history).await {
        Ok(turns) => turns.into_inner().try_collect::<Vec<_>>().await,
        Err(status) => Err(status),
    };
    let count = match turns {
        Ok(turns) => turns.len(),
        Err(status) if is_unknown(&status) => return Err(status),
        // The watch is refused, too.
        Err(_) => 1,
    };
    let events = chats.watch_chat(watch.clone()).await?.into_inner();
    let events = events.take(count).map_ok(|event| event.encode_to_vec());
    events.try_collect().await
}
