//! The checker: compares the store, the database and the list of what was acknowledged. It remembers what it has judged of the
//! rounds before, which must all be there still.

mod answers;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use contract::metadata::v1::{
    GetUsageRequest, ListPendingDeletesRequest, ListReferencedKeysRequest,
};
use fastrand::Rng;
use tests::S3;
use tonic::{Code, Status};

use crate::{
    ack_list::Kept,
    clients::Clients,
    content,
    plan::{Deed, Plan},
    rows,
    seen::{Seen, compare},
    world::World,
};

/// Where blob-svc keeps objects on their way to their keys, and tries out the store; nobody is told of them, and the sweep removes
/// what stays.
const OWN: &str = "uploads/temp/";
/// How many objects of older rounds are read again.
const OLDER: usize = 5;
/// How long a call may take when nothing is wrong.
const TIME: Duration = Duration::from_secs(60);

/// What must be there of one world.
pub(crate) struct Checker {
    clients: Clients,
    bucket: S3,
    /// Every object that a row names, by its key.
    objects: BTreeMap<String, Kept>,
    /// The rounds that were judged.
    rounds: Vec<(Plan, Seen)>,
    /// Whether the store may have objects that it does not list.
    is_seaweed: bool,
    /// Such objects.
    unlisted: BTreeSet<String>,
}

/// What the store lists: objects with their sizes, and the keys of uploads in parts that have not ended.
pub(crate) struct Stored {
    sizes: BTreeMap<String, u64>,
    uploads: Vec<String>,
}

impl Checker {
    pub(crate) fn of(world: &World) -> anyhow::Result<Self> {
        Ok(Self {
            clients: Clients::to(&world.metadata.url(), &world.blob.url(), TIME)?,
            bucket: world.bucket.clone(),
            objects: BTreeMap::new(),
            rounds: Vec::new(),
            is_seaweed: world.is_on_seaweed(),
            unlisted: BTreeSet::new(),
        })
    }

    /// Judges the store as it lies there behind the faults: whatever shows is whole.
    pub(crate) fn judge_store(&mut self) -> Vec<String> {
        let sizes = self.sizes(self.bucket.sizes(), &self.objects.clone());
        let lost = self.objects.keys().filter(|key| !sizes.contains_key(*key));
        let mut wrong: Vec<_> = lost
            .map(|key| format!("object {key} of an older round is lost"))
            .collect();
        let is_new = |key: &&String| !self.objects.contains_key(*key) && !key.starts_with(OWN);
        let keys: Vec<_> = sizes.keys().filter(is_new).cloned().collect();
        for (key, bytes) in keys.iter().zip(self.bucket.read_all(&keys)) {
            let judged = match bytes {
                Some(bytes) => content::judge(&bytes),
                // A removal of before may have come to its end.
                None if !self.bucket.sizes().contains_key(key) => Ok(()),
                None => Err("is listed and cannot be read".to_owned()),
            };
            wrong.extend(judged.err().map(|what| format!("object {key} {what}")));
        }
        wrong
    }

    /// Judges everything, when all flows have ended and a sweep came to its end, behind which this was `stored`.
    pub(crate) async fn judge(
        &mut self,
        plan: &Plan,
        seen: &Seen,
        stored: Stored,
    ) -> Result<Vec<String>, Status> {
        let mut rng = Rng::with_seed(plan.seed);
        let mut wrong = seen.wrong.clone();
        wrong.extend(answers::judge(plan, seen));
        for chat in 0..plan.chats.len() {
            let found = self.judge_chat(plan, seen, chat, true).await?;
            wrong.extend(found);
        }
        if let Some((plan, seen)) = rng.choice(&self.rounds) {
            let chat = rng.usize(..plan.chats.len());
            let found = self.judge_chat(plan, seen, chat, false).await?;
            wrong.extend(
                found
                    .into_iter()
                    .map(|what| format!("of the older round {}: {what}", plan.seed)),
            );
        }
        let new = objects(plan, seen);
        let all: BTreeMap<_, _> = self
            .objects
            .clone()
            .into_iter()
            .chain(new.clone())
            .collect();
        wrong.extend(self.judge_ledger(&all).await?);
        let older = rng.choose_multiple(self.objects.keys().cloned(), OLDER);
        let read: Vec<_> = new.keys().cloned().chain(older).collect();
        wrong.extend(self.judge_objects(&all, &read, stored));
        self.objects = all;
        self.rounds.push((plan.clone(), seen.clone()));
        Ok(wrong)
    }

