//! Uploads in parts that were begun and never finished: aborted from the age on that the caller names, and no other.

use contract::blob::v1::{
    AbortStaleUploadsRequest, AbortStaleUploadsResponse, CreateMultipartUploadRequest,
};
use futures::{StreamExt as _, stream};
use prost_types::Duration as WireDuration;
use tests::{
    ObjectStore, Seaweed, Service,
    fault_proxy::{Fault, FaultProxy, Rule},
};
use tonic::Code;

use crate::{
    blob::{self, BlobSvc, Objects, put, start},
    storage::on_each_object_store,
};

on_each_object_store![
    uploads_of_the_age_are_counted_by_a_dry_run_and_aborted_by_the_next_past_one_page,
    a_list_of_uploads_that_is_cut_empty_or_endless_is_an_error_and_aborts_nothing
];

/// Above the 1,000 that a store lists at a time.
const MANY: usize = 1_003;

async fn begin(service: &BlobSvc, key: String) {
    let creation = CreateMultipartUploadRequest {
        key,
        content_type: "application/pdf".to_owned(),
        size_bytes: 20 << 20,
        ..Default::default()
    };
    let mut presign = blob::presign(service);
    let begun = presign.create_multipart_upload(creation).await;
    begun.expect("an upload begins");
}

async fn abort(objects: &Objects, seconds: i64, dry_run: bool) -> (i64, i64) {
    let request = AbortStaleUploadsRequest {
        older_than: Some(WireDuration { seconds, nanos: 0 }),
        dry_run,
        ..Default::default()
    };
    let answer = objects.clone().abort_stale_uploads(request).await;
    let AbortStaleUploadsResponse {
        matched_count,
        aborted_count,
    } = answer.expect("uploads are aborted").into_inner();
    (matched_count, aborted_count)
}

async fn uploads_of_the_age_are_counted_by_a_dry_run_and_aborted_by_the_next_past_one_page(
    store: ObjectStore,
) {
    let (service, objects) = start(store).await;
    put(&objects, "chats/a/whole.pdf", b"abc").await;
    stream::iter(0..MANY)
        .for_each_concurrent(16, |n| begin(&service, format!("chats/a/{n}.pdf")))
        .await;
    let many = MANY as i64;
    assert_eq!(abort(&objects, 3_600, false).await, (0, 0), "all are young");
    assert_eq!(abort(&objects, 0, true).await, (many, 0));
    assert!(service.direct().uploads().len() >= 1_000, "they stay");
    assert_eq!(abort(&objects, 0, false).await, (many, many));
    assert_eq!(service.direct().uploads(), Vec::<String>::new());
    assert_eq!(abort(&objects, 0, false).await, (0, 0));
    assert_eq!(blob::keys(&objects, "chats/").await, ["chats/a/whole.pdf"]);
}

const CUT: &str = "<ListMultipartUploadsResult><Bucket>b</Bucket><IsTruncated>false</IsTrunc";
const EMPTY: &str = "<ListMultipartUploadsResult></ListMultipartUploadsResult>";

async fn a_list_of_uploads_that_is_cut_empty_or_endless_is_an_error_and_aborts_nothing(
    store: ObjectStore,
) {
    let (host, _) = start(store).await;
    let direct = host.direct();
    begin(&host, "chats/a/plan.pdf".to_owned()).await;
    let endless = format!(
        "<ListMultipartUploadsResult><Bucket>{}</Bucket><IsTruncated>true</IsTruncated>\
         <NextKeyMarker>k</NextKeyMarker><NextUploadIdMarker>u</NextUploadIdMarker></ListMultipartUploadsResult>",
        direct.name
    );
    let proxy = FaultProxy::http(direct.address.parse().expect("an address"));
    let service = Service::start("blob-svc", &direct.settings(&proxy.address())).await;
    let mut objects = Objects::new(service.channel());
    for answer in [CUT, EMPTY, "", endless.leak()] {
        let rule = proxy.add(Rule::on("GET", "uploads", Fault::Answer(200, answer)));
        let request = AbortStaleUploadsRequest {
            older_than: Some(WireDuration::default()),
            ..Default::default()
        };
        let error = objects.abort_stale_uploads(request).await;
        let error = error.expect_err("that is no list");
        assert_eq!(error.code(), Code::Unavailable, "{answer}: {error}");
        assert!(proxy.lift(rule) > 0, "the list was asked for");
        assert_eq!(direct.uploads().len(), 1, "{answer}");
    }
    assert_eq!(abort(&objects, 0, false).await, (1, 1));
}

#[tokio::test]
async fn a_store_that_forbids_the_list_is_told_apart_from_one_that_fails() {
    let bucket = Seaweed::shared().bucket("uploads-refused");
    assert!(bucket.make(), "SeaweedFS makes no bucket");
    let proxy = FaultProxy::http(bucket.address.parse().expect("an address"));
    let service = Service::start("blob-svc", &bucket.settings(&proxy.address())).await;
    let denied = "<Error><Code>AccessDenied</Code></Error>";
    proxy.add(Rule::on("GET", "uploads", Fault::Answer(403, denied)));
    let request = AbortStaleUploadsRequest {
        older_than: Some(WireDuration::default()),
        ..Default::default()
    };
    let mut objects = Objects::new(service.channel());
    let error = objects.abort_stale_uploads(request).await;
    let error = error.expect_err("the store forbids it");
    assert_eq!(error.code(), Code::FailedPrecondition, "{error}");
}
