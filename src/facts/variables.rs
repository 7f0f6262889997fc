//! The variables of a Dockerfile, where their values are known: ARG defaults, ENV, and build arguments given.

use std::collections::BTreeMap;

use crate::docker::{Dockerfile, Instruction, Keyword, Stage, expand};

/// Build arguments that a build passes in; a name without a value is passed in with one that is not known.
pub type Arguments = BTreeMap<String, Option<String>>;

/// The variables that hold at a place of a Dockerfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    arguments: BTreeMap<String, Option<String>>,
    environment: BTreeMap<String, Option<String>>,
}

impl Variables {
    /// Those before the first FROM, given the build arguments.
    pub fn global(dockerfile: &Dockerfile, given: &Arguments) -> Self {
        let mut variables = Self::default();
        for instruction in dockerfile.global_arguments() {
            variables.advance(instruction, dockerfile.escape, (given, &Self::default()));
        }
        variables
    }

    /// Takes in what an instruction sets; `global` are those before the first FROM.
    pub fn advance(
        &mut self,
        instruction: &Instruction,
        escape: char,
        (given, global): (&Arguments, &Variables),
    ) {
        for pair in &instruction.pairs {
            let own = || pair.value.as_deref().and_then(|value| self.word(value, escape));
            match instruction.keyword {
                Keyword::Env => drop(self.environment.insert(pair.name.clone(), own())),
                Keyword::Arg => {
                    let inherited = || global.arguments.get(&pair.name).cloned().flatten();
                    let value = match given.get(&pair.name) {
                        Some(value) => value.clone(),
                        None if pair.value.is_some() => own(),
                        None => inherited(),
                    };
                    self.arguments.insert(pair.name.clone(), value);
                }
                _ => {}
            }
        }
    }

    /// The variables that the stage starts with: the environment of the stage that it starts from.
    pub fn inherited(&self) -> Self {
        Self { arguments: BTreeMap::new(), environment: self.environment.clone() }
    }

    /// The value of a variable, where it is known.
    pub fn value(&self, name: &str) -> Option<String> {
        self.environment.get(name).or_else(|| self.arguments.get(name)).cloned().flatten()
    }

    /// The word with its variables replaced; `None` where one is not known.
    pub fn word(&self, text: &str, escape: char) -> Option<String> {
        expand::word(text, escape, &|name| self.value(name))
    }
}

/// The variables before each instruction of the file, by its index; those of a FROM are the global ones.
pub fn at_each(dockerfile: &Dockerfile, given: &Arguments) -> Vec<Variables> {
    let global = Variables::global(dockerfile, given);
    let mut at = vec![Variables::default(); dockerfile.instructions.len()];
    let mut ends: Vec<Variables> = Vec::new();
    for stage in &dockerfile.stages {
        let mut variables =
            parent(dockerfile, stage).map_or_else(Variables::default, |parent| ends[parent].inherited());
        for index in stage.instructions.clone() {
            let instruction = &dockerfile.instructions[index];
            let is_from = instruction.keyword == Keyword::From;
            at[index] = if is_from { global.clone() } else { variables.clone() };
            variables.advance(instruction, dockerfile.escape, (given, &global));
        }
        ends.push(variables);
    }
    at
}

/// The index of the earlier stage that `stage` starts from.
pub fn parent(dockerfile: &Dockerfile, stage: &Stage) -> Option<usize> {
    let mut earlier = dockerfile.stages[..stage.index].iter().rev();
    earlier.find(|earlier| earlier.is_called(&stage.base_word.text)).map(|stage| stage.index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_end(text: &str, given: &[(&str, Option<&str>)], word: &str) -> Option<String> {
        let dockerfile = crate::docker::parse(text).expect("parses");
        let given =
            given.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect();
        at_each(&dockerfile, &given).last()?.word(word, '\\')
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
