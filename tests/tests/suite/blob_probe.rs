//! What the store does, found out by trying.

use contract::blob::v1::{
    Capability, ProbeStoreRequest, bucket_service_client::BucketServiceClient,
};
use serde_json::Value;
use tempfile::TempDir;
use tests::{
    ObjectStore, Service,
    command::{blob_svc, stdout},
};
use tonic::Status;

use crate::{blob, storage::on_each_object_store};

const NAMES: [&str; 17] = [
    "bucket_policy",
    "checksums",
    "clock_skew",
    "conditional_complete",
    "conditional_copy",
    "conditional_put",
    "content_md5",
    "cors",
    "delete_many",
    "lifecycle",
    "list_v2",
    "multipart",
    "post_policy",
    "presigned_put_bounds",
    "ranges",
    "unicode_metadata",
    "virtual_host",
];

async fn probe(service: &Service, bucket: &str) -> Result<Vec<Capability>, Status> {
    let request = ProbeStoreRequest {
        bucket: bucket.to_owned(),
    };
    let answer = BucketServiceClient::new(service.channel())
        .probe_store(request)
        .await?;
    Ok(answer.into_inner().capabilities)
}

async fn both_stores_do_all_but_have_names_below_an_address_of_numbers(store: ObjectStore) {
    let (service, _) = blob::start(store).await;
    let found = probe(&service, "").await.expect("the store answers");
    let names: Vec<_> = found
        .iter()
        .map(|capability| capability.name.as_str())
        .collect();
    assert_eq!(names, NAMES);
    let lacking: Vec<_> = found
        .iter()
        .filter(|capability| !capability.supported)
        .collect();
    assert!(
        lacking.len() == 1 && lacking[0].name == "virtual_host",
        "{lacking:#?}"
    );
    assert!(
        found.iter().all(|capability| !capability.detail.is_empty()),
        "{found:#?}"
    );
}

async fn nothing_of_the_trials_stays_in_the_bucket(store: ObjectStore) {
    let (service, _) = blob::start(store).await;
    probe(&service, "").await.expect("the store answers");
    let direct = service.direct();
    assert_eq!((direct.keys(), direct.uploads()), (Vec::new(), Vec::new()));
}

async fn the_command_tells_as_a_table_and_as_json(store: ObjectStore) {
    let bucket = store.fresh();
    let folder = TempDir::new().expect("a temporary folder can be made");
    let run = |arguments: &[&str]| {
        let mut command = blob_svc();
        command
            .args(arguments)
            .envs(bucket.settings())
            .env("DATA_DIR", folder.path());
        stdout(&mut command)
    };
    let table = run(&["probe"]);
    assert_eq!(table.lines().count(), NAMES.len(), "{table}");
    assert!(
        table.contains("conditional_put       yes  on a taken key: 412"),
        "{table}"
    );
    let json: Value = serde_json::from_str(&run(&["probe", "--json"])).expect("it is JSON");
    let found = json["capabilities"].as_array().expect("a list");
    let names: Vec<_> = found
        .iter()
        .map(|capability| capability["name"].as_str())
        .collect();
    assert_eq!(names, NAMES.map(Some));
    assert!(
        found
            .iter()
            .all(|capability| capability["supported"].is_boolean()),
        "{json}"
    );
}

async fn a_bucket_that_is_not_configured_is_refused(store: ObjectStore) {
    let (service, _) = blob::start(store).await;
    let refused = probe(&service, "other")
        .await
        .expect_err("no such bucket is configured");
    assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{refused}");
}

on_each_object_store! {
    both_stores_do_all_but_have_names_below_an_address_of_numbers,
    nothing_of_the_trials_stays_in_the_bucket,
    the_command_tells_as_a_table_and_as_json,
    a_bucket_that_is_not_configured_is_refused,
}
