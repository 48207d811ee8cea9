//! The ledger over the wire: which keys rows may name, which a sweep may remove, and the walk over all that rows name.

mod adopted;
mod races;
mod referenced;
mod reservations;
mod switches;
mod used_up;

use contract::{
    metadata::v1::{
        AckDeletesRequest, AddImagesRequest, FilterUnreferencedKeysRequest,
        ListReferencedKeysRequest, ListReferencedKeysResponse, PendDeletesRequest, PendingDelete,
        ReferencedKey, ReserveKeysRequest,
    },
    status::KEY_USED_UP,
    time::Time,
};
use futures::TryStreamExt as _;
use prost_types::Duration;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{
    metadata::{Client, image, texts, turn},
    storage::on_each_storage,
};
use {races::*, referenced::*, reservations::*, switches::*, used_up::*};

on_each_storage![
    a_used_up_key_is_named_by_no_call_before_and_after_its_ack_and_after_kill_9,
    a_chat_that_is_deleted_uses_up_every_key_under_its_prefix,
    a_repeated_call_is_answered_as_before_also_when_its_key_is_used_up_since,
    what_is_recorded_again_keeps_its_record_until_it_is_removed_and_then_gets_another,
    a_sweep_records_only_what_no_row_names_and_no_reservation_holds,
    a_document_that_moves_leaves_a_key_that_no_sweep_takes_for_a_day,
    a_document_that_stays_where_it_is_reserves_nothing,
    a_reservation_holds_a_key_until_it_ends_and_the_later_end_counts,
    a_reservation_is_whole_or_none_and_repeated_with_its_answer,
    keys_are_walked_in_byte_order_each_once_and_from_any_key_on,
    a_key_has_the_size_and_digest_of_the_first_row_that_names_it,
    keys_that_are_named_throughout_a_walk_are_walked_whatever_changes_meanwhile,
    of_who_names_a_key_and_who_sweeps_it_at_once_one_side_wins,
    of_who_reserves_a_key_and_who_sweeps_it_at_once_one_side_wins,
    drainers_at_once_strike_out_each_record_once,
    a_protection_that_is_off_is_told_once_in_the_log_and_none_where_all_are_on,
    without_its_protection_a_request_id_has_an_effect_each_time,
    without_its_protection_a_sweep_records_what_rows_name,
    without_its_protection_nothing_is_recorded_and_no_key_is_used_up,
];

impl Client {
    /// Reserves keys for so many seconds; tells until when.
    pub(crate) async fn reserve(&self, keys: &[&str], seconds: i64) -> Result<Time, Status> {
        let request = ReserveKeysRequest {
            keys: texts(keys),
            expires_in: Some(Duration { seconds, nanos: 0 }),
            request_id: String::new(),
        };
        let answer = self.ledger().reserve_keys(request).await?.into_inner();
        let ends = answer.expire_time.expect("a reservation ends");
        Ok(Time::from_wire(&ends).expect("it is a time"))
    }

    /// Records for removal what may be removed of the keys.
    pub(crate) async fn pend(&self, keys: &[&str]) -> Vec<PendingDelete> {
        let request = PendDeletesRequest {
            keys: texts(keys),
            request_id: String::new(),
        };
        let answer = self.ledger().pend_deletes(request).await;
        answer.expect("it is recorded").into_inner().pending_deletes
    }

    /// Of keys, those that nothing names and nothing holds.
    pub(crate) async fn unreferenced(&self, keys: &[&str]) -> Vec<String> {
        let request = FilterUnreferencedKeysRequest { keys: texts(keys) };
        let answer = self.ledger().filter_unreferenced_keys(request).await;
        answer.expect("it is told").into_inner().unreferenced_keys
    }

    /// Strikes out records; tells how many were there.
    pub(crate) async fn ack(&self, pending: &[PendingDelete]) -> i64 {
        let request = AckDeletesRequest {
            ids: pending.iter().map(|delete| delete.id.clone()).collect(),
            request_id: String::new(),
        };
        let answer = self.ledger().ack_deletes(request).await;
        answer.expect("it is struck out").into_inner().acked_count
    }

    /// Walks the keys that rows name.
    pub(crate) async fn referenced(&self, prefix: &str, after: &str) -> Vec<ReferencedKey> {
        let request = ListReferencedKeysRequest {
            prefix: prefix.to_owned(),
            after_key: after.to_owned(),
        };
        let stream = self.ledger().list_referenced_keys(request).await;
        let stream = stream.expect("it is streamed").into_inner();
        let messages: Vec<ListReferencedKeysResponse> = stream
            .try_collect()
            .await
            .expect("it is streamed to its end");
        assert!(messages.iter().all(|m| (1..=1_000).contains(&m.keys.len())));
        messages
            .into_iter()
            .flat_map(|message| message.keys)
            .collect()
    }

    /// Adds an image of this key to a message.
    async fn add_image(&self, message_id: &str, key: &str) -> Result<String, Status> {
        let request = AddImagesRequest {
            message_id: message_id.to_owned(),
            images: vec![image(key)],
            request_id: String::new(),
        };
        let answer = self.images().add_images(request).await?.into_inner();
        Ok(answer.images[0].id.clone())
    }

    /// Appends a message with an image of each key.
    async fn append_images(&self, chat_id: &str, keys: &[&str]) -> Result<(), Status> {
        let mut with_images = turn("with images");
        with_images.images = keys.iter().map(|key| image(key)).collect();
        self.append(chat_id, vec![with_images]).await?;
        Ok(())
    }
}

/// Claims that a call was refused because `key` is used up, and that programs are told so.
fn is_used_up<T: std::fmt::Debug>(answer: Result<T, Status>, key: &str) {
    let status = answer.expect_err("the key is used up");
    assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}");
    let details = status.get_error_details();
    let failure = details.precondition_failure().expect("it tells programs");
    let told = &failure.violations[0];
    assert_eq!(
        (told.r#type.as_str(), told.subject.as_str()),
        (KEY_USED_UP, key)
    );
    assert!(status.message().contains("use a new key"), "{status:?}");
}
