//! What the caller does by the library, and what it reads.

use caller::{Picture, SaveDocument, SaveTurn, Source};
use contract::metadata::v1::{Chat, Role, SearchResult};
use prost::Message as _;
use tonic::Code;

use super::{Follower, failure::Failure};
use crate::{
    ack_list::{Answer, Kept, Line},
    content::{Content, sha256},
    plan::{Deed, Step},
    rows,
    seen::compare,
    stranger::turn_answer,
};

impl Follower {
    pub(super) async fn save_document(
        &self,
        step: &Step,
        content: Content,
    ) -> Result<Answer, Failure> {
        let save = SaveDocument {
            request_id: step.request_id,
            user_id: self.plan.chat_of(step).user_id.clone(),
            title: step.text(),
            description: String::new(),
            metadata: None,
            document: Source::Bytes(content.bytes()),
            name: "План насосной.pdf".to_owned(),
            content_type: String::new(),
        };
        let chat = self.caller.save_document(&save).await?;
        Ok(Answer {
            objects: vec![document(&chat)],
            digest: sha256(&chat.encode_to_vec()),
            ..Answer::default()
        })
    }

    pub(super) async fn save_turn(
        &self,
        step: &Step,
        pictures: &[Content],
        search_results: usize,
    ) -> Result<Answer, Failure> {
        let picture = |content: &Content| Picture {
            source: Source::Bytes(content.bytes()),
            name: "viewport.png".to_owned(),
            image_type: "viewport".to_owned(),
            description: String::new(),
        };
        let result = |n| SearchResult {
            block_id: format!("block-{n}"),
            page_number: 1,
            ..SearchResult::default()
        };
        let save = SaveTurn {
            request_id: step.request_id,
            chat_id: self.plan.chat_of(step).id,
            role: Role::Assistant,
            content: step.text(),
            message_type: String::new(),
            pictures: pictures.iter().map(picture).collect(),
            search_results: (0..search_results).map(result).collect(),
        };
        let turn = self.caller.save_turn(&save).await?;
        let digest = sha256(&turn.encode_to_vec());
        Ok(turn_answer(turn, digest))
    }

    pub(super) async fn delete_chat(&self, step: &Step) -> Result<Answer, Failure> {
        let chat = self.plan.chat_of(step).id;
        let deleted = self.caller.delete_chat(chat, step.request_id).await?;
        let counts = (
            deleted.message_count,
            deleted.image_count,
            deleted.search_result_count,
        );
        Ok(Answer {
            digest: format!("{counts:?}"),
            ..Answer::default()
        })
    }

    /// Reads a chat, and judges what it shows by what was acknowledged before.
    pub(super) async fn read(&self, step: &Step) -> Result<Answer, Failure> {
        let chat = self.plan.chat_of(step);
        let before = self.seen().clone();
        let walk = if matches!(step.deed, Deed::Pages) {
            rows::pages(&self.clients, &chat.id.to_string()).await
        } else {
            rows::history(&self.clients, &chat.id.to_string()).await
        };
        let begun = self.seen().begun.clone();
        let wrong = match walk {
            _ if self.is_going(step.chat) => Vec::new(),
            Ok(walk) => {
                let turns = before.turns(&self.plan, step.chat, |step| begun.contains(&step));
                compare(&walk, &turns, false)
            }
            Err(status) if status.code() == Code::NotFound => vec!["the chat is lost".to_owned()],
            Err(status) => return Err(status.into()),
        };
        for what in wrong {
            let what = format!("step {} reads chat {}: {what}", step.number, chat.id);
            self.note(Line::Wrong { what });
        }
        Ok(Answer::default())
    }
}

/// What a chat says of its document.
fn document(chat: &Chat) -> Kept {
    let blob = chat.document.clone().unwrap_or_default();
    Kept {
        id: String::new(),
        key: blob.key,
        size_bytes: blob.size_bytes,
        sha256: blob.sha256,
    }
}
