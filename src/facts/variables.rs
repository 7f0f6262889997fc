//! The variables of a Dockerfile, where their values are known: ARG defaults, ENV, and build arguments given.

use std::collections::BTreeMap;

use crate::docker::{Dockerfile, Instruction, Keyword, expand};

/// Build arguments that a build passes in; a name without a value is passed in with one that is not known.
pub type Arguments = BTreeMap<String, Option<String>>;

/// The variables that hold before an instruction.
#[derive(Clone, Copy, Debug)]
pub struct Variables<'a> {
    own: &'a Scope,
    earlier: &'a [Scope],
    escape: char,
}

/// What a stage sets itself.
#[derive(Clone, Debug, Default)]
struct Scope {
    arguments: Arguments,
    environment: Arguments,
    parent: Option<usize>,
}

/// How many stages a value is looked for upwards; a value from further away is not known.
const DEEPEST: usize = 64;

impl Variables<'_> {
    /// The value of a variable, where it is known. ENV goes before ARG, wherever it stands.
    pub fn value(&self, name: &str) -> Option<String> {
        let mut scope = self.own;
        for _ in 0..DEEPEST {
            if let Some(value) = scope.environment.get(name) {
                return value.clone();
            }
            match scope.parent {
                Some(parent) => scope = &self.earlier[parent],
                None => return self.own.arguments.get(name).cloned().flatten(),
            }
        }
        None
    }

    /// The word with its variables replaced; `None` where one is not known.
    pub fn word(&self, text: &str) -> Option<String> {
        expand::word(text, self.escape, &|name| self.value(name))
    }
}

/// Shows every instruction, by its index, with the variables before it; those of a FROM are the global ones.
pub fn visit(dockerfile: &Dockerfile, given: &Arguments, see: &mut dyn FnMut(usize, &Variables)) {
    let escape = dockerfile.escape;
    let mut global = Scope::default();
    for instruction in dockerfile.global_arguments() {
        global.advance(instruction, (given, &Arguments::new()), &[], escape);
    }
    let mut earlier: Vec<Scope> = Vec::new();
    for stage in &dockerfile.stages {
        let mut scope = Scope { parent: stage.parent, ..Scope::default() };
        for index in stage.instructions.clone() {
            let instruction = &dockerfile.instructions[index];
            let own = if instruction.keyword == Keyword::From { &global } else { &scope };
            see(index, &Variables { own, earlier: &earlier, escape });
            scope.advance(instruction, (given, &global.arguments), &earlier, escape);
        }
        earlier.push(scope);
    }
}

impl Scope {
    /// Takes in what an instruction sets; `global` are the arguments before the first FROM.
    fn advance(
        &mut self,
        instruction: &Instruction,
        (given, global): (&Arguments, &Arguments),
        earlier: &[Scope],
        escape: char,
    ) {
        for pair in &instruction.pairs {
            let own = |scope: &Scope| {
                let variables = Variables { own: scope, earlier, escape };
                pair.value.as_deref().and_then(|value| variables.word(value))
            };
            match instruction.keyword {
                Keyword::Env => {
                    let value = own(self);
                    self.environment.insert(pair.name.clone(), value);
                }
                Keyword::Arg => {
                    let value = match given.get(&pair.name) {
                        Some(value) => value.clone(),
                        None if pair.value.is_some() => own(self),
                        None => global.get(&pair.name).cloned().flatten(),
                    };
                    self.arguments.insert(pair.name.clone(), value);
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_end(text: &str, given: &[(&str, Option<&str>)], word: &str) -> Option<String> {
        let dockerfile = crate::docker::parse(text).expect("parses");
        let given =
            given.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect();
        let mut found = None;
        visit(&dockerfile, &given, &mut |_, variables| found = variables.word(word));
        found
    }

    #[test]
    fn a_stage_sees_what_it_declares() {
        let text =
            "ARG V=1\nARG W=2\nFROM a AS one\nENV E=$V\nARG V\nENV F=x$V\nFROM one\nARG L=${F}y\nRUN x\n";
        assert_eq!(at_end(text, &[], "$F/$L").as_deref(), Some("x1/x1y"));
        for unknown in ["$V", "$W", "$E", "$PATH"] {
            assert_eq!(at_end(text, &[], unknown), None, "{unknown}");
        }
    }

    #[test]
    fn given_arguments_win_over_defaults_and_lose_to_env() {
        let text = "FROM a\nARG V=1\nARG W=2\nENV W=3\nRUN x\n";
        assert_eq!(at_end(text, &[("V", Some("9")), ("W", Some("9"))], "$V$W").as_deref(), Some("93"));
        assert_eq!(at_end(text, &[("V", None)], "$V"), None);
    }
}
