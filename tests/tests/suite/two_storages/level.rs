//! What two stores cannot have in common is levelled: times, the ids of pending deletes, page tokens. Whether there is one stays.

use std::mem::take;

use contract::metadata::v1::*;
use prost_types::Timestamp;

/// An answer whose incomparable parts can be levelled.
pub(super) trait Level {
    /// Levels it; gives the token of the next page where it is a page of more.
    fn level(&mut self) -> String;
}

fn time(time: &mut Option<Timestamp>) {
    *time = time.map(|_| Timestamp::default());
}

fn whole(time: &mut Timestamp) {
    *time = Timestamp::default();
}

fn token(token: &mut String) -> String {
    let next = take(token);
    if !next.is_empty() {
        "more".clone_into(token);
    }
    next
}

fn chat(chat: &mut Chat) {
    time(&mut chat.create_time);
    time(&mut chat.update_time);
}

fn message(message: &mut Message) {
    time(&mut message.create_time);
}

fn image(image: &mut Image) {
    time(&mut image.upload_time);
}

fn search_result(result: &mut SearchResult) {
    time(&mut result.create_time);
}

fn turn(turn: &mut Turn) {
    turn.message.iter_mut().for_each(message);
    turn.images.iter_mut().for_each(image);
    turn.search_results.iter_mut().for_each(search_result);
}

fn pending(delete: &mut PendingDelete) {
    delete.id.clear();
    time(&mut delete.create_time);
}

/// Makes one day of all: midnight may fall between the two stores.
fn days(usage: &mut GetUsageResponse) {
    let mut sum = UsageDay::default();
    for day in take(&mut usage.days) {
        assert!(day.day_start_time.is_some(), "a day has a beginning");
        sum.chat_count += day.chat_count;
        sum.message_count += day.message_count;
        sum.image_count += day.image_count;
        sum.blob_size_bytes += day.blob_size_bytes;
    }
    usage.days.push(sum);
}

/// Answers of which `$field`s are levelled one by one; with a token, a page.
macro_rules! level {
    ($($answer:ty: $($level:path => $field:ident),*;)*) => {
        $(impl Level for $answer {
            fn level(&mut self) -> String {
                $(self.$field.iter_mut().for_each($level);)*
                String::new()
            }
        })*
    };
}

macro_rules! level_pages {
    ($($answer:ty: $level:path => $field:ident;)*) => {
        $(impl Level for $answer {
            fn level(&mut self) -> String {
                self.$field.iter_mut().for_each($level);
                token(&mut self.next_page_token)
            }
        })*
    };
}

level! {
    CreateChatResponse: chat => chat;
    GetChatResponse: chat => chat;
    UpdateChatResponse: chat => chat;
    ArchiveChatResponse: chat => chat;
    UnarchiveChatResponse: chat => chat;
    DeleteChatResponse: pending => pending_deletes;
    GetChatHistoryResponse: turn => turn;
    WatchChatResponse: event => event;
    AppendMessagesResponse: chat => chat, turn => turns;
    GetMessageResponse: message => message;
    DeleteMessageResponse: pending => pending_deletes;
    AddImagesResponse: image => images;
    GetImageResponse: image => image;
    DeleteImageResponse: pending => pending_deletes;
    AddSearchResultsResponse: search_result => search_results;
    ReserveKeysResponse: whole => expire_time;
    PendDeletesResponse: pending => pending_deletes;
    AckDeletesResponse:;
    FilterUnreferencedKeysResponse:;
    ListReferencedKeysResponse:;
    // What no storage serves yet has no answer to be levelled.
    GrantBlobAccessResponse:;
    CreateInstanceResponse:;
    GetInstanceResponse:;
    ListInstancesResponse:;
    UpdateInstanceResponse:;
    DeleteInstanceResponse:;
    IngestMessagesResponse:;
    ListMessengerMessagesResponse:;
    ListMessengerChatsResponse:;
}

level_pages! {
    ListChatsResponse: chat => chats;
    SearchMessagesResponse: hit => hits;
    ListMessagesResponse: message => messages;
    ListImagesResponse: image => images;
    ListSearchResultsResponse: search_result => search_results;
    ListPendingDeletesResponse: pending => pending_deletes;
}

impl Level for GetUsageResponse {
    fn level(&mut self) -> String {
        days(self);
        String::new()
    }
}

fn event(event: &mut watch_chat_response::Event) {
    match event {
        watch_chat_response::Event::TurnAppended(appended) => turn(appended),
    }
}

fn hit(hit: &mut SearchHit) {
    time(&mut hit.create_time);
}
