//! What BuildKit refuses in builder flags: unknown ones, doubled ones, wrong values.

use super::{
    DockerfileError, Flag, Instruction, Keyword, duration,
    keyword::FlagKind::{List, Switch},
};

/// Checks the flags of `instruction` and their values.
pub(super) fn check(instruction: &Instruction) -> Result<(), DockerfileError> {
    if !reads_flags(instruction) {
        return Ok(());
    }
    for (index, flag) in instruction.flags.iter().enumerate() {
        check_kind(instruction, index)?;
        check_value(instruction.keyword, flag)?;
    }
    Ok(())
}

/// ARG, STOPSIGNAL and HEALTHCHECK NONE never look at theirs.
fn reads_flags(instruction: &Instruction) -> bool {
    match instruction.keyword {
        Keyword::Arg | Keyword::Stopsignal => false,
        Keyword::Healthcheck => {
            instruction.words.first().is_none_or(|kind| !kind.text.eq_ignore_ascii_case("NONE"))
        }
        _ => !instruction.flags.is_empty(),
    }
}

fn check_kind(instruction: &Instruction, index: usize) -> Result<(), DockerfileError> {
    let flag = &instruction.flags[index];
    let name = &flag.name;
    let known = instruction.keyword.flags();
    let Some((_, kind)) = known.iter().find(|(known, _)| known == name) else {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let help = match names[..] {
            [] => format!("{} takes no flags", instruction.keyword.name()),
            _ => format!("{} takes --{}", instruction.keyword.name(), names.join(", --")),
        };
        return Err(error(flag, format!("unknown flag: --{name}"), &help));
    };
    if *kind != List && instruction.flags[..index].iter().any(|earlier| earlier.name == *name) {
        return Err(error(flag, format!("duplicate flag specified: --{name}"), "remove one of the two"));
    }
    match &flag.value {
        None if *kind != Switch => {
            Err(error(flag, format!("missing a value on flag: --{name}"), &format!("write --{name}=value")))
        }
        Some(value) if *kind == Switch && !is_boolean(value) => {
            let what = format!("expecting boolean value for flag --{name}, not: {value}");
            Err(error(flag, what, &format!("write --{name}, or --{name}=false")))
        }
        _ => Ok(()),
    }
}

fn is_boolean(value: &str) -> bool {
    value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false")
}

fn check_value(keyword: Keyword, flag: &Flag) -> Result<(), DockerfileError> {
    let value = flag.value.as_deref().unwrap_or_default();
    match (keyword, flag.name.as_str()) {
        (Keyword::Run, "network") if !matches!(value, "default" | "none" | "host") => {
            Err(error(flag, format!("invalid network mode \"{value}\""), "it is default, none or host"))
        }
        (Keyword::Run, "security") if !matches!(value, "insecure" | "sandbox") => {
            Err(error(flag, format!("security \"{value}\" is not valid"), "it is insecure or sandbox"))
        }
        (Keyword::Run, "mount") => check_mount(flag, value),
        (Keyword::Run, "device") if !is_device(value) => {
            Err(error(flag, format!("invalid device \"{value}\""), "write name, or name,required"))
        }
        (Keyword::Healthcheck, "retries") if !value.is_empty() => match value.parse::<i32>() {
            Ok(0..) => Ok(()),
            _ => Err(error(flag, format!("invalid number of retries \"{value}\""), "write a whole number")),
        },
        (Keyword::Healthcheck, name) if name != "retries" && !is_interval(value) => {
            Err(error(flag, format!("invalid duration \"{value}\""), "write it with a unit, such as 30s"))
        }
        _ => Ok(()),
    }
}

fn check_mount(flag: &Flag, value: &str) -> Result<(), DockerfileError> {
    let Some(fields) = csv_fields(value) else {
        return Err(error(
            flag,
            "failed to parse csv mounts".to_owned(),
            "write key=value pairs with commas",
        ));
    };
    let has_variable = |field: &String| {
        let Some((key, value)) = field.split_once('=') else { return false };
        let dollar = value.find('$');
        key.eq_ignore_ascii_case("from") && dollar.is_some_and(|at| at + 1 != value.len())
    };
    if fields.iter().any(has_variable) {
        let what = "'from' doesn't support variable expansion".to_owned();
        return Err(error(flag, what, "define a stage with FROM image AS name and name that"));
    }
    Ok(())
}

/// At least a millisecond, nothing or zero.
fn is_interval(value: &str) -> bool {
    let is_allowed = |nanoseconds| nanoseconds == 0 || nanoseconds >= 1_000_000;
    value.is_empty() || duration::nanoseconds(value).is_some_and(is_allowed)
}

/// One name at most, and `required` with or without a value.
fn is_device(value: &str) -> bool {
    let Some(fields) = csv_fields(value) else { return false };
    let mut name = "";
    for field in &fields {
        let (key, value) =
            field.split_once('=').map_or((field.as_str(), None), |(key, value)| (key, Some(value)));
        match (key.to_ascii_lowercase().as_str(), value) {
            ("required", None) => {}
            ("required", Some(value)) if is_go_bool(value) => {}
            ("required", Some(_)) => return false,
            _ if !name.is_empty() => return false,
            ("name", Some(value)) => name = value,
            _ => name = field,
        }
    }
    true
}

fn is_go_bool(value: &str) -> bool {
    ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"].contains(&value)
}

/// The fields of one line of comma-separated values; `None` when its quotes are wrong or it is empty.
fn csv_fields(line: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = Some(line).filter(|line| !line.is_empty());
    rest?;
    while let Some(text) = rest {
        let after = match text.strip_prefix('"') {
            Some(quoted) => {
                let (field, after) = quoted_field(quoted)?;
                fields.push(field);
                after
            }
            None => {
                let end = text.find(',').unwrap_or(text.len());
                fields.push(Some(&text[..end]).filter(|field| !field.contains('"'))?.to_owned());
                &text[end..]
            }
        };
        rest = match after.strip_prefix(',') {
            None if !after.is_empty() => return None,
            next => next,
        };
    }
    Some(fields)
}

fn quoted_field(mut text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    loop {
        let (part, after) = text.split_once('"')?;
        field.push_str(part);
        let Some(more) = after.strip_prefix('"') else { return Some((field, after)) };
        field.push('"');
        text = more;
    }
}

fn error(flag: &Flag, what: String, help: &str) -> DockerfileError {
    DockerfileError::new(flag.span, what, help)
}
