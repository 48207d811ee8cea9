//! JSON lines: the chat, then its turns, each with the paths of the files beside it.

use contract::metadata::v1::{Chat, Turn};
use serde_json::Value;

use super::Document;
use crate::json;

/// The chat, with `kind` `chat` and the document's `name` and `file`.
pub(super) fn head(chat: &Chat, document: Option<&Document>) -> String {
    let mut value = json::chat(chat);
    value["kind"] = "chat".into();
    if let Some(document) = document {
        value["document"]["name"] = document.name.as_str().into();
        value["document"]["file"] = document.file.as_str().into();
    }
    line(&value)
}

/// A turn, with `kind` `turn` and the `file` of each image; `names` are the paths of its pictures.
pub(super) fn turn(turn: &Turn, names: &[String]) -> String {
    let mut value = json::turn(turn);
    value["kind"] = "turn".into();
    for (i, name) in names.iter().enumerate() {
        value["images"][i]["file"] = name.as_str().into();
    }
    line(&value)
}

fn line(value: &Value) -> String {
    format!("{value}\n")
}

#[cfg(test)]
mod tests {
    use contract::metadata::v1::{Image, Message};

    use super::*;

    #[test]
    fn whatever_is_said_a_turn_is_one_line_that_reads_back() {
        let content = "a\nb\r\u{2028}\"}\n{\"kind\":\"chat\"";
        let wire = Turn {
            message: Some(Message {
                content: content.into(),
                ..Default::default()
            }),
            images: vec![Image::default()],
            ..Default::default()
        };
        let out = turn(&wire, &["images/0001_01_x.png".to_owned()]);
        assert_eq!(out.matches('\n').count(), 1);
        let value: Value = serde_json::from_str(&out).expect("a line is JSON");
        assert_eq!(value["content"], content);
        assert_eq!(value["images"][0]["file"], "images/0001_01_x.png");
    }
}
