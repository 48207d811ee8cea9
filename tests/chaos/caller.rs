//! The caller: a process of its own, which follows the plan of a seed. It does again, with the same request ids, whatever it finds
//! not acknowledged in its list, until all has ended; so it may be killed whenever it is.

mod failure;
mod flows;

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use caller::{Caller, Config};
use clap::Args;
use futures::future::join_all;
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};
use tonic::Code;

use self::failure::Failure;
use crate::{
    ack_list::{self, AckList, Answer, Line, Outcome},
    clients::Clients,
    plan::{Deed, Plan, Step},
    seen::Seen,
    stranger::Stranger,
};

/// The pause before a step is tried again.
const PAUSE_MS: std::ops::Range<u64> = 10..60;
/// How often a refusal is taken for one that a fault has caused.
const REFUSALS: usize = 20;

/// What the harness tells its caller.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    #[arg(long)]
    pub(crate) seed: u64,
    #[arg(long)]
    pub(crate) list: PathBuf,
    #[arg(long)]
    pub(crate) metadata: String,
    #[arg(long)]
    pub(crate) blob: String,
    /// How long a flow may take, in milliseconds.
    #[arg(long)]
    pub(crate) time: u64,
    /// Nothing goes wrong any more: everything must end within so many seconds, and is done once more then.
    #[arg(long)]
    pub(crate) within: Option<u64>,
}

/// Follows the plan to its end.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    fastrand::seed(arguments.seed);
    let seen = Seen::of(ack_list::read(&arguments.list));
    let time = Duration::from_millis(arguments.time);
    let config = Config {
        metadata_url: arguments.metadata.clone(),
        blob_url: arguments.blob.clone(),
        timeout: time,
    };
    let follower = Follower {
        plan: Plan::of(arguments.seed),
        caller: Caller::connect(config)?,
        clients: Clients::to(&arguments.metadata, &arguments.blob, time)?,
        list: AckList::open(&arguments.list)?,
        seen: Mutex::new(seen),
        news: Notify::new(),
        end: arguments
            .within
            .map(|seconds| Instant::now() + Duration::from_secs(seconds)),
    };
    let tasks = follower.plan.tasks.iter();
    join_all(tasks.map(|task| follower.follow(task))).await;
    if follower.end.is_some() && follower.seen().wrong.is_empty() {
        let tasks = follower.plan.tasks.iter();
        join_all(tasks.map(|task| follower.repeat(task))).await;
    }
    Ok(())
}

/// One who follows a plan.
struct Follower {
    plan: Plan,
    caller: Caller,
    clients: Clients,
    list: AckList,
    seen: Mutex<Seen>,
    /// Something was acknowledged.
    news: Notify,
    end: Option<Instant>,
}

impl Follower {
    /// Does the steps one after the other.
    async fn follow(&self, task: &[usize]) {
        for number in task {
            let step = &self.plan.steps[*number];
            self.wait_for_chat(step).await;
            if self.seen().ended.contains_key(number) {
                continue;
            }
            if self.end.is_none() {
                sleep(step.pause).await;
            }
            let Some(outcome) = self.end(step).await else {
                return;
            };
            self.note(Line::Ended {
                step: *number,
                is_again: false,
                outcome,
            });
        }
    }

    /// Does once more what has ended, and must answer alike. What was refused may have been so for reasons that are gone.
    async fn repeat(&self, task: &[usize]) {
        for number in task {
            let step = &self.plan.steps[*number];
            let is_once = matches!(
                step.deed,
                Deed::History
                    | Deed::Pages
                    | Deed::Orphan(_)
                    | Deed::Unfinished
                    | Deed::HalfUpload(_)
            );
            if is_once || self.plan.chat_of(step).is_doomed {
                continue;
            }
            let Some(outcome) = self.end(step).await else {
                return;
            };
            self.note(Line::Ended {
                step: *number,
                is_again: true,
                outcome,
            });
        }
    }

    /// Waits until the step's chat was created, unless the step does that.
    async fn wait_for_chat(&self, step: &Step) {
        let creation = self.plan.chat_of(step).creation;
        loop {
            let news = self.news.notified();
            let seen = self.seen().clone();
            if creation == step.number
                || seen.ended.contains_key(&creation)
                || !seen.wrong.is_empty()
            {
                return;
            }
            news.await;
        }
    }

