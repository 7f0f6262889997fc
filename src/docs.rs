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
        let (id, risk, title) = (pass.id, pass.risk.name(), pass.title);
        // Writing to a String cannot fail.
        let _ = write!(page, "\n## {}. {id}\n\n{title}. Risk: at most {risk}.\n\n", index + 1);
        page.push_str(&below_second_level(&pass.manual()));
    }
    page
}

/// The manual with its headings below the page's own; a `#` in a code block is no heading.
fn below_second_level(manual: &str) -> String {
    let mut is_code = false;
    let mut out = String::with_capacity(manual.len());
    for line in manual.trim_end().lines() {
        is_code ^= line.starts_with("```");
        if line.starts_with('#') && !is_code {
            out.push_str("##");
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}
