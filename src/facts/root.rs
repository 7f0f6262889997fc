//! Whether a step runs as root, as far as the file and the tables tell.

use super::{ImageView, packages, runtime};
use crate::{
    docker::{Instruction, Keyword},
    knowledge::images,
};

/// Official images whose last USER is not root; their Dockerfiles at docker-library.
const OTHER_USERS: [&str; 6] = ["elasticsearch", "haproxy", "kibana", "logstash", "memcached", "varnish"];

/// Images of others that run as root; their documentation.
const OTHERS_WITH_ROOT: [&str; 4] =
    ["ghcr.io/astral-sh/uv", "nvidia/cuda", "public.ecr.aws/lambda/python", "pytorch/pytorch"];

/// Images whose HOME is another folder than root's, also where root runs the steps; their documentation.
const OTHER_HOMES: [&str; 5] =
    ["jupyter/", "quay.io/jupyter/", "registry.access.redhat.com/", "registry.redhat.io/", "centos/"];

/// Whether the base of the stage in view is known to lead programs to another home folder than that of root.
pub fn has_other_home(image: &ImageView) -> bool {
    let name = image.root().name.trim_start_matches("docker.io/");
    OTHER_HOMES.iter().any(|place| name.starts_with(place))
}

/// Whether the stage in view is known to begin as root, by a USER of the stages above or by its base.
pub fn is_root_at_first(image: &ImageView) -> bool {
    let inherited = runtime::inherited(image);
    inherited.is_root() && (inherited.user.is_some() || begins_as_root(image))
}

/// Whether the stage in view is known to begin as root, where no USER says so: an official image does, and of
/// another one the steps tell up to a USER, its own and those above, since who installs system packages is root.
pub fn begins_as_root(image: &ImageView) -> bool {
    let base = image.root();
    // Mirrors keep official images below this name.
    let mirrored = || base.name.rsplit_once("/library/").map(|(_, name)| name);
    let official = base.official_name().or_else(mirrored);
    if OTHERS_WITH_ROOT.contains(&base.name.as_str()) {
        return true;
    }
    let is_known = |name| {
        (images::lookup(name).is_some() || matches!(name, "alpine" | "ubuntu"))
            && !OTHER_USERS.contains(&name)
    };
    official.is_some_and(is_known) || {
        let ancestors = image.dockerfile.lineage(image.stage()).skip(1).take(runtime::MOST_ANCESTORS);
        let above = ancestors.flat_map(|stage| image.dockerfile.instructions_of(stage));
        let own = image.instructions().iter().take_while(|step| step.keyword != Keyword::User);
        above.chain(own).any(|step| needs_root(image, step))
    }
}

/// Whether a step would fail for anybody but root.
fn needs_root(image: &ImageView, step: &Instruction) -> bool {
    const ACCOUNTS: [&str; 4] = ["useradd", "groupadd", "adduser", "addgroup"];
    const OTHER_MANAGERS: [&str; 4] = ["yum", "dnf", "microdnf", "zypper"];
    step.keyword == Keyword::Run
        && image.script(step).commands.iter().any(|command| {
            let name = command.name();
            packages::is_apt(command)
                || name == "apk"
                || ACCOUNTS.contains(&name)
                || OTHER_MANAGERS.contains(&name)
        })
}
