//! The table: requests, each with the code and the fields that refuse it.

use std::fmt::Debug;

use contract::blob::v1::{PutObjectRequest, put_object_request::Frame};
use prost::Message;
use tonic::Code;

/// The package whose methods the table is about.
pub(super) const PACKAGE: &str = "chatstore.blob.v1";

/// One bad call.
pub(super) struct Case {
    /// The method: `ObjectService/GetObject`.
    pub(super) rpc: &'static str,
    /// The call in words, for whom it fails.
    pub(super) what: String,
    /// The requests, encoded.
    pub(super) requests: Vec<Vec<u8>>,
    /// How it must end.
    pub(super) code: Code,
    /// The fields that must be named, all of them.
    pub(super) fields: Vec<&'static str>,
}

/// All bad calls.
#[derive(Default)]
pub(super) struct Table {
    pub(super) cases: Vec<Case>,
}

impl Table {
    /// Adds a request whose `fields` are bad.
    pub(super) fn bad(
        &mut self,
        rpc: &'static str,
        request: impl Message + Debug,
        fields: &[&'static str],
    ) {
        self.add(rpc, &[request], Code::InvalidArgument, fields);
    }

    /// Adds an upload whose `fields` are bad.
    pub(super) fn bad_upload(&mut self, frames: Vec<Frame>, fields: &[&'static str]) {
        self.add(PUT, &requests(frames), Code::InvalidArgument, fields);
    }

    /// Adds a request for more than the service takes.
    pub(super) fn over_limit(&mut self, rpc: &'static str, request: impl Message + Debug) {
        self.add(rpc, &[request], Code::ResourceExhausted, &[]);
    }

    /// Adds an upload of more than the service takes.
    pub(super) fn upload_over_limit(&mut self, frames: Vec<Frame>) {
        self.add(PUT, &requests(frames), Code::ResourceExhausted, &[]);
    }

    fn add(
        &mut self,
        rpc: &'static str,
        requests: &[impl Message + Debug],
        code: Code,
        fields: &[&'static str],
    ) {
        let what = format!("{rpc} {requests:?}");
        self.cases.push(Case {
            rpc,
            what: what.chars().take(400).collect(),
            requests: requests.iter().map(Message::encode_to_vec).collect(),
            code,
            fields: fields.to_vec(),
        });
    }
}

const PUT: &str = "ObjectService/PutObject";

fn requests(frames: Vec<Frame>) -> Vec<PutObjectRequest> {
    let request = |frame| PutObjectRequest { frame: Some(frame) };
    frames.into_iter().map(request).collect()
}

/// Keys that are none: empty, leaving their place, or of other bytes than `[A-Za-z0-9/_.-]`; and one too long.
pub(super) fn bad_keys() -> Vec<String> {
    let written = [
        "", "/a", "a//b", "a/../b", "..", "a b", "a\u{7}b", "a\0b", "a\nb", "a\u{7f}b", "ключ",
        "a%2fb", "a*b", "a\\b",
    ];
    written
        .into_iter()
        .map(str::to_owned)
        .chain(["k".repeat(1_025)])
        .collect()
}

/// Batches that are none: no item, and one too many.
pub(super) fn bad_batches<T: Clone>(item: &T) -> [Vec<T>; 2] {
    [Vec::new(), vec![item.clone(); 1_001]]
}

/// A name of a file that is one character too long, and one that Postgres cannot keep.
pub(super) fn bad_names() -> [String; 2] {
    ["ж".repeat(513), "a\0b".to_owned()]
}
