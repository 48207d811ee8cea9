//! Lines: a row as JSON, `{"noun": {fields}}`, in the contract's own words: its field names, `ROLE_USER`, RFC 3339 times, ids as
//! text, bytes as base64, free JSON as itself. A text of nothing is left out. The first line says what the file is, and the
//! last what it must hold, so that a cut or changed file is noticed.

mod attachment;
mod chat;
mod fields;
mod ledger;
mod message;

use contract::{Violations, time::Time};
use serde_json::{Map, Value, json};

use self::fields::Fields;
use super::{
    digest::{Sum, Sums},
    row::{Row, Table},
};

/// The version of the lines' form; to be raised by whoever changes it.
const FORMAT: i64 = 1;
/// What the first line and the last hold.
const BEGIN: &str = "chatstore_export";
const END: &str = "end";

/// What a line says.
#[derive(Debug)]
pub(super) enum Line {
    Begin,
    Row(Row),
    End(Sums),
}

/// The first line.
pub(super) fn begin(now: Time) -> String {
    let made_by = concat!("metadata-svc ", env!("CARGO_PKG_VERSION"));
    text(
        BEGIN,
        json!({"create_time": fields::time(now), "format": FORMAT, "made_by": made_by}),
    )
}

/// The last line.
pub(super) fn end(sums: &Sums) -> String {
    let tables = Table::ALL.iter().zip(&sums.0);
    let tables = tables.map(|(table, sum)| {
        let sum = json!({"rows": sum.rows, "sha256": sum.sha256});
        (table.name().to_owned(), sum)
    });
    text(END, Value::Object(tables.collect()))
}

/// The line of a row. It depends on nothing but what the row means, so rows are the same when their lines are.
pub(super) fn write(row: &Row) -> String {
    let fields = match row {
        Row::Chat(row) => chat::write(row),
        Row::Message(row) => message::write(row),
        Row::Image(row) => attachment::write_image(row),
        Row::SearchResult(row) => attachment::write_search_result(row),
        Row::RequestId(row) => ledger::write_request_id(row),
        Row::PendingDelete(row) => ledger::write_pending_delete(row),
        Row::DeletedChat(id) => ledger::write_deleted_chat(*id),
    };
    text(row.table().noun(), fields)
}

fn text(noun: &str, fields: Value) -> String {
    Value::Object(Map::from_iter([(noun.to_owned(), fields)])).to_string()
}

/// Reads a line.
///
/// # Errors
/// What is wrong with it, every bad field with what is allowed.
pub(super) fn read(text: &[u8]) -> Result<Line, String> {
    let value: Value = serde_json::from_slice(text).map_err(|error| {
        let column = error.column();
        format!("is not JSON from its column {column} on")
    })?;
    let (noun, fields) = one_field(value)
        .ok_or("must be an object of one noun and its fields, as {\"chat\": {...}}")?;
    let mut fields = Fields(fields);
    let mut v = Violations::default();
    let line = v.within(&noun, |v| {
        let line = read_line(v, &noun, &mut fields);
        fields.end(v);
        line
    });
    v.accept(line).map_err(|violations| {
        let told = violations.into_vec();
        let told = told
            .iter()
            .map(|v| format!("{} {}", v.field, v.description));
        told.collect::<Vec<_>>().join("; ")
    })
}

/// The noun of a line that this version knows, and the fields.
fn one_field(value: Value) -> Option<(String, Map<String, Value>)> {
    let Value::Object(line) = value else {
        return None;
    };
    let mut fields = line.into_iter();
    let (Some((noun, Value::Object(fields))), None) = (fields.next(), fields.next()) else {
        return None;
    };
    let mut nouns = Table::ALL
        .iter()
        .map(|table| table.noun())
        .chain([BEGIN, END]);
    nouns.any(|known| known == noun).then_some((noun, fields))
}

fn read_line(v: &mut Violations, noun: &str, fields: &mut Fields) -> Option<Line> {
    let row = match noun {
        BEGIN => return read_begin(v, fields),
        END => return Some(Line::End(read_end(v, fields))),
        "chat" => Row::Chat(chat::read(v, fields)),
        "message" => Row::Message(message::read(v, fields)?),
        "image" => Row::Image(attachment::read_image(v, fields)?),
        "search_result" => Row::SearchResult(attachment::read_search_result(v, fields)?),
        "request_id" => Row::RequestId(ledger::read_request_id(v, fields)),
        "pending_delete" => Row::PendingDelete(ledger::read_pending_delete(v, fields)?),
        _ => Row::DeletedChat(ledger::read_deleted_chat(v, fields)),
    };
    Some(Line::Row(row))
}

/// Only the format is judged: the rest is for people.
fn read_begin(v: &mut Violations, fields: &mut Fields) -> Option<Line> {
    let format = fields.whole(v, "format");
    *fields = Fields::default();
    if format != FORMAT {
        v.add(
            "format",
            format!("must be {FORMAT}, is {format}: use the version that reads it"),
        );
        return None;
    }
    Some(Line::Begin)
}

fn read_end(v: &mut Violations, fields: &mut Fields) -> Sums {
    Sums(Table::ALL.map(|table| {
        let (rows, sha256) = fields.object(v, table.name(), |v, fields| {
            let rows = fields.whole(v, "rows");
            (v.non_negative("rows", rows), fields.text(v, "sha256"))
        });
        Sum {
            rows: rows.unsigned_abs(),
            sha256,
        }
    }))
}

#[cfg(test)]
mod tests;
