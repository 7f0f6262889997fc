//! A compose file as a typed view of its text.

use crate::compose::{
    error::ComposeError,
    layout::{Habits, habits},
    node::Tree,
    read::read,
    resolve::{Cursor, Field},
    service::Service,
};

/// A compose file. The spans are those of the text that was parsed.
#[derive(Clone, Debug)]
pub struct Compose {
    /// The services in the order of the file.
    pub services: Vec<Service>,
    /// `name`.
    pub name: Option<Field<String>>,
    /// `version`, which compose no longer reads.
    pub version: Option<Field<String>>,
    /// The files under `include`.
    pub include: Vec<Field<String>>,
    /// The names under `volumes`.
    pub volumes: Vec<Field<String>>,
    /// The YAML document.
    pub tree: Tree,
    /// How the file is indented.
    pub(crate) habits: Habits,
}

impl Compose {
    /// Reads a compose file. What is odd but YAML is no error: it is absent from the view.
    ///
    /// # Errors
    /// When the text is not YAML, a key occurs twice, or the text is too large, deep or expansive.
    pub fn parse(text: &str) -> Result<Self, ComposeError> {
        let tree = read(text)?;
        let root = Cursor::root(text, &tree);
        let get = |key: &str| root.as_ref().and_then(|root| root.get(key));
        let entries = |key: &str| get(key).map(|value| value.entries()).unwrap_or_default();
        let services = entries("services").iter().map(Service::read).collect();
        let volumes = entries("volumes").iter().map(|entry| entry.field(entry.name().to_owned())).collect();
        let name = get("name").and_then(|value| value.text_field());
        let version = get("version").and_then(|value| value.text_field());
        let include = get("include").map(|value| included(&value)).unwrap_or_default();
        let habits = habits(text, &tree);
        Ok(Self { services, name, version, include, volumes, tree, habits })
    }

    /// The service called `name`.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }

    /// The other files that it is made of: those under `include`, and those whose services its own extend.
    pub fn parts(&self) -> Vec<String> {
        let extended = self.services.iter().filter_map(|service| service.extends.as_ref()?.file.as_ref());
        self.include.iter().chain(extended).map(|field| field.value.clone()).collect()
    }
}

/// The paths of `include`: texts, or the `path` of a mapping, which may itself be a list.
fn included(value: &Cursor<'_>) -> Vec<Field<String>> {
    let items = value.items_or_self().into_iter();
    let paths = items.flat_map(|item| match item.get("path") {
        Some(path) => path.items_or_self(),
        None => vec![item],
    });
    paths.filter_map(|path| path.text_field()).collect()
}
