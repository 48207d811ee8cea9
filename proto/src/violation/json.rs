//! How free JSON is judged.

use prost::Message as _;
use prost_types::{Struct, Value, value::Kind};

use super::Violations;

/// The greatest size of a free JSON field, serialized, in bytes.
pub const MAX_JSON_BYTES: usize = 64 << 10;

impl Violations {
    /// Checks a free JSON object that may be absent.
    pub fn json_object(&mut self, field: &str, json: Option<Struct>) -> Option<Struct> {
        let object = Value {
            kind: Some(Kind::StructValue(json?)),
        };
        match self.json(field, Some(object))?.kind {
            Some(Kind::StructValue(object)) => Some(object),
            _ => None,
        }
    }

    /// Checks a free JSON value that may be absent: its size, its numbers, and that no text in it holds U+0000. The number -0
    /// becomes 0: in Postgres' jsonb, whose numbers are decimal, it is.
    pub fn json(&mut self, field: &str, json: Option<Value>) -> Option<Value> {
        let mut value = json?;
        if value.encoded_len() > MAX_JSON_BYTES {
            self.add(field, "must be at most 64 KiB");
        } else if let Err(problem) = judge_json(&mut value) {
            self.add(field, problem);
        }
        Some(value)
    }
}

fn judge_json(value: &mut Value) -> Result<(), &'static str> {
    let text = |text: &str| {
        if text.contains('\0') {
            Err("must not hold the character U+0000")
        } else {
            Ok(())
        }
    };
    match &mut value.kind {
        None => Err("must be a JSON value: a Value without a kind is none"),
        Some(Kind::NullValue(_) | Kind::BoolValue(_)) => Ok(()),
        Some(Kind::NumberValue(number)) if number.is_finite() => {
            // Takes the sign of a zero, and leaves all others as they are.
            *number += 0.0;
            Ok(())
        }
        Some(Kind::NumberValue(_)) => {
            Err("must not hold NaN or infinity, which are no JSON numbers")
        }
        Some(Kind::StringValue(string)) => text(string),
        Some(Kind::ListValue(list)) => list.values.iter_mut().try_for_each(judge_json),
        Some(Kind::StructValue(object)) => object
            .fields
            .iter_mut()
            .try_for_each(|(name, value)| text(name).and_then(|()| judge_json(value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minus_zero_is_zero_and_no_other_number_changes() {
        for number in [-0.0, 0.0, -0.5, f64::MIN_POSITIVE, -f64::MAX] {
            let value = Value {
                kind: Some(Kind::NumberValue(number)),
            };
            let judged = Violations::default().json("coords_px", Some(value));
            let kept = match judged.and_then(|value| value.kind) {
                Some(Kind::NumberValue(kept)) => kept,
                _ => f64::NAN,
            };
            assert_eq!(kept, number);
            assert!(kept != 0.0 || kept.is_sign_positive());
        }
    }

    #[test]
    fn nul_is_found_in_names_and_values_deep_inside_of_json() {
        let string = |s: &str| Value {
            kind: Some(Kind::StringValue(s.into())),
        };
        let object = |k: &str, v: Value| Struct {
            fields: [(k.to_owned(), v)].into(),
        };
        let deep = Value {
            kind: Some(Kind::ListValue(prost_types::ListValue {
                values: vec![string("a\0b")],
            })),
        };
        for bad in [
            object("x", deep),
            object("\0", string("x")),
            object("x", Value { kind: None }),
        ] {
            let mut v = Violations::default();
            v.json_object("metadata", Some(bad));
            assert_eq!(v.fields(), ["metadata"]);
        }
    }
}
