//! Bad input: a request of a script, made bad in one place.

use super::{Ask, Dice};

/// What no id is, the absent one included.
const NO_IDS: [&str; 3] = ["", "no id", "{01890a5d-ac96-774b-bcce-b302099a8057}"];

/// Makes a request bad where it has something to be made bad.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is not served cannot be made worse"
)]
pub(super) fn spoil(dice: &mut Dice, ask: &mut Ask) {
    let id = dice.one(&NO_IDS).to_owned();
    let text = dice.one(&[String::new(), "\0".to_owned(), "ы".repeat(300)]);
    let size = dice.one(&[-1, i32::MIN]);
    let token = dice
        .one(&["!", "AAAA", "bm8gdG9rZW4gb2Ygb3Vycw"])
        .to_owned();
    let at = dice.below(3);
    match ask {
        Ask::CreateChat(create) => match (&mut create.chat, at) {
            (Some(chat), 0) => chat.title = text,
            (Some(chat), 1) => chat.user_id = text,
            _ => create.chat = None,
        },
        Ask::GetChat(get) => get.chat_id = id,
        Ask::ListChats(list) => match at {
            0 => list.page_size = size,
            1 => list.page_token = token,
            _ => list.state = 99,
        },
        Ask::UpdateChat(update) => match (&mut update.chat, at) {
            (Some(chat), 0) => chat.id = id,
            (Some(chat), 1) => chat.title = text,
            _ => update.request_id = "no id".to_owned(),
        },
        Ask::ArchiveChat(archive) => archive.chat_id = id,
        Ask::UnarchiveChat(unarchive) => unarchive.chat_id = id,
        Ask::DeleteChat(delete) => delete.chat_id = id,
        Ask::GetChatHistory(get) => get.after_seq = size.into(),
        Ask::WatchChat(watch) => watch.chat_id = id,
        Ask::SearchMessages(search) => match at {
            0 => search.query = dice.one(&["", "the", "-насос"]).to_owned(),
            1 => search.page_token = token,
            _ => search.roles = vec![7],
        },
        Ask::GetUsage(get) => get.user_id = text,
        Ask::AppendMessages(append) => match (append.turns.last_mut(), at) {
            (Some(turn), 0) => turn.message = None,
            (Some(turn), 1) => {
                let message = turn.message.get_or_insert_default();
                (message.content, message.role) = (text, 0);
            }
            (Some(turn), _) => turn.images.push(contract::metadata::v1::Image::default()),
            (None, _) => append.chat_id = id,
        },
        Ask::GetMessage(get) => get.message_id = id,
        Ask::ListMessages(list) => match at {
            0 => list.page_size = size,
            1 => list.page_token = token,
            _ => list.order = -1,
        },
        Ask::DeleteMessage(delete) => delete.message_id = id,
        Ask::AddImages(add) => match (add.images.first_mut(), at) {
            (Some(image), 0) => image.width = size,
            (Some(image), 1) => image.blob.get_or_insert_default().key = "/up/../".to_owned(),
            _ => add.images.clear(),
        },
        Ask::GetImage(get) => get.image_id = id,
        Ask::ListImages(list) => match at {
            0 => list.page_size = size,
            1 => list.page_token = token,
            _ => (list.chat_id, list.message_id) = (id, String::new()),
        },
        Ask::DeleteImage(delete) => delete.image_id = id,
        Ask::AddSearchResults(add) => match (add.search_results.first_mut(), at) {
            (Some(result), 0) => result.page_number = size,
            (Some(result), 1) => result.id = "no id".to_owned(),
            _ => add.message_id = id,
        },
        Ask::ListSearchResults(list) => match at {
            0 => list.page_size = size,
            1 => list.page_token = token,
            _ => (list.chat_id, list.message_id) = (String::new(), id),
        },
        Ask::ListPendingDeletes(list) => list.page_token = token,
        Ask::ReserveKeys(reserve) => match at {
            0 => reserve.keys.clear(),
            1 => reserve.keys.push("/up/../".to_owned()),
            _ => reserve.expires_in = Some(prost_types::Duration::default()),
        },
        Ask::PendDeletes(pend) => match at {
            0 => pend.keys.clear(),
            1 => pend.keys.push("a//b".to_owned()),
            _ => pend.request_id = "no id".to_owned(),
        },
        Ask::FilterUnreferencedKeys(filter) => filter.keys.push("/up/../".to_owned()),
        Ask::ListReferencedKeys(list) => match at {
            0 => list.prefix = "a b".to_owned(),
            _ => list.after_key = "a\0".to_owned(),
        },
        _ => {}
    }
}
