//! Facts: what the passes may know, computed from the documents.

pub mod app_server;
pub mod bare;
pub mod beside;
pub mod build_context;
pub mod caches;
pub mod chown;
pub mod commands;
pub mod contract;
pub mod evidence;
pub mod first_copy;
pub mod generated;
pub mod inits;
pub mod launch;
pub mod layers;
pub mod limits;
pub mod needs;
pub mod node;
pub mod node_inputs;
pub mod packages;
pub mod privileges;
pub mod process_1;
pub mod programs;
pub mod python;
pub mod read_only;
pub mod refusals;
pub mod root;
pub mod rootless;
pub mod runtime;
pub mod scripts;
pub mod service;
pub mod settings;
pub mod signals;
pub mod sources;
pub mod split;
pub mod start_scripts;
pub mod uploads;
pub mod variables;
pub mod workers;
pub mod writers;

use std::collections::BTreeMap;

pub use contract::{Aspect, Contract};

use crate::{
    compose::{self, Compose},
    docker::{Dockerfile, ImageRef, Instruction, Stage, Word},
    effects::World,
    manifest::read_once::Manifests,
    options::Options,
    places::Places,
    shell::Script,
    source::{FileId, Place, SourceFile},
    workspace::{Image, Workspace},
};

/// Everything that a pass may look at.
#[derive(Debug)]
pub struct Context<'a> {
    /// The files as the earlier passes left them.
    pub ws: &'a Workspace,
    /// What the user asked for.
    pub options: &'a Options,
    /// The Dockerfiles, parsed.
    pub dockerfiles: &'a BTreeMap<FileId, Dockerfile>,
    /// The compose files, parsed.
    pub composes: &'a BTreeMap<FileId, Compose>,
    /// Where the files stood as they were read.
    pub places: &'a Places,
    /// The manifests and locks that were asked for.
    pub manifests: &'a Manifests,
    /// The evidence that was asked for: it holds as long as no text changes.
    pub evidence: evidence::Memo,
}

/// An image to be built: its Dockerfile and who uses it.
#[derive(Clone, Copy, Debug)]
pub struct ImageView<'a> {
    /// Context folder and services.
    pub image: &'a Image,
    /// The Dockerfile.
    pub id: FileId,
    /// The file, as it is now and as it was read.
    pub file: &'a SourceFile,
    /// Its text.
    pub text: &'a str,
    /// Its view.
    pub dockerfile: &'a Dockerfile,
    /// The stage to look at; none is the final one.
    pub stage_in_view: Option<usize>,
    /// Where the files stood as they were read.
    places: &'a Places,
}

impl<'a> ImageView<'a> {
    /// The stage in view, which is the final one unless another was asked for; a parsed Dockerfile has one.
    pub fn stage(&self) -> &'a Stage {
        let chosen = self.stage_in_view.and_then(|index| self.dockerfile.stages.get(index));
        chosen.or_else(|| self.dockerfile.final_stage()).expect("a parsed Dockerfile has a stage")
    }

    /// The same image with the stage at `index` in view.
    pub fn at(&self, index: usize) -> Self {
        Self { stage_in_view: Some(index), ..*self }
    }

    /// Whether the stage in view is the one that is run.
    pub fn is_final(&self) -> bool {
        self.stage().index + 1 == self.dockerfile.stages.len()
    }

    /// The image that the stage in view starts from in the end.
    pub fn root(&self) -> &'a ImageRef {
        root_image(self.dockerfile, self.stage())
    }

    /// The word that names the base of the stage in view.
    pub fn base_word(&self) -> &'a Word {
        self.dockerfile.base_word(self.stage())
    }

    /// The instructions of the final stage.
    pub fn instructions(&self) -> &'a [Instruction] {
        self.dockerfile.instructions_of(self.stage())
    }

    /// The instructions that make the final stage, those of the stages it starts from first.
    pub fn lineage(&self) -> Vec<&'a Instruction> {
        runtime::lineage(self.dockerfile, self.stage())
    }

    /// The line of an instruction in the file as it was read, from 1.
    pub fn line(&self, instruction: &Instruction) -> usize {
        self.places.place(self.id, self.file, instruction.span.start()).line
    }

    /// The script of a RUN, CMD or the like, read once.
    pub fn script<'i>(&self, instruction: &'i Instruction) -> &'i Script {
        Script::of(instruction, self.text)
    }
}

