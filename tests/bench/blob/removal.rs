//! Deleting all objects under a prefix, against boto3's listing and deleting a page at a time.

use contract::blob::v1::DeletePrefixRequest;
use serde_json::json;

use super::{
    calls::{CONNECTIONS, Call, Calls},
    comparison::{Around, Bound, Comparison, Goal, Side, Work},
    content::{Content, PUT_OBJECT},
    run::Run,
    table::{Column, Table},
};
use crate::grpc::frame;

const PATH: &str = "/chatstore.blob.v1.ObjectService/DeletePrefix";
const PREFIX: &str = "chats/0193a5a0-7c1e-7d4b-9f63-2b8f00000001/";
const OBJECTS: usize = 10_000;
const OBJECT_BYTES: usize = 100;
/// How many are stored at once, before it is measured how they are deleted.
const AT_ONCE: usize = 8;
const MICROS: f64 = 1e6;

pub(crate) const TABLE: Table = Table {
    title: "Deleting 10,000 objects under a prefix",
    columns: &[
        Column {
            name: "seconds",
            of: |run| run.seconds,
            digits: 2,
        },
        Column {
            name: "objects/s",
            of: Run::per_second,
            digits: 0,
        },
        Column {
            name: "client CPU µs per object",
            of: |run| run.cost().client * MICROS,
            digits: 0,
        },
        Column {
            name: "blob-svc CPU µs per object",
            of: |run| run.cost().service * MICROS,
            digits: 0,
        },
        Column {
            name: "SeaweedFS CPU µs per object",
            of: |run| run.cost().store * MICROS,
            digits: 0,
        },
    ],
};

pub(crate) fn comparisons() -> Vec<Comparison> {
    let request = DeletePrefixRequest {
        prefix: PREFIX.to_owned(),
        ..DeletePrefixRequest::default()
    };
    let call = Call {
        frames: vec![frame(&request)],
        answer_bytes: 1,
    };
    let calls = Calls {
        path: PATH,
        lanes: vec![vec![call]],
        connections: 1,
    };
    let side = |name, work, goals| Side {
        name,
        units: OBJECTS as f64,
        work,
        goals,
    };
    let rate = Goal {
        of: Run::per_second,
        bound: Bound::OfBoto3(1.0),
        unit: "objects/s",
    };
    let order = json!({ "do": "delete", "prefix": PREFIX });
    vec![Comparison {
        name: "10,000 objects".to_owned(),
        sides: vec![
            side("DeletePrefix", Work::Calls(calls), vec![rate]),
            side("boto3", Work::Boto3(order), Vec::new()),
        ],
        around: Some(Around {
            prefix: PREFIX,
            fill: Some(fill()),
            left: 0,
        }),
    }]
}

fn fill() -> Calls {
    let content = Content::small(OBJECT_BYTES);
    let upload = |number| content.upload(format!("{PREFIX}images/zoom_crop_{number}.png"), true);
    let lane = |lane| (lane..OBJECTS).step_by(AT_ONCE).map(upload).collect();
    Calls {
        path: PUT_OBJECT,
        lanes: (0..AT_ONCE).map(lane).collect(),
        connections: CONNECTIONS,
    }
}
