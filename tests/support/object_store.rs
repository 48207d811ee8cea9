//! The stores that blob-svc has, and what it is told to use an empty bucket of one.

use std::{
    fs,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use crate::{S3, Seaweed, Service};

/// The bucket that blob-svc uses unless it is told another.
const DEFAULT: &str = "cloud-aizoomdoc";

/// What blob-svc keeps its objects in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectStore {
    /// The endpoint in its own process.
    Embedded,
    /// SeaweedFS.
    Seaweed,
}

/// An empty bucket of one's own. The embedded one is in the service's own folder.
#[derive(Debug)]
pub struct Bucket {
    seaweed: Option<S3>,
    /// How much the shared server had logged before.
    logged: usize,
}

impl ObjectStore {
    /// Makes an empty one.
    ///
    /// # Panics
    /// As [`Seaweed::start`].
    #[must_use]
    pub fn fresh(self) -> Bucket {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        if self == Self::Embedded {
            return Bucket {
                seaweed: None,
                logged: 0,
            };
        }
        let logged = Seaweed::shared().log().len();
        let name = format!("test-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let bucket = Seaweed::shared().bucket(&name);
        assert!(bucket.make(), "SeaweedFS makes no bucket");
        Bucket {
            seaweed: Some(bucket),
            logged,
        }
    }
}

impl Bucket {
    /// The settings by which blob-svc uses it.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let settings = |bucket: &S3| bucket.settings(&bucket.address);
        self.seaweed.as_ref().map(settings).unwrap_or_default()
    }

    /// The bucket, seen past `service`, which uses it.
    ///
    /// # Panics
    /// When the embedded store of `service` has never started.
    #[must_use]
    pub fn direct(&self, service: &Service) -> S3 {
        if let Some(bucket) = &self.seaweed {
            return bucket.clone();
        }
        let told = |name: &str| {
            let file = service.data().join("blob").join(name);
            fs::read_to_string(file).expect("the embedded store keeps this")
        };
        let credentials: serde_json::Value =
            serde_json::from_str(&told("credentials.json")).expect("they are JSON");
        let credential = |name: &str| credentials[name].as_str().unwrap_or_default().to_owned();
        let address = format!("127.0.0.1:{}", told("port"));
        S3::new(
            &address,
            &credential("access_key"),
            &credential("secret_key"),
            DEFAULT,
        )
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        if thread::panicking() && self.seaweed.is_some() {
            let log = Seaweed::shared().log();
            let since = log.get(self.logged..).unwrap_or_default();
            eprintln!("---- log of SeaweedFS during this test ----\n{since}");
        }
    }
}
