//! Removals of folders. The store's part in them names no key in its URL, so they come one by one.

use std::time::Duration;

use contract::blob::v1::DeletePrefixRequest;
use tests::{
    ObjectStore,
    fault_proxy::{End, Fault, Place, Rule},
};
use tonic::Status;

use super::{ERROR, Faulty, LONG, SHORT, SLOW_DOWN, again, in_time};
use crate::storage::on_each_object_store;

on_each_object_store![
    a_removal_that_says_done_has_removed_all_and_any_other_is_finished_by_the_next
];

const NEIGHBOUR: &str = "faults2/1.png";

impl Faulty {
    /// Removes a folder; whether it said that it was done, and removed all that it saw.
    async fn remove(&self, prefix: &str, time: Duration) -> Result<bool, Status> {
        let request = DeletePrefixRequest {
            prefix: prefix.to_owned(),
            ..DeletePrefixRequest::default()
        };
        let answer = self.objects().delete_prefix(in_time(request, time)).await?;
        let mut answer = answer.into_inner();
        let (mut done, mut all) = (false, true);
        while let Some(message) = answer.message().await? {
            done = message.done;
            all &= message.errors.is_empty();
        }
        assert!(
            done,
            "a removal ends with a word on its end, or with an error"
        );
        Ok(all)
    }
}

async fn a_removal_that_says_done_has_removed_all_and_any_other_is_finished_by_the_next(
    store: ObjectStore,
) {
    let faulty = Faulty::start(store).await;
    assert!(faulty.direct.put(NEIGHBOUR, b"abc"));
    let (removal, list) = (("POST", "?delete"), ("GET", "prefix="));
    let cases = [
        (removal, Fault::Break(End::Reset, Place::Request(0))),
        (removal, Fault::Break(End::Reset, Place::Answer(0))),
        (removal, Fault::Break(End::Hang, Place::Answer(0))),
        (removal, Fault::Break(End::Close, Place::Answer(200))),
        (removal, Fault::Answer(503, SLOW_DOWN)),
        (removal, Fault::Answer(200, "")),
        (removal, Fault::Answer(200, ERROR)),
        (removal, Fault::Answer(200, "<DeleteResult></DeleteResult>")),
        (list, Fault::Break(End::Reset, Place::Request(0))),
        (list, Fault::Break(End::Hang, Place::Answer(0))),
        (list, Fault::Break(End::Close, Place::Answer(400))),
        (list, Fault::Answer(503, SLOW_DOWN)),
        (list, Fault::Answer(200, "")),
        (
            list,
            Fault::Answer(200, "<ListBucketResult></ListBucketResult>"),
        ),
        (list, Fault::Answer(200, ERROR)),
    ];
    for ((method, part), fault) in cases {
        for n in 0..5 {
            assert!(faulty.direct.put(&format!("faults/{n}.png"), b"abc"));
        }
        let rule = Rule::on(method, part, fault);
        let what = format!("{rule:?}");
        if faulty
            .during(rule, faulty.remove("faults/", SHORT))
            .await
            .unwrap_or(false)
        {
            assert_eq!(
                faulty.direct.keys(),
                [NEIGHBOUR],
                "{what}: done, and not all is gone"
            );
        }
        assert!(
            again(async || faulty.remove("faults/", LONG).await).await,
            "{what}"
        );
        assert_eq!(faulty.direct.keys(), [NEIGHBOUR], "{what}");
    }
    faulty.settled(vec![NEIGHBOUR.to_owned()], None).await;
}
