//! Settings of the whole bucket. They are read alone: writing them, even for a moment, is for all who use the bucket.

use super::bench::Bench;
use super::{Finding, Found, no, yes};
use crate::s3::Error;

impl Bench {
    pub(super) async fn bucket_policy(&self) -> Found {
        let policy = self.store.policy().await;
        readable(policy.map(|policy| {
            if policy.is_some() {
                "there is one"
            } else {
                "there is none"
            }
        }))
    }

    pub(super) async fn cors(&self) -> Found {
        let rules = self.store.cors().await;
        readable(rules.map(|rules| format!("rules: {}", rules.len())))
    }

    pub(super) async fn lifecycle(&self) -> Found {
        let kept = self.store.lifecycle().await;
        readable(kept.map(|kept| {
            let lifecycle = kept.lifecycle;
            let aborts = usize::from(lifecycle.abort_unfinished_uploads_after_days.is_some());
            let foreign = if kept.foreign {
                ", some of somebody else"
            } else {
                ""
            };
            format!(
                "rules: {}{foreign}",
                lifecycle.expire_after_days.len() + aborts
            )
        }))
    }
}

fn readable(setting: Result<impl Into<String>, Error>) -> Found {
    match setting {
        Ok(told) => {
            let told: String = told.into();
            yes(format!("{told}; read alone, nothing was changed"))
        }
        Err(Error::Unsupported) => no("the store does not know it"),
        Err(Error::Forbidden) => Ok(Finding {
            supported: false,
            detail: "not known: the credentials may not read it".to_owned(),
        }),
        Err(error) => Err(error),
    }
}
