//! What there is to prove of a plan: each image, once for each service that runs it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use crate::{
    compose::{Compose, Service, env_file},
    docker::ignore::Ignore,
    documents::Documents,
    facts::{Context, evidence},
    options::Options,
    plan::Plan,
    source::FileId,
    verify::{
        Launch,
        interpolate::{Variables, filled},
        observe::Dependency,
    },
    workspace::{Image, path},
};

/// An image that is run in one way, before and after.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// The path of the Dockerfile.
    pub(super) dockerfile: String,
    /// The service that says how it is run.
    pub(super) service: Option<String>,
    /// The folder of the compose file, or of the Dockerfile, relative to the base of the run.
    pub(super) folder: String,
    /// The build context, relative to the base of the run.
    pub(super) context: String,
    /// What its ignore file keeps out.
    pub(super) ignore: Option<Ignore>,
    /// The Python packages that it declares.
    pub(super) packages: Vec<String>,
    /// As it was read.
    pub(super) before: Draft,
    /// As the passes left it.
    pub(super) after: Draft,
    /// Values that are never shown.
    pub(super) hidden: Vec<String>,
}

/// One side of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Draft {
    /// The text of the Dockerfile.
    pub(super) text: Arc<str>,
    /// The stage to build.
    pub(super) target: Option<String>,
    /// Build arguments.
    pub(super) args: Vec<String>,
    /// How it is started.
    pub(super) launch: Launch,
    /// What it depends on.
    pub(super) dependencies: Vec<Dependency>,
}

/// The units of a plan, by Dockerfile and service; those of services that nobody asked for are left out.
pub(super) fn units(base: &Path, plan: &Plan, options: &Options) -> Vec<Unit> {
    let before = Documents::of(&plan.before.files);
    let after = Documents::of(&plan.after.files);
    let is_wanted = |name: &String| options.services.is_empty() || options.services.contains(name);
    let mut units = Vec::new();
    for image in &plan.before.images {
        let of_image =
            |service: Option<(FileId, &str)>| unit(base, (plan, options), image, (&before, &after, service));
        let wanted: Vec<_> = image.services.iter().filter(|(_, name)| is_wanted(name)).collect();
        match (wanted.is_empty(), image.services.is_empty()) {
            (false, _) => units.extend(wanted.iter().map(|(id, name)| of_image(Some((*id, name.as_str()))))),
            (true, true) if options.services.is_empty() => units.push(of_image(None)),
            _ => {}
        }
    }
    units
}

type Documented<'d> = (&'d Documents, &'d Documents, Option<(FileId, &'d str)>);

fn unit(base: &Path, (plan, options): (&Plan, &Options), image: &Image, documented: Documented) -> Unit {
    let (before, after, service) = documented;
    let file = plan.before.file(image.dockerfile);
    let of = service.map_or(file, |(id, _)| plan.before.file(id));
    let folder = path::parent(&of.path).to_owned();
    let own = dotenv(base, &folder);
    let mut variables = own.clone();
    variables.extend(std::env::vars());
    let mut hidden: BTreeSet<String> = own.into_values().collect();
    fn find<'c>(
        composes: &'c BTreeMap<FileId, Compose>,
        service: Option<(FileId, &str)>,
    ) -> Option<(&'c Compose, &'c Service)> {
        let (id, name) = service?;
        let compose = composes.get(&id)?;
        Some((compose, compose.service(name)?))
    }
    let mut launched = |service: &Service| {
        let given = given(service, (image, &folder), &variables);
        hidden.extend(given.values().cloned());
        hidden.extend(filled_in(service, &variables));
        Launch::of(service, &variables, given)
    };
    let mut draft = |composes: &BTreeMap<FileId, Compose>, text: Arc<str>| {
        let Some((compose, service)) = find(composes, service) else {
            return Draft { text, ..Draft::default() };
        };
        let launch = launched(service);
        let of_image = |service: &Service| {
            let image = filled(&service.image.as_ref()?.value, &variables);
            let (name, launch) = (service.name.clone(), launched(service));
            service.build.is_none().then_some(Dependency { name, image, launch, paths: Vec::new() })
        };
        let dependencies = dependencies(compose, service).into_iter().filter_map(of_image).collect();
        let (target, args) = build(service, &variables);
        Draft { text, target, args, launch, dependencies }
    };
    let left = draft(&before.composes, file.text.clone());
    let right = draft(&after.composes, plan.after.file(image.dockerfile).text.clone());
    let ignore = [format!("{}.dockerignore", file.path), path::join(&image.context, ".dockerignore")];
    let ignore =
        ignore.iter().find_map(|path| image.world.text(path)).and_then(|text| Ignore::parse(text).ok());
    Unit {
        dockerfile: file.path.clone(),
        service: service.map(|(_, name)| name.to_owned()),
        folder,
        context: image.context.clone(),
        ignore,
        packages: packages(plan, before, (options, image)),
        before: left,
        after: right,
        hidden: hidden.into_iter().collect(),
    }
}

