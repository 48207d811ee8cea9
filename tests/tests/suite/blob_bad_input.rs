//! Bad input to blob-svc, tried on every method over the wire: each request is refused with the code of the table of errors,
//! every bad field is named and no other, nothing is written, and the service goes on.

mod form_cases;
mod list_cases;
mod object_cases;
mod presign_cases;
mod table;
mod upload_cases;

use std::{collections::BTreeSet, fs, io, path::Path, time::Duration};

use contract::blob::v1::{ListBucketsRequest, bucket_service_client::BucketServiceClient};
use tests::{ObjectStore, rpc, wire};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use self::table::{Case, PACKAGE, Table};
use crate::{
    blob::{self, BlobSvc, Objects},
    storage::on_each_object_store,
};

/// What `MAX_FILE_SIZE_MB` is here: little, so that more is quickly sent.
const LIMIT_MB: usize = 9;
/// The objects that are there before and after. Keys of bad requests are others, unless the request is about an object.
const THERE: [&str; 3] = [
    "chats/a/images/1.png",
    "chats/a/images/2.png",
    "chats/b.txt",
];
/// How long what was begun and given up may take to be cleared away.
const CLEARED: Duration = Duration::from_secs(10);

on_each_object_store![bad_input_on_any_method_is_refused_by_field_and_writes_nothing];

async fn bad_input_on_any_method_is_refused_by_field_and_writes_nothing(store: ObjectStore) {
    let limit = ("MAX_FILE_SIZE_MB", LIMIT_MB.to_string());
    let (service, objects) = blob::start_with(store, &[limit]).await;
    for key in THERE {
        blob::put(&objects, key, b"0123456789").await;
    }
    let mut table = Table::default();
    upload_cases::add(&mut table);
    object_cases::add(&mut table);
    list_cases::add(&mut table, &page_token(&objects).await);
    presign_cases::add(&mut table);
    form_cases::add(&mut table);

    let kept = kept_by(&service);
    for case in &table.cases {
        let path = format!("/{PACKAGE}.{}", case.rpc);
        let answer = wire::call(service.channel(), &path, case.requests.clone()).await;
        judge(case, &answer.expect_err(&case.what));
        assert_eq!(blob::keys(&objects, "").await, THERE, "{}", case.what);
    }
    let cleared = tokio::time::timeout(CLEARED, async {
        while kept_by(&service) != kept {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    cleared.await.expect("what was given up leaves nothing");
    for key in THERE {
        assert_eq!(
            blob::read(&objects, key).await.expect("it is there").1,
            b"0123456789"
        );
    }
    assert_eq!(
        left_out(&table),
        ["/chatstore.blob.v1.BucketService/ListBuckets"]
    );
    // Its request has no field, so no input is bad.
    let mut buckets = BucketServiceClient::new(service.channel());
    buckets
        .list_buckets(ListBucketsRequest {})
        .await
        .expect("it answers");
}

/// Compares how a call ended with what the table says.
fn judge(case: &Case, status: &Status) {
    assert_eq!(status.code(), case.code, "{}: {status:?}", case.what);
    let details = status.get_error_details();
    let bad_fields = details.bad_request().map(|bad| &bad.field_violations);
    let found: BTreeSet<_> = bad_fields
        .into_iter()
        .flatten()
        .map(|v| v.field.as_str())
        .collect();
    assert_eq!(
        found,
        case.fields.iter().copied().collect(),
        "{}: {status:?}",
        case.what
    );
    let told = bad_fields
        .into_iter()
        .flatten()
        .all(|bad| !bad.description.is_empty());
    assert!(told, "{}: a violation says what is allowed", case.what);
    if case.code == Code::ResourceExhausted {
        let quota = details.quota_failure();
        assert!(
            quota.is_some_and(|quota| !quota.violations.is_empty()),
            "{}",
            case.what
        );
    }
}

/// The methods of the contract that the table has no case for.
fn left_out(table: &Table) -> Vec<String> {
    let tried: BTreeSet<_> = table
        .cases
        .iter()
        .map(|case| format!("/{PACKAGE}.{}", case.rpc))
        .collect();
    let all = rpc::all_of(PACKAGE).into_iter().map(|rpc| rpc.path());
    all.filter(|path| !tried.contains(path)).collect()
}

/// The token of the second page of `chats/`, one object a page.
async fn page_token(objects: &Objects) -> String {
    let page = objects
        .clone()
        .list_objects(list_cases::list("chats/"))
        .await;
    page.expect("a list can be read")
        .into_inner()
        .next_page_token
}

/// The number of files that the service keeps, and the keys and the unfinished uploads that its store has.
fn kept_by(service: &BlobSvc) -> (usize, Vec<String>, Vec<String>) {
    let folder = service.setting("DATA_DIR").expect("the harness sets it");
    let folder = Path::new(folder);
    let files = if folder.exists() {
        count(folder).expect("the folder of a test can be read")
    } else {
        0
    };
    let store = service.direct();
    (files, store.keys(), store.uploads())
}

fn count(folder: &Path) -> io::Result<usize> {
    let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries
        .iter()
        .map(|entry| {
            if entry.file_type()?.is_dir() {
                count(&entry.path())
            } else {
                Ok(1)
            }
        })
        .sum()
}
