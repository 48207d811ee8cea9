//! The load: callers who never stop.

use futures::future::join_all;
use tests::Service;
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use super::{LIMIT, caller::Caller};

const CALLERS: usize = 32;

/// Who calls, and how he is told to stop.
pub(super) struct Load {
    callers: Vec<JoinHandle<Caller>>,
    /// How many calls were answered and how many refused so far, of each caller.
    counts: Vec<watch::Receiver<Counts>>,
    stop: watch::Sender<bool>,
    away: watch::Sender<bool>,
}

/// How many calls a caller has seen answered, and refused.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) answered: usize,
    pub(super) refused: usize,
}

impl Counts {
    /// How many have ended, however they did.
    pub(super) fn ended(&self) -> usize {
        self.answered + self.refused
    }
}

impl Load {
    pub(super) fn start(service: &Service) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (away, is_away) = watch::channel(false);
        let mut counts = Vec::new();
        let callers = (0..CALLERS).map(|_| {
            let (count, counted) = watch::channel(Counts::default());
            counts.push(counted);
            tokio::spawn(Caller::new(service, is_away.clone()).run(stopped.clone(), count))
        });
        Self {
            callers: callers.collect(),
            counts,
            stop,
            away,
        }
    }

    /// Tells the callers whether Postgres is away.
    pub(super) fn tell(&self, is_away: bool) {
        self.away.send_replace(is_away);
    }

    /// Waits until what each caller has seen is `enough`.
    pub(super) async fn wait_for(&self, enough: impl Fn(&Counts) -> bool + Copy) {
        let all = self.counts.iter().map(|counts| async move {
            let mut counts = counts.clone();
            counts.wait_for(enough).await.expect("it calls").to_owned()
        });
        let all = timeout(LIMIT, join_all(all)).await;
        all.expect("the callers see it");
    }

    /// Waits until each caller has seen `more` than now of what `count` counts.
    pub(super) async fn wait_for_more(&self, count: fn(&Counts) -> usize, more: usize) {
        let all = self.counts.iter().map(|counts| async move {
            let mut counts = counts.clone();
            let now = count(&counts.borrow());
            let enough = counts.wait_for(|counts| count(counts) >= now + more).await;
            enough.expect("it calls").to_owned()
        });
        let all = timeout(LIMIT, join_all(all)).await;
        all.expect("the callers see it");
    }

    pub(super) async fn stop(self) -> Vec<Caller> {
        self.stop.send_replace(true);
        let callers = timeout(LIMIT, join_all(self.callers)).await;
        let callers = callers.expect("no call hangs");
        callers
            .into_iter()
            .map(|caller| caller.expect("it ends by itself"))
            .collect()
    }
}
