//! Which links there can be: of which objects, between which orgs.

use std::collections::{BTreeMap, BTreeSet};

use orgstream_api::IdLink;
use orgstream_salesforce::{OrgId, SalesforceId};

use super::place::Place;
use crate::cli::args::IdsSides;
use crate::cli::exit::Failure;
use crate::config::hint;
use crate::store::{LinkKey, LinkKind};

/// The orgs of a link.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sides {
    pub(super) source_org: String,
    pub(super) target_org: String,
}

/// What the file and the id map say of objects and orgs.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    /// The orgs of each object that there is between them.
    objects: BTreeMap<String, BTreeSet<Sides>>,
    /// Names of orgs whose ids are not known yet.
    strangers: BTreeSet<String>,
    /// Ids of orgs by name.
    names: BTreeMap<String, String>,
    from: Option<String>,
    to: Option<String>,
}

impl Catalog {
    /// What is known at a place, as far as it is between the orgs that the user names.
    pub(super) async fn of(place: &Place, sides: &IdsSides) -> Result<Self, Failure> {
        let (names, kinds) = match place.links() {
            Ok(links) => {
                (links.orgs().await.map_err(Failure::failed)?, links.kinds().await.map_err(Failure::failed)?)
            }
            // Before the first run there is only the file.
            Err(_) if place.config.is_some() => (BTreeMap::new(), Vec::new()),
            Err(failure) => return Err(failure),
        };
        let mut catalog = Self { names, ..Self::default() };
        catalog.from = sides.from.as_deref().map(|org| catalog.org(org)).transpose()?;
        catalog.to = sides.to.as_deref().map(|org| catalog.org(org)).transpose()?;
        for kind in kinds {
            if catalog.is_about(place, &kind) {
                catalog.add(kind.object, Some(kind.source_org), Some(kind.target_org));
            }
        }
        for pipeline in place.config.iter().flat_map(|config| &config.pipelines) {
            let Some(sink) = &pipeline.sink else { continue };
            let source = pipeline.source.as_ref().map(|source| source.org.as_str());
            let [source, target] = [source, Some(sink.org.as_str())].map(|name| catalog.known(name));
            for object in &pipeline.objects {
                catalog.add(object.name.clone(), source.clone(), target.clone());
            }
        }
        Ok(catalog)
    }

    /// Whether links are those of the file, or of the state directory. Its id map knows those of every file that uses the same
    /// Kafka.
    fn is_about(&self, place: &Place, kind: &LinkKind) -> bool {
        let Some(config) = &place.config else {
            let named = |org: &String| self.names.values().any(|known| known == org);
            // Where only sinks run, the org that the records come from was never called.
            return named(&kind.target_org) && (named(&kind.source_org) || self.names.len() == 1);
        };
        let is = |name: &str, org: &String| self.names.get(name) == Some(org);
        config.pipelines.iter().any(|pipeline| {
            let source = pipeline.source.as_ref().is_none_or(|source| is(&source.org, &kind.source_org));
            let sink = pipeline.sink.as_ref().is_some_and(|sink| is(&sink.org, &kind.target_org));
            source && sink && pipeline.objects.iter().any(|object| object.name == kind.object)
        })
    }

