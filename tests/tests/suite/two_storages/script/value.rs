//! Values: the ids, words and numbers that requests are made of.

use prost_types::{ListValue, Struct, Timestamp, Value, value::Kind};

use super::Writer;

/// Words that a query and a text meet in, some of them in several forms, some common.
const WORDS: [&str; 28] = [
    "насос",
    "насоса",
    "насосы",
    "насосами",
    "клапан",
    "клапаны",
    "задвижка",
    "задвижки",
    "схема",
    "схеме",
    "давление",
    "давления",
    "трубопровода",
    "и",
    "на",
    "не",
    "pump",
    "pumps",
    "pumping",
    "valve",
    "valves",
    "pressure",
    "running",
    "runs",
    "the",
    "is",
    "diagram",
    "Diagrams",
];
/// What may stand between two words.
const GAPS: [&str; 6] = [" ", " ", " ", ", ", ". ", "\n"];
impl Writer {
    pub(super) fn text(&mut self) -> String {
        let count = if self.dice.chance(10) { 150 } else { 12 };
        let mut text = String::new();
        for _ in 0..=self.dice.below(count) {
            text += self.dice.one(&WORDS);
            text += self.dice.one(&GAPS);
        }
        text
    }

    pub(super) fn json(&mut self) -> Struct {
        let fields = (0..self.dice.below(3)).map(|at| (format!("ключ {at}"), self.coords()));
        Struct {
            fields: fields.collect(),
        }
    }

    pub(super) fn coords(&mut self) -> Value {
        let number = self.dice.one(&[0.0, -0.5, 0.1, 1e300, 123_456_789.0, -0.0]);
        let kinds = [
            Kind::NumberValue(number),
            Kind::StringValue("\"'\\ ё \u{1f600}".to_owned()),
            Kind::BoolValue(true),
            Kind::NullValue(0),
        ];
        let values = kinds.map(|kind| Value { kind: Some(kind) }).to_vec();
        let list = Kind::ListValue(ListValue { values });
        let kind = self.dice.one(&[Kind::NumberValue(number), list]);
        Value { kind: Some(kind) }
    }

    pub(super) fn user(&mut self) -> String {
        self.dice.one(&self.users)
    }

    pub(super) fn chat(&mut self) -> String {
        let known = self.chats.clone();
        self.known(&known, "absent chat")
    }

    pub(super) fn message(&mut self) -> String {
        let known = self.messages.clone();
        self.known(&known, "absent message")
    }

    pub(super) fn image_id(&mut self) -> String {
        let known = self.images.clone();
        self.known(&known, "absent image")
    }

    pub(super) fn known(&mut self, known: &[String], noun: &str) -> String {
        if known.is_empty() || self.dice.chance(4) {
            return self.fresh(noun);
        }
        let last = if self.dice.chance(60) { 4 } else { known.len() };
        self.dice.one(&known[known.len().saturating_sub(last)..])
    }

    pub(super) fn etag(&mut self) -> String {
        self.dice
            .one(&["", "", "", "r0", "r1", "r2", "x"])
            .to_owned()
    }

    pub(super) fn after(&mut self) -> i64 {
        self.dice.one(&[0, 0, 1, 3, 100])
    }

    pub(super) fn time(&mut self) -> Option<Timestamp> {
        let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
        self.dice
            .one(&[None, None, None, None, at(0), at(4_102_444_800)])
    }
}
