//! One caller: asks another process with each call, so that it reads from one what it has written to another.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use contract::metadata::v1::{
    AckDeletesRequest, AddSearchResultsRequest, Chat, CreateChatRequest, DeleteImageRequest,
    GetImageRequest, ListChatsRequest, ListPendingDeletesRequest, ListSearchResultsRequest,
    MessageOrder, PendingDelete, SearchMessagesRequest, SearchResult, Turn, UnarchiveChatRequest,
};
use prost_types::Timestamp;
use tonic::Status;

use super::{COMMON, ROUNDS};
use crate::{
    metadata::{Client, Metadata, contents, found, id, image, new_chat, targets, turn},
    metadata_chats::archive,
    metadata_deletes::usage,
    metadata_messages::walk,
    metadata_rows::{add_images, list_images},
};

/// What a caller appends to its shared chat in a round.
pub(super) const SHARED_TURNS: usize = 2;
/// The size of each object, as `metadata::blob` says it.
pub(super) const IMAGE_BYTES: i64 = 10;

/// A caller.
pub(super) struct Caller<'a> {
    number: usize,
    shared: &'a str,
    processes: Vec<Client>,
    calls: AtomicUsize,
}

/// What a caller was told that it has done.
#[derive(Default)]
pub(super) struct Done {
    /// Its own chats that are left, each with its turns.
    pub(super) own: Vec<(String, Vec<Turn>)>,
    /// Its messages in the shared chat, by number.
    pub(super) shared: BTreeMap<i64, String>,
}

/// The user that a caller is.
pub(super) fn user(number: usize) -> String {
    format!("caller {number}")
}

impl<'a> Caller<'a> {
    /// A caller that shares the chat `shared`.
    pub(super) fn new(number: usize, processes: &[Metadata], shared: &'a str) -> Self {
        Self {
            number,
            shared,
            processes: processes
                .iter()
                .map(|process| Client::of(&process.service))
                .collect(),
            calls: AtomicUsize::new(number),
        }
    }

    /// The process to ask next.
    fn next(&self) -> &Client {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        &self.processes[call % self.processes.len()]
    }

    /// Makes all calls, and tells what they did.
    pub(super) async fn call_all(&self) -> Result<Done, Status> {
        let mut done = Done::default();
        for round in 0..ROUNDS {
            let chat = self.create(round).await?;
            let mut turns = self.converse(&chat.id).await?;
            self.attach(&mut turns[1]).await?;
            self.list(&chat.id, &turns).await?;
            self.remove_some(&mut turns).await?;
            self.change(&chat).await?;
            self.share(round, &mut done).await?;
            self.look_around(&chat.id, &turns).await?;
            if round % 2 == 0 {
                self.delete(&chat.id, &turns).await?;
            } else {
                done.own.push((chat.id, turns));
            }
        }
        Ok(done)
    }

    async fn create(&self, round: usize) -> Result<Chat, Status> {
        let request = CreateChatRequest {
            chat: Some(Chat {
                user_id: user(self.number),
                ..new_chat(&format!("round {round}"))
            }),
            request_id: id(),
        };
        let mut answers = Vec::new();
        for _ in ["once", "again"] {
            let answer = self.next().chats().create_chat(request.clone()).await?;
            answers.push(answer.into_inner().chat.expect("it answers the chat"));
        }
        assert_eq!(answers[0], answers[1], "one request id, one chat");
        Ok(answers.remove(0))
    }

    /// Appends three turns, and gives them as kept.
    async fn converse(&self, chat_id: &str) -> Result<Vec<Turn>, Status> {
        let given = ["один", "два", "три"].map(|content| Turn {
            images: vec![image(COMMON), image(&fresh_key())],
            search_results: vec![found(content)],
            ..turn(content)
        });
        let appended = self.next().append(chat_id, given.to_vec()).await?;
        let mut turns = appended.turns;
        for (turn, given) in turns.iter_mut().zip(given) {
            let content = given.message.expect("a message").content;
            turn.message.as_mut().expect("a message").content = content;
        }
        Ok(turns)
    }

