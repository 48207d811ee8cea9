//! Signed URLs against the endpoint.

use super::*;
use crate::sign::Form;

#[tokio::test]
async fn signed_get_answers_the_bytes_under_the_original_name() {
    let rig = Rig::new().await;
    rig.put("docs/plan.pdf", "bytes").await.expect("stored");
    let signed = rig
        .pen(minute())
        .get("docs/plan.pdf", Some(&attachment("План.pdf")));
    let answer = send_signed("GET", &signed, b"").await;
    assert_eq!(
        (answer.status().as_u16(), answer.body().as_ref()),
        (200, &b"bytes"[..])
    );
    assert_eq!(
        answer.headers()["content-disposition"],
        attachment("План.pdf").as_str()
    );
    let forged = Presigned {
        url: signed.url.replace("plan.pdf", "other.pdf"),
        ..signed
    };
    assert_eq!(send_signed("GET", &forged, b"").await.status(), 403);
}

/// Keys that would climb out of their bucket are names like any other: no file is named after a key.
#[tokio::test]
async fn a_key_that_climbs_stays_in_its_bucket() {
    let rig = Rig::new().await;
    let neighbour = StoreClient::new(&rig.embedded.endpoint).bucket("neighbour");
    neighbour.ensure_bucket().await.expect("it is made");
    let climbing = "../neighbour/k";
    // Whether it is refused or stored, it is not the neighbour's.
    let _ = rig.put(climbing, "mine").await;
    assert_eq!(neighbour.head("k").await, Err(StoreError::NoSuchKey));
    assert!(rig.files() <= 1);
    let outside = fs::read_dir(rig.folder.path()).expect("readable").count();
    rig.put("plain", "mine").await.expect("stored");
    let again = fs::read_dir(rig.folder.path()).expect("readable").count();
    assert_eq!(
        again, outside,
        "nothing appears beside the store's own files"
    );
}

#[tokio::test]
async fn a_wrong_digest_for_a_taken_key_leaves_what_is_there() {
    let rig = Rig::new().await;
    rig.put("k", "good").await.expect("stored");
    let digest = Digest::from([7; 32]);
    let mut pen = rig.pen(minute());
    let signed = pen.put("k", "text/plain", 3, Some(digest), false);
    assert_eq!(send_signed("PUT", &signed, b"bad").await.status(), 400);
    assert_eq!(rig.get("k", Span::WHOLE).await.expect("readable"), b"good");
    assert_eq!(rig.files(), 1);
}

#[tokio::test]
async fn expired_url_is_refused() {
    let rig = Rig::new().await;
    rig.put("k", "bytes").await.expect("stored");
    let past = Lifetime::new(
        OffsetDateTime::now_utc() - time::Duration::hours(1),
        Duration::from_secs(60),
    );
    assert_eq!(
        send_signed("GET", &rig.pen(past).get("k", None), b"")
            .await
            .status(),
        403
    );
}

#[tokio::test]
async fn signed_put_takes_exactly_what_it_was_signed_for() {
    let rig = Rig::new().await;
    let digest = Digest::parse("2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881")
        .expect("of `x`");
    let signed = rig
        .pen(minute())
        .put("k", "text/plain", 1, Some(digest), true);
    assert_eq!(
        send_signed("PUT", &signed, b"y").await.status(),
        400,
        "another digest"
    );
    let other_type: Vec<_> = signed
        .headers
        .iter()
        .map(|(name, value)| {
            (
                *name,
                if *name == "content-type" {
                    "text/html"
                } else {
                    value.as_str()
                },
            )
        })
        .collect();
    assert_eq!(
        send("PUT", &signed.url, &other_type, "x").await.status(),
        403,
        "another type"
    );
    let longer: Vec<_> = signed
        .headers
        .iter()
        .map(|(name, value)| {
            (
                *name,
                if *name == "content-length" {
                    "2"
                } else {
                    value.as_str()
                },
            )
        })
        .collect();
    assert_eq!(
        send("PUT", &signed.url, &longer, "xx").await.status(),
        403,
        "another length"
    );
    assert_eq!(rig.store.head("k").await, Err(StoreError::NoSuchKey));
    assert_eq!(send_signed("PUT", &signed, b"x").await.status(), 200);
    assert_eq!(
        send_signed("PUT", &signed, b"x").await.status(),
        412,
        "the key is taken"
    );
    assert_eq!(
        rig.store
            .head("k")
            .await
            .expect("it is there")
            .attributes
            .content_type,
        "text/plain"
    );
}

/// As a browser sends it: the fields, and the file last.
async fn send_form(form: &Form, file: &str) -> http::Response<Bytes> {
    let mut body = String::new();
    for (name, value) in &form.fields {
        body += &format!(
            "--limit\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
    }
    body += "--limit\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n";
    body += &format!("Content-Type: text/plain\r\n\r\n{file}\r\n--limit--\r\n");
    let kind = [("content-type", "multipart/form-data; boundary=limit")];
    send("POST", &form.url, &kind, body).await
}

#[tokio::test]
async fn form_is_good_to_its_end_and_no_longer_and_writes_a_key_once() {
    let rig = Rig::new().await;
    let form = |began: time::Duration, seconds| {
        let life = Duration::from_secs(seconds);
        let life = Lifetime::new(OffsetDateTime::now_utc() - began, life);
        rig.pen(life).form("k", "text/plain", 1..=5)
    };
    let ended = form(time::Duration::hours(1), 3_540);
    assert_eq!(send_form(&ended, "file").await.status(), 403);
    assert_eq!(rig.store.head("k").await, Err(StoreError::NoSuchKey));
    let old = form(time::Duration::days(6), 604_800);
    assert_eq!(send_form(&old, "file").await.status(), 201);
    assert_eq!(send_form(&old, "other").await.status(), 412);
    assert_eq!(rig.get("k", Span::WHOLE).await.expect("readable"), b"file");
    let stored = rig.store.head("k").await.expect("it is there");
    assert_eq!(stored.attributes.content_type, "text/plain");
    assert_eq!(rig.files(), 1);
}
