//! The service as the model sees it: its rpcs, called without a network.

use std::collections::BTreeSet;

use contract::{
    metadata::v1::{
        self, AckDeletesRequest, AddImagesRequest, AppendMessagesRequest, ArchiveChatRequest,
        ChatState, DeleteChatRequest, DeleteImageRequest, DeleteMessageRequest,
        GetChatHistoryRequest, GetUsageRequest, ListChatsRequest, ListPendingDeletesRequest,
        SearchMessagesRequest, UnarchiveChatRequest, UpdateChatRequest,
        blob_ledger_service_server::BlobLedgerService as _, chat_service_server::ChatService as _,
        image_service_server::ImageService as _, message_service_server::MessageService as _,
        pending_delete::Target,
    },
    receipt::ReceiptKeys,
};
use futures::TryStreamExt as _;
use prost_types::FieldMask;
use tempfile::TempDir;
use tonic::{Code, Request, Status};
use uuid::Uuid;

use super::{
    CREATOR, Op, chat_id,
    request::{blob, create, image, new_chat, turn, user_id},
};
use crate::{
    blob_ledger::rpc::BlobLedger,
    chat::rpc::Chats,
    image::rpc::Images,
    message::rpc::Messages,
    store::{Store, kv::Kv},
};

/// All that is kept, as far as the model knows it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Kept {
    /// (id, archived, last seq), the oldest first.
    pub(super) chats: Vec<(Uuid, bool, i64)>,
    /// Of each chat, in the same order: (seq, keys of the images).
    pub(super) turns: Vec<Vec<(i64, Vec<String>)>>,
    pub(super) pending: BTreeSet<String>,
    /// Of each user: chats, messages, images, bytes.
    pub(super) usage: [[i64; 4]; 2],
    /// Messages that say `pump`: (score, chat, seq).
    pub(super) hits: BTreeSet<(u32, Uuid, i64)>,
}

pub(super) struct Service {
    chats: Chats,
    messages: Messages,
    images: Images,
    ledger: BlobLedger,
    _folder: TempDir,
}

