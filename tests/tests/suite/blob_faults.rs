//! Faults between blob-svc and its store: whatever breaks, no object is ever there in part, no call outlives its deadline, nothing
//! is left running or lying about, and the same request sent again, when the store is well, ends as if nothing had been.

mod copies;
mod downloads;
mod multipart;
mod removals;
mod uploads;

use std::time::Duration;

use contract::blob::v1::{BlobRef, object_service_client::ObjectServiceClient};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tests::{
    ObjectStore, S3, Service,
    fault_proxy::{End, Fault, FaultProxy, Place, Rule},
};
use tokio::time::{Instant, sleep, timeout};
use tonic::{Code, Request, Status, body::Body, codegen::http::Uri};

use crate::blob::{self, BlobSvc, sha256};

/// A connection that takes no notice of deadlines. That of tonic ends its calls by itself, a moment before the service does.
type Wire = Client<HttpConnector, Body>;

/// The time that a call gives while the store is not well.
const SHORT: Duration = Duration::from_secs(3);
/// And while it is.
const LONG: Duration = Duration::from_secs(50);
/// When a call that gives [`SHORT`] counts as one without an end: far above it, for machines that are busy.
const HARD_LIMIT: Duration = Duration::from_secs(30);
/// How long the service may take to clear away what broke. A silent store uses up 30 s of one request.
const SETTLED: Duration = Duration::from_secs(120);
const ASK_EVERY: Duration = Duration::from_millis(200);

const ERROR: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>InternalError</Code><Message>Try again.</Message></Error>";
const SLOW_DOWN: &str = "<Error><Code>SlowDown</Code></Error>";

/// blob-svc with a proxy between it and its store.
struct Faulty {
    service: Service,
    proxy: FaultProxy,
    /// The store, past the proxy.
    direct: S3,
    /// The embedded store lives in a blob-svc of its own.
    _host: BlobSvc,
}

/// What goes wrong with which requests: their method, what follows the object's key in the URL, and what happens.
type Case = (&'static str, &'static str, Fault);

impl Faulty {
    async fn start(store: ObjectStore) -> Self {
        let (host, _) = blob::start(store).await;
        let direct = host.direct();
        let upstream = direct.address.parse().expect("an address");
        let proxy = FaultProxy::http(upstream);
        let settings = direct.settings(&proxy.address());
        Self {
            service: Service::start("blob-svc", &settings).await,
            proxy,
            direct,
            _host: host,
        }
    }

    fn objects(&self) -> ObjectServiceClient<Wire> {
        ObjectServiceClient::with_origin(self.wire(), self.origin())
    }

    fn wire(&self) -> Wire {
        let mut wire = Client::builder(TokioExecutor::new());
        wire.http2_only(true).build_http()
    }

    fn origin(&self) -> Uri {
        self.service.url().parse().expect("an address makes a URL")
    }

    /// Runs `call` while `rule` holds: it must end in time, and the rule must have hit.
    async fn during<T>(
        &self,
        rule: Rule,
        call: impl Future<Output = Result<T, Status>>,
    ) -> Result<T, Status> {
        let what = format!("{rule:?}");
        let number = self.proxy.add(rule);
        let ended = timeout(HARD_LIMIT, call).await;
        let hits = self.proxy.lift(number);
        let ended = ended.unwrap_or_else(|_| panic!("the call has no end: {what}"));
        let status = ended.as_ref().err();
        assert!(hits > 0, "nothing went wrong: {what}: {status:?}");
        if let Err(status) = &ended {
            assert!(is_fault(status), "{what}: {status:?}");
        }
        ended
    }

    /// What the store has under `key`: nothing, or the whole; whether it has it.
    fn has_whole(&self, key: &str, content: &[u8], what: &str) -> bool {
        let Some(found) = self.direct.read(key) else {
            return false;
        };
        assert!(
            found == content,
            "{what}: {} bytes of {}",
            found.len(),
            content.len()
        );
        true
    }

    /// Waits until nothing is left of all that went wrong: no call, no object but `keys`, and no upload in parts. One that the store began unheard has no name to be ended by; the bucket's lifecycle ends it. So such
    /// uploads may be left of the key `unheard`.
    async fn settled(&self, mut keys: Vec<String>, unheard: Option<&str>) {
        keys.sort();
        let deadline = Instant::now() + SETTLED;
        loop {
            let mut found = self.direct.keys();
            found.sort();
            let uploads = self.direct.uploads().into_iter();
            let uploads: Vec<_> = uploads
                .filter(|key| Some(key.as_str()) != unheard)
                .collect();
            let left = (found, uploads, self.calls().await);
            if left == (keys.clone(), Vec::new(), 0.0) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "objects, uploads, calls: {left:?}"
            );
            sleep(ASK_EVERY).await;
        }
    }

    /// Waits until all connections are given back, but the one that goes on looking after the store.
    async fn gave_up(&self) {
        let deadline = Instant::now() + SETTLED;
        while self.proxy.hanging() > 0 || self.proxy.open() > 1 {
            let left = (self.proxy.hanging(), self.proxy.open());
            assert!(Instant::now() < deadline, "hanging, open: {left:?}");
            sleep(ASK_EVERY).await;
        }
    }

    /// How many calls are under way.
    async fn calls(&self) -> f64 {
        let metrics = self.service.admin("GET", "/metrics").await.body;
        let gauge = metrics
            .lines()
            .find_map(|line| line.strip_prefix("rpc_server_active_calls "));
        gauge.map_or(0.0, |value| value.parse().expect("a number"))
    }
}

/// Whether a call may end so when the store is not well.
fn is_fault(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::DeadlineExceeded | Code::Unavailable | Code::ResourceExhausted
    )
}

/// Sends a call again until the service is well again.
async fn again<T>(call: impl AsyncFn() -> Result<T, Status>) -> T {
    let deadline = Instant::now() + LONG;
    loop {
        match call().await {
            Err(status) if is_fault(&status) && Instant::now() < deadline => sleep(ASK_EVERY).await,
            ended => return ended.expect("the store is well"),
        }
    }
}

fn in_time<T>(message: T, time: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(time);
    request
}

fn request_id(n: usize) -> String {
    format!("0190a5c8-7d6e-7000-8000-{n:012}")
}

fn expect_blob(blob: &BlobRef, key: &str, content: &[u8], what: &str) {
    let found = (blob.key.as_str(), blob.size_bytes, blob.sha256.as_str());
    assert_eq!(
        found,
        (key, content.len() as i64, sha256(content).as_str()),
        "{what}"
    );
}

/// The ways in which a connection breaks at `place`.
fn ends(place: Place) -> impl Iterator<Item = Fault> {
    let ends = [End::Reset, End::Close, End::Hang, End::HalfOpen];
    ends.into_iter().map(move |end| Fault::Break(end, place))
}