    /// Does a step until it ends; `None` when it does not end in time.
    async fn end(&self, step: &Step) -> Option<Outcome> {
        let mut refusals = 0;
        loop {
            let failure = match self.try_once(step).await {
                Ok(outcome) => return Some(outcome),
                Err(failure) => failure,
            };
            let is_refused = matches!(
                failure.code,
                Some(Code::NotFound | Code::FailedPrecondition)
            );
            let is_deletion = matches!(step.deed, Deed::DeleteChat | Deed::DropChat);
            if is_refused && !is_deletion && self.is_going(step.chat) {
                return Some(Outcome::Refused(failure.text));
            }
            refusals += usize::from(failure.is_refusal());
            if self
                .end
                .is_some_and(|end| Instant::now() > end || refusals > REFUSALS)
            {
                let what = format!(
                    "step {} {:?} does not end: {}",
                    step.number, step.deed, failure.text
                );
                self.note(Line::Wrong { what });
                return None;
            }
            sleep(Duration::from_millis(fastrand::u64(PAUSE_MS))).await;
        }
    }

    async fn try_once(&self, step: &Step) -> Result<Outcome, Failure> {
        let stranger = Stranger {
            clients: &self.clients,
            plan: &self.plan,
            step,
            is_late: self.end.is_some(),
        };
        let goes_on = |attempt| {
            self.note(Line::UsedUp {
                step: step.number,
                attempt,
            });
            !self.is_going(step.chat)
        };
        let answer = match &step.deed {
            Deed::SaveDocument(content) => self.save_document(step, *content).await?,
            Deed::SaveTurn {
                pictures,
                search_results,
            } => self.save_turn(step, pictures, *search_results).await?,
            Deed::StrangersTurn { is_first, upload } => {
                stranger.append(upload, *is_first, goes_on).await?
            }
            Deed::AddImages { to, upload } => match self.answer(*to) {
                Some(turn) => stranger.add_images(upload, &turn.message, goes_on).await?,
                None => return Ok(nothing_there()),
            },
            Deed::DeleteMessage { of } => match self.answer(*of) {
                Some(turn) => {
                    self.note(Line::Begun { step: step.number });
                    stranger.delete_message(&turn.message).await?
                }
                None => return Ok(nothing_there()),
            },
            Deed::DeleteImage { of } => match self.answer(*of) {
                Some(turn) => {
                    self.note(Line::Begun { step: step.number });
                    stranger.delete_image(&turn.objects[0].id).await?
                }
                None => return Ok(nothing_there()),
            },
            Deed::DeleteChat => {
                self.note(Line::Begun { step: step.number });
                self.delete_chat(step).await?
            }
            Deed::DropChat => {
                self.note(Line::Begun { step: step.number });
                stranger.drop_chat().await?
            }
            Deed::History | Deed::Pages => self.read(step).await?,
            Deed::Orphan(upload) => {
                stranger.put(upload, 0, 0).await?;
                Answer::default()
            }
            Deed::Unfinished => stranger.begin().await?,
            Deed::HalfUpload(upload) => {
                if stranger.put_half(upload).await.is_ok() {
                    let what = format!(
                        "step {}: an upload without its commit frame was acknowledged",
                        step.number
                    );
                    self.note(Line::Wrong { what });
                }
                stranger.put(upload, 0, 0).await?;
                Answer::default()
            }
        };
        Ok(Outcome::Done(answer))
    }

    fn answer(&self, step: usize) -> Option<Answer> {
        self.seen().answer(step).cloned()
    }

    /// Whether the deletion of a chat has begun.
    fn is_going(&self, chat: usize) -> bool {
        let deletes = |step: &&Step| matches!(step.deed, Deed::DeleteChat | Deed::DropChat);
        let mut deletions = self.plan.steps.iter().filter(deletes);
        let seen = self.seen();
        deletions.any(|step| step.chat == chat && seen.begun.contains(&step.number))
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, line: Line) {
        self.list.add(&line).expect("the list can be written");
        self.seen().note(line);
        self.news.notify_waiters();
    }
}

/// How a step ends whose turn was refused.
fn nothing_there() -> Outcome {
    Outcome::Refused("its turn was refused".to_owned())
}
