//! Buckets as they are configured: made, opened and closed, set, looked after; and what a store that does not let us do so is
//! told of.

mod access;
mod commands;
mod states;

use std::{fs, path::PathBuf};

use contract::blob::v1::{
    Bucket as Told, BucketState, EnsureBucketsRequest, ListBucketsRequest,
    bucket_service_client::BucketServiceClient,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{Bucket, ObjectStore, Service};
use tonic::transport::Channel;

/// A client of `BucketService`.
type Buckets = BucketServiceClient<Channel>;

/// Buckets that are configured, on a store that has the first of them alone, if any.
struct Configured {
    folder: TempDir,
    bucket: Bucket,
    first: String,
}

impl Configured {
    /// Configures the first bucket of `store` as `first` says, and others whose names begin with its name.
    fn new(store: ObjectStore, first: Value, others: &[(&str, Value)]) -> Self {
        let bucket = store.fresh();
        let settings = bucket.settings();
        let named = settings.iter().find(|(name, _)| *name == "S3_BUCKET");
        let name = named.map_or("cloud-aizoomdoc", |(_, name)| name).to_owned();
        let mut entries = vec![with_name(first, &name)];
        entries.extend(others.iter().map(|(end, entry)| {
            let name = format!("{name}-{end}");
            with_name(entry.clone(), &name)
        }));
        let configured = Self {
            folder: TempDir::new().expect("a temporary folder can be made"),
            bucket,
            first: name,
        };
        configured.write(&json!({ "buckets": entries }));
        configured
    }

    fn write(&self, text: &Value) {
        fs::write(self.file(), text.to_string()).expect("a file can be written");
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("buckets.json")
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        let file = ("S3_BUCKETS_FILE", self.file().display().to_string());
        [&self.bucket.settings()[..], &[file]].concat()
    }

    /// The address of an object as everybody knows it.
    fn url(&self, service: &Service, bucket: &str, key: &str) -> String {
        let address = self.bucket.direct(service).address;
        format!("http://{address}/{bucket}/{key}")
    }
}

fn with_name(mut entry: Value, name: &str) -> Value {
    entry["name"] = json!(name);
    entry
}

fn client(service: &Service) -> Buckets {
    BucketServiceClient::new(service.channel())
}

async fn listed(buckets: &Buckets) -> Vec<Told> {
    let answer = buckets.clone().list_buckets(ListBucketsRequest {}).await;
    answer.expect("the store answers").into_inner().buckets
}

async fn ensured(buckets: &Buckets) -> Vec<Told> {
    let request = EnsureBucketsRequest::default();
    let answer = buckets.clone().ensure_buckets(request).await;
    answer.expect("the store answers").into_inner().buckets
}

/// A line a bucket: what state, and which problems.
fn lines(told: &[Told], first: &str) -> Vec<String> {
    let line = |bucket: &Told| {
        let state = BucketState::try_from(bucket.state).expect("a known state");
        let name = bucket.name.replace(first, "");
        format!("{name} {state:?} {}", bucket.problems.join("; "))
    };
    told.iter()
        .map(|bucket| line(bucket).trim().to_owned())
        .collect()
}
