//! An embedded store that has some of everything.

use contract::{
    Violations,
    blob::v1::BlobRef,
    id::{Uuid, new_id},
    metadata::v1::{self, pending_delete::Target},
};
use tempfile::TempDir;

use crate::{
    blob_ledger,
    chat::{self, NewChat},
    image::{self, NewImage},
    message::{
        self, NewMessage, NewTurn,
        kv::{Append, Appended},
    },
    request_id::Call,
    search_result::NewSearchResult,
    store::kv::Kv,
};

pub(super) const USER: &str = "ann";
/// A key that was used up long ago.
pub(super) const REMOVED: &str = "uploads/temp/removed.png";

/// A store that has some of everything.
pub(super) struct Filled {
    pub(super) store: Kv,
    /// A chat with messages, images and search results.
    pub(super) chat: Uuid,
    /// Deleted.
    pub(super) deleted: Uuid,
    _folder: TempDir,
}

impl Filled {
    pub(super) async fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let filled = Self {
            store: Kv::open(folder.path()).expect("an empty store can be opened"),
            chat: new_id(),
            deleted: new_id(),
            _folder: folder,
        };
        filled.append(filled.chat, USER, 0..6).await;
        filled.append(new_id(), "another", 10..13).await;
        filled.append(filled.deleted, USER, 20..23).await;
        let deleted = filled.deleted;
        let delete = filled
            .store
            .write(move |txn| chat::kv::delete(txn, deleted, ""));
        delete.await.expect("it is there");
        // Its number stays taken, and an image's key is to be removed.
        let delete = filled.store.write(|txn| message::kv::delete(txn, id(5)));
        delete.await.expect("it is there");
        let delete = filled.store.write(|txn| image::kv::delete(txn, id(300)));
        delete.await.expect("it is there");
        // And one was removed; its key stays used up.
        let removed = filled.store.write(|txn| {
            let key = Target::Key(REMOVED.to_owned());
            let pending = blob_ledger::kv::pending::pend(txn, [key])?;
            blob_ledger::kv::pending::ack(txn, vec![pending[0].id])
        });
        assert_eq!(removed.await.expect("it is recorded"), 1);
        filled
    }

    /// Appends a turn for each number to a chat that is made for it, under a request id.
    async fn append(&self, chat_id: Uuid, user: &str, numbers: std::ops::Range<u128>) {
        let turns: Vec<_> = numbers.map(turn).collect();
        let append = Append {
            chat_id,
            create: Some(new_chat(chat_id, user)),
            lexemes: turns.iter().map(|_| Default::default()).collect(),
            turns,
        };
        let mut v = Violations::default();
        let call = Call::of(
            &mut v,
            "Append",
            &new_id().to_string(),
            &v1::Chat::default(),
        );
        let answer = |appended: Appended| v1::AppendMessagesResponse {
            chat: Some(appended.chat.into()),
            ..v1::AppendMessagesResponse::default()
        };
        let appended = self.store.once(call, move |txn| {
            message::kv::append(txn, append).map(answer)
        });
        appended.await.expect("nothing is taken");
    }
}

pub(super) fn id(number: u128) -> Uuid {
    // Ids fall where rows rise, so that the order of the one is not that of the other.
    Uuid::from_u128(u128::MAX - number)
}

fn new_chat(id: Uuid, user: &str) -> NewChat {
    let json = r#"{"big":1e300,"zero":-0.0,"odd":9007199254740993,"share":0.9171001655490727,"":[null,{},"\ud83e\uddea"]}"#;
    let json: serde_json::Value = serde_json::from_str(json).expect("it is JSON");
    let wire = v1::Chat {
        id: id.to_string(),
        user_id: user.into(),
        title: "Насосная".into(),
        document: Some(blob(format!("chats/{id}/documents/a.pdf"))),
        metadata: json
            .as_object()
            .cloned()
            .map(crate::postgres::value::object),
        ..v1::Chat::default()
    };
    let mut v = Violations::default();
    let new = NewChat::judge(&mut v, wire);
    v.accept(Some(new)).expect("it is well-formed")
}

pub(super) fn blob(key: String) -> BlobRef {
    BlobRef {
        key,
        size_bytes: 1_000,
        sha256: "0f".repeat(32),
        content_type: "image/png".into(),
        receipt: vec![0, 255].into(),
    }
}

/// A turn with odd texts; every third has images, and every other one search results.
fn turn(number: u128) -> NewTurn {
    let mut v = Violations::default();
    let image = |at: u128| v1::Image {
        id: id(number * 100 + at).to_string(),
        image_name: format!("viewport {at}"),
        blob: Some(blob(format!("uploads/temp/{number}_{at}.png"))),
        width: if at == 0 { 0 } else { 800 },
        ..v1::Image::default()
    };
    let json = |text: &str| {
        serde_json::from_str(text)
            .ok()
            .map(crate::postgres::value::json)
    };
    let result = |at: u128| v1::SearchResult {
        id: id(number * 100 + at).to_string(),
        block_text: if at == 0 { "" } else { "Насос Н-1" }.into(),
        coords_norm: json("[0.09605489151442725, -1.5e-7, 12345678901234567890]"),
        coords_px: if at == 1 { json("null") } else { None },
        ..v1::SearchResult::default()
    };
    let message = v1::Message {
        id: id(number).to_string(),
        role: 1 + i32::try_from(number % 4).expect("it is small"),
        content: format!("{number} \u{feff}e\u{301}\u{202e}\u{1f9ea}\u{10ffff}\u{1}\r\n\\ \""),
        ..v1::Message::default()
    };
    let images = (0..3).filter(|_| number.is_multiple_of(3)).map(image);
    let results = (0..3).filter(|_| number.is_multiple_of(2)).map(result);
    let images: Vec<_> = images.filter_map(|i| NewImage::judge(&mut v, i)).collect();
    let search_results = results.filter_map(|r| NewSearchResult::judge(&mut v, r));
    let search_results: Vec<_> = search_results.collect();
    let message = NewMessage::judge(&mut v, message);
    v.accept(Some(())).expect("all are well-formed");
    NewTurn {
        message: message.expect("it is well-formed"),
        images,
        search_results,
    }
}
