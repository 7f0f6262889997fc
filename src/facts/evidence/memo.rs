//! Evidence that was worked out once: several judges ask for that of the same stage.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use super::{super::ImageView, Evidence};

/// The evidence by image and stage; an image is known by its place in the workspace.
#[derive(Debug, Default)]
pub struct Memo {
    known: RefCell<BTreeMap<(usize, usize), Rc<Evidence>>>,
}

impl Memo {
    /// The evidence of the stage in view, worked out by `find` when nobody asked before.
    pub(super) fn get(&self, image: &ImageView, find: impl FnOnce() -> Evidence) -> Rc<Evidence> {
        let key = (std::ptr::from_ref(image.image).addr(), image.stage().index);
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let found = Rc::new(find());
        self.known.borrow_mut().insert(key, found.clone());
        found
    }
}
