//! Values between our types and the columns'.

use contract::time::Time;
use diesel::pg::data_types::PgTimestamp;
use prost_types::{ListValue, Struct, Value, value::Kind};
use serde_json::{Map, Number};

/// 2000-01-01T00:00:00Z, from which Postgres counts, in microseconds since 1970.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;
/// Up to here each whole number has one double that means it.
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;

/// A time as a `timestamptz`.
pub(crate) fn timestamp(time: Time) -> PgTimestamp {
    PgTimestamp(time.micros().saturating_sub(POSTGRES_EPOCH))
}

/// A `timestamptz` as a time.
pub(crate) fn time(PgTimestamp(micros): PgTimestamp) -> Time {
    Time::from_micros(micros.saturating_add(POSTGRES_EPOCH))
}

/// Free JSON as `jsonb`.
pub(crate) fn jsonb(value: Value) -> serde_json::Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => serde_json::Value::Null,
        Some(Kind::BoolValue(bool)) => bool.into(),
        Some(Kind::NumberValue(number)) => json_number(number),
        Some(Kind::StringValue(string)) => string.into(),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(jsonb).collect(),
        Some(Kind::StructValue(object)) => json_object(object),
    }
}

/// A free JSON object as `jsonb`.
pub(crate) fn json_object(object: Struct) -> serde_json::Value {
    let fields = object
        .fields
        .into_iter()
        .map(|(name, value)| (name, jsonb(value)));
    serde_json::Value::Object(fields.collect())
}

/// `jsonb` as free JSON.
pub(crate) fn json(value: serde_json::Value) -> Value {
    let kind = match value {
        serde_json::Value::Null => Kind::NullValue(0),
        serde_json::Value::Bool(bool) => Kind::BoolValue(bool),
        // A protobuf Value has doubles alone.
        serde_json::Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        serde_json::Value::String(string) => Kind::StringValue(string),
        serde_json::Value::Array(values) => Kind::ListValue(ListValue {
            values: values.into_iter().map(json).collect(),
        }),
        serde_json::Value::Object(fields) => Kind::StructValue(object(fields)),
    };
    Value { kind: Some(kind) }
}

/// The fields of a `jsonb` object as free JSON.
pub(crate) fn object(fields: Map<String, serde_json::Value>) -> Struct {
    Struct {
        fields: fields
            .into_iter()
            .map(|(name, value)| (name, json(value)))
            .collect(),
    }
}

/// Whole numbers stay whole, so that other readers of the column find `3` and not `3.0`.
fn json_number(number: f64) -> serde_json::Value {
    if number.fract() == 0.0 && number.abs() <= MAX_WHOLE {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
        return (number as i64).into();
    }
    Number::from_f64(number).map_or(serde_json::Value::Null, Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_comes_back_as_it_went_and_whole_numbers_stay_whole() {
        let text = r#"{"a":[1,-2.5,null,true,"насос"],"b":{},"big":1e300,"n":9007199254740991}"#;
        let value: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
        assert_eq!(jsonb(json(value.clone())), value);
        assert_eq!(jsonb(json(serde_json::json!(3))).to_string(), "3");
    }

    #[test]
    fn every_number_comes_back_from_its_text_to_the_last_bit() {
        let numbers = [
            0.1 + 0.2,
            5e-324,
            f64::MAX,
            // These three serde_json reads one bit off unless it is told to be exact.
            0.096_054_891_514_427_25,
            0.917_100_165_549_072_7,
            0.934_318_341_610_790_5,
        ];
        for number in numbers {
            let text = json_number(number).to_string();
            let read: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
            assert_eq!(
                read.as_f64().map(f64::to_bits),
                Some(number.to_bits()),
                "{text}"
            );
        }
        // As Postgres spells it.
        let long: serde_json::Value =
            serde_json::from_str(&format!("1{}", "0".repeat(300))).expect("it is JSON");
        assert_eq!(long.as_f64(), Some(1e300));
    }

    #[test]
    fn times_come_back_as_they_went() {
        for micros in [0, -1, POSTGRES_EPOCH, 1_766_053_845_123_456] {
            assert_eq!(
                time(timestamp(Time::from_micros(micros))),
                Time::from_micros(micros)
            );
        }
        assert_eq!(timestamp(Time::from_micros(POSTGRES_EPOCH)), PgTimestamp(0));
    }
}
