//! Build stages: a FROM and what follows it.

use std::collections::HashMap;

use super::{
    image::ImageRef,
    instruction::{Instruction, Word},
    keyword::Keyword,
};

/// One build stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its place among the stages, from 0.
    pub index: usize,
    /// Its instructions in `Dockerfile::instructions`, the FROM first.
    pub instructions: std::ops::Range<usize>,
    /// What it starts from, as written.
    pub base: ImageRef,
    /// The word that names the base.
    pub base_word: Word,
    /// The name after AS.
    pub name: Option<Word>,
    /// The earlier stage that it starts from, by its place; of several with that name the last.
    pub parent: Option<usize>,
}

impl Stage {
    /// Whether the stage is called `name`; stage names know no case.
    pub fn is_called(&self, name: &str) -> bool {
        self.name.as_ref().is_some_and(|own| own.text.eq_ignore_ascii_case(name))
    }
}

/// The stages of a list of instructions.
pub fn find(instructions: &[Instruction]) -> Vec<Stage> {
    let starts: Vec<usize> = instructions
        .iter()
        .enumerate()
        .filter(|(_, instruction)| instruction.keyword == Keyword::From && !instruction.words.is_empty())
        .map(|(index, _)| index)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([instructions.len()]);
    let mut named: HashMap<String, usize> = HashMap::new();
    starts
        .iter()
        .zip(ends)
        .enumerate()
        .map(|(index, (&start, end))| {
            let words = &instructions[start].words;
            let has_name = words.len() == 3 && words[1].text.eq_ignore_ascii_case("as");
            let find = || named.get(&words[0].text.to_ascii_lowercase()).copied();
            let parent = if named.is_empty() { None } else { find() };
            if has_name {
                named.insert(words[2].text.to_ascii_lowercase(), index);
            }
            Stage {
                index,
                instructions: start..end,
                base: ImageRef::parse(&words[0].text),
                base_word: words[0].clone(),
                name: has_name.then(|| words[2].clone()),
                parent,
            }
        })
        .collect()
}
