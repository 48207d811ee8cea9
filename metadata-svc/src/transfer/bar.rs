//! A progress bar: on a terminal, and nothing otherwise.

use indicatif::{ProgressBar, ProgressStyle};

/// Bytes of lines that went by; the bar goes when this is dropped.
#[derive(Debug)]
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// A bar up to `total` bytes, or a count where it is not known.
    pub(super) fn new(total: Option<u64>) -> Self {
        let (bar, template) = match total {
            Some(total) => (
                ProgressBar::new(total),
                "{spinner} {msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
            ),
            None => (
                ProgressBar::new_spinner(),
                "{spinner} {msg} {bytes} {bytes_per_sec}",
            ),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Rows of `table` went by in lines of `bytes`.
    pub(super) fn step(&self, table: &'static str, bytes: usize) {
        self.0.set_message(table);
        self.0.inc(u64::try_from(bytes).unwrap_or_default());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
