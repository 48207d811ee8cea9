//! Flows that died before their commit, and whose objects a sweep took meanwhile: a rerun with the same request id ends well (P7).

use std::time::{Duration, Instant};

use caller::{Picture, SaveDocument, SaveTurn, Source};
use contract::{
    id::{Uuid, new_id},
    metadata::v1::Role,
};
use tests::Pair;

use super::{NOW, caller, kept, keys, on_each_pair, recorded, set, swept};
use crate::flows::{METADATA, die_before};

on_each_pair![
    a_document_that_was_swept_before_its_chat_is_saved_by_a_rerun,
    pictures_that_were_swept_before_their_message_are_saved_by_a_rerun
];

/// How long a reservation of a flow of two seconds may take to end.
const LIMIT: Duration = Duration::from_secs(60);

fn document() -> SaveDocument {
    SaveDocument {
        request_id: new_id(),
        user_id: "anna".into(),
        title: "Plan".into(),
        description: String::new(),
        metadata: None,
        document: Source::Bytes("plan".into()),
        name: "plan.pdf".into(),
        content_type: String::new(),
    }
}

fn turn(chat_id: Uuid) -> SaveTurn {
    let picture = |name: &str| Picture {
        source: Source::File(
            format!("{}/../caller/demo/{name}", env!("CARGO_MANIFEST_DIR")).into(),
        ),
        name: String::new(),
        image_type: String::new(),
        description: String::new(),
    };
    SaveTurn {
        request_id: new_id(),
        chat_id,
        role: Role::User,
        content: "Что здесь?".into(),
        message_type: String::new(),
        pictures: vec![picture("viewport_step_1.png"), picture("zoom_crop_1.png")],
        search_results: Vec::new(),
    }
}

/// Sweeps until the store has so many objects: reservations have to end first.
async fn swept_to(pair: &Pair, count: usize) {
    let deadline = Instant::now() + LIMIT;
    while keys(pair).await.len() > count {
        assert!(Instant::now() < deadline, "{:?}", keys(pair).await);
        swept(pair, NOW, true).await;
    }
    assert_eq!(keys(pair).await.len(), count);
}

async fn a_document_that_was_swept_before_its_chat_is_saved_by_a_rerun(pair: Pair) {
    kept(&pair, "uploads/documents/kept.pdf").await;
    let save = document();
    let pair = die_before(pair, (METADATA, "CreateChat"), async |c| {
        c.save_document(&save).await
    })
    .await;
    let first = keys(&pair).await;
    assert_eq!(first.len(), 2);
    swept_to(&pair, 1).await;

    let chat = caller(&pair).save_document(&save).await.expect("a rerun");
    let key = chat.document.clone().unwrap_or_default().key;
    assert!(!first.contains(&key), "a key that was condemned is used up");
    let again = caller(&pair).save_document(&save).await.expect("another");
    assert_eq!(again, chat, "a rerun ends at the same answer");
    swept_to(&pair, 2).await;
    assert_eq!(
        (keys(&pair).await, recorded(&pair).await),
        (set(["uploads/documents/kept.pdf", &key]), vec![])
    );
}

async fn pictures_that_were_swept_before_their_message_are_saved_by_a_rerun(pair: Pair) {
    let save = document();
    caller(&pair).save_document(&save).await.expect("a chat");
    let save = turn(save.chat_id());
    let pair = die_before(pair, (METADATA, "AppendMessages"), async |c| {
        c.save_turn(&save).await
    })
    .await;
    assert_eq!(keys(&pair).await.len(), 3);
    swept_to(&pair, 1).await;

    let turn = caller(&pair).save_turn(&save).await.expect("a rerun");
    let again = caller(&pair).save_turn(&save).await.expect("another");
    assert_eq!(again, turn, "a rerun ends at the same answer");
    swept_to(&pair, 3).await;
    let stored = keys(&pair).await;
    for image in turn.images {
        assert!(stored.contains(&image.blob.unwrap_or_default().key));
    }
}