    /// What the store lists now.
    pub(crate) fn stored(&self) -> Stored {
        Stored {
            sizes: self.bucket.sizes(),
            uploads: self.bucket.uploads(),
        }
    }

    /// What the store has, with the sizes, by what it lists. Once a SeaweedFS that had been killed did not list an object that a row
    /// named and a sweep had found by its key: so it is asked for each that is missing, and the report tells of such.
    fn sizes(
        &mut self,
        mut sizes: BTreeMap<String, u64>,
        all: &BTreeMap<String, Kept>,
    ) -> BTreeMap<String, u64> {
        if !self.is_seaweed {
            return sizes;
        }
        let missing = all.keys().filter(|key| !sizes.contains_key(*key));
        let missing: Vec<_> = missing.cloned().collect();
        for (key, bytes) in missing.iter().zip(self.bucket.read_all(&missing)) {
            if let Some(bytes) = bytes {
                sizes.insert(key.clone(), bytes.len() as u64);
                self.unlisted.insert(key.clone());
            }
        }
        sizes
    }

    /// Whether the store has objects that no row names, or uploads that have not ended.
    pub(crate) fn has_orphans(&self, stored: &Stored, plan: &Plan, seen: &Seen) -> bool {
        let new = objects(plan, seen);
        let is_orphan = |key: &String| !self.objects.contains_key(key) && !new.contains_key(key);
        !stored.uploads.is_empty() || stored.sizes.keys().any(is_orphan)
    }

    /// How many objects the store has and does not list.
    pub(crate) fn unlisted(&self) -> usize {
        self.unlisted.len()
    }

    /// How many objects there are.
    pub(crate) fn count(&self) -> usize {
        self.objects.len()
    }

    /// Judges the rows of a chat; `is_thorough` by all ways to read them.
    async fn judge_chat(
        &self,
        plan: &Plan,
        seen: &Seen,
        chat: usize,
        is_thorough: bool,
    ) -> Result<Vec<String>, Status> {
        let planned = &plan.chats[chat];
        let id = planned.id.to_string();
        let named = |what: String| format!("chat {id}: {what}");
        let history = rows::history(&self.clients, &id).await;
        if planned.is_doomed {
            return match history {
                Err(status) if status.code() == Code::NotFound => Ok(Vec::new()),
                Err(status) => Err(status),
                Ok(walk) => Ok(vec![named(format!(
                    "is there though it was deleted: {walk:?}"
                ))]),
            };
        }
        let turns = seen.turns(plan, chat, |step| seen.answer(step).is_some());
        let history = match history {
            Err(status) if status.code() == Code::NotFound => {
                return Ok(vec![named("is lost".to_owned())]);
            }
            history => history?,
        };
        let mut wrong = compare(&history, &turns, true);
        if is_thorough {
            wrong.extend(compare(
                &rows::pages(&self.clients, &id).await?,
                &turns,
                true,
            ));
            let kept = objects_of(plan, seen, chat);
            wrong.extend(
                self.judge_usage(&planned.user_id, turns.len(), &kept)
                    .await?,
            );
            wrong.extend(answers::order(plan, seen, chat));
        }
        Ok(wrong.into_iter().map(named).collect())
    }

    async fn judge_usage(
        &self,
        user_id: &str,
        messages: usize,
        kept: &[Kept],
    ) -> Result<Option<String>, Status> {
        let request = GetUsageRequest {
            user_id: user_id.to_owned(),
            ..GetUsageRequest::default()
        };
        let usage = self
            .clients
            .chats()
            .get_usage(self.clients.request(request))
            .await?;
        let total = usage.into_inner().total.unwrap_or_default();
        let images = kept.iter().filter(|kept| !kept.id.is_empty()).count();
        let bytes: i64 = kept.iter().map(|kept| kept.size_bytes).sum();
        let must = (1, messages as i64, images as i64, bytes);
        let is = (
            total.chat_count,
            total.message_count,
            total.image_count,
            total.blob_size_bytes,
        );
        let wrong =
            format!("usage counts chats, messages, images, bytes {is:?} instead of {must:?}");
        Ok((is != must).then_some(wrong))
    }

