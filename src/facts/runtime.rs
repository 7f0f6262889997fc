//! The state of a stage at each instruction: working directory, user, environment, users made so far.

use std::sync::Arc;

use rpds::{RedBlackTreeMap, RedBlackTreeSet};

use super::{ImageView, contract::join_path};
use crate::{
    docker::{Dockerfile, Instruction, Keyword, Stage, expand, instruction::unquoted},
    shell::{Command, Script},
};

/// The values of variables; a copy shares what it does not change.
///
/// A state stands for each instruction, and with maps of their own a long file would cost their square.
pub type Variables = RedBlackTreeMap<String, String>;

/// What holds before an instruction runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The working directory, absolute unless it holds a variable.
    pub workdir: Arc<str>,
    /// The user as written; `None` is the base image's.
    pub user: Option<Arc<str>>,
    /// Variables set by ENV and ARG so far.
    pub env: Variables,
    /// The names of those variables that ENV set, which no build argument can change.
    pub fixed: RedBlackTreeSet<String>,
    /// Users and groups that RUN steps made so far.
    pub accounts: RedBlackTreeSet<String>,
}

impl Default for State {
    fn default() -> Self {
        let (fixed, accounts) = (RedBlackTreeSet::new(), RedBlackTreeSet::new());
        Self { workdir: "/".into(), user: None, env: Variables::new(), fixed, accounts }
    }
}

impl State {
    /// Whether commands run as root here.
    pub fn is_root(&self) -> bool {
        self.user.as_deref().is_none_or(|user| matches!(user.split(':').next(), Some("root" | "0")))
    }

    /// A path as an instruction names it, without quotes and with variables that ENV set replaced; others stay.
    pub fn known(&self, text: &str) -> String {
        let value = |name: &str| {
            let value = self.env.get(name).filter(|value| !value.contains('$') && self.fixed.contains(name));
            value.cloned()
        };
        let known = if text.contains('$') { expand::word(text, '\\', &value) } else { None };
        known.unwrap_or_else(|| unquoted(text))
    }

    /// A path as an instruction names it, with variables replaced by what ENV set or ARG has by default.
    pub fn by_default(&self, text: &str) -> String {
        let value = |name: &str| self.env.get(name).filter(|value| !value.contains('$')).cloned();
        expand::word(text, '\\', &value).unwrap_or_else(|| unquoted(text))
    }

    /// Takes in what an instruction changes.
    pub fn advance(&mut self, instruction: &Instruction, text: &str) {
        match instruction.keyword {
            Keyword::User => self.user = Some(instruction.body.text.as_str().into()),
            Keyword::Run => {
                let script = Script::of(instruction, text);
                for name in script.commands.iter().filter_map(account) {
                    self.accounts.insert_mut(name.to_owned());
                }
            }
            _ => self.go(instruction),
        }
    }

    /// Takes in what WORKDIR, ENV or ARG change.
    pub fn go(&mut self, instruction: &Instruction) {
        match instruction.keyword {
            Keyword::Workdir => {
                self.workdir = join_path(&self.workdir, &self.known(&instruction.body.text)).into()
            }
            Keyword::Env | Keyword::Arg => {
                let is_env = instruction.keyword == Keyword::Env;
                for pair in &instruction.pairs {
                    // What ENV set goes before an ARG.
                    let counts = is_env || !self.fixed.contains(&pair.name);
                    if let Some(value) = pair.value.as_ref().filter(|_| counts) {
                        self.env.insert_mut(pair.name.clone(), unquoted(value));
                    }
                    if is_env {
                        self.fixed.insert_mut(pair.name.clone());
                    }
                }
            }
            _ => {}
        }
    }
}

/// The instructions of a stage and of those above it, in order.
pub fn lineage<'d>(dockerfile: &'d Dockerfile, stage: &'d Stage) -> Vec<&'d Instruction> {
    let mut stages: Vec<&Stage> = dockerfile.lineage(stage).collect();
    stages.reverse();
    stages.into_iter().flat_map(|stage| dockerfile.instructions_of(stage)).collect()
}

/// The working directory after these instructions.
pub fn workdir<'i>(steps: impl IntoIterator<Item = &'i Instruction>) -> String {
    let mut state = State::default();
    steps.into_iter().for_each(|step| state.go(step));
    state.workdir.to_string()
}

