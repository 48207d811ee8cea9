//! The store's side of the walk: every object of the bucket, in the order of the store.

use contract::blob::v1::{ListObjectsRequest, Object};
use futures::Stream;

use crate::{Result, drain::BATCH, flow::Flow, pages::pages};

const STEP: &str = "ListObjects";

/// Pages of objects.
pub(super) fn objects(flow: &Flow) -> impl Stream<Item = Result<Vec<Object>>> + use<> {
    let flow = flow.clone();
    pages(STEP, move |page_token| {
        let flow = flow.clone();
        let request = ListObjectsRequest {
            page_size: BATCH as i32,
            page_token,
            ..Default::default()
        };
        async move {
            let list = async |r| flow.caller.objects().list_objects(r).await;
            let page = flow.call(STEP, request, list).await?;
            Ok((page.objects, page.next_page_token))
        }
    })
}