    /// Adds to a turn.
    async fn attach(&self, turn: &mut Turn) -> Result<(), Status> {
        let message_id = message_id(turn);
        let images = vec![image(&fresh_key()), image(COMMON)];
        let images = add_images(self.next(), &message_id, images);
        turn.images.extend(images.await?);
        let request = AddSearchResultsRequest {
            message_id,
            search_results: vec![found("added"), found("added too")],
            request_id: id(),
        };
        let mut client = self.next().search_results();
        let added = client.add_search_results(request).await?.into_inner();
        turn.search_results.extend(added.search_results);
        Ok(())
    }

    /// Reads the chat's lists, a few rows at a time.
    async fn list(&self, chat_id: &str, turns: &[Turn]) -> Result<(), Status> {
        let pages = walk(self.next(), chat_id, MessageOrder::OldestFirst, 2).await;
        assert_eq!(pages.concat(), contents(turns));
        let images = list_images(self.next(), chat_id, "").await?;
        assert_eq!(
            images,
            oldest_first(turns, |turn| &turn.images, |image| image.upload_time)
        );
        let results = self.results(chat_id).await?;
        let given = oldest_first(
            turns,
            |turn| &turn.search_results,
            |result| result.create_time,
        );
        assert_eq!(results, given);

        let message = self.next().message(&message_id(&turns[2])).await?;
        assert_eq!(Some(message), turns[2].message);
        let request = GetImageRequest {
            image_id: images[0].id.clone(),
        };
        let read = self.next().images().get_image(request).await?.into_inner();
        assert_eq!(read.image.as_ref(), images.first());
        Ok(())
    }

    async fn results(&self, chat_id: &str) -> Result<Vec<SearchResult>, Status> {
        let mut request = ListSearchResultsRequest {
            chat_id: chat_id.to_owned(),
            page_size: 2,
            ..ListSearchResultsRequest::default()
        };
        let mut results = Vec::new();
        loop {
            let mut client = self.next().search_results();
            let page = client.list_search_results(request.clone()).await?;
            let page = page.into_inner();
            results.extend(page.search_results);
            if page.next_page_token.is_empty() {
                return Ok(results);
            }
            request.page_token = page.next_page_token;
        }
    }

    /// Deletes an image of the second turn, and the whole first one.
    async fn remove_some(&self, turns: &mut Vec<Turn>) -> Result<(), Status> {
        let image = turns[1].images.remove(1);
        let request = DeleteImageRequest {
            image_id: image.id,
            request_id: id(),
        };
        let deleted = self.next().images().delete_image(request).await?;
        let key = image.blob.expect("an image has an object").key;
        assert_eq!(targets(&deleted.into_inner().pending_deletes), [key]);

        let first = turns.remove(0);
        let deleted = self.next().delete_message(&message_id(&first)).await?;
        assert_eq!((deleted.image_count, deleted.search_result_count), (2, 1));
        Ok(())
    }

    async fn change(&self, chat: &Chat) -> Result<(), Status> {
        let patch = Chat {
            title: "changed".to_owned(),
            ..Chat::default()
        };
        self.next().update(chat, patch, &["title"]).await?;
        let archived = archive(self.next(), &chat.id).await;
        assert!(archived.is_archived);
        let request = UnarchiveChatRequest {
            chat_id: chat.id.clone(),
            etag: archived.etag,
            request_id: id(),
        };
        self.next().chats().unarchive_chat(request).await?;
        let read = self.next().read(&chat.id).await?;
        let seen = (read.title.as_str(), read.is_archived, read.last_seq);
        assert_eq!(seen, ("changed", false, 3));
        Ok(())
    }

