//! Users and groups that the base images of Alpine and Debian already have.

use super::table::{Row, Table};

const USERS: Table = Table::new(include_str!("../../knowledge/alpine-users.tsv"));

/// Users of Debian's base that no supported Alpine has; passwd.master of base-passwd, `_apt` of apt.
const OF_DEBIAN: [&str; 8] = ["sys", "proxy", "www-data", "backup", "list", "irc", "gnats", "_apt"];

/// Groups of Debian's base that no supported Alpine has; group.master of base-passwd.
const GROUPS_OF_DEBIAN: [&str; 14] = [
    "proxy", "fax", "voice", "sudo", "dip", "backup", "operator", "list", "irc", "src", "gnats", "sasl",
    "plugdev", "staff",
];

/// Whether an entry is a user or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// A line of /etc/passwd.
    User,
    /// A line of /etc/group.
    Group,
}

/// A user or group of the base image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// User or group.
    pub kind: AccountKind,
    /// Its name.
    pub name: &'static str,
    /// Its number on Alpine.
    pub id: u32,
}

/// Who has the number `id` on Alpine, if anyone.
pub fn taken(kind: AccountKind, id: u32) -> Option<Account> {
    USERS.rows().filter_map(|row| account(&row)).find(|account| account.kind == kind && account.id == id)
}

/// The user or group `name` of Alpine's base image, if there is one.
pub fn alpine_has(kind: AccountKind, name: &str) -> Option<Account> {
    account(&row(kind, name)?)
}

/// The number that the user or group `name` has on Debian, if the table knows it.
pub fn debian_id(kind: AccountKind, name: &str) -> Option<u32> {
    row(kind, name)?.cell(5).parse().ok()
}

/// Whether Debian's base has the user or group `name` and Alpine's has not.
pub fn is_debians_own(kind: AccountKind, name: &str) -> bool {
    match kind {
        AccountKind::User => OF_DEBIAN.contains(&name),
        AccountKind::Group => GROUPS_OF_DEBIAN.contains(&name),
    }
}

fn row(kind: AccountKind, name: &str) -> Option<Row> {
    let prefix = match kind {
        AccountKind::User => "user",
        AccountKind::Group => "group",
    };
    USERS.row(&format!("{prefix}:{name}"))
}

fn account(row: &Row) -> Option<Account> {
    let kind = if row.cell(1) == "user" { AccountKind::User } else { AccountKind::Group };
    let id = row.cell(3).parse().ok()?;
    (row.cell(4) == "yes").then_some(Account { kind, name: row.cell(2), id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_who_is_there() {
        assert_eq!(taken(AccountKind::Group, 999).map(|group| group.name), Some("ping"));
        assert_eq!(taken(AccountKind::User, 999), None);
        assert_eq!(alpine_has(AccountKind::User, "www-data"), None);
        assert_eq!(alpine_has(AccountKind::Group, "www-data").map(|group| group.id), Some(82));
        assert_eq!(alpine_has(AccountKind::User, "root").map(|user| user.id), Some(0));
        assert_eq!(alpine_has(AccountKind::Group, "nogroup").map(|group| group.id), Some(65533));
        assert!(is_debians_own(AccountKind::User, "www-data") && is_debians_own(AccountKind::Group, "staff"));
        let all = OF_DEBIAN.map(|name| (AccountKind::User, name)).into_iter();
        for (kind, name) in all.chain(GROUPS_OF_DEBIAN.map(|name| (AccountKind::Group, name))) {
            assert_eq!(alpine_has(kind, name), None, "{name}");
        }
        assert_eq!(debian_id(AccountKind::User, "www-data"), Some(33));
    }
}
