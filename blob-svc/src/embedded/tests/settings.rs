//! What buckets are set to, and what follows from it.

use super::super::record::now_ms;
use super::*;
use crate::bucket::{Cors, Lifecycle};
use serde_json::json;
use std::collections::BTreeMap;

const DAY_MS: u64 = 86_400_000;
const PAGE: &str = "https://page.example.test";

impl Rig {
    fn url(&self, key: &str) -> String {
        format!("{}/{BUCKET}/{key}", self.embedded.endpoint.url())
    }

    async fn open_to_everybody(&self) {
        let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": "*",
            "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{BUCKET}/*") }] });
        let put = self.store.put_policy(Some(&policy)).await;
        put.expect("this policy is honoured");
        assert_eq!(self.store.policy().await, Ok(Some(policy)));
    }

    async fn let_page_write(&self) {
        let cors = Cors {
            origins: vec!["https://*.example.test".to_owned()],
            methods: vec!["GET".to_owned(), "PUT".to_owned()],
            headers: vec!["content-*".to_owned()],
            max_age_seconds: 60,
        };
        self.store.put_cors(&cors).await.expect("rules can be kept");
        assert_eq!(self.store.cors().await, Ok(vec![cors]));
    }

    async fn ask_first(&self, origin: &str, method: &str, headers: &str) -> http::Response<Bytes> {
        let asked = [
            ("origin", origin),
            ("access-control-request-method", method),
            ("access-control-request-headers", headers),
        ];
        send("OPTIONS", &self.url("k"), &asked, b"").await
    }
}

fn told<'a>(answer: &'a http::Response<Bytes>, name: &str) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}

#[tokio::test]
async fn everybody_reads_objects_of_an_open_bucket_and_does_nothing_else() {
    let rig = Rig::new().await;
    rig.put("k", "bytes").await.expect("stored");
    let closed = send("GET", &rig.url("k"), &[], b"").await;
    assert_eq!(closed.status(), 403);
    rig.open_to_everybody().await;
    let open = send("GET", &rig.url("k"), &[], b"").await;
    assert_eq!(
        (open.status().as_u16(), &open.body()[..]),
        (200, &b"bytes"[..])
    );
    assert_eq!(send("HEAD", &rig.url("k"), &[], b"").await.status(), 200);
    assert_eq!(
        send("GET", &rig.url("absent"), &[], b"").await.status(),
        404
    );
    for (method, key) in [
        ("PUT", "k"),
        ("DELETE", "k"),
        ("GET", ""),
        ("GET", "?policy"),
    ] {
        let refused = send(method, &rig.url(key), &[], b"").await;
        assert_eq!(refused.status(), 403, "{method} {key}");
    }
    rig.store.put_policy(None).await.expect("it can be removed");
    assert_eq!(send("GET", &rig.url("k"), &[], b"").await.status(), 403);
    assert_eq!(rig.store.policy().await, Ok(None));
}

