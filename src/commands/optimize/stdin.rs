//! `alpinist optimize -`: a Dockerfile from stdin, its optimized text to stdout.

use std::{
    io::{self, Read, Write},
    path::Path,
};

use super::{
    Exit,
    look::{Shown, look_at_text},
};
use crate::{cli::Format, options::Options, source::Span, view::diagnostic, workspace::load::InputError};

/// What messages call the text.
pub(super) const NAME: &str = "<stdin>";

/// Optimizes the text on stdin; the folder `base` is its build context.
///
/// Stdout gets a whole Dockerfile whatever happens: an editor that takes it over loses nothing.
///
/// # Errors
/// When stdin, stdout or stderr fail.
pub(super) fn run(
    base: &Path,
    options: &Options,
    shown: Shown,
    (check, out): (Check, &mut dyn Write),
) -> io::Result<Exit> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    let prints_text = shown.format == Format::Diff && check == Check::No;
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) => {
            anstream::eprint!("{}", diagnostic::render(&not_utf8(&bytes, error.valid_up_to()), shown.colour));
            if prints_text {
                out.write_all(&bytes)?;
            }
            return Ok(Exit::Failed);
        }
    };
    let options = Options { in_place: true, sibling: false, ..options.clone() };
    let (seen, result) = look_at_text(base, text, &options, shown);
    let failed = seen.totals.failed > 0;
    let changes = result.is_some();
    if prints_text {
        out.write_all(result.as_deref().unwrap_or(text).as_bytes())?;
    } else {
        super::print(&seen.out, (shown.format, out))?;
    }
    out.flush()?;
    anstream::stderr().write_all(&seen.messages)?;
    super::conclude(&seen.totals, &seen.lists, (shown.format, out))?;
    Ok(match (failed, changes && check == Check::Yes) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Changes,
        (false, false) => Exit::Done,
    })
}

/// Whether the run only asks if there is something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// It asks; nothing is printed but the reasons.
    Yes,
    /// It wants the result.
    No,
}

fn not_utf8(bytes: &[u8], valid: usize) -> InputError {
    let good = String::from_utf8_lossy(&bytes[..valid]).into_owned();
    let span = Some(Span::at(good.len()));
    let (what, help) = ("the text is not UTF-8".to_owned(), "save it as UTF-8".to_owned());
    InputError { path: NAME.to_owned(), text: Some(good.into()), span, what, help }
}
