//! A span's fields as they stand in its lines of the log: a JSON object, as a text.

use std::fmt;

use tracing::span::Record;
use tracing_subscriber::{
    field::RecordFields,
    fmt::{
        FormatFields, FormattedFields,
        format::{JsonFields, Writer},
    },
};

/// Puts what is recorded later behind what is there. `JsonFields` alone reads and writes all of it anew, for each call several
/// times, most of which are never logged.
#[derive(Debug, Default)]
pub(super) struct Fields(JsonFields);

impl<'w> FormatFields<'w> for Fields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        self.0.format_fields(writer, fields)
    }

    fn add_fields(
        &self,
        current: &'w mut FormattedFields<Self>,
        fields: &Record<'_>,
    ) -> fmt::Result {
        let mut more = String::new();
        self.0.format_fields(Writer::new(&mut more), fields)?;
        append(&mut current.fields, more);
        Ok(())
    }
}

/// Adds the fields of the object `more` to `object`. Of a name that stands there twice, readers take the last.
fn append(object: &mut String, more: String) {
    match (object.strip_suffix('}'), more.strip_prefix('{')) {
        (_, Some("}")) => {}
        (None | Some("{"), _) => *object = more,
        (Some(_), Some(more)) => {
            object.pop();
            object.push(',');
            object.push_str(more);
        }
        (Some(_), None) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex, PoisonError},
    };

    use tracing_subscriber::{fmt, layer::SubscriberExt as _};

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            log.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn told(later: impl FnOnce(&tracing::Span)) -> serde_json::Value {
        let log = Log::default();
        let writer = log.clone();
        let layer = fmt::layer().with_writer(move || writer.clone()).json();
        let subscriber = tracing_subscriber::registry().with(layer.fmt_fields(Fields::default()));
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("call", a = 1, b = tracing::field::Empty, c = "}");
            later(&span);
            span.in_scope(|| tracing::info!("done"));
        });
        let log = log.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let line: serde_json::Value = serde_json::from_slice(&log).expect("a line is JSON");
        line["span"].clone()
    }

    #[test]
    fn what_is_recorded_later_stands_beside_what_was_there_and_the_last_word_counts() {
        let span = told(|span| {
            span.record("b", "насос \"1\"");
            span.record("a", 2);
        });
        let expected = serde_json::json!({"a": 2, "b": "насос \"1\"", "c": "}", "name": "call"});
        assert_eq!(span, expected);
        assert_eq!(
            told(|_| {}),
            serde_json::json!({"a": 1, "c": "}", "name": "call"})
        );
    }
}
