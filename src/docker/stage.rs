//! Build stages: a FROM and what follows it.

use std::collections::HashMap;

use super::{
    expand,
    image::ImageRef,
    instruction::{Instruction, Word, unquoted},
    keyword::Keyword,
};

/// One build stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its place among the stages, from 0.
    pub index: usize,
    /// Its instructions in `Dockerfile::instructions`, the FROM first.
    pub instructions: std::ops::Range<usize>,
    /// What it starts from; a variable stands for the default of its global ARG, where that has one.
    pub base: ImageRef,
    /// The earlier stage that it starts from, by its place; of several with that name the last.
    pub parent: Option<usize>,
    /// The stage that it starts from in the end, by its place: itself where it starts from an image.
    pub root: usize,
}

/// The last stage of each name, in small letters, by its place: stage names know no case.
pub type Names = HashMap<String, usize>;

/// The stages of a list of instructions, and their names.
pub fn find(instructions: &[Instruction], escape: char) -> (Vec<Stage>, Names) {
    let starts: Vec<usize> = instructions
        .iter()
        .enumerate()
        .filter(|(_, instruction)| instruction.keyword == Keyword::From && !instruction.words.is_empty())
        .map(|(index, _)| index)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([instructions.len()]);
    let globals = &instructions[..starts.first().copied().unwrap_or(0)];
    let mut names = Names::new();
    let mut stages: Vec<Stage> = Vec::with_capacity(starts.len());
    for (index, (&start, end)) in starts.iter().zip(ends).enumerate() {
        let words = &instructions[start].words;
        let parent = names.get(&words[0].text.to_ascii_lowercase()).copied();
        if let Some(name) = name(&instructions[start]) {
            names.insert(name.text.to_ascii_lowercase(), index);
        }
        stages.push(Stage {
            index,
            instructions: start..end,
            base: ImageRef::parse(&with_defaults(&words[0].text, globals, escape)),
            parent,
            root: parent.map_or(index, |parent| stages[parent].root),
        });
    }
    (stages, names)
}

/// The name that a FROM gives to its stage.
pub fn name(from: &Instruction) -> Option<&Word> {
    match &*from.words {
        [_, keyword, name] if keyword.text.eq_ignore_ascii_case("as") => Some(name),
        _ => None,
    }
}

/// A base with the defaults of global ARGs in place of variables; as written where one has no default.
fn with_defaults(base: &str, globals: &[Instruction], escape: char) -> String {
    if !base.contains('$') {
        return base.to_owned();
    }
    let default = |name: &str| {
        let pairs = globals.iter().rev().flat_map(|argument| argument.pairs.iter().rev());
        let value = pairs.filter(|pair| pair.name == name).find_map(|pair| pair.value.clone())?;
        let plain = unquoted(&value);
        (!plain.contains('$')).then_some(plain)
    };
    expand::word(base, escape, &default).filter(|text| !text.is_empty()).unwrap_or_else(|| base.to_owned())
}
