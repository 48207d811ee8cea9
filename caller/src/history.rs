//! History: a chat's turns in order, each picture with a URL signed when it is read, because a stored one would have ended.
//!
//! 1. `GetChat` reads the chat, and `PresignGet` signs its document.
//! 2. `GetChatHistory` streams the turns; a break is resumed behind the last turn that came.
//! 3. `PresignGet` signs the pictures of the turns that have arrived.
//!
//! It changes nothing: dead anywhere, nothing is left.

use std::{collections::VecDeque, time::Duration};

use contract::{
    blob::v1::{PresignGetItem, PresignGetRequest, PresignedUrl},
    id::{Uuid, new_id},
    metadata::v1::{Chat, GetChatHistoryRequest, GetChatHistoryResponse, Image, Turn},
};
use futures::{Stream, StreamExt as _, stream, stream::ReadyChunks};
use tonic::{Status, Streaming};

use crate::{Caller, Error, Result, chat, flow::Flow};

const STEP: &str = "GetChatHistory";
/// How many turns that have arrived are signed together.
const TURNS_AT_ONCE: usize = 32;
/// How many URLs one call signs.
const URLS_AT_ONCE: usize = 1_000;

/// A chat, and its turns.
#[derive(Debug)]
pub struct History<S> {
    /// The chat.
    pub chat: Chat,
    /// Its document, signed; `None` where it has none.
    pub document: Option<PresignedUrl>,
    /// Its turns, oldest first.
    pub turns: S,
}

/// A turn, and where its pictures can be fetched for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedTurn {
    /// The turn.
    pub turn: Turn,
    /// One for each of the turn's images, in their order.
    pub urls: Vec<PresignedUrl>,
}

impl Caller {
    /// Reads a chat and streams its turns behind the sequence number `after_seq` (0: from the beginning), with URLs that live
    /// for `expires_in` (1 s to 7 days; `None`: as blob-svc is configured). A stream that breaks is resumed.
    ///
    /// # Errors
    /// As `GetChat` and `PresignGet`; and as `GetChatHistory`, in the stream.
    pub async fn history(
        &self,
        chat_id: Uuid,
        after_seq: i64,
        expires_in: Option<Duration>,
    ) -> Result<History<impl Stream<Item = Result<SignedTurn>> + use<>>> {
        let flow = Flow::begin(self, "history", new_id());
        let chat = chat::get(&flow, chat_id).await?;
        let keys = chat.document.iter().map(|d| (d.key.clone(), String::new()));
        let document = sign(&flow, keys.collect(), expires_in).await?.pop();
        let reader = Reader::new(flow, chat_id, after_seq);
        let turns = stream::try_unfold(
            (reader, VecDeque::new()),
            move |(mut reader, mut signed)| async move {
                if signed.is_empty() {
                    let turns = reader.batch().await?;
                    signed.extend(sign_turns(&reader.flow, turns, expires_in).await?);
                }
                Ok(signed.pop_front().map(|turn| (turn, (reader, signed))))
            },
        );
        Ok(History {
            chat,
            document,
            turns,
        })
    }
}

/// Streams a chat's turns without URLs, as a step of `flow`.
pub(crate) fn turns(flow: &Flow, chat_id: Uuid) -> impl Stream<Item = Result<Turn>> + use<> {
    let state = (Reader::new(flow.clone(), chat_id, 0), VecDeque::new());
    stream::try_unfold(state, |(mut reader, mut turns)| async move {
        if turns.is_empty() {
            turns.extend(reader.batch().await?);
        }
        Ok(turns.pop_front().map(|turn| (turn, (reader, turns))))
    })
}

/// Reads turns as they arrive, and resumes behind the last one when the stream breaks.
struct Reader {
    flow: Flow,
    chat_id: Uuid,
    after_seq: i64,
    stream: Option<ReadyChunks<Streaming<GetChatHistoryResponse>>>,
}

impl Reader {
    fn new(flow: Flow, chat_id: Uuid, after_seq: i64) -> Self {
        Self {
            flow,
            chat_id,
            after_seq,
            stream: None,
        }
    }

    /// The next turns, those that have arrived; none behind the last.
    async fn batch(&mut self) -> Result<Vec<Turn>> {
        loop {
            let stream = match &mut self.stream {
                Some(stream) => stream,
                None => {
                    let opened = open(&self.flow, self.chat_id, self.after_seq).await?;
                    self.stream.insert(opened.ready_chunks(TURNS_AT_ONCE))
                }
            };
            let arrived = self
                .flow
                .next(STEP, async { Ok(stream.next().await) })
                .await?;
            let (turns, broken) = split(arrived.unwrap_or_default());
            if let Some(message) = turns.last().and_then(|t| t.message.as_ref()) {
                self.after_seq = message.seq;
            }
            match broken.map(Error::at(STEP)) {
                Some(error) if !error.is_transient() => return Err(error),
                Some(_) => self.stream = None,
                None => return Ok(turns),
            }
            if !turns.is_empty() {
                return Ok(turns);
            }
        }
    }
}

/// The turns before the break, and the break.
fn split(arrived: Vec<Result<GetChatHistoryResponse, Status>>) -> (Vec<Turn>, Option<Status>) {
    let mut turns = Vec::new();
    for item in arrived {
        match item {
            Ok(answer) => turns.extend(answer.turn),
            Err(status) => return (turns, Some(status)),
        }
    }
    (turns, None)
}

async fn open(
    flow: &Flow,
    chat_id: Uuid,
    after_seq: i64,
) -> Result<Streaming<GetChatHistoryResponse>> {
    let request = GetChatHistoryRequest {
        chat_id: chat_id.to_string(),
        after_seq,
    };
    let open = async |r| flow.caller.chats().get_chat_history(r).await;
    flow.call(STEP, request, open).await
}

async fn sign_turns(
    flow: &Flow,
    turns: Vec<Turn>,
    expires_in: Option<Duration>,
) -> Result<Vec<SignedTurn>> {
    let name = |image: &Image| {
        let key = image.blob.as_ref().map(|b| b.key.clone());
        (key.unwrap_or_default(), image.image_name.clone())
    };
    let items = turns.iter().flat_map(|t| t.images.iter().map(name));
    let mut urls = sign(flow, items.collect(), expires_in).await?.into_iter();
    let signed = turns.into_iter().map(|turn| SignedTurn {
        urls: urls.by_ref().take(turn.images.len()).collect(),
        turn,
    });
    Ok(signed.collect())
}

/// Signs a URL for each key, to be saved under the name beside it; one for each, in their order.
async fn sign(
    flow: &Flow,
    items: Vec<(String, String)>,
    expires_in: Option<Duration>,
) -> Result<Vec<PresignedUrl>> {
    let mut urls = Vec::with_capacity(items.len());
    for batch in items.chunks(URLS_AT_ONCE) {
        let items = batch.iter().map(|(key, name)| PresignGetItem {
            key: key.clone(),
            download_name: name.clone(),
        });
        let request = PresignGetRequest {
            items: items.collect(),
            expires_in: expires_in.and_then(|e| e.try_into().ok()),
            ..Default::default()
        };
        let sign = async |r| flow.caller.presign().presign_get(r).await;
        urls.extend(flow.call("PresignGet", request, sign).await?.urls);
    }
    if urls.len() == items.len() {
        return Ok(urls);
    }
    Err(Error::Broken {
        step: "PresignGet",
        problem: format!("answered {} URLs for {} keys", urls.len(), items.len()),
    })
}
