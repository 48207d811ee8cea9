//! Streaming: objects up and down through blob-svc, against boto3 straight to the same store.

use contract::blob::v1::GetObjectRequest;
use serde_json::{Value, json};

use super::{
    calls::{CONNECTIONS, Call, Calls},
    comparison::{Around, Bound, Comparison, Goal, Side, Work},
    content::{Content, PUT_OBJECT},
    run::Run,
    stage::Stage,
    table::{Column, Table},
};
use crate::grpc::frame;

pub(crate) const GET_OBJECT: &str = "/chatstore.blob.v1.ObjectService/GetObject";
pub(crate) const MILLIS: f64 = 1e3;
const UPLOADED: &str = "upload/";

pub(crate) const DOWNLOADS: Table = Table {
    title: "Downloads",
    columns: COLUMNS,
};
pub(crate) const UPLOADS: Table = Table {
    title: "Uploads",
    columns: COLUMNS,
};
const COLUMNS: &[Column] = &[
    Column {
        name: "MiB/s",
        of: Run::per_second,
        digits: 0,
    },
    Column {
        name: "client CPU ms per MiB",
        of: |run| run.cost().client * MILLIS,
        digits: 2,
    },
    Column {
        name: "blob-svc CPU ms per MiB",
        of: service_millis,
        digits: 2,
    },
    Column {
        name: "SeaweedFS CPU ms per MiB",
        of: |run| run.cost().store * MILLIS,
        digits: 2,
    },
];

/// The objects of a run.
struct Shape {
    name: &'static str,
    mib: u32,
    count: usize,
    at_once: usize,
    /// What boto3's users call for objects of this size.
    boto3_upload: &'static str,
    boto3_download: &'static str,
    /// By boto3's transfer manager: in parts, ten at once.
    is_managed: bool,
}

const SHAPES: [Shape; 2] = [
    Shape {
        name: "1 MiB, 8 at once",
        mib: 1,
        count: 128,
        at_once: 8,
        boto3_upload: "boto3 put_object",
        boto3_download: "boto3 get_object",
        is_managed: false,
    },
    Shape {
        name: "256 MiB",
        mib: 256,
        count: 1,
        at_once: 1,
        boto3_upload: "boto3 upload_fileobj",
        boto3_download: "boto3 download_fileobj",
        is_managed: true,
    },
];

pub(crate) fn uploads() -> Vec<Comparison> {
    let comparison = |shape: &Shape| {
        let content = Content::of_mib(shape.mib);
        let put = |name, is_declared| {
            let calls = shape.uploads(UPLOADED, &content, is_declared);
            shape.side(name, Work::Calls(calls), goals(1.2))
        };
        let order = shape.order("upload", UPLOADED);
        Comparison {
            name: shape.name.to_owned(),
            sides: vec![
                put("PutObject, size and SHA-256 declared", true),
                put("PutObject, nothing declared", false),
                shape.side(shape.boto3_upload, Work::Boto3(order), Vec::new()),
            ],
            around: Some(Around {
                prefix: UPLOADED,
                fill: None,
                left: i64::try_from(shape.count).unwrap_or(i64::MAX),
            }),
        }
    };
    SHAPES.iter().map(comparison).collect()
}

pub(crate) async fn downloads(stage: &Stage) -> anyhow::Result<Vec<Comparison>> {
    let mut comparisons = Vec::new();
    for shape in &SHAPES {
        let prefix = format!("download/{}/", shape.mib);
        let content = Content::of_mib(shape.mib);
        let fill = shape.uploads(&prefix, &content, true);
        fill.run(&fill.connect(&stage.service).await?).await?;
        let get = Work::Calls(shape.downloads(&prefix, content.size_bytes()));
        let order = Work::Boto3(shape.order("download", &prefix));
        comparisons.push(Comparison {
            name: shape.name.to_owned(),
            sides: vec![
                shape.side("GetObject", get, goals(0.7)),
                shape.side(shape.boto3_download, order, Vec::new()),
            ],
            around: None,
        });
    }
    Ok(comparisons)
}

/// Reading the object under `key`, which has so many bytes.
pub(crate) fn download(key: String, answer_bytes: usize) -> Call {
    let request = GetObjectRequest {
        key,
        ..GetObjectRequest::default()
    };
    Call {
        frames: vec![frame(&request)],
        answer_bytes,
    }
}

fn goals(cpu_millis: f64) -> Vec<Goal> {
    let rate = Goal {
        of: Run::per_second,
        bound: Bound::OfBoto3(0.9),
        unit: "MiB/s",
    };
    let cpu = Goal {
        of: service_millis,
        bound: Bound::AtMost(cpu_millis),
        unit: "ms of blob-svc CPU per MiB",
    };
    vec![rate, cpu]
}

fn service_millis(run: &Run) -> f64 {
    run.cost().service * MILLIS
}

impl Shape {
    fn side(&self, name: &'static str, work: Work, goals: Vec<Goal>) -> Side {
        Side {
            name,
            units: f64::from(self.mib) * self.count as f64,
            work,
            goals,
        }
    }

    fn uploads(&self, prefix: &str, content: &Content, is_declared: bool) -> Calls {
        let upload = |number| content.upload(format!("{prefix}{number}"), is_declared);
        self.calls(PUT_OBJECT, upload)
    }

    fn downloads(&self, prefix: &str, answer_bytes: usize) -> Calls {
        let download = |number| download(format!("{prefix}{number}"), answer_bytes);
        self.calls(GET_OBJECT, download)
    }

    /// The objects dealt out to the lanes.
    fn calls(&self, path: &'static str, call: impl Fn(usize) -> Call) -> Calls {
        let lane = |lane| {
            (lane..self.count)
                .step_by(self.at_once)
                .map(&call)
                .collect()
        };
        Calls {
            path,
            lanes: (0..self.at_once).map(lane).collect(),
            connections: CONNECTIONS.min(self.at_once),
        }
    }

    fn order(&self, verb: &str, prefix: &str) -> Value {
        json!({
            "do": verb,
            "prefix": prefix,
            "mib": self.mib,
            "count": self.count,
            "at_once": self.at_once,
            "managed": self.is_managed,
        })
    }
}