/// The name that a user or group command makes.
pub fn account(command: &Command) -> Option<&str> {
    let makes = matches!(command.name(), "useradd" | "adduser" | "groupadd" | "addgroup");
    makes.then(|| command.words.last().map(|word| word.text())).flatten()
}

/// How many stages above one are asked what they set: the longest real file has 31 stages.
pub const MOST_ANCESTORS: usize = 64;

/// The state before each instruction of the stage in view, and one more after the last.
pub fn states(image: &ImageView) -> Vec<State> {
    states_of(inherited(image), image.instructions(), image.text)
}

/// What the stages above set for the stage in view: all but their ARGs.
pub fn inherited(image: &ImageView) -> State {
    let mut state = State::default();
    let ancestors = image.dockerfile.lineage(image.stage()).skip(1).take(MOST_ANCESTORS);
    let mut ancestors: Vec<_> = ancestors.collect();
    ancestors.reverse();
    for stage in ancestors {
        let steps = image.dockerfile.instructions_of(stage).iter();
        steps.filter(|step| step.keyword != Keyword::Arg).for_each(|step| state.advance(step, image.text));
    }
    state
}

/// The state before each of a stage's instructions, and one more after the last.
pub fn states_of(first: State, instructions: &[Instruction], text: &str) -> Vec<State> {
    let mut state = first;
    let mut states = vec![state.clone()];
    for instruction in instructions {
        state.advance(instruction, text);
        states.push(state.clone());
    }
    states
}

/// The last instruction of the final stage with this keyword.
pub fn last<'a>(image: &ImageView<'a>, keyword: Keyword) -> Option<&'a Instruction> {
    image.instructions().iter().rev().find(|instruction| instruction.keyword == keyword)
}

/// The words that start the container: ENTRYPOINT, of this stage or one above, with CMD behind it; none where one of
/// them is not known.
pub fn started(image: &ImageView) -> Option<Vec<String>> {
    let lineage = image.lineage();
    let entrypoint = lineage.into_iter().rev().find(|step| step.keyword == Keyword::Entrypoint);
    let command = last(image, Keyword::Cmd);
    let Some(entrypoint) = entrypoint else { return words_of(command?) };
    let mut words = words_of(entrypoint)?;
    // The shell form takes no arguments.
    if let Some(command) = command.filter(|_| entrypoint.json.is_some()) {
        words.extend(words_of(command)?);
    }
    Some(words)
}

/// The words of CMD or ENTRYPOINT where they are known: exec form, or a plain shell command.
pub fn words_of(instruction: &Instruction) -> Option<Vec<String>> {
    if let Some(json) = &instruction.json {
        return Some(json.iter().map(|word| word.text.clone()).collect());
    }
    let script = Script::parse(&instruction.body);
    let command = script.command_of(0)?;
    let is_plain = script.items.len() == 1 && command.assignments.is_empty() && command.redirects.is_empty();
    is_plain.then(|| command.words.iter().map(|word| word.literal.clone()).collect()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docker;

    #[test]
    fn states_share_what_stays() {
        let variables = 20_000;
        let lines: String = (0..variables).map(|index| format!("ENV V{index}=v\n")).collect();
        let text = format!("FROM a\n{lines}ENV V0=w\n");
        let instructions = docker::parse(&text).expect("it parses").instructions;
        let states = states_of(State::default(), &instructions, &text);
        assert_eq!(states[1].env.size(), 0);
        assert_eq!(states[variables + 1].env.get("V0").map(String::as_str), Some("v"));
        let last = states.last().expect("one more than instructions");
        assert_eq!((last.env.size(), last.env.get("V0").map(String::as_str)), (variables, Some("w")));
    }
    #[test]
    fn folders_in_variables_are_known_when_env_set_them() {
        let folder = |lines: &str| {
            let text = format!("FROM a\n{lines}");
            workdir(&docker::parse(&text).expect("it parses").instructions)
        };
        assert_eq!(folder("ENV A=/srv\nWORKDIR ${A}\nWORKDIR $A/x\nWORKDIR y\n"), "/srv/x/y");
        assert_eq!(folder("ENV A=/srv\nARG A=/other\nWORKDIR $A\n"), "/srv");
        assert_eq!(folder("ARG A=/srv\nWORKDIR $A\n"), "/$A");
        assert_eq!(folder("ARG B=/srv\nENV A=$B\nWORKDIR ${A}\n"), "/${A}");
        assert_eq!(folder("WORKDIR \"/a b\"\n"), "/a b");
    }
}
