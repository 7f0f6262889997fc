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
    reason::Reason,
    source::Span,
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

/// The variables that the services of an image set, in compose and in env files, and why not all of them are known.
pub fn of_services(cx: &Context, image: &ImageView) -> (Vec<Setting>, Vec<Reason>) {
    let (mut all, mut unknown) = (Vec::new(), Vec::new());
    let doubt = |view: &ServiceView, what: &str| {
        let what = format!("the service {} {what}", view.service.name);
        Reason::doubt("CMD-20", view.service.key, what).within(view.id)
    };
    for view in cx.services_of(image.image) {
        let name = &view.service.name;
        if view.service.extends.is_some() {
            unknown.push(doubt(&view, "extends another, and may get variables from it"));
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
                unknown
                    .push(doubt(&view, &format!("takes variables from {}, which is not here", file.value)));
                continue;
            };
            all.extend(of_env_file(text, &file.value));
        }
    }
    (all, unknown)
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

/// The variables that one of the two servers obeys and the other does not; `at` is the command.
pub fn variables_of_one_server(settings: &[Setting], at: Span) -> Vec<Reason> {
    let told = settings.iter().filter_map(|Setting { name, place, .. }| match name.as_str() {
        "GUNICORN_CMD_ARGS" => {
            let what =
                format!("GUNICORN_CMD_ARGS ({place}) would set up gunicorn, and uvicorn does not read it");
            Some(Reason::known("CMD-20", at, what))
        }
        name if name.starts_with("UVICORN_") => {
            let what = format!("{name} ({place}) sets up uvicorn, and gunicorn does not read it");
            Some(Reason::known("CMD-12", at, what))
        }
        _ => None,
    });
    told.collect()
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

/// The file that gunicorn would read by itself; `at` is the command.
pub fn config_file(cx: &Context, image: &ImageView, at: Span) -> Option<Reason> {
    if let Some(step) = image.dockerfile.instructions.iter().find(|step| step.body.text.contains(CONFIG)) {
        let what = format!("names {CONFIG}, which gunicorn reads by itself and uvicorn does not");
        return Some(Reason::known("CMD-20", step.span, what));
    }
    let services = cx.services_of(image.image);
    let places = config_places(image.dockerfile, services.iter().map(|view| view.service));
    let lookup = |path: &str| cx.files_of(image).entry(path).cloned();
    let found = configs(image.dockerfile, &image.image.context, &places, &lookup);
    let found =
        found.into_iter().find(|path| matches!(cx.files_of(image).entry(path), Some(Entry::File(_))))?;
    Some(Reason::known("CMD-20", at, format!("gunicorn would read {found} by itself, and uvicorn does not")))
}

/// The health check that looks for uvicorn.
pub fn health_check(cx: &Context, image: &ImageView) -> Option<Reason> {
    let what = "the health check looks for uvicorn, which would no longer run";
    let check = image.lineage().into_iter().rfind(|step| step.keyword == Keyword::Healthcheck);
    if let Some(check) = check.filter(|step| step.body.text.contains("uvicorn")) {
        return Some(Reason::known("CMD-33", check.span, what));
    }
    let services = cx.services_of(image.image);
    let view = services.iter().find(|view| probe(view).is_some_and(|line| line.contains("uvicorn")))?;
    let what =
        format!("the health check of {} looks for uvicorn, which would no longer run", view.service.name);
    Some(Reason::known("CMD-33", view.service.key, what).within(view.id))
}

/// What the entrypoint makes of the command is not known, or it asks for uvicorn.
pub fn entrypoint(cx: &Context, image: &ImageView) -> Option<Reason> {
    let step = image.lineage().into_iter().rfind(|step| step.keyword == Keyword::Entrypoint)?;
    let Some(json) = &step.json else {
        let what = "the entrypoint has shell form, and takes no command";
        return Some(Reason::known("CMD-06", step.span, what));
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
        let what = format!("what {word} makes of the command is not known");
        return Some(Reason::doubt("CMD-01", step.span, what));
    }
    let scripts = start_scripts::named(cx, image, &words);
    scripts.iter().find_map(|Started { name, text }| match text {
        None => {
            let what = format!("the text of {name} is not known, and it may look at the command");
            Some(Reason::doubt("CMD-01", step.span, what))
        }
        Some(text) if text.contains("uvicorn") => {
            let what = format!("{name} names uvicorn, and may look for it in the command");
            Some(Reason::known("CMD-01", step.span, what))
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
