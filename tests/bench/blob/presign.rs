//! Signing: URLs to read 1,000 objects with. In this process by blob-svc's own signer, beside the digest and the MAC that no
//! signature can do without; by gRPC; and by boto3.

mod bare;

use std::{hint::black_box, rc::Rc, time::Duration};

use blob_svc::{
    s3::{Credentials, Endpoint, Style},
    sign::Signer,
};
use contract::blob::v1::{PresignGetItem, PresignGetRequest};
use serde_json::json;
use time::OffsetDateTime;

use self::bare::Bare;
use super::{
    calls::{Call, Calls},
    comparison::{Bound, Comparison, Goal, Side, Work},
    run::Run,
    stage::Stage,
    table::{Column, Table},
};
use crate::grpc::frame;

const PATH: &str = "/chatstore.blob.v1.PresignService/PresignGet";
/// How many URLs a call asks for, and boto3 signs in a run.
const BATCH: usize = 1_000;
const BATCHES_HERE: usize = 500;
const AT_ONCE: usize = 4;
const CALLS_EACH: usize = 50;
/// No signed URL is shorter.
const URL_BYTES: usize = 200;
const LIFE: Duration = Duration::from_secs(3_600);
const MICROS: f64 = 1e6;

/// CPU time: the thread does nothing but sign, and others of the machine cannot lengthen it.
const OF_URL: Goal = Goal {
    of: client_micros,
    bound: Bound::AtMost(1.3),
    unit: "µs of CPU per URL",
};
const OF_CORE: Goal = Goal {
    of: per_core,
    bound: Bound::AtLeast(100_000.0),
    unit: "URLs/s per core of blob-svc",
};

pub(crate) const TABLE: Table = Table {
    title: "Signed GET URLs",
    columns: &[
        Column {
            name: "URLs/s",
            of: Run::per_second,
            digits: 0,
        },
        Column {
            name: "µs per URL",
            of: |run| MICROS / run.per_second(),
            digits: 2,
        },
        Column {
            name: "URLs/s per core of the signer",
            of: per_core,
            digits: 0,
        },
        Column {
            name: "client CPU µs per URL",
            of: client_micros,
            digits: 2,
        },
        Column {
            name: "blob-svc CPU µs per URL",
            of: |run| run.cost().service * MICROS,
            digits: 2,
        },
    ],
};

pub(crate) fn comparisons(stage: &Stage) -> anyhow::Result<Vec<Comparison>> {
    let keys: Rc<[String]> = (0..BATCH).map(key).collect();
    let signer = Signer::new(endpoint(stage));
    let bare = Bare::of(&signer, &stage.bucket, &keys)?;
    let signing = sign(signer, stage.bucket.name.clone(), keys.clone());
    let again = Box::new(move || bare.again(BATCHES_HERE));
    let order = json!({ "do": "presign", "keys": *keys });
    let side = |name, batches: usize, work, goals| Side {
        name,
        units: (batches * BATCH) as f64,
        work,
        goals,
    };
    let sides = vec![
        side(
            "in process",
            BATCHES_HERE,
            Work::Here(signing),
            vec![OF_URL],
        ),
        side(
            "the bare SHA-256 and HMAC",
            BATCHES_HERE,
            Work::Here(again),
            Vec::new(),
        ),
        side(
            "by gRPC, 1,000 a call, 4 at once",
            AT_ONCE * CALLS_EACH,
            Work::Calls(calls(&keys)),
            vec![OF_CORE],
        ),
        side("boto3", 1, Work::Boto3(order), Vec::new()),
    ];
    Ok(vec![Comparison {
        name: "PresignGet".to_owned(),
        sides,
        around: None,
    }])
}

fn key(number: usize) -> String {
    format!("chats/0193a5a0-7c1e-7d4b-9f63-2b8f00000000/images/viewport_step_{number:04}.png")
}

/// The store as blob-svc is told of it.
fn endpoint(stage: &Stage) -> Endpoint {
    Endpoint {
        scheme: "http",
        authority: stage.bucket.address.clone(),
        style: Style::Path,
        region: bare::REGION.to_owned(),
        credentials: Credentials {
            access_key: stage.bucket.access_key.clone(),
            secret_key: stage.bucket.secret_key.clone(),
            session_token: None,
            expire_time: None,
        },
        ca: Vec::new(),
    }
}

/// As the rpc does it: a pen for each batch.
fn sign(signer: Signer, bucket: String, keys: Rc<[String]>) -> Box<dyn Fn() -> anyhow::Result<()>> {
    Box::new(move || {
        for _ in 0..BATCHES_HERE {
            let lifetime = signer.lifetime(OffsetDateTime::now_utc(), LIFE)?;
            let mut pen = signer.pen(&bucket, lifetime);
            for key in &*keys {
                black_box(pen.get(key, None));
            }
        }
        Ok(())
    })
}

fn calls(keys: &[String]) -> Calls {
    let item = |key: &String| PresignGetItem {
        key: key.clone(),
        ..PresignGetItem::default()
    };
    let request = PresignGetRequest {
        items: keys.iter().map(item).collect(),
        ..PresignGetRequest::default()
    };
    let call = Call {
        frames: vec![frame(&request)],
        answer_bytes: BATCH * URL_BYTES,
    };
    Calls {
        path: PATH,
        lanes: vec![vec![call; CALLS_EACH]; AT_ONCE],
        connections: 1,
    }
}

fn client_micros(run: &Run) -> f64 {
    run.cost().client * MICROS
}

/// URLs per CPU second of who signs.
fn per_core(run: &Run) -> f64 {
    let cpu = run.cost();
    let signer = if cpu.service > 0.0 {
        cpu.service
    } else {
        cpu.client
    };
    1.0 / signer
}