    /// Every object that a row names is told, and no other; nothing is left to be removed.
    async fn judge_ledger(&self, all: &BTreeMap<String, Kept>) -> Result<Vec<String>, Status> {
        let mut ledger = self.clients.ledger();
        let request = ListReferencedKeysRequest::default();
        let mut stream = ledger
            .list_referenced_keys(self.clients.request(request))
            .await?
            .into_inner();
        let mut told = BTreeMap::new();
        while let Some(answer) = stream.message().await? {
            told.extend(
                answer
                    .keys
                    .into_iter()
                    .map(|key| (key.key, (key.size_bytes, key.sha256))),
            );
        }
        let must = all
            .values()
            .map(|kept| (kept.key.clone(), (kept.size_bytes, kept.sha256.clone())));
        let must: BTreeMap<_, _> = must.collect();
        let mut wrong = differences("the ledger tells of", &must, &told);
        let pending =
            ledger.list_pending_deletes(self.clients.request(ListPendingDeletesRequest::default()));
        let pending = pending.await?.into_inner().pending_deletes;
        wrong.extend(
            pending
                .iter()
                .map(|pending| format!("is left to be removed: {:?}", pending.target)),
        );
        Ok(wrong)
    }

    /// Every object that a row names is there, those of `read` byte for byte, and no other; no upload is unfinished.
    fn judge_objects(
        &mut self,
        all: &BTreeMap<String, Kept>,
        read: &[String],
        stored: Stored,
    ) -> Vec<String> {
        let must = all
            .iter()
            .map(|(key, kept)| (key.clone(), kept.size_bytes.unsigned_abs()));
        let must: BTreeMap<_, _> = must.collect();
        let sizes = self.sizes(stored.sizes, all);
        let mut wrong = differences("the store has", &must, &sizes);
        for (key, bytes) in read.iter().zip(self.bucket.read_all(read)) {
            let digest = bytes.map(|bytes| content::sha256(&bytes));
            if digest.as_deref() != Some(all[key].sha256.as_str()) {
                wrong.push(format!("object {key} has other bytes than its row says"));
            }
        }
        let uploads = stored.uploads.into_iter();
        wrong.extend(uploads.map(|key| format!("an upload of {key} is unfinished still")));
        wrong
    }
}

/// What stands in one and not in the other.
fn differences<T: PartialEq + std::fmt::Debug>(
    who: &str,
    must: &BTreeMap<String, T>,
    is: &BTreeMap<String, T>,
) -> Vec<String> {
    let keys: BTreeSet<_> = must.keys().chain(is.keys()).collect();
    let differ = keys
        .into_iter()
        .filter(|key| must.get(*key) != is.get(*key));
    differ
        .map(|key| {
            format!(
                "{who} {key}: {:?} instead of {:?}",
                is.get(key),
                must.get(key)
            )
        })
        .collect()
}

/// Every object that a row of this round names.
fn objects(plan: &Plan, seen: &Seen) -> BTreeMap<String, Kept> {
    let chats = (0..plan.chats.len()).filter(|chat| !plan.chats[*chat].is_doomed);
    let kept = chats.flat_map(|chat| objects_of(plan, seen, chat));
    kept.map(|kept| (kept.key.clone(), kept)).collect()
}

/// Every object that a row of a chat names.
fn objects_of(plan: &Plan, seen: &Seen, chat: usize) -> Vec<Kept> {
    let turns = seen.turns(plan, chat, |step| seen.answer(step).is_some());
    let creation = plan.chats[chat].creation;
    let is_ours = matches!(plan.steps[creation].deed, Deed::SaveDocument(_));
    let document = seen.answer(creation).filter(|_| is_ours);
    let document = document.map(|answer| answer.objects.clone());
    let images = turns.into_values().flat_map(|turn| turn.images);
    document
        .unwrap_or_default()
        .into_iter()
        .chain(images)
        .collect()
}
