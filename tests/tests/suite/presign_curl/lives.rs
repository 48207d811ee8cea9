//! How long what is signed lives, over gRPC and at the store.

use contract::blob::v1::{
    PresignGetItem, PresignGetRequest, PresignPartItem, PresignPartsRequest, PresignPostItem,
    PresignPostRequest, PresignPutItem, PresignPutRequest, PresignedUrl,
};
use prost_types::{Duration as WireDuration, Timestamp};
use tests::{ObjectStore, Service, curl::curl};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::KEY;
use crate::{
    blob::{self, put},
    storage::on_each_object_store,
};

on_each_object_store![
    a_stable_url_stays_byte_for_byte_the_same_and_works,
    a_life_longer_than_seven_days_is_cut_to_seven_days
];

const WEEK: i64 = 604_800;
const UPLOAD: &str = "0123456789abcdef0123456789abcdef.none";

fn seconds(seconds: i64) -> Option<WireDuration> {
    Some(WireDuration { seconds, nanos: 0 })
}

async fn sign_stable(service: &Service, name: &str) -> PresignedUrl {
    let request = PresignGetRequest {
        items: vec![PresignGetItem {
            key: KEY.to_owned(),
            download_name: name.to_owned(),
        }],
        expires_in: seconds(3_600),
        stable: true,
        ..Default::default()
    };
    let answer = blob::presign(service).presign_get(request).await;
    answer.expect("it is signed").into_inner().urls.remove(0)
}

/// When each kind of what is signed ends, when it is asked to live for a week.
async fn ends(service: &Service) -> Result<[Timestamp; 4], Status> {
    let key = || KEY.to_owned();
    let mut presign = blob::presign(service);
    let get = PresignGetRequest {
        items: vec![PresignGetItem {
            key: key(),
            ..Default::default()
        }],
        expires_in: seconds(WEEK),
        ..Default::default()
    };
    let get = presign.presign_get(get).await?.into_inner();
    let put = PresignPutRequest {
        items: vec![PresignPutItem {
            key: key(),
            ..Default::default()
        }],
        expires_in: seconds(WEEK + 1),
        ..Default::default()
    };
    let put = presign.presign_put(put).await?.into_inner();
    let post = PresignPostRequest {
        items: vec![PresignPostItem {
            key: key(),
            ..Default::default()
        }],
        expires_in: seconds(i64::MAX),
        ..Default::default()
    };
    let post = presign.presign_post(post).await?.into_inner();
    let parts = PresignPartsRequest {
        key: key(),
        upload_id: UPLOAD.to_owned(),
        parts: vec![PresignPartItem {
            part_number: 1,
            size_bytes: 1,
        }],
        expires_in: seconds(10 * WEEK),
        ..Default::default()
    };
    let parts = presign.presign_parts(parts).await?.into_inner();
    let ends = [
        get.urls[0].expire_time,
        put.urls[0].expire_time,
        post.posts[0].expire_time,
        parts.urls[0].expire_time,
    ];
    Ok(ends.map(|end| end.expect("the end is always told")))
}

async fn a_stable_url_stays_byte_for_byte_the_same_and_works(store: ObjectStore) {
    let (service, objects) = blob::start(store).await;
    put(&objects, KEY, b"abc").await;
    // A window may end between two of them, and not between all.
    let three = [
        sign_stable(&service, "План.pdf").await,
        sign_stable(&service, "План.pdf").await,
        sign_stable(&service, "План.pdf").await,
    ];
    assert!(three[0] == three[1] || three[1] == three[2]);
    for signed in &three {
        let answer = curl(&signed.url, &[], b"");
        assert_eq!((answer.status, &answer.body[..]), (200, &b"abc"[..]));
        let end = signed.expire_time.expect("the end is always told").seconds;
        let left = end - OffsetDateTime::now_utc().unix_timestamp();
        assert!((3_540..=7_200).contains(&left), "{left} s");
    }
    let other = sign_stable(&service, "Plan.pdf").await;
    assert_ne!(other.url, three[2].url);
}

async fn a_life_longer_than_seven_days_is_cut_to_seven_days(store: ObjectStore) {
    let (service, _objects) = blob::start(store).await;
    let before = OffsetDateTime::now_utc().unix_timestamp();
    let ends = ends(&service).await.expect("they are signed");
    let after = OffsetDateTime::now_utc().unix_timestamp();
    for end in ends {
        assert!(
            (before + WEEK..=after + WEEK).contains(&end.seconds),
            "{end:?}"
        );
    }
}

#[tokio::test]
async fn what_is_signed_ends_with_the_credentials_and_ended_ones_sign_nothing() {
    let end = OffsetDateTime::now_utc() + Duration::minutes(10);
    let until = |end: OffsetDateTime| {
        let end = end.format(&Rfc3339).expect("a time can be written");
        [("S3_CREDENTIALS_EXPIRE_TIME", end)]
    };
    let (service, objects) = blob::start_with(ObjectStore::Seaweed, &until(end)).await;
    put(&objects, KEY, b"abc").await;
    for told in ends(&service).await.expect("they are signed") {
        assert_eq!((told.seconds, told.nanos), (end.unix_timestamp(), 0));
    }
    let stable = sign_stable(&service, "").await;
    let told = stable.expire_time.expect("the end is always told");
    assert_eq!(told.seconds, end.unix_timestamp());
    assert_eq!(curl(&stable.url, &[], b"").status, 200);

    let past = OffsetDateTime::now_utc() - Duration::minutes(1);
    let (service, _objects) = blob::start_with(ObjectStore::Seaweed, &until(past)).await;
    let refused = ends(&service).await.expect_err("they have ended");
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
    assert!(refused.message().contains("credentials"), "{refused:?}");
    let details = refused.get_error_details();
    let found = details
        .precondition_failure()
        .expect("it says what is wrong");
    assert_eq!(found.violations[0].r#type, "CREDENTIALS");
}
