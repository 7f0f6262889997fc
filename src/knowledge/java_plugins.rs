//! Programs for glibc that a build of Java fetches, by the text of its build file.

use super::table::Table;

const PLUGINS: Table = Table::new(include_str!("../../knowledge/java-plugins.tsv"));

/// The files that tell Maven and Gradle what to build.
pub const BUILD_FILES: [&str; 3] = ["build.gradle", "build.gradle.kts", "pom.xml"];

/// What a build with the file `text` fetches, as a clause.
pub fn fetched(text: &str) -> Option<&'static str> {
    PLUGINS.rows().find(|row| text.contains(row.cell(0))).map(|row| row.cell(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generators_of_code_are_known_by_their_coordinates() {
        assert!(fetched("<protocArtifact>com.google.protobuf:protoc:4.28:exe</protocArtifact>").is_some());
        assert_eq!(fetched("<artifactId>protobuf-java</artifactId>"), None);
    }
}