/// A service of a compose file.
#[derive(Clone, Copy, Debug)]
pub struct ServiceView<'a> {
    /// The compose file.
    pub id: FileId,
    /// Its text.
    pub text: &'a str,
    /// Its view.
    pub compose: &'a Compose,
    /// The service.
    pub service: &'a compose::service::Service,
}

/// Whether the final stage of a Dockerfile stands on Alpine.
pub fn is_alpine(dockerfile: &Dockerfile) -> bool {
    dockerfile.final_stage().is_some_and(|stage| root_image(dockerfile, stage).is_alpine())
}

/// The image that a stage starts from in the end, through stages named in FROM.
pub fn root_image<'d>(dockerfile: &'d Dockerfile, stage: &'d Stage) -> &'d ImageRef {
    &dockerfile.stages[stage.root].base
}

impl<'a> Context<'a> {
    /// The images of the project, in the order of their Dockerfiles.
    pub fn images(&self) -> impl Iterator<Item = ImageView<'a>> {
        let (ws, dockerfiles, places) = (self.ws, self.dockerfiles, self.places);
        ws.images.iter().filter_map(move |image| {
            let dockerfile = dockerfiles.get(&image.dockerfile)?;
            let file = ws.file(image.dockerfile);
            Some(ImageView {
                image,
                id: image.dockerfile,
                file,
                text: &file.text,
                dockerfile,
                stage_in_view: None,
                places,
            })
        })
    }

    /// What the build context of an image holds, as far as it was looked at for this image, and what its program text
    /// tells; what was read for another image is not in it.
    pub fn files_of<'i>(&self, image: &ImageView<'i>) -> &'i World {
        &image.image.world
    }

    /// The services that run `image`.
    pub fn services_of(&self, image: &'a Image) -> Vec<ServiceView<'a>> {
        let find = |(id, name): &'a (FileId, String)| {
            let compose = self.composes.get(id)?;
            let service = compose.service(name)?;
            Some(ServiceView { id: *id, text: &self.ws.file(*id).text, compose, service })
        };
        image.services.iter().filter_map(find).collect()
    }

    /// Whether the services that build `image` give it a folder of the project under this name, for `COPY --from`.
    pub fn is_named_folder(&self, image: &'a Image, name: &str) -> bool {
        let services = self.services_of(image);
        let builds = services.iter().filter_map(|view| view.service.build.as_ref());
        let mut contexts = builds.flat_map(|build| &build.additional_contexts).map(|field| &field.value);
        contexts.any(|context| {
            let folder = context.value.as_deref().unwrap_or_default();
            context.name == name && folder.starts_with(['.', '/']) && !folder.contains(['$', ':'])
        })
    }

    /// The services that the project builds, with their images.
    pub fn built_services(&self) -> Vec<(ServiceView<'a>, ImageView<'a>)> {
        let pairs = |image: ImageView<'a>| {
            self.services_of(image.image).into_iter().map(move |service| (service, image))
        };
        self.images().flat_map(pairs).collect()
    }
    /// The built services that this run may edit, in the order of their compose files.
    pub fn editable_services(&self) -> Vec<(ServiceView<'a>, ImageView<'a>)> {
        let mut services = self.built_services();
        services
            .retain(|(view, _)| self.is_wanted(&view.service.name) && !self.ws.read_only.contains(&view.id));
        services.sort_by_key(|(view, _)| (view.id, view.service.key.start()));
        services
    }

    /// The place of `offset` in a file as it was read.
    pub fn place(&self, id: FileId, offset: usize) -> Place {
        self.places.place(id, self.ws.file(id), offset)
    }

    /// Whether the user asked for this service, or for all.
    pub fn is_wanted(&self, service: &str) -> bool {
        let wanted = &self.options.services;
        wanted.is_empty() || wanted.iter().any(|name| name == service)
    }
}
