//! The page of all passes, made from their manuals.

use std::fmt::Write as _;

use crate::pass::Pass;

const HEAD: &str = "# The passes, in the order in which they run\n\n\
    This page is made from the headers of the passes' source files; \
    `UPDATE_DOCS=1 cargo test docs` writes it again.\n";

/// The text of `docs/passes.md`.
pub fn passes_page(passes: &[Pass]) -> String {
    let mut page = HEAD.to_owned();
    for (index, pass) in passes.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(page, "\n## {}. {}\n\n", index + 1, pass.id);
        page.push_str(&one_level_down(&pass.manual()));
    }
    page
}

/// The manual with its headings below the pass's; a `#` in a code block is no heading.
fn one_level_down(manual: &str) -> String {
    let mut is_code = false;
    let mut out = String::with_capacity(manual.len());
    for line in manual.trim_end().lines() {
        is_code ^= line.starts_with("```");
        if line.starts_with('#') && !is_code {
            out.push('#');
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}
