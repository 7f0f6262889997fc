//! A line on the terminal that says how far a long run is.

use std::{
    io::{self, Write},
    sync::Mutex,
    time::{Duration, Instant},
};

const WIDTH: usize = 30;
const PAUSE: Duration = Duration::from_millis(100);

/// How far a run is; shown on stderr when that is a terminal.
#[derive(Debug)]
pub(super) struct Progress {
    total: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    done: usize,
    shown: Option<Instant>,
    is_visible: bool,
}

impl Progress {
    /// A run over `total` projects; nothing is ever shown of one, or without a terminal.
    pub(super) fn new(total: usize, is_terminal: bool) -> Self {
        let total = if is_terminal && total > 1 { total } else { 0 };
        Self { total, state: Mutex::new(State { done: 0, shown: None, is_visible: false }) }
    }

    /// One more is done.
    pub(super) fn step(&self) {
        let Ok(mut state) = self.state.lock() else { return };
        state.done += 1;
        let is_due = state.shown.is_none_or(|shown| shown.elapsed() >= PAUSE);
        if self.total > 0 && is_due {
            state.shown = Some(Instant::now());
            state.is_visible = true;
            // A bar that cannot be drawn is no reason to stop.
            let _ = write!(io::stderr(), "\r{}", bar(state.done, self.total));
        }
    }

    /// Takes the line away, so that other text can be written.
    pub(super) fn clear(&self) {
        let Ok(mut state) = self.state.lock() else { return };
        if std::mem::take(&mut state.is_visible) {
            let _ = write!(io::stderr(), "\r\x1b[2K");
        }
    }
}

fn bar(done: usize, total: usize) -> String {
    let filled = (done * WIDTH / total).min(WIDTH);
    format!("[{}{}] {done}/{total} projects", "=".repeat(filled), " ".repeat(WIDTH - filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_up() {
        assert_eq!(bar(1, 2), format!("[{}{}] 1/2 projects", "=".repeat(15), " ".repeat(15)));
    }
}
