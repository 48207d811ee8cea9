//! Signed URLs to read with.

use std::time::Instant;

use tests::{
    ObjectStore,
    curl::{Answer, curl},
};
use tonic::Code;

use super::{KEY, PATIENCE, PAUSE, sign_get, tampered};
use crate::{
    blob::{self, bytes, put, read},
    storage::on_each_object_store,
};

on_each_object_store![
    curl_gets_the_object_and_any_range_of_it,
    a_cyrillic_download_name_comes_back_in_content_disposition,
    a_url_that_was_changed_anywhere_is_refused,
    a_url_to_read_with_ends_at_its_time,
    a_url_for_an_absent_key_is_signed_and_answers_404
];

/// Asks again until it is refused, and gives that answer: a URL of one second may end within two.
async fn until_refused(ask: impl Fn() -> Answer) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = ask();
        if answer.status >= 400 {
            return answer;
        }
        assert!(Instant::now() < deadline, "still granted: {answer:?}");
        tokio::time::sleep(PAUSE).await;
    }
}

async fn curl_gets_the_object_and_any_range_of_it(store: ObjectStore) {
    let (service, objects) = blob::start(store).await;
    let content = bytes(1_000_000);
    put(&objects, KEY, &content).await;
    let signed = sign_get(&service, "", 60).await;
    let whole = curl(&signed.url, &[], b"");
    assert_eq!(
        (whole.status, whole.body == content),
        (200, true),
        "{}",
        whole.head
    );
    assert!(
        !whole.head.to_lowercase().contains("content-disposition"),
        "{}",
        whole.head
    );
    let part = curl(&signed.url, &["-r", "500000-500099"], b"");
    assert_eq!(
        (part.status, part.body == content[500_000..500_100]),
        (206, true),
        "{}",
        part.head
    );
}

async fn a_cyrillic_download_name_comes_back_in_content_disposition(store: ObjectStore) {
    let (service, objects) = blob::start(store).await;
    put(&objects, KEY, b"abc").await;
    let signed = sign_get(&service, "План участка №5.pdf", 60).await;
    let answer = curl(&signed.url, &[], b"");
    assert_eq!((answer.status, &answer.body[..]), (200, &b"abc"[..]));
    let expected = "attachment; filename=\"____ _______ _5.pdf\"; \
        filename*=UTF-8''%D0%9F%D0%BB%D0%B0%D0%BD%20%D1%83%D1%87%D0%B0%D1%81%D1%82%D0%BA%D0%B0%20%E2%84%965.pdf";
    let headers = answer.head.lines().filter_map(|line| line.split_once(": "));
    let found: Vec<_> = headers
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-disposition"))
        .collect();
    assert_eq!(
        found.iter().map(|(_, value)| *value).collect::<Vec<_>>(),
        [expected]
    );
}

async fn a_url_that_was_changed_anywhere_is_refused(store: ObjectStore) {
    let (service, objects) = blob::start(store).await;
    put(&objects, KEY, b"abc").await;
    put(&objects, "chats/a/documents/plan_2.pdf", b"another").await;
    let url = sign_get(&service, "plan.pdf", 60).await.url;
    let parts = [
        "X-Amz-Signature=",
        "X-Amz-Expires=",
        "X-Amz-Date=",
        "X-Amz-Credential=",
        "X-Amz-SignedHeaders=",
        "response-content-disposition=",
    ];
    let mut changed: Vec<_> = parts.iter().map(|part| tampered(&url, part)).collect();
    changed.push(url.replace("plan_1.pdf", "plan_2.pdf"));
    changed.push(url.replace(
        "&X-Amz-Signature=",
        "&response-content-type=text%2Fhtml&X-Amz-Signature=",
    ));
    changed.push(
        url.split_once('?')
            .expect("a signed URL has a query")
            .0
            .to_owned(),
    );
    for url in changed {
        let refused = curl(&url, &[], b"");
        assert!(
            matches!(refused.status, 400 | 403),
            "{}\n{url}",
            refused.head
        );
        assert!(
            !refused.body.windows(3).any(|window| window == b"abc")
                && !refused.body.ends_with(b"another")
        );
    }
    let other_method = curl(&url, &["-X", "DELETE"], b"");
    assert_eq!(other_method.status, 403, "{}", other_method.head);
    assert_eq!(curl(&url, &[], b"").status, 200);
}

async fn a_url_to_read_with_ends_at_its_time(store: ObjectStore) {
    let (service, objects) = blob::start(store).await;
    put(&objects, KEY, b"abc").await;
    let signed = sign_get(&service, "", 1).await;
    let refused = until_refused(|| curl(&signed.url, &[], b"")).await;
    assert_eq!(refused.status, 403, "{}", refused.head);
    assert_eq!(
        curl(&sign_get(&service, "", 60).await.url, &[], b"").status,
        200
    );
}

async fn a_url_for_an_absent_key_is_signed_and_answers_404(store: ObjectStore) {
    let (service, objects) = blob::start(store).await;
    let signed = sign_get(&service, "", 60).await;
    assert_eq!(curl(&signed.url, &[], b"").status, 404);
    assert_eq!(
        read(&objects, KEY)
            .await
            .expect_err("it is not there")
            .code(),
        Code::NotFound
    );
    put(&objects, KEY, b"abc").await;
    assert_eq!(curl(&signed.url, &[], b"").body, b"abc");
}