    /// The object as it is written here, and its orgs; else what is wrong.
    pub(super) fn sides(&self, object: &str) -> Result<(String, Sides), String> {
        let known = self.objects.iter().find(|(name, _)| name.eq_ignore_ascii_case(object));
        let Some((object, sides)) = known else {
            let all: Vec<&str> = self.objects.keys().map(String::as_str).collect();
            return Err(format!(
                "names the object `{object}`, which no sink writes here; those that are: {}",
                if all.is_empty() { "none".to_owned() } else { all.join(", ") }
            ));
        };
        if let (Some(source_org), Some(target_org)) = (self.from.clone(), self.to.clone()) {
            return Ok((object.clone(), Sides { source_org, target_org }));
        }
        let mut fitting = sides.iter();
        match (fitting.next(), fitting.next()) {
            (Some(one), None) => Ok((object.clone(), one.clone())),
            (Some(_), Some(_)) => Err(format!(
                "names {object}, which is linked between several orgs; say which with `--from` and `--to`"
            )),
            (None, _) if self.strangers.is_empty() => Err(format!(
                "names {object}, of which nobody says from which org it comes; say it with `--from`"
            )),
            (None, _) => {
                let strangers: Vec<&str> = self.strangers.iter().map(String::as_str).collect();
                Err(format!(
                    "names {object}, and the ids of its orgs are not known here yet ({}): run the pipeline once, or fill \
                     the map with `orgstream ids bootstrap FILE`, which log in to them",
                    strangers.join(", ")
                ))
            }
        }
    }

    /// Refuses the name of an object that no link can be of.
    pub(super) fn must_know(&self, object: &str) -> Result<(), Failure> {
        let known = || self.objects.keys().map(String::as_str);
        if known().any(|known| known.eq_ignore_ascii_case(object)) {
            return Ok(());
        }
        let known: Vec<&str> = known().collect();
        Err(Failure::usage(format!(
            "no links are of an object `{object}`{}",
            hint(object, known.iter().copied())
        )))
    }

    /// The key of a record's link; else what is wrong.
    pub(super) fn key(&self, object: &str, source: SalesforceId) -> Result<LinkKey, String> {
        let (object, Sides { source_org, target_org }) = self.sides(object)?;
        Ok(LinkKey { source_org, object, source_id: source.to_string(), target_org })
    }

    /// The name of an org where it has one, else its id.
    pub(super) fn name<'a>(&'a self, id: &'a str) -> &'a str {
        let named = self.names.iter().find(|(_, known)| *known == id);
        named.map_or(id, |(name, _)| name)
    }

    /// Whether a link is one of these objects, between these orgs.
    pub(super) fn has(&self, link: &IdLink) -> bool {
        let between =
            |sides: &Sides| sides.source_org == link.source_org && sides.target_org == link.target_org;
        self.objects.get(&link.object).is_some_and(|all| all.iter().any(between))
    }

    fn add(&mut self, object: String, source_org: Option<String>, target_org: Option<String>) {
        let known = self.objects.entry(object).or_default();
        let source_org = source_org.or_else(|| self.from.clone());
        let target_org = target_org.or_else(|| self.to.clone());
        if let (Some(source_org), Some(target_org)) = (source_org, target_org) {
            let fits =
                |wanted: &Option<String>, org: &String| wanted.as_ref().is_none_or(|wanted| wanted == org);
            if fits(&self.from, &source_org) && fits(&self.to, &target_org) {
                known.insert(Sides { source_org, target_org });
            }
        }
    }

    /// The id of an org of the file.
    fn known(&mut self, name: Option<&str>) -> Option<String> {
        let name = name?;
        let id = self.names.get(name).cloned();
        if id.is_none() {
            self.strangers.insert(name.to_owned());
        }
        id
    }

    /// The org that the user means.
    fn org(&self, text: &str) -> Result<String, Failure> {
        if let Some(id) = self.names.get(text) {
            return Ok(id.clone());
        }
        let named: Vec<&str> = self.names.keys().map(String::as_str).collect();
        OrgId::parse(text).map(|id| id.as_str().to_owned()).map_err(|_| {
            Failure::usage(format!(
                "`{text}` is neither the id of an org nor one of the names that are known here: {}",
                if named.is_empty() { "none".to_owned() } else { named.join(", ") }
            ))
        })
    }
}

/// What is wrong with a link between these ids of `object`. Ids of a standard object begin alike in every org.
pub(super) fn mismatch(object: &str, source: SalesforceId, target: SalesforceId) -> Option<String> {
    let alike = object.ends_with("__c") || source.key_prefix() == target.key_prefix();
    (!alike).then(|| format!("links {source} with {target}, which are not ids of the same object"))
}
