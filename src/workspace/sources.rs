//! Looking at what an image takes from its build context.

use std::collections::BTreeMap;

use super::{Image, disk::Disk, path};
use crate::{
    compose::Compose,
    docker::Dockerfile,
    facts::sources::{self, Request},
    source::FileId,
};

/// Looks whether the sources of an image are there.
pub(super) fn look_at(
    disk: &Disk,
    image: &Image,
    dockerfile: &Dockerfile,
    composes: &BTreeMap<FileId, Compose>,
) {
    let services = image.services.iter();
    let request = Request::of(services.filter_map(|(id, name)| composes.get(id)?.service(name)));
    for source in sources::required(dockerfile, &request) {
        disk.entry(&path::join(&image.context, &source.path));
    }
}
