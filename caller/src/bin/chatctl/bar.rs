//! Progress bars: on a terminal, for what lasts over a second.

use std::time::Duration;

use caller::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinHandle;

/// Nothing is shown of what is done by then.
const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(120);

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    Bytes,
    Objects,
}

impl Unit {
    /// How it is shown where it is known how much there is.
    fn measured(self) -> &'static str {
        match self {
            Self::Bytes => "{spinner} {msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
            Self::Objects => "{spinner} {msg} {wide_bar} {pos}/{len} objects {eta}",
        }
    }

    /// How it is shown where it is not.
    fn counted(self) -> &'static str {
        match self {
            Self::Bytes => "{spinner} {msg} {bytes} {bytes_per_sec}",
            Self::Objects => "{spinner} {msg} {pos} objects {per_sec}",
        }
    }
}

/// A bar; it goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Bar {
    bar: ProgressBar,
    unit: Unit,
    shown: JoinHandle<()>,
}

impl Bar {
    /// A bar that shows itself after a second. Standard error that is no terminal shows none.
    pub(crate) fn new(unit: Unit) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        restyle(&bar, unit.measured());
        let later = bar.clone();
        let shown = tokio::spawn(async move {
            tokio::time::sleep(PATIENCE).await;
            later.set_draw_target(ProgressDrawTarget::stderr());
            later.enable_steady_tick(TICK);
        });
        Self { bar, unit, shown }
    }

    /// What moves the bar. What is only counted, and what is measured, each begin at nothing.
    pub(crate) fn watcher(&self) -> impl Fn(Progress) + Send + Sync + 'static {
        let (bar, unit) = (self.bar.clone(), self.unit);
        move |progress| match progress {
            Progress::Step(step) => bar.set_message(step),
            Progress::Seen(more) => {
                if bar.length().is_some() {
                    bar.reset();
                    bar.unset_length();
                    restyle(&bar, unit.counted());
                }
                bar.inc(more);
            }
            Progress::Expected(more) => {
                if bar.length().is_none() {
                    bar.reset();
                    bar.set_length(0);
                    restyle(&bar, unit.measured());
                }
                bar.inc_length(more);
            }
            Progress::Done(done) => bar.inc(done),
            Progress::Undone(again) => bar.dec(again),
            _ => {}
        }
    }
}

fn restyle(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.shown.abort();
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_seen_has_no_end_and_what_is_expected_begins_anew() {
        let bar = Bar::new(Unit::Objects);
        let watch = bar.watcher();
        let stands = || (bar.bar.position(), bar.bar.length());
        watch(Progress::Expected(4));
        watch(Progress::Done(3));
        assert_eq!(stands(), (3, Some(4)));
        watch(Progress::Seen(1_000));
        watch(Progress::Seen(500));
        assert_eq!(stands(), (1_500, None));
        watch(Progress::Expected(20));
        watch(Progress::Expected(5));
        watch(Progress::Done(10));
        assert_eq!(stands(), (10, Some(25)));
    }

    #[test]
    fn every_template_is_understood() {
        for unit in [Unit::Bytes, Unit::Objects] {
            for template in [unit.measured(), unit.counted()] {
                ProgressStyle::with_template(template).expect(template);
            }
        }
    }
}
