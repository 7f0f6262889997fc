//! The `build` of a service.

use crate::{
    compose::resolve::{Cursor, Field, Origin},
    compose::variable::{Variable, variables},
    source::Span,
};

/// How a service is built. A field that the file does not name is absent here, whatever its default.
#[derive(Clone, Debug)]
pub struct Build {
    /// Whether it is the long form; the short form is only a context.
    pub is_long: bool,
    /// The key `build`.
    pub key: Span,
    /// The value.
    pub span: Span,
    /// Whether it is written in the service itself.
    pub origin: Origin,
    /// The folder, relative to the compose file, or an address.
    pub context: Option<Field<String>>,
    /// The Dockerfile, relative to the context.
    pub dockerfile: Option<Field<String>>,
    /// A Dockerfile within the compose file.
    pub dockerfile_inline: Option<Field<String>>,
    /// The stage to build.
    pub target: Option<Field<String>>,
    /// The build arguments.
    pub args: Vec<Field<Variable>>,
    /// Further contexts by name: folders, addresses or images.
    pub additional_contexts: Vec<Field<Variable>>,
    /// Images to take the cache from.
    pub cache_from: Vec<Field<String>>,
}

impl Build {
    pub(crate) fn read(build: &Cursor<'_>) -> Option<Self> {
        let is_long = build.is_mapping();
        if !is_long && build.value().is_none() {
            return None;
        }
        let text = |key: &str| build.get(key).and_then(|value| value.text_field());
        Some(Self {
            is_long,
            key: build.key,
            span: build.span(),
            origin: build.origin,
            context: if is_long { text("context") } else { build.text_field() },
            dockerfile: text("dockerfile"),
            dockerfile_inline: text("dockerfile_inline"),
            target: text("target"),
            args: build.get("args").map(|args| variables(&args)).unwrap_or_default(),
            additional_contexts: build
                .get("additional_contexts")
                .map(|contexts| variables(&contexts))
                .unwrap_or_default(),
            cache_from: build.texts("cache_from"),
        })
    }
}