impl Service {
    pub(super) fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let store = Kv::open(folder.path()).expect("an empty store can be opened");
        let store = || Store::Kv(store.clone());
        Self {
            chats: Chats {
                store: store(),
                receipts: ReceiptKeys::default(),
            },
            messages: Messages::of(store(), ReceiptKeys::default()),
            images: Images {
                store: store(),
                receipts: ReceiptKeys::default(),
            },
            ledger: BlobLedger { store: store() },
            _folder: folder,
        }
    }

    /// Does `op`; tells the code when it is refused.
    pub(super) async fn apply(&self, op: &Op) -> Result<(), Code> {
        let done = match op {
            Op::Create {
                chat,
                user,
                document,
            } => {
                let chat = new_chat(*chat, *user, *document);
                self.chats.create_chat(create(chat)).await.map(drop)
            }
            Op::Append {
                chat,
                create,
                turns,
            } => {
                let request = AppendMessagesRequest {
                    chat_id: chat_id(*chat).to_string(),
                    create_chat: create.then(|| new_chat(*chat, CREATOR, None)),
                    turns: turns
                        .iter()
                        .map(|(pumps, keys)| turn(*pumps, keys))
                        .collect(),
                    request_id: String::new(),
                };
                self.messages
                    .append_messages(Request::new(request))
                    .await
                    .map(drop)
            }
            Op::AddImages { message, keys } => {
                let request = AddImagesRequest {
                    message_id: self.message(*message).await,
                    images: keys.iter().copied().map(image).collect(),
                    request_id: String::new(),
                };
                self.images
                    .add_images(Request::new(request))
                    .await
                    .map(drop)
            }
            Op::DeleteMessage { message } => {
                let request = DeleteMessageRequest {
                    message_id: self.message(*message).await,
                    request_id: String::new(),
                };
                self.messages
                    .delete_message(Request::new(request))
                    .await
                    .map(drop)
            }
            Op::DeleteImage { image } => self.delete_image(*image).await,
            Op::SetDocument { chat, document } => self.set_document(*chat, *document).await,
            Op::Archive {
                chat,
                archived,
                stale,
            } => {
                let etag = if *stale { "stale" } else { "" };
                self.archive(*chat, *archived, etag).await
            }
            Op::DeleteChat { chat } => {
                let request = DeleteChatRequest {
                    chat_id: chat_id(*chat).to_string(),
                    ..DeleteChatRequest::default()
                };
                self.chats
                    .delete_chat(Request::new(request))
                    .await
                    .map(drop)
            }
            Op::Ack => self.ack().await,
        };
        done.map_err(|status| status.code())
    }

    async fn delete_image(&self, nth: usize) -> Result<(), Status> {
        let turns = self.turns().await;
        let mut images = turns.iter().flatten().flat_map(|turn| &turn.images);
        let request = DeleteImageRequest {
            image_id: images
                .nth(nth)
                .map_or_else(absent, |image| image.id.clone()),
            request_id: String::new(),
        };
        self.images
            .delete_image(Request::new(request))
            .await
            .map(drop)
    }

    async fn set_document(&self, chat: u8, document: Option<u8>) -> Result<(), Status> {
        let request = UpdateChatRequest {
            chat: Some(v1::Chat {
                id: chat_id(chat).to_string(),
                document: document.map(blob),
                ..v1::Chat::default()
            }),
            update_mask: Some(FieldMask {
                paths: vec!["document".to_owned()],
            }),
            request_id: String::new(),
        };
        self.chats
            .update_chat(Request::new(request))
            .await
            .map(drop)
    }

    async fn archive(&self, chat: u8, archived: bool, etag: &str) -> Result<(), Status> {
        let (chat_id, etag) = (chat_id(chat).to_string(), etag.to_owned());
        let request_id = String::new();
        if archived {
            let request = ArchiveChatRequest {
                chat_id,
                etag,
                request_id,
            };
            self.chats
                .archive_chat(Request::new(request))
                .await
                .map(drop)
        } else {
            let request = UnarchiveChatRequest {
                chat_id,
                etag,
                request_id,
            };
            self.chats
                .unarchive_chat(Request::new(request))
                .await
                .map(drop)
        }
    }

    async fn ack(&self) -> Result<(), Status> {
        let ids: Vec<_> = self
            .pending()
            .await
            .into_iter()
            .map(|delete| delete.id)
            .collect();
        if ids.is_empty() {
            return Ok(());
        }
        let request_id = String::new();
        let request = AckDeletesRequest { ids, request_id };
        self.ledger
            .ack_deletes(Request::new(request))
            .await
            .map(drop)
    }

    /// Reads all that the model knows.
    pub(super) async fn kept(&self) -> Kept {
        let mut kept = Kept::default();
        for (chat, turns) in self.list().await.into_iter().zip(self.turns().await) {
            let id = Uuid::try_parse(&chat.id).expect("ids are UUIDs");
            kept.chats.push((id, chat.is_archived, chat.last_seq));
            kept.turns.push(turns.iter().map(seq_and_keys).collect());
        }
        let targets = self
            .pending()
            .await
            .into_iter()
            .filter_map(|delete| delete.target);
        kept.pending = targets
            .map(|target| match target {
                Target::Key(name) | Target::Prefix(name) => name,
            })
            .collect();
        for user in [0, 1] {
            kept.usage[usize::from(user)] = self.usage(user).await;
            kept.hits.extend(self.hits(user).await);
        }
        kept
    }

    /// All chats of both users, the oldest first.
    async fn list(&self) -> Vec<v1::Chat> {
        let mut chats = Vec::new();
        for user in [0, 1] {
            let request = ListChatsRequest {
                user_id: user_id(user),
                state: ChatState::All.into(),
                ..ListChatsRequest::default()
            };
            let page = self.chats.list_chats(Request::new(request)).await;
            let page = page.expect("chats can be listed").into_inner();
            chats.extend(page.chats.into_iter().rev());
        }
        let time = |chat: &v1::Chat| chat.create_time.map(|time| (time.seconds, time.nanos));
        chats.sort_by_key(time);
        chats
    }

    async fn turns(&self) -> Vec<Vec<v1::Turn>> {
        let mut all = Vec::new();
        for chat in self.list().await {
            let request = GetChatHistoryRequest {
                chat_id: chat.id,
                after_seq: 0,
            };
            let stream = self.chats.get_chat_history(Request::new(request)).await;
            let turns = stream.expect("it is there").into_inner();
            let turns: Vec<_> = turns.try_collect().await.expect("it is read to its end");
            all.push(turns.into_iter().filter_map(|answer| answer.turn).collect());
        }
        all
    }

    /// The id of the nth message, or one that is none's.
    async fn message(&self, nth: usize) -> String {
        let turns = self.turns().await;
        let mut messages = turns
            .iter()
            .flatten()
            .filter_map(|turn| turn.message.as_ref());
        messages
            .nth(nth)
            .map_or_else(absent, |message| message.id.clone())
    }

    async fn pending(&self) -> Vec<v1::PendingDelete> {
        let request = ListPendingDeletesRequest {
            page_size: 1_000,
            ..ListPendingDeletesRequest::default()
        };
        let page = self
            .ledger
            .list_pending_deletes(Request::new(request))
            .await;
        page.expect("the ledger can be read")
            .into_inner()
            .pending_deletes
    }

    async fn usage(&self, user: u8) -> [i64; 4] {
        let request = GetUsageRequest {
            user_id: user_id(user),
            ..GetUsageRequest::default()
        };
        let usage = self.chats.get_usage(Request::new(request)).await;
        let total = usage.expect("usage can be read").into_inner().total;
        let total = total.expect("there is a total");
        [
            total.chat_count,
            total.message_count,
            total.image_count,
            total.blob_size_bytes,
        ]
    }

    async fn hits(&self, user: u8) -> Vec<(u32, Uuid, i64)> {
        let request = SearchMessagesRequest {
            user_id: user_id(user),
            query: "pumps".to_owned(),
            page_size: 1_000,
            ..SearchMessagesRequest::default()
        };
        let page = self.chats.search_messages(Request::new(request)).await;
        let hits = page.expect("it is searched").into_inner().hits.into_iter();
        let hit = |hit: v1::SearchHit| {
            let chat = Uuid::try_parse(&hit.chat_id).expect("ids are UUIDs");
            (u32::try_from(hit.score).expect("it counts"), chat, hit.seq)
        };
        hits.map(hit).collect()
    }
}

fn seq_and_keys(turn: &v1::Turn) -> (i64, Vec<String>) {
    let seq = turn.message.as_ref().map_or(0, |message| message.seq);
    let blobs = turn.images.iter().filter_map(|image| image.blob.clone());
    (seq, blobs.map(|blob| blob.key).collect())
}

fn absent() -> String {
    Uuid::max().to_string()
}
