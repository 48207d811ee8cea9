//! How an append is judged: the one request that names a chat, messages and what belongs to them at once.

use std::collections::HashSet;

use contract::{
    Violations,
    blob::v1::BlobRef,
    id::{Uuid, parse_id},
    metadata::v1::{self, AppendMessagesRequest},
    receipt::ReceiptKeys,
};
use tracing::{Span, field::display};

use super::{NewMessage, NewTurn, kv::Append};
use crate::{
    attachment::{Parents, judge_parent, judge_row, judge_unseen},
    blob_ref::{self, of_images},
    chat::NewChat,
    error::Result,
    image::NewImage,
    request_id::Call,
    search_result::NewSearchResult,
};

/// How many images and search results all turns of a request have together at most: each costs the store several writes, and
/// an empty one costs its sender two bytes.
const MAX_ATTACHMENTS: usize = 10_000;

/// Judges a request to append; its lexemes are still to be taken.
pub(super) fn judge_append(
    receipts: &ReceiptKeys,
    mut request: AppendMessagesRequest,
) -> Result<(Call, Append)> {
    let mut v = Violations::default();
    let id = request.request_id.clone();
    let call = blob_ref::judge_call(&mut v, receipts, "AppendMessages", &id, &mut request, blobs);
    let chat_given = judge_chat_id(&mut v, &request);
    let create = request.create_chat.map(|mut chat| {
        chat.id = chat_given.map(|id| id.to_string()).unwrap_or_default();
        v.within("create_chat", |v| NewChat::judge(v, chat))
    });
    let chat_id = create.as_ref().map(|new| new.id).or(chat_given);
    Span::current().record("chat_id", display(chat_id.unwrap_or_default()));

    demand_few(&mut v, &request.turns);
    let mut seen = Seen::default();
    let turns = v.batch("turns", request.turns, |v, turn| {
        judge_turn(v, turn, chat_given, &mut seen)
    });
    let append = chat_id.map(|chat_id| Append {
        chat_id,
        create,
        turns,
        lexemes: Vec::new(),
    });
    Ok(v.accept(append.map(|append| (call, append)))?)
}

/// Judges the chat's id, which stands in `chat_id`, in `create_chat`, in both, or is for the service to make.
fn judge_chat_id(v: &mut Violations, request: &AppendMessagesRequest) -> Option<Uuid> {
    let Some(create) = &request.create_chat else {
        return Some(v.id("chat_id", &request.chat_id));
    };
    let chat_id = v.optional_id("chat_id", &request.chat_id);
    let created_id = v.within("create_chat", |v| v.optional_id("id", &create.id));
    if chat_id.is_some() && created_id.is_some() && chat_id != created_id {
        v.add("create_chat.id", "must be empty or the same as chat_id");
    }
    chat_id.or(created_id)
}

/// The blob refs of a request, each with its field.
fn blobs(request: &mut AppendMessagesRequest) -> Vec<(String, &mut BlobRef)> {
    let chat = request.create_chat.as_mut();
    let document = chat.and_then(|chat| chat.document.as_mut());
    let document = document.map(|blob| ("create_chat.document".to_owned(), blob));
    let turns = request.turns.iter_mut().enumerate();
    let images =
        turns.flat_map(|(i, turn)| of_images(format!("turns[{i}].images"), &mut turn.images));
    document.into_iter().chain(images).collect()
}

fn demand_few(v: &mut Violations, turns: &[v1::Turn]) {
    let of_turn = |turn: &v1::Turn| turn.images.len() + turn.search_results.len();
    let count: usize = turns.iter().map(of_turn).sum();
    if count > MAX_ATTACHMENTS {
        let allowed =
            format!("must have at most 10,000 images and search results together, has {count}");
        v.add("turns", allowed);
    }
}

/// The ids that stood in the request so far.
#[derive(Default)]
struct Seen {
    messages: HashSet<Uuid>,
    images: HashSet<Uuid>,
    search_results: HashSet<Uuid>,
}

fn judge_turn(
    v: &mut Violations,
    turn: v1::Turn,
    chat: Option<Uuid>,
    seen: &mut Seen,
) -> Option<NewTurn> {
    let message_id = turn
        .message
        .as_ref()
        .and_then(|message| parse_id(&message.id));
    let parents = Parents {
        chat: Some(chat),
        message: message_id,
    };
    let message = v.required("message", turn.message, |v, message| {
        judge_parent(v, "chat_id", &message.chat_id, chat);
        judge_unseen(v, &mut seen.messages, &message.id);
        NewMessage::judge(v, message)
    });
    let images = v.each("images", turn.images, |v, image| {
        judge_row(v, image, parents, &mut seen.images, NewImage::judge)
    });
    let search_results = v.each("search_results", turn.search_results, |v, result| {
        judge_row(
            v,
            result,
            parents,
            &mut seen.search_results,
            NewSearchResult::judge,
        )
    });
    Some(NewTurn {
        message: message?,
        images,
        search_results,
    })
}

#[cfg(test)]
mod tests {
    use contract::{id::new_id, metadata::v1::Role};

    use super::*;

    fn turn(content: &str) -> v1::Turn {
        v1::Turn {
            message: Some(v1::Message {
                role: Role::User.into(),
                content: content.into(),
                ..v1::Message::default()
            }),
            ..v1::Turn::default()
        }
    }

    fn fields(request: AppendMessagesRequest) -> Vec<String> {
        match judge_append(&ReceiptKeys::default(), request) {
            Err(crate::error::Error::Invalid(v)) => {
                v.fields().into_iter().map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    }

    #[test]
    fn a_chat_is_named_in_either_place_or_in_both_alike() {
        let (one, other) = (new_id().to_string(), new_id().to_string());
        let request = |chat_id: &str, create: Option<&str>| AppendMessagesRequest {
            chat_id: chat_id.into(),
            create_chat: create.map(|id| v1::Chat {
                id: id.into(),
                user_id: "ann".into(),
                title: "t".into(),
                ..v1::Chat::default()
            }),
            turns: vec![turn("x")],
            request_id: String::new(),
        };
        for fine in [
            request(&one, None),
            request(&one, Some("")),
            request("", Some(&one)),
            request(&one, Some(&one)),
            request("", Some("")),
        ] {
            assert!(judge_append(&ReceiptKeys::default(), fine).is_ok());
        }
        assert_eq!(fields(request("", None)), ["chat_id"]);
        assert_eq!(fields(request(&one, Some(&other))), ["create_chat.id"]);
    }

    #[test]
    fn an_id_that_stands_twice_or_names_another_parent_is_told_by_its_place() {
        let id = new_id().to_string();
        let mut first = turn("x");
        let mut second = turn("y");
        for turn in [&mut first, &mut second] {
            turn.message.as_mut().expect("set above").id = id.clone();
        }
        second.search_results = vec![v1::SearchResult {
            chat_id: new_id().to_string(),
            message_id: id,
            ..v1::SearchResult::default()
        }];
        let request = AppendMessagesRequest {
            chat_id: new_id().to_string(),
            turns: vec![first, second],
            ..AppendMessagesRequest::default()
        };
        assert_eq!(
            fields(request),
            ["turns[1].message.id", "turns[1].search_results[0].chat_id"]
        );
    }
}
