//! Bad requests to `BlobLedgerService`.

use contract::metadata::v1::{
    AckDeletesRequest, FilterUnreferencedKeysRequest, ListPendingDeletesRequest,
    ListReferencedKeysRequest, PendDeletesRequest, ReserveKeysRequest,
};
use prost_types::Duration;

use super::table::{
    Seed, Table, bad_batches, bad_blobs, bad_ids, bad_texts, bad_tokens, malformed_ids,
};
use crate::metadata::{id, texts};

const RESERVE: &str = "BlobLedgerService/ReserveKeys";
const PEND: &str = "BlobLedgerService/PendDeletes";
const FILTER: &str = "BlobLedgerService/FilterUnreferencedKeys";
const REFERENCED: &str = "BlobLedgerService/ListReferencedKeys";
const LIST: &str = "BlobLedgerService/ListPendingDeletes";
const ACK: &str = "BlobLedgerService/AckDeletes";

/// Adds them.
pub(super) fn add(table: &mut Table, seed: &Seed) {
    keys(table, RESERVE, reserve);
    keys(table, PEND, pend);
    keys(table, FILTER, |keys| FilterUnreferencedKeysRequest { keys });
    reservations(table);
    table.each(PEND, "request_id", malformed_ids(), |request_id| {
        PendDeletesRequest {
            request_id,
            ..pend(texts(&["a"]))
        }
    });
    referenced(table);
    pending(table, seed);
}

fn reserve(keys: Vec<String>) -> ReserveKeysRequest {
    ReserveKeysRequest {
        keys,
        ..ReserveKeysRequest::default()
    }
}

fn pend(keys: Vec<String>) -> PendDeletesRequest {
    PendDeletesRequest {
        keys,
        request_id: String::new(),
    }
}

/// Batches of keys that are none.
fn keys<R: prost::Message + std::fmt::Debug>(
    table: &mut Table,
    rpc: &'static str,
    request: impl Fn(Vec<String>) -> R,
) {
    table.each(rpc, "keys", bad_batches(&"a".to_owned()), &request);
    let bad = bad_blobs(1_024).into_iter();
    let bad = bad
        .filter(|(_, part)| *part == "key")
        .map(|(blob, _)| blob.key);
    table.each(rpc, "keys[1]", bad, |bad| {
        request(vec!["a".to_owned(), bad])
    });
    let twice = request(texts(&["a", "b", "a"]));
    table.bad(rpc, twice, &["keys[2]"]);
}

fn reservations(table: &mut Table) {
    let durations = [
        (0, 0),
        (-1, 0),
        (7 * 86_400 + 1, 0),
        (i64::MAX, 0),
        (1, 1),
        (1, -1),
    ];
    table.each(RESERVE, "expires_in", durations, |(seconds, nanos)| {
        ReserveKeysRequest {
            expires_in: Some(Duration { seconds, nanos }),
            ..reserve(texts(&["a"]))
        }
    });
    table.each(RESERVE, "request_id", malformed_ids(), |request_id| {
        ReserveKeysRequest {
            request_id,
            ..reserve(texts(&["a"]))
        }
    });
}

fn referenced(table: &mut Table) {
    let long = "k".repeat(1_025);
    let prefixes = ["a b", "a\0", "ключ", "a%2f", "a*", &long].map(str::to_owned);
    table.each(REFERENCED, "prefix", prefixes, |prefix| {
        ListReferencedKeysRequest {
            prefix,
            ..ListReferencedKeysRequest::default()
        }
    });
    table.each(REFERENCED, "after_key", bad_texts(1_024), |after_key| {
        ListReferencedKeysRequest {
            after_key,
            ..ListReferencedKeysRequest::default()
        }
    });
}

fn pending(table: &mut Table, seed: &Seed) {
    table.each(LIST, "page_size", [-1], |page_size| {
        ListPendingDeletesRequest {
            page_size,
            ..ListPendingDeletesRequest::default()
        }
    });
    table.each(LIST, "page_token", bad_tokens(seed), |page_token| {
        ListPendingDeletesRequest {
            page_token,
            ..ListPendingDeletesRequest::default()
        }
    });
    let base = |ids: Vec<String>| AckDeletesRequest {
        ids,
        request_id: String::new(),
    };
    table.each(ACK, "ids", bad_batches(&id()), base);
    table.each(ACK, "ids[1]", bad_ids(), |bad| base(vec![id(), bad]));
    let same = id();
    table.bad(ACK, base(vec![same.clone(), id(), same]), &["ids[2]"]);
    table.each(ACK, "request_id", malformed_ids(), |request_id| {
        AckDeletesRequest {
            ids: vec![id()],
            request_id,
        }
    });
}
