//! How requests to the ledger are judged.

use std::{mem::take, time::Duration};

use contract::{
    Violations,
    id::Uuid,
    key,
    metadata::v1::{
        AckDeletesRequest, FilterUnreferencedKeysRequest, ListPendingDeletesRequest,
        ListReferencedKeysRequest, PendDeletesRequest, ReserveKeysRequest,
    },
    page::{MAX_SIZE, PageScope},
    violation::Max,
};

use super::{RESERVED_FOR, referenced::Range};
use crate::{
    error::Result,
    page::{Paging, read_cursor},
    request_id::Call,
};

/// How long a reservation lives at most.
const RESERVED_AT_MOST: Duration = Duration::from_secs(7 * 86_400);

/// Which keys are to be reserved, and for how long.
pub(super) type Reserve = (Vec<String>, Duration);

pub(super) fn judge_reserve(mut request: ReserveKeysRequest) -> Result<(Call, Reserve)> {
    let mut v = Violations::default();
    let call = Call::of(&mut v, "ReserveKeys", &request.request_id, &request);
    let keys = judge_keys(&mut v, take(&mut request.keys));
    let expires_in = judge_expires_in(&mut v, request.expires_in);
    Ok(v.accept(Some((call, (keys, expires_in))))?)
}

fn judge_expires_in(v: &mut Violations, given: Option<prost_types::Duration>) -> Duration {
    let Some(given) = given else {
        return RESERVED_FOR;
    };
    let whole = u64::try_from(given.seconds)
        .ok()
        .filter(|_| given.nanos == 0);
    let judged = whole.map(Duration::from_secs).unwrap_or_default();
    if judged.is_zero() || judged > RESERVED_AT_MOST {
        v.add("expires_in", "must be whole seconds, 1 s to 7 days");
    }
    judged
}

pub(super) fn judge_pend(request: PendDeletesRequest) -> Result<Vec<String>> {
    let mut v = Violations::default();
    v.optional_id("request_id", &request.request_id);
    let keys = judge_keys(&mut v, request.keys);
    Ok(v.accept(Some(keys))?)
}

pub(super) fn judge_filter(request: FilterUnreferencedKeysRequest) -> Result<Vec<String>> {
    let mut v = Violations::default();
    let keys = judge_keys(&mut v, request.keys);
    Ok(v.accept(Some(keys))?)
}

pub(super) fn judge_list(request: ListPendingDeletesRequest) -> Result<Paging<(i64, Uuid)>> {
    let mut v = Violations::default();
    let scope = PageScope::new("ListPendingDeletes", &ListPendingDeletesRequest::default());
    let (size, token) = (request.page_size, request.page_token);
    let paging = Paging::judge(&mut v, scope, size, &token, read_cursor);
    Ok(v.accept(Some(paging))?)
}

pub(super) fn judge_ack(request: AckDeletesRequest) -> Result<Vec<Uuid>> {
    let mut v = Violations::default();
    v.optional_id("request_id", &request.request_id);
    let ids = judge_few(&mut v, "ids", request.ids);
    let judged = ids.iter().enumerate();
    let judged: Vec<_> = judged
        .map(|(i, text)| v.id(&format!("ids[{i}]"), text))
        .collect();
    demand_distinct(&mut v, "ids", &ids);
    Ok(v.accept(Some(judged))?)
}

/// A prefix may end anywhere in a key. Any key that was seen resumes, those of adopted rows too, which hold what they like.
pub(super) fn judge_range(request: ListReferencedKeysRequest) -> Result<Range> {
    let mut v = Violations::default();
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'.' | b'-');
    if request.prefix.len() > key::MAX_BYTES {
        v.add("prefix", "must be at most 1,024 bytes");
    } else if !request.prefix.bytes().all(allowed) {
        v.add("prefix", "must hold only [A-Za-z0-9/_.-]");
    }
    let after = v.text("after_key", request.after_key, Max::Chars(key::MAX_BYTES));
    Ok(v.accept(Some(Range {
        prefix: request.prefix,
        after,
    }))?)
}

fn judge_keys(v: &mut Violations, keys: Vec<String>) -> Vec<String> {
    let keys = judge_few(v, "keys", keys);
    for (i, text) in keys.iter().enumerate() {
        if let Err(problem) = key::judge(text) {
            v.add(&format!("keys[{i}]"), problem);
        }
    }
    demand_distinct(v, "keys", &keys);
    keys
}

/// Of another number than 1 to 1,000 nothing else is told.
fn judge_few(v: &mut Violations, field: &str, items: Vec<String>) -> Vec<String> {
    if (1..=MAX_SIZE).contains(&items.len()) {
        return items;
    }
    let has = items.len();
    v.add(field, format!("must have 1 to 1,000 items, has {has}"));
    Vec::new()
}

fn demand_distinct(v: &mut Violations, field: &str, items: &[String]) {
    v.distinct(field, items.iter().filter(|item| !item.is_empty()));
}
