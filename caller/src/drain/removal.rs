//! Removing objects from the store: single ones, and all under a prefix.

use contract::blob::v1::{
    DeleteError, DeleteObjectsRequest, DeletePrefixRequest, DeletePrefixResponse,
};
use tonic::Streaming;

use super::Kept;
use crate::{Error, Progress, Result, flow::Flow, sample::Sample};

/// What became of a prefix.
#[derive(Debug, Default)]
pub(super) struct Removed {
    pub(super) object_count: u64,
    /// What the store would not remove.
    pub(super) kept: Sample<Kept>,
}

const PREFIX: &str = "DeletePrefix";

/// Removes what lies under a prefix. A walk that breaks off is begun again, and goes on with what is left.
pub(super) async fn remove_prefix(flow: &Flow, prefix: &str) -> Result<Removed> {
    let request = DeletePrefixRequest {
        prefix: prefix.to_owned(),
        request_id: flow.id(PREFIX).to_string(),
        ..Default::default()
    };
    let mut removed = Removed::default();
    loop {
        removed.kept = Sample::default();
        // The first word belongs to the begin: each begin that counts removes a page at least, so that the walk has an end.
        let (first, mut walk) = flow
            .attempt(PREFIX, || begin(flow, request.clone()))
            .await?;
        match follow(flow, first, &mut walk, &mut removed).await {
            Err(error) if error.is_transient() => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(removed),
        }
    }
}

async fn begin(
    flow: &Flow,
    request: DeletePrefixRequest,
) -> Result<(
    Option<DeletePrefixResponse>,
    Streaming<DeletePrefixResponse>,
)> {
    let mut objects = flow.caller.objects();
    let answer = objects.delete_prefix(flow.stream_request(request)).await;
    let mut walk = answer.map_err(Error::at(PREFIX))?.into_inner();
    let first = walk.message().await.map_err(Error::at(PREFIX))?;
    Ok((first, walk))
}

/// Follows a walk to its end.
async fn follow(
    flow: &Flow,
    first: Option<DeletePrefixResponse>,
    walk: &mut Streaming<DeletePrefixResponse>,
    removed: &mut Removed,
) -> Result<()> {
    let (mut page, mut seen) = (first, DeletePrefixResponse::default());
    while let Some(word) = page {
        let grown = |now: i64, before: i64| now.saturating_sub(before).unsigned_abs();
        let matched = grown(word.matched_count, seen.matched_count);
        let deleted = grown(word.deleted_count, seen.deleted_count);
        flow.tell(Progress::Expected(matched));
        flow.tell(Progress::Done(deleted));
        removed.object_count += deleted;
        removed
            .kept
            .extend(word.errors.iter().cloned().map(Kept::from));
        seen = word;
        page = flow.next(PREFIX, walk.message()).await?;
    }
    if seen.done {
        return Ok(());
    }
    Err(Error::Broken {
        step: PREFIX,
        problem: "ended before it saw the whole prefix".into(),
    })
}

/// Removes up to 1,000 objects: those that are gone, absent ones included, and those that the store would not remove.
pub(super) async fn remove_keys(
    flow: &Flow,
    keys: Vec<String>,
) -> Result<(Vec<String>, impl Iterator<Item = Kept>)> {
    const STEP: &str = "DeleteObjects";
    flow.tell(Progress::Expected(keys.len() as u64));
    let request = DeleteObjectsRequest {
        keys,
        request_id: flow.id(STEP).to_string(),
        ..Default::default()
    };
    let delete = async |r| flow.caller.objects().delete_objects(r).await;
    let answer = flow.call(STEP, request, delete).await?;
    flow.tell(Progress::Done(answer.deleted_keys.len() as u64));
    Ok((
        answer.deleted_keys,
        answer.errors.into_iter().map(Kept::from),
    ))
}

impl From<DeleteError> for Kept {
    fn from(DeleteError { key, code }: DeleteError) -> Self {
        Self { key, code }
    }
}
