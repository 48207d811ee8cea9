//! Calls that come again, at the same time, or after a crash in the middle.

use std::time::Duration;

use futures::future::join_all;
use tests::ObjectStore;
use tokio::time::timeout;
use tonic::Code;

use super::{KEY, LENGTH, complete, completion, create, creation, send, sign_parts};
use crate::{
    blob::{self, bytes, read, reason, sha256},
    presign_curl::writes::remove,
    storage::on_each_object_store,
};

on_each_object_store![
    the_same_request_id_begins_one_upload_also_when_many_ask_at_once,
    an_end_that_comes_again_answers_the_same_also_when_many_come_at_once,
    an_end_that_broke_off_is_finished_by_the_next,
    an_end_that_the_service_does_not_survive_is_finished_by_the_next
];

const ID: &str = "0193f5c0-0000-7000-8000-000000000001";

async fn the_same_request_id_begins_one_upload_also_when_many_ask_at_once(store: ObjectStore) {
    let (mut service, _objects) = blob::start(store).await;
    let mut request = creation(&bytes(1_000));
    request.request_id = ID.to_owned();
    let calls = (0..8).map(|_| create(&service, request.clone()));
    let begun: Vec<_> = join_all(calls).await;
    let first = begun[0].as_ref().expect("it is begun").clone();
    for other in begun {
        assert_eq!(other.expect("it is begun"), first);
    }
    assert_eq!(service.direct().uploads().len(), 1);
    service.kill_9();
    service.restart().await;
    let again = create(&service, request.clone()).await;
    assert_eq!(again.expect("it is begun"), first, "also after a crash");
    for change in 0..3 {
        let mut other = request.clone();
        match change {
            0 => other.size_bytes += 1,
            1 => other.content_type = "text/plain".to_owned(),
            _ => other.original_name = "другой.pdf".to_owned(),
        }
        let refused = create(&service, other).await.expect_err("it is another");
        assert_eq!(refused.code(), Code::AlreadyExists);
        assert_eq!(reason(&refused), "REQUEST_ID_REUSED");
    }
    request.request_id = String::new();
    let another = create(&service, request).await.expect("it is begun");
    assert_ne!(another.upload_id, first.upload_id);
}

async fn an_end_that_comes_again_answers_the_same_also_when_many_come_at_once(store: ObjectStore) {
    let (service, objects) = blob::start(store).await;
    let content = bytes(LENGTH);
    let begun = create(&service, creation(&content))
        .await
        .expect("it is begun");
    let parts = send(&service, &begun, &content).await;
    for request_id in ["", ID] {
        let mut request = completion(&begun, &parts, &content);
        request.request_id = request_id.to_owned();
        if !request_id.is_empty() {
            let other = complete(&service, request)
                .await
                .expect_err("it was another call");
            assert_eq!(reason(&other), "KEY_TAKEN");
            continue;
        }
        let calls = (0..6).map(|_| complete(&service, request.clone()));
        let ended: Vec<_> = join_all(calls).await;
        let first = ended[0].as_ref().expect("it is whole").clone();
        for other in ended {
            assert_eq!(other.expect("it is whole"), first);
        }
        let again = complete(&service, request.clone()).await;
        assert_eq!(again.expect("it is whole"), first);
        request.sha256 = "0".repeat(64);
        let other = complete(&service, request)
            .await
            .expect_err("it is another");
        assert_eq!(reason(&other), "REQUEST_ID_REUSED");
    }
    assert!(read(&objects, KEY).await.expect("it is there").1 == content);
    assert_eq!(service.direct().keys(), [KEY]);
}

/// The parts are joined past the service, as if it had died before the copy.
async fn an_end_that_broke_off_is_finished_by_the_next(store: ObjectStore) {
    let (service, objects) = blob::start(store).await;
    let content = bytes(1_000);
    let begun = create(&service, creation(&content))
        .await
        .expect("it is begun");
    let parts = send(&service, &begun, &content).await;
    let signed = sign_parts(&service, &begun.upload_id, &[(1, 1)], 60)
        .await
        .remove(0);
    let (path, query) = signed.url.split_once('?').expect("it is signed");
    let (_, staging) = path.split_once("uploads/temp/").expect("parts are staged");
    let staging = format!("uploads/temp/{staging}");
    let (_, upload_id) = query.split_once("uploadId=").expect("it names the upload");
    let (upload_id, _) = upload_id.split_once('&').expect("the signature comes last");
    let joined = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part></CompleteMultipartUpload>",
        parts[0].etag
    );
    let query = format!("uploadId={upload_id}");
    let answer = service
        .direct()
        .ask("POST", &staging, &query, joined.as_bytes());
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(service.direct().keys(), [staging]);
    let blob = complete(&service, completion(&begun, &parts, &content)).await;
    assert_eq!(blob.expect("it is whole").size_bytes, 1_000);
    assert!(read(&objects, KEY).await.expect("it is there").1 == content);
    assert_eq!(service.direct().keys(), [KEY]);
}

/// At moments from its first request to the store to well behind its answer.
async fn an_end_that_the_service_does_not_survive_is_finished_by_the_next(store: ObjectStore) {
    let (mut service, objects) = blob::start(store).await;
    let content = bytes(LENGTH);
    for moment in [1, 10, 30, 60, 120, 240, 480] {
        let begun = create(&service, creation(&content))
            .await
            .expect("it is begun");
        let parts = send(&service, &begun, &content).await;
        let request = completion(&begun, &parts, &content);
        let moment = Duration::from_millis(moment);
        // Whether it was answered before the end makes no difference.
        let _ = timeout(moment, complete(&service, request.clone())).await;
        service.kill_9();
        service.restart().await;
        let blob = complete(&service, request).await;
        assert_eq!(
            blob.expect("it is whole").sha256,
            sha256(&content),
            "{moment:?}"
        );
        assert!(read(&objects, KEY).await.expect("it is there").1 == content);
        assert_eq!(service.direct().keys(), [KEY], "{moment:?}");
        assert!(service.direct().uploads().is_empty(), "{moment:?}");
        remove(&objects).await;
    }
}
