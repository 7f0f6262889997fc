//! Where two other parsers accept a Dockerfile of ours, they find the same instructions.
//!
//! One of them reads any instruction that it does not model as text; its name is compared all the same.

use alpinist::docker;

use crate::project::{repository, texts};

/// The Dockerfiles of the cases and examples, with their paths.
fn corpus() -> Vec<(String, String)> {
    let roots = ["tests/cases", "examples"];
    let texts = roots.into_iter().map(repository).filter(|root| root.exists()).flat_map(|root| texts(&root));
    texts.filter(|(path, _)| alpinist::workspace::discover::is_dockerfile(path)).collect()
}

fn ours(text: &str) -> Vec<String> {
    let dockerfile = docker::parse(text).expect("every file of the corpus parses");
    dockerfile.instructions.iter().map(|instruction| instruction.keyword.name().to_owned()).collect()
}

#[test]
fn parse_dockerfile_agrees() {
    let mut compared = 0;
    for (path, text) in corpus() {
        let Ok(theirs) = parse_dockerfile::parse(&text) else { continue };
        let theirs: Vec<String> = theirs.instructions.iter().map(kind).collect();
        assert_eq!(ours(&text), theirs, "{path}");
        compared += 1;
    }
    assert!(compared > 0, "nothing was compared");
}

#[test]
fn dockerfile_parser_agrees() {
    let mut compared = 0;
    for (path, text) in corpus() {
        let Ok(theirs) = dockerfile_parser::Dockerfile::parse(&text) else { continue };
        // It reads a here-document's lines as instructions.
        if text.contains("<<") {
            continue;
        }
        let theirs: Vec<String> = theirs.instructions.iter().map(kind_of_old).collect();
        assert_eq!(ours(&text), theirs, "{path}");
        compared += 1;
    }
    assert!(compared > 0, "nothing was compared");
}

fn kind(instruction: &parse_dockerfile::Instruction) -> String {
    use parse_dockerfile::Instruction::*;
    let name = match instruction {
        Add(_) => "ADD",
        Arg(_) => "ARG",
        Cmd(_) => "CMD",
        Copy(_) => "COPY",
        Entrypoint(_) => "ENTRYPOINT",
        Env(_) => "ENV",
        Expose(_) => "EXPOSE",
        From(_) => "FROM",
        Healthcheck(_) => "HEALTHCHECK",
        Label(_) => "LABEL",
        Maintainer(_) => "MAINTAINER",
        Onbuild(_) => "ONBUILD",
        Run(_) => "RUN",
        Shell(_) => "SHELL",
        Stopsignal(_) => "STOPSIGNAL",
        User(_) => "USER",
        Volume(_) => "VOLUME",
        Workdir(_) => "WORKDIR",
        _ => "unknown",
    };
    name.to_owned()
}

fn kind_of_old(instruction: &dockerfile_parser::Instruction) -> String {
    use dockerfile_parser::Instruction::*;
    let name = match instruction {
        From(_) => "FROM",
        Arg(_) => "ARG",
        Label(_) => "LABEL",
        Run(_) => "RUN",
        Entrypoint(_) => "ENTRYPOINT",
        Cmd(_) => "CMD",
        Copy(_) => "COPY",
        Env(_) => "ENV",
        Misc(other) => return other.instruction.content.to_ascii_uppercase(),
    };
    name.to_owned()
}
