//! Buckets on a store that is there: made, set, looked at.

use super::*;
use crate::embedded::Embedded;
use crate::s3::{Credentials, Endpoint, Error};
use contract::receipt::ReceiptKeys;
use serde_json::json;
use tempfile::TempDir;

/// A store without buckets.
struct Rig {
    _folder: TempDir,
    embedded: Embedded,
}

impl Rig {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let embedded = Embedded::start(folder.path(), 0).await;
        Self {
            _folder: folder,
            embedded: embedded.expect("the folder can be served"),
        }
    }

    fn buckets(&self, rules: &[Rules]) -> Buckets {
        Buckets::new(
            &Client::new(&self.embedded.endpoint),
            rules,
            &ReceiptKeys::default(),
        )
    }
}

/// Public and private, with every setting and with none.
fn three() -> [Rules; 3] {
    let cors = Cors {
        origins: vec!["https://page.example.test".to_owned()],
        methods: vec!["GET".to_owned()],
        headers: vec!["*".to_owned()],
        max_age_seconds: 60,
    };
    let open = Rules {
        public: true,
        cors: Some(cors),
        ..Rules::new("b-open", 1)
    };
    let bare = Rules {
        lifecycle: Lifecycle {
            expire_after_days: Default::default(),
            abort_unfinished_uploads_after_days: None,
        },
        ..Rules::new("c-bare", 1)
    };
    [open, Rules::new("a-closed", 1), bare]
}

async fn told(buckets: &Buckets, mend: bool) -> Vec<String> {
    let standings = buckets.standings(mend).await.expect("the store answers");
    standings.iter().map(ToString::to_string).collect()
}

const READY: [&str; 3] = ["a-closed: READY", "b-open: READY", "c-bare: READY"];

#[tokio::test]
async fn missing_buckets_are_told_made_once_and_then_left_alone() {
    let rig = Rig::new().await;
    let buckets = rig.buckets(&three());
    let missing = ["a-closed: MISSING", "b-open: MISSING", "c-bare: MISSING"];
    assert_eq!(told(&buckets, false).await, missing);
    assert_eq!(
        told(&buckets, false).await,
        missing,
        "looking makes nothing"
    );
    assert_eq!(told(&buckets, true).await, READY);
    assert_eq!(told(&buckets, true).await, READY);
    assert_eq!(told(&buckets, false).await, READY);
}

#[tokio::test]
async fn eight_that_run_at_once_all_end_with_every_bucket_ready() {
    let rig = Rig::new().await;
    let all: Vec<Buckets> = (0..8).map(|_| rig.buckets(&three())).collect();
    let runs = all.iter().map(|buckets| told(buckets, true));
    for told in futures::future::join_all(runs).await {
        assert_eq!(told, READY);
    }
}

#[tokio::test]
async fn private_bucket_that_everybody_can_read_is_told_and_closed() {
    let rig = Rig::new().await;
    let buckets = rig.buckets(&three()[1..2]);
    told(&buckets, true).await;
    let store = &buckets.named("").expect("one is configured").store;
    let open = json!({ "Statement": { "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::a-closed/*" } });
    store
        .put_policy(Some(&open))
        .await
        .expect("it can be opened");
    let problem = "a-closed: INCOMPLETE\n  policy: its policy opens it to everybody";
    assert_eq!(told(&buckets, false).await, [problem]);
    assert_eq!(told(&buckets, true).await, ["a-closed: READY"]);
    assert_eq!(store.policy().await, Ok(None));
}

#[tokio::test]
async fn changed_configuration_is_told_setting_by_setting_and_brought_in_line() {
    let rig = Rig::new().await;
    told(&rig.buckets(&three()), true).await;
    let mut changed = three();
    changed[0].public = false;
    changed[0]
        .cors
        .as_mut()
        .expect("it has some")
        .max_age_seconds = 61;
    changed[1].public = true;
    changed[2].lifecycle = Lifecycle::default();
    let buckets = rig.buckets(&changed);
    assert_eq!(
        told(&buckets, false).await,
        [
            "a-closed: INCOMPLETE\n  policy: not everybody may read it",
            "b-open: INCOMPLETE\n  policy: its policy opens it to everybody\n  cors: it is another than the configured one",
            "c-bare: INCOMPLETE\n  lifecycle: it is another than the configured one",
        ]
    );
    assert_eq!(told(&buckets, true).await, READY);
}

#[tokio::test]
async fn one_bucket_that_cannot_be_looked_at_hides_no_other_and_no_store_at_all_is_an_error() {
    let rig = Rig::new().await;
    let stranger = Endpoint {
        credentials: Credentials {
            secret_key: "fake-secret".to_owned(),
            ..rig.embedded.endpoint.credentials.clone()
        },
        ..rig.embedded.endpoint.clone()
    };
    let [open, closed, _] = three();
    let one = |endpoint: &Endpoint, rules: &Rules| {
        let buckets = Buckets::new(
            &Client::new(endpoint),
            std::slice::from_ref(rules),
            &ReceiptKeys::default(),
        );
        buckets.0[0].clone()
    };
    let mixed = [one(&stranger, &open), one(&rig.embedded.endpoint, &closed)];
    let mixed = Buckets(mixed.into());
    assert_eq!(
        told(&mixed, true).await,
        [
            "a-closed: READY",
            "b-open: INCOMPLETE\n  whether it is there and ours cannot be told: access denied",
        ]
    );
    let nowhere = Endpoint::fake("127.0.0.1:1".to_owned());
    let away = Buckets::new(&Client::new(&nowhere), &three(), &ReceiptKeys::default());
    assert_eq!(
        away.standings(false).await.map(drop),
        Err(Error::Unavailable)
    );
}
