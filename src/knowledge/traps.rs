//! What goes wrong when a project moves to Alpine, by number and by error text.

use super::table::{Row, Table};

const TRAPS: Table = Table::new(include_str!("../../knowledge/traps.tsv"));
const ERRORS: Table = Table::new(include_str!("../../knowledge/errors.tsv"));

/// What the tool does about a trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It changes the files and keeps the meaning.
    Fix,
    /// It proposes a change for review.
    Review,
    /// It declines and says why.
    Refuse,
    /// It goes on and prints a finding.
    Warn,
    /// It leaves the lines as they are.
    Keep,
    /// It never writes this.
    Never,
}

impl Action {
    /// What the tool does, as a sentence, where its weights do not say it.
    pub fn told(self) -> Option<&'static str> {
        match self {
            Action::Fix => Some("alpinist changes such lines and keeps their meaning."),
            Action::Keep => Some("alpinist leaves such lines as they are."),
            Action::Never => Some("alpinist never writes this."),
            Action::Review | Action::Refuse | Action::Warn => None,
        }
    }
}

/// What a reason does to a change. Ordered: the heavier, the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Rare, or the same for every image: nothing stops.
    Note,
    /// A reviewer or a build can tell: the change is proposed, with the question.
    Ask,
    /// The result would fail or lose something: the change is not made.
    Breaks,
}

impl Weight {
    /// The weight that is called `name` in the table.
    fn named(name: &str) -> Option<Self> {
        match name {
            "note" => Some(Weight::Note),
            "ask" => Some(Weight::Ask),
            "breaks" => Some(Weight::Breaks),
            _ => None,
        }
    }

    /// What becomes of a change, as the end of a sentence.
    pub fn told(self) -> &'static str {
        match self {
            Weight::Note => "nothing stops",
            Weight::Ask => "the change is proposed with a question",
            Weight::Breaks => "the change is not made",
        }
    }

    /// The word for it in messages and in alpinist.yaml.
    pub fn name(self) -> &'static str {
        match self {
            Weight::Note => "note",
            Weight::Ask => "ask",
            Weight::Breaks => "breaks",
        }
    }
}

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trap {
    /// Its number, as `PKG-05`.
    pub id: &'static str,
    /// What the tool does about it.
    pub action: Action,
    /// What it weighs where the project shows it.
    pub known: Weight,
    /// What it weighs where it may be there.
    pub doubt: Weight,
    /// A few words for it.
    pub name: &'static str,
    /// What happens, in a sentence or two.
    pub text: &'static str,
    /// What to do about it, or empty.
    pub way_out: &'static str,
    /// How to find out whether it is there, imperative, or empty.
    pub settle: &'static str,
}

/// The trap with this number; case does not matter.
pub fn get(id: &str) -> Option<Trap> {
    trap(&TRAPS.row(&id.to_ascii_uppercase())?)
}

/// All traps in the order of their numbers.
pub fn all() -> impl Iterator<Item = Trap> {
    TRAPS.rows().filter_map(|row| trap(&row))
}

/// The traps that an error message or a trap number speaks of; the closest match comes first.
pub fn explain(text: &str) -> Vec<Trap> {
    if let Some(trap) = get(text.trim()) {
        return vec![trap];
    }
    let text = text.to_ascii_lowercase();
    let mut matches: Vec<Row> = ERRORS.rows().filter(|row| is_match(&text, row.cell(0))).collect();
    matches.sort_by_key(|row| std::cmp::Reverse(row.cell(0).len()));
    let mut found: Vec<Trap> = Vec::new();
    for row in matches {
        for trap in row.cell(1).split(' ').filter_map(get) {
            if !found.contains(&trap) {
                found.push(trap);
            }
        }
    }
    found
}

/// Whether the parts of `pattern` between `…` occur in `text` in this order.
fn is_match(text: &str, pattern: &str) -> bool {
    let mut rest = text;
    pattern.to_ascii_lowercase().split('…').map(str::trim).all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

fn trap(row: &Row) -> Option<Trap> {
    let action = match row.cell(1) {
        "fix" => Action::Fix,
        "review" => Action::Review,
        "refuse" => Action::Refuse,
        "warn" => Action::Warn,
        "keep" => Action::Keep,
        "never" => Action::Never,
        _ => return None,
    };
    Some(Trap {
        id: row.cell(0),
        action,
        known: Weight::named(row.cell(2))?,
        doubt: Weight::named(row.cell(3))?,
        name: row.cell(4),
        text: row.cell(5),
        way_out: row.cell(6),
        settle: row.cell(7),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<&'static str> {
        explain(text).iter().map(|trap| trap.id).collect()
    }

    #[test]
    fn explains_error_texts() {
        assert_eq!(ids("Error loading shared library libpq.so.5: No such file or directory")[0], "PKG-06");
        assert_eq!(ids("addgroup: gid '999' in use")[0], "USER-03");
        assert_eq!(ids("ERROR: No matching distribution found for torch")[0], "BASE-01");
        assert_eq!(ids("exec /entrypoint.sh: no such file or directory")[0], "PKG-19");
        assert_eq!(ids("all is well"), [""; 0]);
    }

    #[test]
    fn finds_a_trap_by_number() {
        assert_eq!(ids("pkg-05"), ["PKG-05"]);
        assert_eq!(get("PKG-01").map(|trap| trap.action), Some(Action::Refuse));
        assert_eq!(all().count(), include_str!("../../knowledge/traps.tsv").lines().count() - 1);
    }
}
