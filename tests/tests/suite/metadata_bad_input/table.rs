//! The table: requests, each with the code and the fields that refuse it; and the bad values that many fields share.

use std::fmt::Debug;

use contract::blob::v1::BlobRef;
use prost::Message;
use prost_types::{Struct, Timestamp, Value, value::Kind};
use tonic::Code;

use crate::metadata::{blob, id};

/// The package whose methods the table is about.
pub(super) const PACKAGE: &str = "chatstore.metadata.v1";

/// What is there before and after.
pub(super) struct Seed {
    pub(super) chat_id: String,
    pub(super) message_id: String,
    /// A page token of a request that no case makes.
    pub(super) foreign_token: String,
}

/// One bad call.
pub(super) struct Case {
    /// The method: `ChatService/GetChat`.
    pub(super) rpc: &'static str,
    /// The call in words, for whom it fails.
    pub(super) what: String,
    /// The request, encoded.
    pub(super) request: Vec<u8>,
    /// How it must end.
    pub(super) code: Code,
    /// The fields that must be named, all of them.
    pub(super) fields: Vec<String>,
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
        fields: &[&str],
    ) {
        let what: String = format!("{rpc} {request:?}").chars().take(400).collect();
        self.cases.push(Case {
            rpc,
            what,
            request: request.encode_to_vec(),
            code: Code::InvalidArgument,
            fields: fields.iter().map(ToString::to_string).collect(),
        });
    }

    /// Adds a request for each bad value of one field.
    pub(super) fn each<V, R: Message + Debug>(
        &mut self,
        rpc: &'static str,
        field: &str,
        values: impl IntoIterator<Item = V>,
        request: impl Fn(V) -> R,
    ) {
        for value in values {
            self.bad(rpc, request(value), &[field]);
        }
    }

    /// Adds a method that this version does not serve; once it does, this fails until it has cases.
    pub(super) fn not_served(&mut self, rpc: &'static str) {
        self.cases.push(Case {
            rpc,
            what: rpc.to_owned(),
            request: Vec::new(),
            code: Code::Unimplemented,
            fields: Vec::new(),
        });
    }
}

/// Ids that are none, for a field that may be empty.
pub(super) fn malformed_ids() -> Vec<String> {
    let good = id();
    vec![
        "1".to_owned(),
        good.replace('-', ""),
        format!("{{{good}}}"),
        format!("urn:uuid:{good}"),
        good.replace(&good[35..], "g"),
        format!("{}\0", &good[..35]),
    ]
}

/// Ids that are none, for a field that must be set.
pub(super) fn bad_ids() -> Vec<String> {
    [malformed_ids(), vec![String::new()]].concat()
}

/// Texts that are none of at most `max` characters.
pub(super) fn bad_texts(max: usize) -> Vec<String> {
    vec!["ж".repeat(max + 1), "a\0b".to_owned()]
}

/// Texts that are none of 1 to `max` characters.
pub(super) fn bad_names(max: usize) -> Vec<String> {
    [bad_texts(max), vec![String::new()]].concat()
}

/// Texts that are none of at most `max` bytes.
pub(super) fn bad_bytes(max: usize) -> Vec<String> {
    vec![
        "a".repeat(max + 1),
        "ж".repeat(max / 2 + 1),
        "a\0b".to_owned(),
    ]
}

/// Batches that are none: no item, and one too many.
pub(super) fn bad_batches<T: Clone>(item: &T) -> [Vec<T>; 2] {
    [Vec::new(), vec![item.clone(); 1_001]]
}

/// Page tokens that are none of any case's request.
pub(super) fn bad_tokens(seed: &Seed) -> Vec<String> {
    let mut corrupted = seed.foreign_token.clone();
    corrupted.replace_range(..1, if corrupted.starts_with('A') { "B" } else { "A" });
    vec![
        "!".to_owned(),
        "AAAA".to_owned(),
        "a\0b".to_owned(),
        corrupted,
        seed.foreign_token.clone(),
    ]
}

/// Times that are none.
pub(super) fn bad_times() -> Vec<Option<Timestamp>> {
    let time = |seconds, nanos| Some(Timestamp { seconds, nanos });
    vec![time(i64::MAX, 0), time(0, -1), time(0, 1_000_000_000)]
}

/// Blob refs whose key may have `max_key` bytes, each with the part that is bad.
pub(super) fn bad_blobs(max_key: usize) -> Vec<(BlobRef, &'static str)> {
    let keys = [
        "", "/", "/a", "a/", "a//b", "a/../b", "..", "a b", "a\u{7}b", "a\0b", "a\nb", "a\u{7f}b",
        "ключ", "a%2fb", "a*b", "a\\b",
    ];
    let long = ["k".repeat(max_key + 1), "k".repeat(1_025)];
    let keys = keys.into_iter().map(str::to_owned).chain(long);
    let keys = keys.map(|key| (blob(&key), "key"));
    let digests = [
        "",
        "0a",
        &"0A".repeat(32),
        &"0g".repeat(32),
        &"0a".repeat(33),
    ]
    .map(|sha256| {
        let digest = BlobRef {
            sha256: sha256.to_owned(),
            ..blob("a")
        };
        (digest, "sha256")
    });
    let types = bad_texts(255).into_iter().map(|content_type| {
        let typed = BlobRef {
            content_type,
            ..blob("a")
        };
        (typed, "content_type")
    });
    let size = BlobRef {
        size_bytes: -1,
        ..blob("a")
    };
    let receipt = BlobRef {
        receipt: vec![0; 65].into(),
        ..blob("a")
    };
    let others = [(size, "size_bytes"), (receipt, "receipt")];
    keys.chain(digests).chain(types).chain(others).collect()
}

/// JSON values that are none, or hold U+0000, or are too large.
pub(super) fn bad_json() -> Vec<Value> {
    let value = |kind| Value { kind: Some(kind) };
    let text = |text: &str| value(Kind::StringValue(text.to_owned()));
    let object = |name: &str, value| {
        let fields = [(name.to_owned(), value)].into();
        Kind::StructValue(Struct { fields })
    };
    vec![
        Value { kind: None },
        text("a\0b"),
        text(&"a".repeat(64 << 10)),
        value(Kind::NumberValue(f64::NAN)),
        value(Kind::NumberValue(f64::INFINITY)),
        value(object("a\0b", text("x"))),
        value(object("deep", value(object("deeper", text("a\0b"))))),
    ]
}

/// The same as objects.
pub(super) fn bad_objects() -> Vec<Option<Struct>> {
    let object = |value| {
        Some(Struct {
            fields: [("k".to_owned(), value)].into(),
        })
    };
    bad_json().into_iter().map(object).collect()
}
