//! A model of the service, in memory and as plain as can be, and the claim that whatever is done in whatever order the service
//! answers and keeps what the model does.

mod request;
mod service;

use std::collections::BTreeSet;

use proptest::{collection::vec, option, prelude::*};
use tonic::Code;
use uuid::Uuid;

use self::service::{Kept, Service};

/// What is done. Chats, users and keys are a few each, so that they meet; messages and images are counted through all chats.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Create {
        chat: u8,
        user: u8,
        document: Option<u8>,
    },
    /// Turns, each saying `pump` so many times, with images of these keys.
    Append {
        chat: u8,
        create: bool,
        turns: Vec<(u8, Vec<u8>)>,
    },
    AddImages {
        message: usize,
        keys: Vec<u8>,
    },
    DeleteMessage {
        message: usize,
    },
    DeleteImage {
        image: usize,
    },
    SetDocument {
        chat: u8,
        document: Option<u8>,
    },
    Archive {
        chat: u8,
        archived: bool,
        stale: bool,
    },
    DeleteChat {
        chat: u8,
    },
    Ack,
}

/// The user of a chat that an append creates.
const CREATOR: u8 = 0;
/// What the document of every chat and every image weighs.
pub(crate) const BLOB_BYTES: i64 = 10;

/// A chat's id.
pub(crate) fn chat_id(chat: u8) -> Uuid {
    Uuid::from_u128(u128::from(chat) + 1)
}

/// A key: of the first four beneath `uploads/`, of the others beneath a chat's prefix.
pub(crate) fn key(key: u8) -> String {
    if key < 4 {
        format!("uploads/documents/{key}")
    } else {
        format!("{}images/{key}", prefix(key % 2))
    }
}

fn prefix(chat: u8) -> String {
    format!("chats/{}/", chat_id(chat))
}

fn op() -> impl Strategy<Value = Op> {
    let chat = 0..5_u8;
    let keys = || vec(0..8_u8, 0..3);
    prop_oneof![
        3 => (chat.clone(), 0..2_u8, option::of(0..8_u8))
            .prop_map(|(chat, user, document)| Op::Create { chat, user, document }),
        6 => (chat.clone(), any::<bool>(), vec((0..3_u8, keys()), 1..4))
            .prop_map(|(chat, create, turns)| Op::Append { chat, create, turns }),
        2 => (0..6_usize, vec(0..8_u8, 1..3))
            .prop_map(|(message, keys)| Op::AddImages { message, keys }),
        2 => (0..6_usize).prop_map(|message| Op::DeleteMessage { message }),
        2 => (0..6_usize).prop_map(|image| Op::DeleteImage { image }),
        1 => (chat.clone(), option::of(0..8_u8))
            .prop_map(|(chat, document)| Op::SetDocument { chat, document }),
        1 => (chat.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(chat, archived, stale)| Op::Archive { chat, archived, stale }),
        1 => chat.prop_map(|chat| Op::DeleteChat { chat }),
        1 => Just(Op::Ack),
    ]
}

#[derive(Clone, Debug, Default)]
struct Model {
    /// The oldest first.
    chats: Vec<Chat>,
    deleted: BTreeSet<u8>,
    /// What is to be removed.
    pending: BTreeSet<String>,
    /// What ever was to be removed.
    used_up: BTreeSet<String>,
}

#[derive(Clone, Debug)]
struct Chat {
    number: u8,
    user: u8,
    document: Option<u8>,
    archived: bool,
    last_seq: i64,
    messages: Vec<Message>,
}

#[derive(Clone, Debug)]
struct Message {
    seq: i64,
    pumps: u8,
    images: Vec<u8>,
}

impl Model {
    /// Does `op` whole or, when it is refused, not at all.
    fn apply(&mut self, op: &Op) -> Result<(), Code> {
        let mut next = self.clone();
        next.change(op)?;
        *self = next;
        Ok(())
    }

    fn change(&mut self, op: &Op) -> Result<(), Code> {
        match op {
            Op::Create {
                chat,
                user,
                document,
            } => self.create(*chat, *user, *document),
            Op::Append {
                chat,
                create,
                turns,
            } => {
                if *create && self.find(*chat).is_err() {
                    self.create(*chat, CREATOR, None)?;
                }
                self.find(*chat)?;
                turns
                    .iter()
                    .try_for_each(|(_, keys)| self.demand_free(keys))?;
                let chat = self.find(*chat)?;
                for (pumps, images) in turns {
                    chat.last_seq += 1;
                    chat.messages.push(Message {
                        seq: chat.last_seq,
                        pumps: *pumps,
                        images: images.clone(),
                    });
                }
                Ok(())
            }
            Op::AddImages { message, keys } => {
                self.message(*message)?;
                self.demand_free(keys)?;
                let (chat, at) = self.message(*message)?;
                self.chats[chat].messages[at].images.extend(keys);
                Ok(())
            }
            Op::DeleteMessage { message } => {
                let (chat, at) = self.message(*message)?;
                let images = self.chats[chat].messages.remove(at).images;
                self.pend(images.into_iter().map(key));
                Ok(())
            }
            Op::DeleteImage { image } => {
                let mut images = self.chats.iter_mut().flat_map(|chat| &mut chat.messages);
                let mut left = *image;
                let message = images.find(|message| {
                    let here = left < message.images.len();
                    left -= if here { 0 } else { message.images.len() };
                    here
                });
                let image = message.ok_or(Code::NotFound)?.images.remove(left);
                self.pend([key(image)]);
                Ok(())
            }
            Op::SetDocument { chat, document } => {
                let before = self.find(*chat)?.document;
                if before != *document {
                    self.demand_free(document.as_slice())?;
                }
                self.find(*chat)?.document = *document;
                Ok(())
            }
            Op::Archive {
                chat,
                archived,
                stale,
            } => {
                let chat = self.find(*chat)?;
                if *stale {
                    return Err(Code::Aborted);
                }
                chat.archived = *archived;
                Ok(())
            }
            Op::DeleteChat { chat } => self.delete(*chat),
            Op::Ack => {
                self.pending.clear();
                Ok(())
            }
        }
    }

