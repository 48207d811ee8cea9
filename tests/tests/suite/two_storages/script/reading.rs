//! Readings: the requests of a script that leave nothing behind.

use contract::metadata::v1::*;

use super::{Ask, Writer};

const QUERIES: [&str; 14] = [
    "насос",
    "насосов клапан",
    "pump",
    "valve pressure",
    "\"pump valve\"",
    "насос or valve",
    "pumps -valve",
    "задвижка -\"the pump\"",
    "диаграмма",
    "the",
    "running diagram",
    "давление схема",
    "ДАВЛЕНИЕ",
    "\"схема насоса\" or \"pump runs\"",
];

impl Writer {
    pub(super) fn reading(&mut self) -> Ask {
        match self.dice.below(21) {
            0 | 1 => Ask::GetChat(GetChatRequest {
                chat_id: self.chat(),
            }),
            2 | 3 => Ask::GetMessage(GetMessageRequest {
                message_id: self.message(),
            }),
            4 => Ask::GetImage(GetImageRequest {
                image_id: self.image_id(),
            }),
            5 | 6 => Ask::GetChatHistory(GetChatHistoryRequest {
                chat_id: self.chat(),
                after_seq: self.after(),
            }),
            7 => Ask::WatchChat(WatchChatRequest {
                chat_id: self.chat(),
                after_seq: self.after(),
            }),
            8 => Ask::GetUsage(GetUsageRequest {
                user_id: self.user(),
                start_time: self.time(),
                end_time: self.time(),
            }),
            9 => self.unserved(),
            10 | 11 => {
                Ask::FilterUnreferencedKeys(FilterUnreferencedKeysRequest { keys: self.keys() })
            }
            12 => Ask::ListReferencedKeys(ListReferencedKeysRequest {
                prefix: self.own_prefix(),
                after_key: self.dice.one(&[String::new(), self.own_prefix() + "2"]),
            }),
            _ => self.list(),
        }
    }

    pub(super) fn list(&mut self) -> Ask {
        let page_size = self.dice.one(&[0, 1, 2, 3, 5]);
        let (chat, message) = (self.chat(), self.message());
        let of_chat = self.dice.chance(50);
        let (chat_id, message_id) = if of_chat {
            (chat, String::new())
        } else {
            (String::new(), message)
        };
        let page_token = String::new();
        match self.dice.below(20) {
            0..5 => Ask::ListChats(ListChatsRequest {
                user_id: self.user(),
                state: self.dice.one(&[0, 1, 2, 3]),
                page_size,
                page_token,
            }),
            5..10 => Ask::ListMessages(ListMessagesRequest {
                chat_id: self.chat(),
                order: self.dice.one(&[0, 1, 2]),
                page_size,
                page_token,
            }),
            10..13 => Ask::ListImages(ListImagesRequest {
                chat_id,
                message_id,
                page_size,
                page_token,
            }),
            13..16 => Ask::ListSearchResults(ListSearchResultsRequest {
                chat_id,
                message_id,
                page_size,
                page_token,
            }),
            16..19 => Ask::ListPendingDeletes(ListPendingDeletesRequest {
                page_size,
                page_token,
            }),
            _ => self.search(page_size),
        }
    }

    pub(super) fn search(&mut self, page_size: i32) -> Ask {
        let of = self.dice.below(3);
        Ask::SearchMessages(SearchMessagesRequest {
            user_id: if of == 0 { String::new() } else { self.user() },
            chat_id: if of == 1 { String::new() } else { self.chat() },
            query: self.dice.one(&QUERIES).to_owned(),
            roles: self.dice.one(&[vec![], vec![], vec![1], vec![2, 4]]),
            start_time: self.time(),
            end_time: self.time(),
            page_size,
            page_token: String::new(),
        })
    }

    pub(super) fn readings(&mut self) -> Vec<Ask> {
        let mut asks = Vec::new();
        for user_id in self.users.clone() {
            asks.push(Ask::ListChats(ListChatsRequest {
                user_id: user_id.clone(),
                state: ChatState::All.into(),
                ..ListChatsRequest::default()
            }));
            asks.push(Ask::GetUsage(GetUsageRequest {
                user_id: user_id.clone(),
                ..GetUsageRequest::default()
            }));
            asks.extend(QUERIES.map(|query| {
                Ask::SearchMessages(SearchMessagesRequest {
                    user_id: user_id.clone(),
                    query: query.to_owned(),
                    page_size: 7,
                    ..SearchMessagesRequest::default()
                })
            }));
        }
        for chat_id in self.chats.clone() {
            asks.push(Ask::GetChat(GetChatRequest {
                chat_id: chat_id.clone(),
            }));
            asks.push(Ask::GetChatHistory(GetChatHistoryRequest {
                chat_id: chat_id.clone(),
                after_seq: 0,
            }));
            asks.push(Ask::ListImages(ListImagesRequest {
                chat_id: chat_id.clone(),
                ..ListImagesRequest::default()
            }));
            asks.push(Ask::ListSearchResults(ListSearchResultsRequest {
                chat_id,
                ..ListSearchResultsRequest::default()
            }));
        }
        let messages = self.messages.iter().cloned();
        asks.extend(messages.map(|message_id| Ask::GetMessage(GetMessageRequest { message_id })));
        asks.push(Ask::ListPendingDeletes(ListPendingDeletesRequest::default()));
        let chats = self.chats.iter().map(|chat_id| format!("chats/{chat_id}/"));
        let prefixes = chats.chain([self.own_prefix()]);
        asks.extend(prefixes.map(|prefix| {
            Ask::ListReferencedKeys(ListReferencedKeysRequest {
                prefix,
                after_key: String::new(),
            })
        }));
        asks
    }

    pub(super) fn unserved(&mut self) -> Ask {
        self.dice.one(&[
            Ask::GrantBlobAccess(GrantBlobAccessRequest::default()),
            Ask::CreateInstance(CreateInstanceRequest::default()),
            Ask::GetInstance(GetInstanceRequest::default()),
            Ask::ListInstances(ListInstancesRequest::default()),
            Ask::UpdateInstance(UpdateInstanceRequest::default()),
            Ask::DeleteInstance(DeleteInstanceRequest::default()),
            Ask::IngestMessages(IngestMessagesRequest::default()),
            Ask::ListMessengerMessages(ListMessengerMessagesRequest::default()),
            Ask::ListMessengerChats(ListMessengerChatsRequest::default()),
        ])
    }
}
