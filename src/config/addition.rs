//! Orgs and pipelines that are no part of the file, put beside those that stand in it, so that all of them are checked together.

use std::collections::BTreeMap;
use std::path::Path;

use super::fault::{Fault, Faults};
use super::secrets::Secrets;
use super::substitute::{Surroundings, substitute};
use super::tree::{Content, Key, Node};
use super::written::flatten;

/// What is put beside a file.
#[derive(Clone, Copy)]
pub(crate) struct Addition<'a> {
    /// A text with `orgs` and `pipelines`; its other sections are the file's affair.
    pub(crate) text: &'a str,
    /// Knows the variables of this text. Those of the environment are not among them unless it says so.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<String>,
}

impl Addition<'_> {
    /// Puts it into `file`, in which everything is substituted. An org that the file reaches and logs in to in the same way is the file's.
    ///
    /// # Errors
    /// It is no YAML, or a pipeline of it has the name of one of the file's.
    pub(super) fn put_into(
        &self,
        file: &mut Node,
        path: &Path,
        directory: &Path,
        faults: &mut Vec<Fault>,
    ) -> Result<(), Faults> {
        let mut added = Node::parse(self.text).map_err(|fault| Faults::new(path, vec![fault]))?;
        let from = Surroundings { directory, variable: self.variable };
        let secrets = Secrets::of(&added, &from);
        substitute(&mut added, "", &from, &secrets, faults);
        let (orgs, mut pipelines) = (added.take("orgs"), added.take("pipelines"));
        let mut names = BTreeMap::new();
        for (name, org) in orgs {
            let own = file.section("orgs");
            let is_same = |(_, known): &&(String, BTreeMap<String, String>)| *known == login(&org);
            let known: Vec<_> = own.iter().map(|(key, known)| (key.name.clone(), login(known))).collect();
            if let Some((same, _)) = known.iter().find(is_same) {
                names.insert(name.name.clone(), same.clone());
                continue;
            }
            let mut free = name.name.clone();
            while known.iter().any(|(taken, _)| *taken == free) {
                free.push_str("-rest");
            }
            names.insert(name.name.clone(), free.clone());
            own.push((Key { name: free, ..name }, org));
        }
        for (_, pipeline) in &mut pipelines {
            for half in ["source", "sink"] {
                rename(pipeline, half, &names);
            }
        }
        let own = file.section("pipelines");
        for (name, pipeline) in pipelines {
            if own.iter().any(|(known, _)| known.name == name.name) {
                faults.push(Fault {
                    place: name.at,
                    key: format!("pipelines.{}", name.name),
                    message: format!(
                        "the file has a pipeline `{}` too; give one of them another name",
                        name.name
                    ),
                });
                continue;
            }
            own.push((name, pipeline));
        }
        Ok(())
    }
}

/// How an org is reached and logged in to.
fn login(org: &Node) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    flatten(org, "", &mut keys);
    keys.retain(|key, _| key == "url" || key.starts_with("auth.") || key.starts_with("proxy."));
    if let Some(url) = keys.get_mut("url") {
        *url = url.trim_end_matches('/').to_lowercase();
    }
    keys
}

/// Gives the org of a half of `pipeline` its name in the file.
fn rename(pipeline: &mut Node, half: &str, names: &BTreeMap<String, String>) {
    let Some(half) = pipeline.entry_mut(half) else { return };
    let Some(org) = half.entry_mut("org") else { return };
    if let Content::Text { text, .. } = &mut org.content
        && let Some(name) = names.get(text)
    {
        text.clone_from(name);
    }
}
