//! Limits by the role that a service's name tells, for projects without numbers of their own.

use super::table::Table;

const ROLES: Table = Table::new(include_str!("../../knowledge/limit-roles.tsv"));

/// Recommended limits of a role. Nobody measured them for the service at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    /// The word in the name, as `backend`.
    pub name: &'static str,
    /// Memory, as compose writes it.
    pub memory: &'static str,
    /// Processors, as compose writes them.
    pub cpus: &'static str,
}

/// The role of a service by the words of its name; of several the one with the most memory.
pub fn of_service(name: &str) -> Option<Role> {
    let dashed = format!("-{}-", name.to_ascii_lowercase().replace(['_', '.'], "-"));
    let rows = ROLES.rows().map(|row| Role { name: row.cell(0), memory: row.cell(1), cpus: row.cell(2) });
    rows.filter(|role| dashed.contains(&format!("-{}-", role.name)))
        .max_by_key(|role| crate::compose::size::parse_memory(role.memory))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides() {
        let role = |name| of_service(name).map(|role| role.name);
        assert_eq!(role("backend"), Some("backend"));
        assert_eq!(role("orders_Web-UI"), Some("web-ui"));
        assert_eq!(role("auth-api"), Some("api"));
        assert_eq!(role("rapid"), None);
    }
}
