//! Removing objects, one or many.

use super::call::retried;
use super::{Error, Store};
use rusoto_s3::{Delete, DeleteObjectRequest, DeleteObjectsRequest, ObjectIdentifier, S3};

impl Store {
    /// Removes an object. Removing an absent one succeeds.
    pub async fn delete(&self, key: &str) -> Result<(), Error> {
        let request = || {
            self.plain.delete_object(DeleteObjectRequest {
                bucket: self.bucket.clone(),
                key: key.to_owned(),
                ..DeleteObjectRequest::default()
            })
        };
        match retried("s3.DeleteObject", request).await {
            Ok(_) | Err(Error::NoSuchKey) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Removes up to 1,000 objects, and answers those that are still there, each with the store's code for the reason.
    pub async fn delete_many(&self, keys: &[String]) -> Result<Vec<(String, String)>, Error> {
        let (plain, odd): (Vec<&String>, Vec<&String>) = keys.iter().partition(|key| fits_xml(key));
        for key in odd {
            self.delete(key).await?;
        }
        if plain.is_empty() {
            return Ok(Vec::new());
        }
        let objects = plain.iter().map(|key| ObjectIdentifier {
            key: (*key).clone(),
            version_id: None,
        });
        let delete = Delete {
            objects: objects.collect(),
            quiet: None,
        };
        let request = || {
            self.plain.delete_objects(DeleteObjectsRequest {
                bucket: self.bucket.clone(),
                delete: delete.clone(),
                ..DeleteObjectsRequest::default()
            })
        };
        let answer = retried("s3.DeleteObjects", request).await?;
        let (gone, left) = (
            answer.deleted.unwrap_or_default(),
            answer.errors.unwrap_or_default(),
        );
        // Every key is answered for, or the answer is not one.
        if gone.len() + left.len() != plain.len() {
            return Err(Error::Malformed);
        }
        left.into_iter()
            .map(|error| Some((error.key?, error.code?)))
            .filter(|left| left.as_ref().is_none_or(|(_, code)| code != "NoSuchKey"))
            .collect::<Option<_>>()
            .ok_or(Error::Malformed)
    }
}

/// Whether XML can carry a key unchanged: it has no control characters but three, and of those it keeps one as it is.
fn fits_xml(key: &str) -> bool {
    !key.chars()
        .any(|letter| letter.is_control() || matches!(letter, '\u{FFFE}' | '\u{FFFF}'))
}