/// The stage and the arguments of a service's build.
fn build(service: &Service, variables: &Variables) -> (Option<String>, Vec<String>) {
    let build = service.build.as_ref();
    let target = build.and_then(|build| build.target.as_ref()).map(|target| filled(&target.value, variables));
    let args = build.map(|build| build.args.as_slice()).unwrap_or_default().iter().map(|arg| {
        let value = arg.value.value.as_ref().map(|value| filled(value, variables));
        let value = value.or_else(|| variables.get(&arg.value.name).cloned());
        value.map_or_else(|| arg.value.name.clone(), |value| format!("{}={value}", arg.value.name))
    });
    (target, args.collect())
}

/// What a service depends on, and what that does, those that depend on nothing first.
fn dependencies<'c>(compose: &'c Compose, service: &Service) -> Vec<&'c Service> {
    let mut found: Vec<&Service> = Vec::new();
    let mut open: Vec<&str> = service.depends_on.iter().map(|name| name.value.as_str()).collect();
    while let Some(name) = open.pop() {
        let Some(next) = compose.service(name) else { continue };
        if next.name != service.name && found.iter().all(|known| known.name != next.name) {
            found.push(next);
            open.extend(next.depends_on.iter().map(|name| name.value.as_str()));
        }
    }
    found.reverse();
    found
}

/// What the environment files of a service say.
fn given(
    service: &Service,
    (image, folder): (&Image, &str),
    variables: &Variables,
) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for file in &service.env_file {
        let path = path::join(folder, &filled(&file.value, variables));
        let read = image.world.text(&path).map(|text| env_file::read(text)).unwrap_or_default();
        for variable in read {
            let value = variable.value.or_else(|| variables.get(&variable.name).cloned());
            all.extend(value.map(|value| (variable.name, value)));
        }
    }
    all
}

/// Values that come from outside of the compose file.
fn filled_in(service: &Service, variables: &Variables) -> Vec<String> {
    let args = service.build.iter().flat_map(|build| &build.args);
    let outside = service.environment.iter().chain(args).filter_map(|variable| match &variable.value.value {
        None => variables.get(&variable.value.name).cloned(),
        Some(value) if value.contains('$') => Some(filled(value, variables)),
        Some(_) => None,
    });
    outside.collect()
}

/// The variables of the `.env` beside a compose file.
fn dotenv(base: &Path, folder: &str) -> Variables {
    let text = std::fs::read_to_string(base.join(folder).join(".env")).unwrap_or_default();
    let read = env_file::read(&text).into_iter();
    read.filter_map(|variable| Some((variable.name, variable.value?))).collect()
}

/// The Python packages that an image declares.
fn packages(plan: &Plan, documents: &Documents, (options, image): (&Options, &Image)) -> Vec<String> {
    let Documents { dockerfiles, composes, places, manifests } = documents;
    let cx = Context {
        ws: &plan.before,
        options,
        dockerfiles,
        composes,
        places,
        manifests,
        evidence: evidence::Memo::default(),
    };
    let view = cx.images().find(|view| view.id == image.dockerfile);
    let evidence = view.map(|view| evidence::python(&cx, &view)).unwrap_or_default();
    evidence.known.union(&evidence.unknown_packages).cloned().collect()
}
