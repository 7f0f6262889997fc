//! What else has a say in a uvicorn command: variables, files that gunicorn reads by itself, health checks.

use crate::{
    compose::{Service, env_file, variable::Variable},
    docker::{Dockerfile, Keyword, instruction::unquoted},
    facts::{
        Context, ImageView, ServiceView,
        build_context::{Copies, Lookup},
        contract::join_path,
        inits, runtime, scripts,
        start_scripts::{self, Started},
    },
    workspace::{Entry, path},
};

/// The file that gunicorn reads from its working directory without being told.
const CONFIG: &str = "gunicorn.conf.py";

/// Programs that read an entrypoint script.
const SHELLS: [&str; 4] = ["sh", "bash", "ash", "dash"];

/// A variable that the container gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The name.
    pub name: String,
    /// The value as written; none where it comes from elsewhere.
    pub value: Option<String>,
    /// Where it is set, in words.
    pub place: String,
}

/// The variables that ENV sets in the image; of two with a name the later one.
pub fn of_image(image: &ImageView) -> Vec<Setting> {
    let mut all: Vec<Setting> = Vec::new();
    for step in image.lineage().into_iter().filter(|step| step.keyword == Keyword::Env) {
        let place = format!("line {}", image.line(step));
        for pair in &step.pairs {
            all.retain(|setting| setting.name != pair.name);
            let value = pair.value.as_deref().map(unquoted);
            all.push(Setting { name: pair.name.clone(), value, place: place.clone() });
        }
    }
    all
}

/// The variables that the services of an image set, in compose and in env files.
///
/// # Errors
/// When not all of them are known, as a sentence.
pub fn of_services(cx: &Context, image: &ImageView) -> Result<Vec<Setting>, String> {
    let mut all = Vec::new();
    for view in cx.services_of(image.image) {
        let name = &view.service.name;
        if view.service.extends.is_some() {
            return Err(format!(
                "The service {name} extends another, and the variables that it gets are not known (CMD-20)."
            ));
        }
        all.extend(view.service.environment.iter().map(|entry| Setting {
            name: entry.value.name.clone(),
            value: entry.value.value.clone(),
            place: format!("the service {name}"),
        }));
        let folder = path::parent(&cx.ws.file(view.id).path);
        for file in &view.service.env_file {
            let path = env_path(folder, &file.value);
            let Some(text) = path.and_then(|path| cx.files_of(image).text(&path)) else {
                let file = &file.value;
                return Err(format!(
                    "The service {name} takes variables from {file}, which cannot be read (CMD-20)."
                ));
            };
            all.extend(of_env_file(text, &file.value));
        }
    }
    Ok(all)
}

/// The path of an env file that a compose file in `folder` names; none outside the project.
pub fn env_path(folder: &str, file: &str) -> Option<String> {
    let path = path::join(folder, file);
    (!file.starts_with('/') && !file.contains('$') && !path.starts_with("..")).then_some(path)
}

fn of_env_file(text: &str, file: &str) -> impl Iterator<Item = Setting> {
    let variables = env_file::read(text).into_iter();
    variables.map(move |Variable { name, value }| Setting { name, value, place: file.to_owned() })
}

/// The first variable that one of the two servers obeys and the other does not, in a sentence.
pub fn variable_of_one_server(settings: &[Setting]) -> Option<String> {
    settings.iter().find_map(|Setting { name, place, .. }| match name.as_str() {
        "GUNICORN_CMD_ARGS" => Some(format!(
            "GUNICORN_CMD_ARGS ({place}) would set up gunicorn; uvicorn does not read it (CMD-20)."
        )),
        name if name.starts_with("UVICORN_") => {
            Some(format!("{name} ({place}) sets up uvicorn; gunicorn does not read it (CMD-20)."))
        }
        _ => None,
    })
}

/// Where gunicorn would look for its file: the working directories of the image and of its services.
pub fn config_places<'s>(
    dockerfile: &Dockerfile,
    services: impl Iterator<Item = &'s Service>,
) -> Vec<String> {
    let stage = dockerfile.final_stage().into_iter();
    let workdir = runtime::workdir(stage.flat_map(|stage| runtime::lineage(dockerfile, stage)));
    let others = services.filter_map(|service| service.working_dir.as_ref());
    let others: Vec<String> = others.map(|folder| join_path(&workdir, &folder.value)).collect();
    std::iter::once(workdir).chain(others).map(|folder| join_path(&folder, CONFIG)).collect()
}

