//! Rows: what changes add.

use std::collections::BTreeSet;

use contract::{blob::v1::BlobRef, metadata::v1::*};

use super::Writer;

impl Writer {
    pub(super) fn turn(&mut self) -> Turn {
        let id = if self.dice.chance(97) || self.messages.is_empty() {
            let id = self.fresh("message");
            self.messages.push(id.clone());
            id
        } else {
            self.message()
        };
        let message = Message {
            id,
            role: self.dice.one(&[1, 2, 3, 4]),
            content: self.text(),
            message_type: self.dice.one(&["", "text", "code"]).to_owned(),
            ..Message::default()
        };
        let rows = self.dice.one(&[0, 0, 0, 1, 2]);
        Turn {
            message: Some(message),
            images: (0..rows).map(|_| self.image()).collect(),
            search_results: (0..self.dice.below(2))
                .map(|_| self.search_result())
                .collect(),
        }
    }

    pub(super) fn image(&mut self) -> Image {
        let id = if self.dice.chance(95) || self.images.is_empty() {
            let id = self.fresh("image");
            self.images.push(id.clone());
            id
        } else {
            self.image_id()
        };
        // Mostly left out, as one who adds it knows; now and then a chat that may be another's.
        let chat_id = self.dice.chance(5).then(|| self.chat());
        Image {
            id,
            chat_id: chat_id.unwrap_or_default(),
            image_name: "viewport_1.png".to_owned(),
            blob: Some(self.blob()),
            image_type: self.dice.one(&["", "viewport", "zoom_crop"]).to_owned(),
            description: self.dice.one(&["", "схема"]).to_owned(),
            width: self.dice.one(&[0, 1, 1_920, i32::MAX]),
            height: self.dice.one(&[0, 1_080]),
            ..Image::default()
        }
    }

    pub(super) fn search_result(&mut self) -> SearchResult {
        SearchResult {
            id: self.fresh("search result"),
            block_id: self.dice.one(&["", "b-1"]).to_owned(),
            page_number: self.dice.one(&[0, 1, 12]),
            block_text: self.text(),
            coords_norm: self.dice.chance(50).then(|| self.coords()),
            coords_px: self.dice.chance(50).then(|| self.coords()),
            ..SearchResult::default()
        }
    }

    pub(super) fn blob(&mut self) -> BlobRef {
        BlobRef {
            key: self.key(),
            size_bytes: self.dice.one(&[0, 10, 4_000_000_000]),
            sha256: "0a".repeat(32),
            content_type: self.dice.one(&["", "image/png"]).to_owned(),
            ..BlobRef::default()
        }
    }

    /// A key, of a few at first and of more later: those that are used up stay so.
    pub(super) fn key(&mut self) -> String {
        let number = self.dice.below(6 + self.made / 20);
        if self.dice.chance(60) {
            format!("{}{number}", self.own_prefix())
        } else {
            format!("chats/{}/images/{number}", self.chat())
        }
    }

    /// What begins the keys of this script that are of no chat.
    pub(super) fn own_prefix(&self) -> String {
        format!("uploads/documents/{}/", self.name)
    }

    /// Keys that are all different.
    pub(super) fn keys(&mut self) -> Vec<String> {
        let keys: BTreeSet<_> = (0..=self.dice.below(5)).map(|_| self.key()).collect();
        // Their order is not that of the bytes.
        keys.into_iter().rev().collect()
    }
}
