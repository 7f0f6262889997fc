//! A progress bar on stderr, for people only.

use std::{
    io::Write,
    sync::atomic::{AtomicUsize, Ordering},
};

const WIDTH: usize = 24;

/// A bar that counts up to a total.
pub(super) struct Progress {
    label: &'static str,
    total: usize,
    done: AtomicUsize,
    is_shown: bool,
}

impl Progress {
    /// A bar for `total` steps; only where it is shown it prints anything.
    pub(super) fn new(label: &'static str, total: usize, is_shown: bool) -> Self {
        let progress = Self { label, total, done: AtomicUsize::new(0), is_shown };
        progress.print(&progress.line(0));
        progress
    }

    /// One step more.
    pub(super) fn advance(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.print(&self.line(done));
    }

    /// Wipes the bar away.
    pub(super) fn finish(&self) {
        self.print("\r\x1b[K");
    }

    fn line(&self, done: usize) -> String {
        let filled = WIDTH * done.min(self.total) / self.total.max(1);
        let bar = format!("{}{}", "#".repeat(filled), ".".repeat(WIDTH - filled));
        format!("\r{} [{bar}] {done}/{}", self.label, self.total)
    }

    fn print(&self, text: &str) {
        if self.is_shown {
            // A terminal that is gone is no reason to stop.
            let _ = std::io::stderr().lock().write_all(text.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_up() {
        let progress = Progress::new("index", 4, false);
        assert_eq!(progress.line(0), "\rindex [........................] 0/4");
        assert_eq!(progress.line(2), "\rindex [############............] 2/4");
        assert_eq!(progress.line(4), "\rindex [########################] 4/4");
    }
}