/// The context paths of gunicorn's files among `places`, whatever stage brings them.
pub fn configs(dockerfile: &Dockerfile, context: &str, places: &[String], lookup: &Lookup) -> Vec<String> {
    let steps = &dockerfile.instructions;
    let copies = Copies::of(steps, (context, runtime::State::default()), lookup);
    let found = places.iter().filter_map(|place| copies.origin(0..steps.len(), place, lookup));
    found.map(|(_, path)| path).collect()
}

/// The file that gunicorn would read by itself, in a sentence.
pub fn config_file(cx: &Context, image: &ImageView) -> Option<String> {
    if let Some(step) = image.dockerfile.instructions.iter().find(|step| step.body.text.contains(CONFIG)) {
        let line = image.line(step);
        return Some(format!(
            "Line {line} names {CONFIG}, which gunicorn reads by itself and uvicorn does not (CMD-20)."
        ));
    }
    let services = cx.services_of(image.image);
    let places = config_places(image.dockerfile, services.iter().map(|view| view.service));
    let lookup = |path: &str| cx.files_of(image).entry(path).cloned();
    let found = configs(image.dockerfile, &image.image.context, &places, &lookup);
    let found =
        found.into_iter().find(|path| matches!(cx.files_of(image).entry(path), Some(Entry::File(_))))?;
    Some(format!("gunicorn would read {found} by itself, and uvicorn does not (CMD-20)."))
}

/// The health check that looks for uvicorn, in a sentence.
pub fn health_check(cx: &Context, image: &ImageView) -> Option<String> {
    let checks = image.lineage().into_iter().rfind(|step| step.keyword == Keyword::Healthcheck);
    let of_image = checks.filter(|step| step.body.text.contains("uvicorn"));
    let of_image = of_image.map(|step| format!("line {}", image.line(step)));
    let of_service = || {
        let services = cx.services_of(image.image);
        let view = services.iter().find(|view| probe(view).is_some_and(|line| line.contains("uvicorn")))?;
        Some(format!("the service {}", view.service.name))
    };
    let place = of_image.or_else(of_service)?;
    Some(format!("The health check of {place} looks for uvicorn, which would no longer run."))
}

/// What the entrypoint makes of the command is not known, or it asks for uvicorn; in a sentence.
pub fn entrypoint(cx: &Context, image: &ImageView) -> Option<String> {
    let step = image.lineage().into_iter().rfind(|step| step.keyword == Keyword::Entrypoint)?;
    let line = image.line(step);
    let Some(json) = &step.json else {
        return Some(format!("The entrypoint in line {line} has shell form, and takes no command (CMD-06)."));
    };
    let words: Vec<String> = json.iter().map(|word| word.text.clone()).collect();
    let hands_on = |word: &String| {
        word.starts_with('-')
            || SHELLS.contains(&path::name(word))
            || inits::named_in(word).is_some()
            || start_scripts::is_of_base(image, word)
    };
    let is_known = |word: &&String| hands_on(word) || scripts::is_script(word);
    if let Some(word) = words.iter().find(|word| !is_known(word)) {
        return Some(format!("What {word} in line {line} makes of the command is not known (CMD-01)."));
    }
    let scripts = start_scripts::named(cx, image, &words);
    scripts.iter().find_map(|Started { name, text }| match text {
        None => Some(format!("The text of {name} is not known, and it may look at the command (CMD-01).")),
        Some(text) if text.contains("uvicorn") => {
            Some(format!("{name} names uvicorn, and may look for it in the command (CMD-01)."))
        }
        Some(_) => None,
    })
}

fn probe(view: &ServiceView) -> Option<String> {
    view.service.healthcheck.as_ref()?.test.as_ref()?.value.line()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn env_files_set_variables() {
        let text = "# none\nA=1\n\nexport B = \"two\"\nC\n#D=3\n";
        let found: Vec<(String, Option<String>)> =
            of_env_file(text, "web.env").map(|setting| (setting.name, setting.value)).collect();
        let value = |text: &str| Some(text.to_owned());
        assert_eq!(
            found,
            [("A".to_owned(), value("1")), ("B".to_owned(), value("two")), ("C".to_owned(), None)]
        );
    }
}
