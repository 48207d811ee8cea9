//! Changes: the requests of a script that leave something behind.

use contract::metadata::v1::*;
use prost_types::{Duration, FieldMask};

use super::{Ask, Writer};

impl Writer {
    pub(super) fn any_change(&mut self) -> Ask {
        match self.dice.below(56) {
            0..6 => self.create_chat(),
            6..24 => self.append(),
            24..30 => self.add_images(),
            30..34 => self.add_search_results(),
            34..39 => self.update_chat(),
            39..42 => self.archive(),
            42..46 => Ask::DeleteMessage(DeleteMessageRequest {
                message_id: self.message(),
                request_id: String::new(),
            }),
            46..48 => Ask::DeleteImage(DeleteImageRequest {
                image_id: self.image_id(),
                request_id: String::new(),
            }),
            48..51 => self.reserve(),
            51..54 => Ask::PendDeletes(PendDeletesRequest {
                keys: self.keys(),
                request_id: String::new(),
            }),
            _ => Ask::DeleteChat(DeleteChatRequest {
                chat_id: self.chat(),
                etag: self.etag(),
                request_id: String::new(),
            }),
        }
    }

    /// A reservation that does not end while a script is played.
    pub(super) fn reserve(&mut self) -> Ask {
        let seconds = self.dice.one(&[3_600, 7 * 86_400]);
        Ask::ReserveKeys(ReserveKeysRequest {
            keys: self.keys(),
            expires_in: self
                .dice
                .chance(70)
                .then_some(Duration { seconds, nanos: 0 }),
            request_id: String::new(),
        })
    }

    pub(super) fn create_chat(&mut self) -> Ask {
        let chat = self.new_chat();
        Ask::CreateChat(CreateChatRequest {
            chat: Some(chat),
            request_id: String::new(),
        })
    }

    pub(super) fn new_chat(&mut self) -> Chat {
        let id = if self.dice.chance(80) || self.chats.is_empty() {
            let id = self.fresh("chat");
            self.chats.push(id.clone());
            id
        } else {
            self.chat()
        };
        Chat {
            id,
            user_id: self.user(),
            ..self.chat_fields()
        }
    }

    pub(super) fn chat_fields(&mut self) -> Chat {
        Chat {
            title: format!("title {}", self.dice.below(9)),
            description: self
                .dice
                .one(&["", "", "about насосы", "о'\"\\"])
                .to_owned(),
            document: self.dice.chance(30).then(|| self.blob()),
            metadata: self.dice.chance(30).then(|| self.json()),
            ..Chat::default()
        }
    }

    pub(super) fn update_chat(&mut self) -> Ask {
        let masks: [&[&str]; 7] = [
            &[],
            &["title"],
            &["description", "metadata"],
            &["document"],
            &["*"],
            &["title", "document"],
            &["owner"],
        ];
        let mask = self.dice.one(&masks);
        let chat = Chat {
            id: self.chat(),
            etag: self.etag(),
            ..self.chat_fields()
        };
        Ask::UpdateChat(UpdateChatRequest {
            chat: Some(chat),
            update_mask: self.dice.chance(80).then(|| FieldMask {
                paths: mask.iter().map(ToString::to_string).collect(),
            }),
            request_id: String::new(),
        })
    }

    pub(super) fn archive(&mut self) -> Ask {
        let (chat_id, etag) = (self.chat(), self.etag());
        let request_id = String::new();
        if self.dice.chance(60) {
            Ask::ArchiveChat(ArchiveChatRequest {
                chat_id,
                etag,
                request_id,
            })
        } else {
            Ask::UnarchiveChat(UnarchiveChatRequest {
                chat_id,
                etag,
                request_id,
            })
        }
    }

    pub(super) fn append(&mut self) -> Ask {
        let create_chat = self.dice.chance(35).then(|| self.new_chat());
        let chat_id = match &create_chat {
            Some(chat) => chat.id.clone(),
            None => self.chat(),
        };
        let turns = (0..=self.dice.below(4)).map(|_| self.turn()).collect();
        Ask::AppendMessages(AppendMessagesRequest {
            chat_id,
            create_chat,
            turns,
            request_id: String::new(),
        })
    }

    pub(super) fn add_images(&mut self) -> Ask {
        Ask::AddImages(AddImagesRequest {
            message_id: self.message(),
            images: (0..=self.dice.below(3)).map(|_| self.image()).collect(),
            request_id: String::new(),
        })
    }

    pub(super) fn add_search_results(&mut self) -> Ask {
        Ask::AddSearchResults(AddSearchResultsRequest {
            message_id: self.message(),
            search_results: (0..=self.dice.below(3))
                .map(|_| self.search_result())
                .collect(),
            request_id: String::new(),
        })
    }
}
