//! What is measured on: one SeaweedFS for both sides, blob-svc in front of it, and boto3.

use anyhow::{Context as _, ensure};
use contract::blob::v1::{DeletePrefixRequest, object_service_client::ObjectServiceClient};
use tests::{
    S3, Seaweed, Service,
    command::{program, stdout},
};

use super::boto3::Boto3;
use crate::process::Watched;

const BUCKET: &str = "bench";
/// Above all that is stored here.
const MAX_FILE_SIZE_MB: u32 = 5_120;

/// All that runs.
pub(crate) struct Stage {
    /// Dropped in this order: the store ends last.
    pub(crate) boto3: Boto3,
    pub(crate) service: Service,
    pub(crate) bucket: S3,
    store: Seaweed,
}

impl Stage {
    /// Starts all of it.
    pub(crate) async fn set() -> anyhow::Result<Self> {
        let store = Seaweed::start();
        let bucket = store.bucket(BUCKET);
        ensure!(bucket.make(), "SeaweedFS makes no bucket");
        Ok(Self {
            boto3: Boto3::start(&bucket).await?,
            service: serve(&bucket).await,
            bucket,
            store,
        })
    }

    /// A second service on the same store.
    pub(crate) async fn serve_another(&self) -> Service {
        serve(&self.bucket).await
    }

    /// The processes of a run by way of `service`.
    pub(crate) fn watched(&self, service: &Service) -> Watched {
        Watched {
            client: std::process::id(),
            service: Some(service.pid()),
            bouncer: None,
            store: self.store.pid(),
        }
    }

    /// The processes of a run in which `client` does everything itself.
    pub(crate) fn watched_without_service(&self, client: u32) -> Watched {
        Watched {
            client,
            service: None,
            bouncer: None,
            store: self.store.pid(),
        }
    }

    /// The versions of what is measured beside blob-svc.
    pub(crate) fn told(&self) -> String {
        let version = stdout(program("weed").arg("version"));
        let version = version.trim().trim_start_matches("version ");
        format!("SeaweedFS {version}; {}", self.boto3.version)
    }

    /// Removes all that is stored under `prefix`: how many objects there were.
    pub(crate) async fn clear(&self, prefix: &str) -> anyhow::Result<i64> {
        let request = DeletePrefixRequest {
            prefix: prefix.to_owned(),
            ..DeletePrefixRequest::default()
        };
        let mut client = ObjectServiceClient::new(self.service.channel());
        let mut progress = client.delete_prefix(request).await?.into_inner();
        let mut last = None;
        while let Some(answer) = progress.message().await? {
            last = Some(answer);
        }
        let last = last.context("DeletePrefix tells nothing")?;
        ensure!(
            last.done && last.deleted_count == last.matched_count,
            "DeletePrefix leaves objects under {prefix}"
        );
        Ok(last.matched_count)
    }
}

async fn serve(bucket: &S3) -> Service {
    let settings = [
        ("S3_ENDPOINT", format!("http://{}", bucket.address)),
        ("S3_ACCESS_KEY", bucket.access_key.clone()),
        ("S3_SECRET_KEY", bucket.secret_key.clone()),
        ("S3_BUCKET", bucket.name.clone()),
        ("MAX_FILE_SIZE_MB", MAX_FILE_SIZE_MB.to_string()),
        // What it logs when nothing is set.
        ("LOG_LEVEL", "info".to_owned()),
    ];
    Service::start("blob-svc", &settings).await
}
