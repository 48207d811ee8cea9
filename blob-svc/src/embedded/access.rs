//! Who may do what: whoever signs may do all, and everybody may read objects of a bucket whose policy says so.

use super::Backend;
use s3s::access::{S3Access, S3AccessContext};
use s3s::path::S3Path;
use s3s::{S3ErrorCode, S3Result};

/// The reads of objects that a policy can open.
const READS: [&str; 2] = ["GetObject", "HeadObject"];

#[async_trait::async_trait]
impl S3Access for Backend {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_some() {
            return Ok(());
        }
        let S3Path::Object { bucket, .. } = context.s3_path() else {
            return Err(S3ErrorCode::AccessDenied.into());
        };
        let bucket = bucket.to_string();
        // A bucket that is not there is not told apart from one that is closed.
        let is_open = READS.contains(&context.s3_op().name())
            && self
                .disk(move |disk| disk.settings(&bucket))
                .await
                .is_ok_and(|settings| settings.policy.is_some());
        if is_open {
            Ok(())
        } else {
            Err(S3ErrorCode::AccessDenied.into())
        }
    }
}
