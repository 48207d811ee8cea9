//! Which uploads are stale.

use super::*;
use crate::object::stale::Stale;
use contract::blob::v1::AbortStaleUploadsRequest;
use time::Duration;
use time::macros::datetime;

#[tokio::test]
async fn an_upload_is_stale_from_its_age_on_and_without_one_whatever_the_stores_clock_says() {
    let rig = Rig::new().await;
    let stale = |seconds| {
        let request = AbortStaleUploadsRequest {
            older_than: Some(prost_types::Duration { seconds, nanos: 0 }),
            ..Default::default()
        };
        Stale::parse(request, &rig.blobs.buckets).expect("a good request")
    };
    let now = datetime!(2026-01-02 00:00 UTC);
    let begun = |ago: i64| now - Duration::seconds(ago);
    assert!(stale(60).takes(begun(60), now));
    assert!(!stale(60).takes(begun(59), now));
    assert!(!stale(60).takes(begun(-1_000), now));
    assert!(stale(0).takes(begun(0), now));
    assert!(stale(0).takes(begun(-1_000), now));
}
