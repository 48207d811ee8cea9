//! What a run is made of: ids that its operations mean by small numbers, and rows.

use super::*;

/// One run: the ids of what was made in it.
pub(super) struct Run {
    pub(super) chats: [Uuid; 3],
    /// Of every message that was to be appended; the last ones are meant most.
    messages: Vec<Uuid>,
    /// What the ids of images are made of.
    images: Uuid,
}

impl Run {
    pub(super) fn new() -> Self {
        Self {
            chats: [new_id(), new_id(), new_id()],
            messages: vec![new_id()],
            images: new_id(),
        }
    }

    pub(super) fn chat(&self, chat: u128) -> Uuid {
        self.chats[usize::try_from(chat).expect("it is small")]
    }

    pub(super) fn message(&self, message: usize) -> Uuid {
        let last = self.messages.len() - 1;
        self.messages[last.saturating_sub(message)]
    }

    pub(super) fn image(&self, image: u128) -> Uuid {
        Uuid::from_u128(self.images.as_u128() ^ (image + 1))
    }

    fn key(&self, key: usize) -> String {
        match key {
            3..6 => format!("chats/{}/images/{key}.png", self.chats[key - 3]),
            _ => format!("uploads/temp/{key}"),
        }
    }

    pub(super) fn new_image(&self, id: Uuid, key: usize) -> NewImage {
        NewImage {
            id,
            image_name: "страница".into(),
            blob: BlobRef {
                key: self.key(key),
                size_bytes: 10,
                sha256: "0f".repeat(32),
                ..BlobRef::default()
            },
            image_type: String::new(),
            description: "что видно".into(),
            width: 0,
            height: 600,
        }
    }

    pub(super) fn new_results(count: usize) -> Vec<NewSearchResult> {
        let result = |number| NewSearchResult {
            id: new_id(),
            block_id: format!("block {number}"),
            page_number: 0,
            block_text: "Насос".into(),
            coords_norm: Some(crate::postgres::value::json(serde_json::json!([
                0.1, number
            ]))),
            coords_px: None,
        };
        (0..count).map(result).collect()
    }

    pub(super) fn append(&mut self, chat: u128, messages: Vec<(Vec<usize>, usize)>) -> Append {
        let turns = messages.into_iter().map(|(keys, results)| {
            let id = new_id();
            self.messages.push(id);
            NewTurn {
                message: NewMessage {
                    id,
                    role: Role::User,
                    content: "насос".into(),
                    message_type: "text".into(),
                },
                images: keys
                    .into_iter()
                    .map(|key| self.new_image(new_id(), key))
                    .collect(),
                search_results: Self::new_results(results),
            }
        });
        let turns: Vec<_> = turns.collect();
        let chat_id = self.chat(chat);
        Append {
            chat_id,
            create: (chat > 0).then(|| new(chat_id, 0, None)),
            lexemes: turns.iter().map(|_| Default::default()).collect(),
            turns,
        }
    }
}
