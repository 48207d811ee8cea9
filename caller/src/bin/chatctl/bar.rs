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

/// A bar; it goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Bar {
    bar: ProgressBar,
    shown: JoinHandle<()>,
}

impl Bar {
    /// A bar that shows itself after a second. Standard error that is no terminal shows none.
    pub(crate) fn new(unit: Unit) -> Self {
        let template = match unit {
            Unit::Bytes => "{spinner} {msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
            Unit::Objects => "{spinner} {msg} {wide_bar} {pos}/{len} objects {eta}",
        };
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let later = bar.clone();
        let shown = tokio::spawn(async move {
            tokio::time::sleep(PATIENCE).await;
            later.set_draw_target(ProgressDrawTarget::stderr());
            later.enable_steady_tick(TICK);
        });
        Self { bar, shown }
    }

    /// What moves the bar.
    pub(crate) fn watcher(&self) -> impl Fn(Progress) + Send + Sync + 'static {
        let bar = self.bar.clone();
        move |progress| match progress {
            Progress::Step(step) => bar.set_message(step),
            Progress::Expected(more) => bar.inc_length(more),
            Progress::Done(done) => bar.inc(done),
            Progress::Undone(again) => bar.dec(again),
            _ => {}
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.shown.abort();
        self.bar.finish_and_clear();
    }
}
