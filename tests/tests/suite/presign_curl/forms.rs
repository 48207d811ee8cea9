//! Signed forms, sent by curl as a browser sends them.

use std::{collections::BTreeMap, time::Instant};

use contract::blob::v1::{PresignPostItem, PresignPostRequest, PresignedPost};
use prost_types::Duration as WireDuration;
use tests::{
    ObjectStore,
    curl::{Answer, curl},
};

use super::{KEY, PATIENCE, PAUSE};
use crate::{
    blob::{self, BlobSvc, bytes, keys, read},
    storage::on_each_object_store,
};

on_each_object_store![
    a_form_stores_a_file_of_any_length_in_its_range_under_its_key_and_type,
    a_form_with_another_file_field_or_signature_is_refused_and_stores_nothing,
    a_form_ends_at_its_time,
    a_form_for_a_taken_key_is_judged_as_the_contract_says,
    policies_and_their_signatures_stay_out_of_the_log
];

/// A form for files of 3 to 1,000,000 bytes.
async fn sign_form(service: &BlobSvc, seconds: i64) -> PresignedPost {
    let item = PresignPostItem {
        key: KEY.to_owned(),
        content_type: "application/pdf".to_owned(),
        min_size_bytes: 3,
        max_size_bytes: 1_000_000,
    };
    let request = PresignPostRequest {
        items: vec![item],
        expires_in: Some(WireDuration { seconds, nanos: 0 }),
        ..Default::default()
    };
    let answer = blob::presign(service).presign_post(request).await;
    answer.expect("it is signed").into_inner().posts.remove(0)
}

/// Sends `content` with the fields of `form`, the file last, as HTML's forms do.
fn send(form: &PresignedPost, content: &[u8]) -> Answer {
    let fields: BTreeMap<_, _> = form.fields.iter().collect();
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut arguments: Vec<_> = fields
        .iter()
        .flat_map(|field| ["--form-string", field.as_str()])
        .collect();
    arguments.extend(["-F", "file=@input;filename=\"План.pdf\""]);
    curl(&form.url, &arguments, content)
}

fn with(form: &PresignedPost, name: &str, value: &str) -> PresignedPost {
    let mut changed = form.clone();
    changed.fields.insert(name.to_owned(), value.to_owned());
    changed
}

fn without(form: &PresignedPost, names: &[&str]) -> PresignedPost {
    let mut changed = form.clone();
    changed
        .fields
        .retain(|name, _| !names.contains(&name.as_str()));
    changed
}

async fn a_form_stores_a_file_of_any_length_in_its_range_under_its_key_and_type(
    store: ObjectStore,
) {
    for content in [bytes(3), bytes(1_000_000)] {
        let (service, objects) = blob::start(store).await;
        let form = sign_form(&service, 60).await;
        let stored = send(&form, &content);
        assert_eq!(stored.status, 201, "{stored:?}");
        let document = String::from_utf8_lossy(&stored.body);
        assert!(
            document.contains(&format!("<Key>{KEY}</Key>")),
            "{document}"
        );
        let (object, found) = read(&objects, KEY).await.expect("it is there");
        assert!(found == content);
        assert_eq!(object.content_type, "application/pdf");
    }
}

async fn a_form_with_another_file_field_or_signature_is_refused_and_stores_nothing(
    store: ObjectStore,
) {
    let (service, objects) = blob::start(store).await;
    let form = sign_form(&service, 60).await;
    let content = bytes(1_000);
    let policy = &form.fields["policy"];
    let wider = if policy.ends_with('A') { "B" } else { "A" };
    let wider = format!("{}{wider}", &policy[..policy.len() - 1]);
    let mut refused = vec![
        send(&form, &bytes(2)),
        send(&form, b""),
        send(&form, &bytes(1_000_001)),
        send(
            &with(&form, "key", "chats/a/documents/plan_2.pdf"),
            &content,
        ),
        send(&with(&form, "content-type", "text/html"), &content),
        send(
            &with(&form, "content-type", "application/pdf; a=b"),
            &content,
        ),
        send(&with(&form, "x-amz-meta-sha256", "0"), &content),
        send(&with(&form, "x-amz-date", "20260101T000000Z"), &content),
        send(&with(&form, "x-amz-signature", &"0".repeat(64)), &content),
        send(&with(&form, "policy", &wider), &content),
        send(&without(&form, &["content-type"]), &content),
        send(&without(&form, &["key"]), &content),
        send(&without(&form, &["policy"]), &content),
        send(&without(&form, &["x-amz-signature"]), &content),
        send(&without(&form, &["policy", "x-amz-signature"]), &content),
    ];
    // SeaweedFS takes fields that the policy does not name, unless they begin with `x-amz-`; that ACL changes nothing there.
    if store == ObjectStore::Embedded {
        refused.push(send(&with(&form, "acl", "public-read"), &content));
        let redirect = with(&form, "success_action_redirect", "https://example.test");
        refused.push(send(&redirect, &content));
    }
    for (i, answer) in refused.iter().enumerate() {
        assert!((400..404).contains(&answer.status), "{i}: {answer:?}");
    }
    assert!(keys(&objects, "").await.is_empty());
    assert_eq!(send(&form, &content).status, 201);
}

async fn a_form_ends_at_its_time(store: ObjectStore) {
    let (service, objects) = blob::start(store).await;
    // A file that is too small stores nothing while the form lives: it answers 400 and not 403.
    let form = sign_form(&service, 1).await;
    let deadline = Instant::now() + PATIENCE;
    while send(&form, b"").status != 403 {
        assert!(Instant::now() < deadline, "still judged by the content");
        tokio::time::sleep(PAUSE).await;
    }
    assert_eq!(send(&form, &bytes(10)).status, 403);
    assert!(keys(&objects, "").await.is_empty());
}

/// A policy cannot ask for a free key: the embedded store does so by itself, others replace the object.
async fn a_form_for_a_taken_key_is_judged_as_the_contract_says(store: ObjectStore) {
    let (service, objects) = blob::start(store).await;
    let form = sign_form(&service, 60).await;
    assert_eq!(send(&form, b"first").status, 201);
    let again = send(&form, b"second");
    let (status, content) = match store {
        ObjectStore::Embedded => (412, &b"first"[..]),
        ObjectStore::Seaweed => (201, &b"second"[..]),
    };
    assert_eq!(again.status, status, "{again:?}");
    assert_eq!(read(&objects, KEY).await.expect("it is there").1, content);
}

async fn policies_and_their_signatures_stay_out_of_the_log(store: ObjectStore) {
    let (service, _objects) = blob::start(store).await;
    let form = sign_form(&service, 60).await;
    assert_eq!(send(&form, b"file").status, 201);
    assert!(send(&with(&form, "key", "other"), b"file").status >= 400);
    let log = service.log();
    assert!(log.contains("PresignPost"), "{log}");
    for secret in ["policy", "x-amz-signature"] {
        assert!(!log.contains(&form.fields[secret]), "{secret}: {log}");
    }
}
