//! Images whose compilers and pip may be what they are for, and services to which no PATH of the image gets.

use crate::{
    docker::Keyword,
    facts::{ImageView, bare::bare, packages, runtime},
    reason::Reason,
    source::Span,
};

/// Packages of servers that start programs without the variables of the image.
const WITHOUT_PATH: [&str; 6] = ["cron", "cronie", "dcron", "openssh", "openssh-server", "anacron"];

/// Why the image may need what an installation needs.
pub(super) fn all(image: &ImageView) -> Vec<Reason> {
    let mut found = Vec::new();
    if let Some(step) = image.instructions().iter().find(|step| step.keyword == Keyword::Onbuild) {
        let what = "images that start from this one install there what they need";
        found.push(Reason::known("MS-18", step.span, what));
    }
    if let Some(start) = work_place(image) {
        let what = "the image starts a shell or an interpreter, so its tools may be what it is for";
        found.push(Reason::doubt("MS-34", start, what));
    }
    let runs = image.lineage().into_iter().filter(|step| step.keyword == Keyword::Run);
    let mut installed = runs.flat_map(|step| {
        let installs = packages::installs(image.script(step));
        let packages = installs.into_iter().flat_map(|install| install.packages);
        packages.map(move |package| (step.span, package.name)).collect::<Vec<_>>()
    });
    let server = installed.find(|(_, name)| WITHOUT_PATH.contains(&name.as_str()));
    found.extend(server.map(|(span, name)| {
        let what = format!("what {name} starts does not get the PATH of the image");
        match name.contains("cron") {
            true => Reason::known("MS-12", span, what),
            false => Reason::doubt("MS-12", span, what),
        }
    }));
    found
}

/// The command that only starts a shell or an interpreter, or tells a version.
fn work_place(image: &ImageView) -> Option<Span> {
    let entrypoint = runtime::last(image, Keyword::Entrypoint);
    let start = entrypoint.or(runtime::last(image, Keyword::Cmd))?;
    bare(&runtime::started(image)?).map(|_| start.span)
}
