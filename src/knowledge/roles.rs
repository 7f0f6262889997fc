//! Limits by the role of a service, for projects without numbers of their own; what a service runs tells its role.

use super::table::Table;

const ROLES: Table = Table::new(include_str!("../../knowledge/limit-roles.tsv"));
const SERVED: Table = Table::new(include_str!("../../knowledge/served-roles.tsv"));
const FRONT_ENDS: Table = Table::new(include_str!("../../knowledge/front-ends.tsv"));
const BUILDERS: Table = Table::new(include_str!("../../knowledge/builders-at-start.tsv"));

/// Recommended limits of a role. Nobody measured them for the service at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    /// What it is called in the table, as `auth`.
    pub name: &'static str,
    /// What kind of service has it: `backend` or `frontend`.
    pub kind: &'static str,
    /// Memory, as compose writes it.
    pub memory: &'static str,
    /// Processors, as compose writes them.
    pub cpus: &'static str,
}

/// What a program makes of the service that runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// `backend` or `frontend`.
    pub kind: &'static str,
    /// The same in words, as `a web server`.
    pub what: &'static str,
}

/// The program that serves pages or requests where its own text is all there is to go by.
pub const WEB_SERVER: Served = Served { kind: "backend", what: "a web server" };

/// A site for browsers.
pub const FRONT_END: Served = Served { kind: "frontend", what: "a front end" };

/// What a command line makes of its service.
pub fn of_command(words: &[&str]) -> Option<Served> {
    words.iter().rev().find_map(|program| {
        let row = SERVED.row(program)?;
        let wanted = row.cell(1);
        let is_so = wanted.is_empty() || words.contains(&wanted);
        is_so.then(|| Served { kind: row.cell(2), what: row.cell(3) })
    })
}

/// Whether a package of npm makes pages for browsers.
pub fn is_front_end(package: &str) -> bool {
    FRONT_ENDS.row(package).is_some()
}

/// Whether a command line builds or watches what it serves.
pub fn builds(line: &str) -> bool {
    let line = format!(" {line} ");
    BUILDERS.rows().any(|row| line.contains(row.cell(0)))
}

/// The role of a service of this kind: the one that its name tells, or that of the kind itself.
pub fn of_service(kind: &str, name: &str) -> Option<Role> {
    let dashed = format!("-{}-", name.to_ascii_lowercase().replace(['_', '.'], "-"));
    let rows = ROLES.rows().map(|row| Role {
        name: row.cell(0),
        kind: row.cell(1),
        memory: row.cell(2),
        cpus: row.cell(3),
    });
    let of_kind: Vec<Role> = rows.filter(|role| role.kind == kind).collect();
    let named = of_kind.iter().filter(|role| dashed.contains(&format!("-{}-", role.name)));
    let named = named.max_by_key(|role| crate::compose::size::parse_memory(role.memory));
    named.or_else(|| of_kind.iter().find(|role| role.name == kind)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_more_than_the_kind() {
        let role = |kind, name| of_service(kind, name).map(|role| role.name);
        assert_eq!(role("backend", "orders"), Some("backend"));
        assert_eq!(role("backend", "auth"), Some("auth"));
        assert_eq!(role("backend", "auth-api"), Some("api"));
        assert_eq!(role("frontend", "orders_Web-UI"), Some("web-ui"));
        assert_eq!(role("frontend", "backend"), Some("frontend"));
    }

    #[test]
    fn programs_tell_the_kind() {
        let what = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            of_command(&words).map(|served| served.what)
        };
        assert_eq!(what("python -m uvicorn a:app"), Some("a web server"));
        assert_eq!(what("celery -A a worker -c 2"), Some("a worker"));
        assert_eq!(what("celery -A a beat"), None);
        assert_eq!(what("next start"), Some("a front end"));
        assert_eq!(what("next dev"), None);
        assert!(builds("ng serve") && builds("npm run dev") && !builds("node server.js"));
    }
}
