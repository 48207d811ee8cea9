//! Where a bucket stands: what of its configuration is true, and making it so.

use super::{Bucket, Buckets, policy};
use crate::s3::Error;
use futures::StreamExt;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How many buckets are asked after at once.
const AT_ONCE: usize = 8;
/// How often a setting that was made is looked at before it counts as not made.
const LOOKS: usize = 10;
const PAUSE: Duration = Duration::from_millis(200);

/// Where a bucket stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Which.
    pub bucket: Arc<Bucket>,
    /// All in all.
    pub state: State,
    /// What is not as configured, in words.
    pub problems: Vec<String>,
}

/// All in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is there, with its settings.
    Ready,
    /// It is not there.
    Missing,
    /// It is there, or may be, and something is not as configured.
    Incomplete,
}

/// What is set of a bucket, beside its name.
#[derive(Debug, Clone, Copy)]
enum Setting {
    Policy,
    AccessList,
    Cors,
    Lifecycle,
}

/// A line for people: `NAME: READY`, or with its problems behind it.
impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Ready => "READY",
            State::Missing => "MISSING",
            State::Incomplete => "INCOMPLETE",
        };
        write!(f, "{}: {state}", self.bucket.name())?;
        self.problems
            .iter()
            .try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl Setting {
    const ALL: [Self; 4] = [Self::Policy, Self::AccessList, Self::Cors, Self::Lifecycle];

    /// In words, before a problem.
    fn name(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::AccessList => "access list",
            Self::Cors => "cors",
            Self::Lifecycle => "lifecycle",
        }
    }
}

impl Buckets {
    /// Where every bucket stands, by name. With `mend`, the missing are made and the settings brought in line first; without, the
    /// store is only read. The error is the store's, when it answers for none of them.
    pub async fn standings(&self, mend: bool) -> Result<Vec<Standing>, Error> {
        let each = self.iter().cloned().map(|bucket| async move {
            let is_there = bucket.is_there(mend).await;
            let error = is_there.as_ref().err().copied();
            let (state, problems) = bucket.standing(is_there, mend).await;
            let standing = Standing {
                bucket,
                state,
                problems,
            };
            (standing, error)
        });
        let mut all: Vec<_> = futures::stream::iter(each)
            .buffered(AT_ONCE)
            .collect()
            .await;
        if let Some((_, Some(Error::Unavailable))) = all.first()
            && all
                .iter()
                .all(|(_, error)| *error == Some(Error::Unavailable))
        {
            return Err(Error::Unavailable);
        }
        all.sort_by(|(one, _), (other, _)| one.bucket.name().cmp(other.bucket.name()));
        Ok(all.into_iter().map(|(standing, _)| standing).collect())
    }
}

impl Bucket {
    async fn is_there(&self, mend: bool) -> Result<bool, Error> {
        if mend {
            self.store.ensure_bucket().await?;
        }
        self.store.bucket_exists().await
    }

    async fn standing(&self, is_there: Result<bool, Error>, mend: bool) -> (State, Vec<String>) {
        match is_there {
            Ok(true) => {
                let settings = Setting::ALL.map(|setting| self.problem_left(setting, mend));
                let problems: Vec<_> = futures::future::join_all(settings).await;
                let problems: Vec<_> = problems.into_iter().flatten().collect();
                let state = if problems.is_empty() {
                    State::Ready
                } else {
                    State::Incomplete
                };
                (state, problems)
            }
            Ok(false) | Err(Error::NoSuchBucket) => (State::Missing, Vec::new()),
            Err(error) => self.unknown(error, mend).await,
        }
    }

    /// Making it failed, or asking after it did.
    async fn unknown(&self, error: Error, mend: bool) -> (State, Vec<String>) {
        if mend && self.store.bucket_exists().await == Ok(false) {
            return (State::Missing, vec![format!("it cannot be made: {error}")]);
        }
        let problem = format!("whether it is there and ours cannot be told: {error}");
        (State::Incomplete, vec![problem])
    }

    /// What is wrong with a setting in the end.
    async fn problem_left(&self, setting: Setting, mend: bool) -> Option<String> {
        let problem = match self.problem(setting).await {
            Ok(problem) => problem?.to_owned(),
            Err(error) => return Some(format!("{}: cannot be read: {error}", setting.name())),
        };
        let name = setting.name();
        if !mend {
            return Some(format!("{name}: {problem}"));
        }
        if let Err(error) = self.mend(setting).await {
            return Some(format!(
                "{name}: {problem}, and that cannot be changed: {error}"
            ));
        }
        // Stores tell a new setting a moment later, or not while somebody else makes it too.
        for _ in 0..LOOKS {
            if self.problem(setting).await == Ok(None) {
                return None;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Some(format!(
            "{name}: {problem}; the store took the change, and does not tell it back yet"
        ))
    }

    /// What is not as configured; none where all is.
    async fn problem(&self, setting: Setting) -> Result<Option<&'static str>, Error> {
        Ok(match setting {
            Setting::Policy => match self.store.policy().await {
                // Without policies nothing opens a bucket.
                Err(Error::Unsupported) if !self.rules.public => None,
                policy => policy::wished(policy?.as_ref(), self.name(), self.rules.public).problem,
            },
            Setting::AccessList => self
                .store
                .is_granted_to_everybody()
                .await?
                .then_some("it grants rights to everybody"),
            Setting::Cors => match &self.rules.cors {
                None => None,
                Some(cors) => {
                    let kept = self.store.cors().await?;
                    (kept != [cors.clone()]).then_some("it is another than the configured one")
                }
            },
            Setting::Lifecycle => self.lifecycle_problem().await?,
        })
    }

    async fn lifecycle_problem(&self) -> Result<Option<&'static str>, Error> {
        let wished = &self.rules.lifecycle;
        let kept = match self.store.lifecycle().await {
            Err(Error::Unsupported) if wished.is_empty() => return Ok(None),
            kept => kept?,
        };
        let is_right = if kept.foreign {
            kept.lifecycle.covers(wished)
        } else {
            kept.lifecycle == *wished
        };
        Ok(match (is_right, kept.foreign) {
            (true, _) => None,
            (false, false) => Some("it is another than the configured one"),
            (false, true) => {
                Some("it is another than the configured one, and has rules of somebody else")
            }
        })
    }

    /// Makes a setting as configured.
    async fn mend(&self, setting: Setting) -> Result<(), Error> {
        match setting {
            Setting::Policy => {
                let policy = self.store.policy().await?;
                let wished = policy::wished(policy.as_ref(), self.name(), self.rules.public);
                self.store.put_policy(wished.policy.as_ref()).await
            }
            Setting::AccessList => self.store.revoke_grants().await,
            Setting::Cors => match &self.rules.cors {
                None => Ok(()),
                Some(cors) => self.store.put_cors(cors).await,
            },
            Setting::Lifecycle => {
                // Not ours to lose: writing all rules again would change those we cannot read whole.
                if self.store.lifecycle().await?.foreign {
                    return Err(Error::Refused);
                }
                self.store.put_lifecycle(&self.rules.lifecycle).await
            }
        }
    }
}
