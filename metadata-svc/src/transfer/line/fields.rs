//! The fields of a line: how each kind is written, and how it is read and judged. What is absent is read as nothing; whether it
//! may be is for the row to judge.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use contract::{Violations, blob::v1::BlobRef, id::Uuid, time::Time};
use prost_types::{Struct, Timestamp};
use serde_json::{Map, Value, json};

use crate::postgres::value;

/// A time as text: RFC 3339, to the microsecond, UTC.
pub(super) fn time(time: Time) -> String {
    time.to_wire().to_string()
}

/// Bytes as text: base64, as protobuf's JSON has them.
pub(super) fn bytes(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// A blob ref as an object.
pub(super) fn blob_ref(blob: &BlobRef) -> Value {
    let mut fields = json!({"key": blob.key, "size_bytes": blob.size_bytes});
    put_text(&mut fields, "sha256", &blob.sha256);
    put_text(&mut fields, "content_type", &blob.content_type);
    put_text(&mut fields, "receipt", &bytes(&blob.receipt));
    fields
}

/// Puts a text into an object, unless it is empty.
pub(super) fn put_text(fields: &mut Value, name: &str, text: &str) {
    if !text.is_empty() {
        fields[name] = text.into();
    }
}

/// Puts free JSON into an object, where there is some.
pub(super) fn put_json(fields: &mut Value, name: &str, json: Option<&prost_types::Value>) {
    if let Some(json) = json {
        fields[name] = value::jsonb(json.clone());
    }
}

/// The fields of an object that are not read yet.
#[derive(Default)]
pub(super) struct Fields(pub(super) Map<String, Value>);

impl Fields {
    pub(super) fn text(&mut self, v: &mut Violations, name: &str) -> String {
        match self.0.remove(name) {
            None => String::new(),
            Some(Value::String(text)) => text,
            Some(_) => bad(v, name, "must be a text"),
        }
    }

    pub(super) fn whole(&mut self, v: &mut Violations, name: &str) -> i64 {
        match self.0.remove(name) {
            None => 0,
            Some(number) => number
                .as_i64()
                .unwrap_or_else(|| bad(v, name, "must be a whole number of 64 bits")),
        }
    }

    pub(super) fn small(&mut self, v: &mut Violations, name: &str) -> i32 {
        let whole = self.whole(v, name);
        whole
            .try_into()
            .unwrap_or_else(|_| bad(v, name, "must be a whole number of 32 bits"))
    }

    pub(super) fn flag(&mut self, v: &mut Violations, name: &str) -> bool {
        match self.0.remove(name) {
            None => false,
            Some(Value::Bool(flag)) => flag,
            Some(_) => bad(v, name, "must be true or false"),
        }
    }

    /// A time that must be there.
    pub(super) fn time(&mut self, v: &mut Violations, name: &str) -> Time {
        let text = self.text(v, name);
        let time = text.parse::<Timestamp>().ok();
        time.and_then(|time| Time::from_wire(&time))
            .unwrap_or_else(|| {
                let allowed = "must be a time like 2026-11-21T13:19:27.123456Z";
                bad(v, name, allowed)
            })
    }

    /// An id that must be there.
    pub(super) fn id(&mut self, v: &mut Violations, name: &str) -> Uuid {
        let text = self.text(v, name);
        v.id(name, &text)
    }

    pub(super) fn bytes(&mut self, v: &mut Violations, name: &str) -> Vec<u8> {
        let text = self.text(v, name);
        let read = BASE64_STANDARD.decode(text);
        read.unwrap_or_else(|_| bad(v, name, "must be base64"))
    }

    pub(super) fn json(&mut self, name: &str) -> Option<prost_types::Value> {
        self.0.remove(name).map(value::json)
    }

    pub(super) fn json_object(&mut self, v: &mut Violations, name: &str) -> Option<Struct> {
        if let Value::Object(fields) = self.0.remove(name)? {
            return Some(value::object(fields));
        }
        bad(v, name, "must be a JSON object")
    }

    pub(super) fn blob_ref(&mut self, v: &mut Violations, name: &str) -> Option<BlobRef> {
        self.0.contains_key(name).then(|| {
            self.object(v, name, |v, fields| BlobRef {
                key: fields.text(v, "key"),
                size_bytes: fields.whole(v, "size_bytes"),
                sha256: fields.text(v, "sha256"),
                content_type: fields.text(v, "content_type"),
                receipt: fields.bytes(v, "receipt").into(),
            })
        })
    }

    /// An object that must be there.
    pub(super) fn object<T>(
        &mut self,
        v: &mut Violations,
        name: &str,
        read: impl FnOnce(&mut Violations, &mut Self) -> T,
    ) -> T {
        let mut fields = match self.0.remove(name) {
            Some(Value::Object(fields)) => Self(fields),
            _ => {
                v.add(name, "must be an object");
                Self::default()
            }
        };
        v.within(name, |v| {
            let value = read(v, &mut fields);
            std::mem::take(&mut fields).end(v);
            value
        })
    }

    /// Judges that all fields were read.
    pub(super) fn end(self, v: &mut Violations) {
        for name in self.0.keys() {
            v.add(name, "is no field that this version knows");
        }
    }
}

fn bad<T: Default>(v: &mut Violations, name: &str, allowed: &str) -> T {
    v.add(name, allowed);
    T::default()
}