#[tokio::test]
async fn policies_that_would_not_be_honoured_are_refused() {
    let rig = Rig::new().await;
    let statement = |action: &str, resource: &str| json!({ "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource }] });
    for policy in [
        statement("s3:PutObject", &format!("arn:aws:s3:::{BUCKET}/*")),
        statement("s3:GetObject", "arn:aws:s3:::otherbucket/*"),
        statement("s3:GetObject", &format!("arn:aws:s3:::{BUCKET}/public/*")),
        json!({}),
    ] {
        let put = rig.store.put_policy(Some(&policy)).await;
        assert_eq!(put, Err(StoreError::Unsupported), "{policy}");
    }
    assert_eq!(rig.store.policy().await, Ok(None));
}

#[tokio::test]
async fn browsers_are_told_what_the_rules_let_a_page_do() {
    let rig = Rig::new().await;
    assert_eq!(
        rig.ask_first(PAGE, "PUT", "content-type").await.status(),
        403
    );
    rig.let_page_write().await;
    let yes = rig
        .ask_first(PAGE, "PUT", "Content-Type, content-length")
        .await;
    assert_eq!(yes.status(), 200);
    assert_eq!(told(&yes, "access-control-allow-origin"), Some(PAGE));
    assert_eq!(told(&yes, "access-control-allow-methods"), Some("GET, PUT"));
    assert_eq!(
        told(&yes, "access-control-allow-headers"),
        Some("content-type, content-length")
    );
    assert_eq!(told(&yes, "access-control-max-age"), Some("60"));
    for (origin, method, headers) in [
        ("https://example.org", "PUT", ""),
        (PAGE, "DELETE", ""),
        (PAGE, "PUT", "x-other"),
    ] {
        let no = rig.ask_first(origin, method, headers).await;
        assert_eq!(no.status(), 403, "{origin} {method} {headers}");
        assert_eq!(told(&no, "access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn page_sees_answers_and_tags_where_the_rules_let_it_and_a_refusal_too() {
    let rig = Rig::new().await;
    rig.let_page_write().await;
    rig.put("k", "bytes").await.expect("stored");
    let signed = rig.pen(minute()).get("k", None);
    let seen = send("GET", &signed.url, &[("origin", PAGE)], b"").await;
    assert_eq!(seen.status(), 200);
    assert_eq!(told(&seen, "access-control-allow-origin"), Some(PAGE));
    assert_eq!(told(&seen, "access-control-expose-headers"), Some("ETag"));
    let hidden = send(
        "GET",
        &signed.url,
        &[("origin", "https://example.org")],
        b"",
    )
    .await;
    assert_eq!(told(&hidden, "access-control-allow-origin"), None);
    let refused = send("GET", &rig.url("k"), &[("origin", PAGE)], b"").await;
    assert_eq!(refused.status(), 403);
    assert_eq!(told(&refused, "access-control-allow-origin"), Some(PAGE));
}

#[tokio::test]
async fn objects_and_uploads_go_after_their_days_and_not_before() {
    let rig = Rig::new().await;
    for key in [
        "uploads/temp/a",
        "uploads/temp/b",
        "uploads/tempest",
        "chats/c",
    ] {
        rig.put(key, "bytes").await.expect("stored");
    }
    let begun = rig.store.begin("uploads/documents/d", &plain()).await;
    begun.expect("begun");
    let lifecycle = Lifecycle {
        expire_after_days: BTreeMap::from([("uploads/temp/".to_owned(), 7)]),
        abort_unfinished_uploads_after_days: Some(1),
    };
    rig.store
        .put_lifecycle(&lifecycle)
        .await
        .expect("rules can be kept");
    let kept = rig.store.lifecycle().await.expect("and read");
    assert_eq!((kept.lifecycle, kept.foreign), (lifecycle, false));
    let rig = rig
        .restart(|folder| {
            let backend = Backend::open(folder).expect("nobody else has it open");
            let apply = |days| backend.0.remove_what_is_due(now_ms() + days * DAY_MS);
            for (days, removed) in [(0, (0, 0)), (1, (0, 1)), (6, (0, 0)), (7, (2, 0))] {
                assert_eq!(
                    apply(days).expect("the disk is sound"),
                    removed,
                    "after {days} days"
                );
            }
        })
        .await;
    assert_eq!(rig.keys(all()).await, ["chats/c", "uploads/tempest"]);
    assert_eq!(rig.files(), 2, "what goes frees its file");
}

#[tokio::test]
async fn settings_outlive_a_restart() {
    let rig = Rig::new().await;
    rig.put("k", "bytes").await.expect("stored");
    rig.open_to_everybody().await;
    rig.let_page_write().await;
    let rig = rig.restart(|_| ()).await;
    assert_eq!(send("GET", &rig.url("k"), &[], b"").await.status(), 200);
    assert_eq!(rig.ask_first(PAGE, "PUT", "").await.status(), 200);
}
