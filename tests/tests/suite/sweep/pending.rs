//! What the ledger has recorded, and the uploads that nobody ends: drained and aborted by the sweep (P6, P11).

use caller::delete_request_id;
use contract::{
    blob::v1::CreateMultipartUploadRequest,
    metadata::v1::{DeleteChatRequest, GetChatRequest},
};
use tests::Pair;
use tonic::Code;

use super::{
    DAY, NOW, caller, keys, named, named_many, on_each_pair, recorded, set, stored, stored_many,
    swept,
};

on_each_pair![
    a_deleted_chat_whose_caller_died_is_drained_whatever_the_grace_period,
    stale_uploads_go_with_delete_and_young_ones_stay
];

async fn a_deleted_chat_whose_caller_died_is_drained_whatever_the_grace_period(pair: Pair) {
    let far = stored(&pair, "uploads/documents/plan.pdf").await;
    let chat = named(&pair, far).await.expect("a chat");
    let inside = format!("chats/{}/images/1.png", chat.id);
    stored(&pair, &inside).await;
    stored(&pair, "chats/neighbour/1.png").await;
    let request = DeleteChatRequest {
        chat_id: chat.id.clone(),
        ..Default::default()
    };
    pair.chats().delete_chat(request).await.expect("deleted");
    let waiting = recorded(&pair).await.len() as u64;
    assert!(waiting >= 2, "a prefix, and a key elsewhere");

    let dry = swept(&pair, DAY, false).await;
    assert_eq!(
        (dry.pending.record_count, dry.pending.acked_count),
        (waiting, 0)
    );
    assert_eq!(keys(&pair).await.len(), 3);
    let wet = swept(&pair, DAY, true).await;
    assert_eq!(
        (
            wet.pending.record_count,
            wet.pending.acked_count,
            wet.pending.removed_count
        ),
        (waiting, waiting, 2)
    );
    assert_eq!(
        (keys(&pair).await, recorded(&pair).await),
        (set(["chats/neighbour/1.png"]), vec![])
    );
    assert_eq!(wet.problems(), Vec::<String>::new());
}

async fn stale_uploads_go_with_delete_and_young_ones_stay(pair: Pair) {
    for n in 0..3 {
        let begin = CreateMultipartUploadRequest {
            key: format!("chats/a/documents/{n}.pdf"),
            content_type: "application/pdf".into(),
            size_bytes: 20 << 20,
            ..Default::default()
        };
        pair.presign()
            .create_multipart_upload(begin)
            .await
            .expect("begun");
    }
    let told = |report: caller::Report| (report.uploads.stale_count, report.uploads.aborted_count);
    assert_eq!(told(swept(&pair, DAY, true).await), (0, 0));
    assert_eq!(told(swept(&pair, NOW, false).await), (3, 0));
    assert_eq!(pair.direct().uploads().len(), 3);
    assert_eq!(told(swept(&pair, NOW, true).await), (3, 3));
    assert_eq!(pair.direct().uploads(), Vec::<String>::new());
}

#[tokio::test]
async fn a_chat_that_leaves_more_records_than_its_answer_names_is_removed_whole() {
    let pair = Pair::start().await;
    let mut chat = None;
    for n in 0..2 {
        let blobs = stored_many(&pair, &format!("uploads/documents/{n}_"), 510).await;
        chat = Some(named_many(&pair, chat, blobs).await);
    }
    assert_eq!(pair.direct().sizes().len(), 1_020);
    let chat_id = chat.expect("a chat").parse().expect("an id");
    let deleted = caller(&pair)
        .delete_chat(chat_id, delete_request_id(chat_id))
        .await;
    assert_eq!(deleted.expect("it is deleted").object_count, 1_020);
    assert_eq!(
        (keys(&pair).await.len(), recorded(&pair).await),
        (0, vec![])
    );
    let request = GetChatRequest {
        chat_id: chat_id.to_string(),
    };
    let gone = pair.chats().get_chat(request).await.expect_err("deleted");
    assert_eq!(gone.code(), Code::NotFound);
}
