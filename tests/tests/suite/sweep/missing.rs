//! Rows whose object is not there: told, never deleted.

use contract::{
    blob::v1::DeleteObjectRequest,
    metadata::v1::{DeleteChatRequest, GetChatRequest},
};
use serde_json::Value;
use tests::{
    Pair,
    command::{chatctl_on, run},
};

use super::{
    NOW, absent, caller, kept, named, named_many, on_each_pair, recorded, stored, sweep, swept,
    when,
};
use std::sync::Arc;

on_each_pair![
    a_row_without_its_object_is_told_and_stays_and_the_command_fails,
    a_row_that_goes_between_the_looks_is_not_missed
];

async fn a_row_without_its_object_is_told_and_stays_and_the_command_fails(pair: Pair) {
    let there = stored(&pair, "chats/a/documents/there.pdf").await;
    let lost = stored(&pair, "chats/a/documents/lost.pdf").await;
    named(&pair, there).await.expect("a chat");
    let chat = named(&pair, lost).await.expect("a chat");
    let delete = DeleteObjectRequest {
        key: "chats/a/documents/lost.pdf".into(),
        ..Default::default()
    };
    pair.objects().delete_object(delete).await.expect("lost");

    let output = run(chatctl_on(&pair).args(["sweep", "--delete", "--grace", "0"]));
    let (told, said) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    assert_eq!(output.status.code(), Some(1), "{told}{said}");
    let report: Value = serde_json::from_str(&told).expect("a report");
    assert_eq!(report["missing"]["count"], 1, "{report}");
    assert_eq!(report["missing"]["first"][0], "chats/a/documents/lost.pdf");
    assert!(said.contains("not in the store"), "{said}");
    let request = GetChatRequest { chat_id: chat.id };
    let kept = pair.chats().get_chat(request).await.expect("it stays");
    let kept = kept.into_inner().chat.and_then(|c| c.document);
    assert_eq!(
        kept.map(|d| d.key).as_deref(),
        Some("chats/a/documents/lost.pdf")
    );
    assert_eq!(recorded(&pair).await, vec![]);
}

async fn a_row_that_goes_between_the_looks_is_not_missed(pair: Pair) {
    let chat = named(&pair, absent("chats/a/documents/lost.pdf"))
        .await
        .expect("a chat");
    kept(&pair, "chats/a/documents/kept.pdf").await;
    stored(&pair, "chats/b/orphan").await;
    let caller = caller(&pair);
    let pair = Arc::new(pair);
    let scene = Arc::clone(&pair);
    let caller = when(caller, "BatchHeadObjects", move || {
        let (scene, chat_id) = (Arc::clone(&scene), chat.id.clone());
        async move {
            let request = DeleteChatRequest {
                chat_id,
                ..Default::default()
            };
            scene.chats().delete_chat(request).await.expect("deleted");
        }
    });
    let report = caller.sweep(&sweep(NOW, true)).await.expect("a sweep");
    assert_eq!(report.missing.count, 0);
    assert_eq!(
        swept(&pair, NOW, true).await.problems(),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn all_missing_keys_are_counted_and_the_first_thousand_told() {
    let pair = Pair::start().await;
    stored(&pair, "zzz").await;
    for n in 0..2 {
        let blobs = (0..1_000).map(|m| absent(&format!("chats/a/images/{n}_{m:04}")));
        named_many(&pair, None, blobs.collect()).await;
    }
    let never = caller::Sweep {
        max_share: 100,
        ..sweep(NOW, false)
    };
    let report = caller(&pair).sweep(&never).await.expect("a sweep");
    assert_eq!(
        (report.missing.count, report.missing.first.len()),
        (2_000, 1_000)
    );
    assert_eq!(report.missing.first[999], "chats/a/images/0_0999");
}