    fn create(&mut self, number: u8, user: u8, document: Option<u8>) -> Result<(), Code> {
        self.demand_free(document.as_slice())?;
        if self.find(number).is_ok() || self.deleted.contains(&number) {
            return Err(Code::AlreadyExists);
        }
        self.chats.push(Chat {
            number,
            user,
            document,
            archived: false,
            last_seq: 0,
            messages: Vec::new(),
        });
        Ok(())
    }

    fn delete(&mut self, number: u8) -> Result<(), Code> {
        self.find(number)?;
        let at = self.chats.iter().position(|chat| chat.number == number);
        let chat = self.chats.remove(at.ok_or(Code::NotFound)?);
        self.deleted.insert(number);
        let images = chat.messages.into_iter().flat_map(|message| message.images);
        let keys: Vec<_> = images.chain(chat.document).map(key).collect();
        let prefix = prefix(number);
        if self.named().iter().any(|key| key.starts_with(&prefix)) {
            self.pend(keys);
        } else {
            self.pend(keys.into_iter().filter(|key| !key.starts_with(&prefix)));
            self.pending.insert(prefix.clone());
            self.used_up.insert(prefix);
        }
        Ok(())
    }

    fn find(&mut self, number: u8) -> Result<&mut Chat, Code> {
        let found = self.chats.iter_mut().find(|chat| chat.number == number);
        found.ok_or(Code::NotFound)
    }

    /// The places of the message in the model.
    fn message(&self, nth: usize) -> Result<(usize, usize), Code> {
        let places = self.chats.iter().enumerate();
        let mut places =
            places.flat_map(|(chat, rows)| (0..rows.messages.len()).map(move |at| (chat, at)));
        places.nth(nth).ok_or(Code::NotFound)
    }

    fn named(&self) -> BTreeSet<String> {
        let images = self.chats.iter().flat_map(|chat| &chat.messages);
        let images = images.flat_map(|message| message.images.clone());
        let documents = self.chats.iter().filter_map(|chat| chat.document);
        images.chain(documents).map(key).collect()
    }

    fn pend(&mut self, keys: impl IntoIterator<Item = String>) {
        let named = self.named();
        let free = keys.into_iter().filter(|key| !named.contains(key));
        let free: Vec<_> = free.collect();
        self.pending.extend(free.iter().cloned());
        self.used_up.extend(free);
    }

    fn demand_free(&self, keys: &[u8]) -> Result<(), Code> {
        let is_used_up = |number: &u8| {
            let key = key(*number);
            self.used_up.iter().any(|target| {
                *target == key || (target.ends_with('/') && key.starts_with(target.as_str()))
            })
        };
        if keys.iter().any(is_used_up) {
            Err(Code::FailedPrecondition)
        } else {
            Ok(())
        }
    }

    /// What the service must keep now.
    fn kept(&self) -> Kept {
        let mut kept = Kept {
            pending: self.pending.clone(),
            ..Kept::default()
        };
        for chat in &self.chats {
            let turns = chat.messages.iter().map(|message| {
                let images = message.images.iter().copied().map(key).collect();
                (message.seq, images)
            });
            kept.chats
                .push((chat_id(chat.number), chat.archived, chat.last_seq));
            kept.turns.push(turns.collect());
            let usage = &mut kept.usage[usize::from(chat.user)];
            usage[0] += 1;
            usage[3] += chat.document.map_or(0, |_| BLOB_BYTES);
            for message in &chat.messages {
                usage[1] += 1;
                for _ in &message.images {
                    usage[2] += 1;
                    usage[3] += BLOB_BYTES;
                }
                if message.pumps > 0 {
                    let hit = (u32::from(message.pumps), chat_id(chat.number), message.seq);
                    kept.hits.insert(hit);
                }
            }
        }
        kept
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_service_answers_and_keeps_what_the_model_does(ops in vec(op(), 1..40)) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
        runtime.block_on(async {
            let service = Service::start();
            let mut model = Model::default();
            for op in ops {
                let expected = model.apply(&op);
                let answered = service.apply(&op).await;
                prop_assert_eq!(answered, expected, "{:?}", op);
                prop_assert_eq!(service.kept().await, model.kept(), "after {:?}", op);
            }
            Ok(())
        })?;
    }
}
