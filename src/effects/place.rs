//! Places in an image, some parts of which may be unknown, and how two of them relate.

/// A path in an image; a part with a variable or a pattern may be any name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'p>(pub &'p str);

/// How a place stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Neither lies in the other.
    Apart,
    /// It is the other, or lies in it.
    Inside,
    /// The other lies in it.
    Holds,
    /// It depends on what is not known.
    May,
}

impl Place<'_> {
    /// How this place stands to `other`.
    pub fn relation(self, other: Place) -> Relation {
        if self.0.starts_with('$') || other.0.starts_with('$') {
            return Relation::May;
        }
        let (mut own, mut others) = (parts(self.0), parts(other.0));
        let mut is_sure = true;
        loop {
            match (own.next(), others.next()) {
                (_, None) if is_sure => return Relation::Inside,
                (None, Some(_)) if is_sure => return Relation::Holds,
                (_, None) | (None, _) => return Relation::May,
                (Some(part), Some(other)) if is_open(part) || is_open(other) => is_sure = false,
                (Some(part), Some(other)) if part != other => return Relation::Apart,
                _ => {}
            }
        }
    }

    /// Whether this place is `other` or lies in it, for sure.
    pub fn is_inside(self, other: Place) -> bool {
        self.relation(other) == Relation::Inside
    }
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".")
}

/// Whether a part may be any name.
fn is_open(part: &str) -> bool {
    part.contains(['$', '*', '?', '[', '`', '{'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_relate_by_their_parts() {
        for (own, other, relation) in [
            ("/app/logs", "/app", Relation::Inside),
            ("/app/", "/app", Relation::Inside),
            ("/app", "/app/logs", Relation::Holds),
            ("/app2", "/app", Relation::Apart),
            ("/app/$DIR/x", "/app", Relation::Inside),
            ("/app/$DIR/x", "/app/logs", Relation::May),
            ("$DIR/x", "/app", Relation::May),
            ("/srv/*/x", "/app", Relation::Apart),
            ("/srv/*", "/srv/a/b", Relation::May),
        ] {
            assert_eq!(Place(own).relation(Place(other)), relation, "{own} and {other}");
        }
    }
}