    /// Appends to the shared chat.
    async fn share(&self, round: usize, done: &mut Done) -> Result<(), Status> {
        let contents: [_; SHARED_TURNS] =
            ["насос", "насосы"].map(|word| format!("{word} {} {round}", self.number));
        let mut given = contents.each_ref().map(|content| turn(content));
        given[0].images = vec![image(COMMON)];
        let appended = self.next().append(self.shared, given.to_vec()).await?;
        for (turn, content) in appended.turns.into_iter().zip(contents) {
            let seq = turn.message.expect("a message").seq;
            done.shared.insert(seq, content);
        }
        Ok(())
    }

    /// Reads what the chat is part of.
    async fn look_around(&self, chat_id: &str, turns: &[Turn]) -> Result<(), Status> {
        assert_eq!(self.next().history(chat_id, 0).await?, turns);
        assert!(!self.next().history(self.shared, 1).await?.is_empty());
        let request = ListChatsRequest {
            user_id: user(self.number),
            page_size: 1,
            ..ListChatsRequest::default()
        };
        assert_eq!(self.next().list(&request).await.0, ["changed"]);
        let (_, total) = usage(self.next(), &user(self.number)).await;
        assert!(total.message_count >= 2);
        let request = SearchMessagesRequest {
            user_id: user(self.number),
            query: "два or насос".to_owned(),
            ..SearchMessagesRequest::default()
        };
        self.next().chats().search_messages(request).await?;
        Ok(())
    }

    /// Deletes a chat, and says of what it leaves in the store that it is gone.
    async fn delete(&self, chat_id: &str, turns: &[Turn]) -> Result<(), Status> {
        let deleted = self.next().delete(chat_id, "").await?;
        let counts = turns.iter().fold((0, 0), |(images, results), turn| {
            (
                images + turn.images.len(),
                results + turn.search_results.len(),
            )
        });
        let told = (deleted.image_count, deleted.search_result_count);
        assert_eq!(told, (super::counted(counts.0), super::counted(counts.1)));
        assert_eq!(deleted.message_count, 2);

        let own: Vec<_> = deleted
            .pending_deletes
            .iter()
            .map(|delete| &delete.id)
            .collect();
        let pending = self.pending().await?;
        assert!(
            own.iter()
                .all(|id| pending.iter().any(|delete| delete.id == **id))
        );
        let request = AckDeletesRequest {
            ids: own.iter().map(ToString::to_string).collect(),
            request_id: id(),
        };
        let acked = self
            .next()
            .ledger()
            .ack_deletes(request)
            .await?
            .into_inner();
        assert_eq!(acked.acked_count, super::counted(own.len()));
        Ok(())
    }

    /// All that is to be removed from the store, also for others.
    async fn pending(&self) -> Result<Vec<PendingDelete>, Status> {
        let mut request = ListPendingDeletesRequest {
            page_size: 100,
            ..ListPendingDeletesRequest::default()
        };
        let mut pending = Vec::new();
        loop {
            let mut ledger = self.next().ledger();
            let page = ledger
                .list_pending_deletes(request.clone())
                .await?
                .into_inner();
            pending.extend(page.pending_deletes);
            if page.next_page_token.is_empty() {
                return Ok(pending);
            }
            request.page_token = page.next_page_token;
        }
    }
}

fn message_id(turn: &Turn) -> String {
    turn.message
        .as_ref()
        .expect("a turn has a message")
        .id
        .clone()
}

/// What the turns have of one kind, in the order it came.
fn oldest_first<T: Clone>(
    turns: &[Turn],
    of: fn(&Turn) -> &Vec<T>,
    time: fn(&T) -> Option<Timestamp>,
) -> Vec<T> {
    let mut all: Vec<_> = turns.iter().flat_map(of).cloned().collect();
    all.sort_by_key(|row| time(row).map(|time| (time.seconds, time.nanos)));
    all
}

/// A key of an object that no other names.
fn fresh_key() -> String {
    format!("uploads/documents/{}", id())
}
