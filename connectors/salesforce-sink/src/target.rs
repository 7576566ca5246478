//! What the sink knows of the pipeline's objects in org B.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use orgstream_api::{Field, Rejection, Struct};
use orgstream_salesforce::{Describe, DescribeField, FieldKind, SalesforceId};

use crate::config::SinkObject;
use crate::left_out::LeftOut;
use crate::object_rules::Rules;
use crate::rank::ranks;
use crate::recognition::Recognition;
use crate::relationships::relationship;
use crate::rules::{FindRule, ReferenceRule};

/// One object of the pipeline, as org B describes it.
#[derive(Debug)]
pub(crate) struct Target {
    /// Its place in the configuration.
    pub(crate) index: usize,
    /// Its API name.
    pub(crate) object: String,
    /// The field that holds the record's id of org A.
    pub(crate) external_id: Option<String>,
    /// Whether that field tells letters of other case apart.
    external_case: bool,
    /// Parents rank before their children.
    pub(crate) rank: u32,
    /// The fields that may be written, without references.
    pub(crate) columns: Vec<DescribeField>,
    /// The references that may be written.
    pub(crate) references: Vec<Reference>,
    /// Those of both that org B takes from a new record only, without references that are never written.
    pub(crate) taken_once: Vec<DescribeField>,
    /// What its new records can be known again by.
    pub(crate) recognition: Recognition,
    /// The objects whose records may point at records of this one, itself included.
    pub(crate) referrers: Vec<usize>,
    /// The objects whose records go to the recycle bin and come back with records of this one, each with the field by which.
    pub(crate) cascades: Vec<(usize, String)>,
    /// What the file says of its records and fields.
    pub(crate) rules: Rules,
    /// The fields of org B that are never written, with the reason.
    left_out: HashMap<String, LeftOut>,
    /// The names of all relationships to parents, in lower case, with their fields.
    relationships: BTreeMap<String, DescribeField>,
    ignored: Vec<String>,
    pub(crate) topic: String,
    key_prefix: Option<String>,
}

/// A reference field of an object.
#[derive(Debug)]
pub(crate) struct Reference {
    /// The field.
    pub(crate) field: DescribeField,
    /// The pipeline's objects it may point at, in describe order.
    pub(crate) parents: Vec<usize>,
    /// How the record is found that a reference out of the pipeline points at; without a rule it is left out.
    pub(crate) rule: Option<Arc<FindRule>>,
}

/// All objects of the pipeline.
#[derive(Debug)]
pub(crate) struct Targets(Vec<Arc<Target>>);

impl Target {
    /// Whether the reference field `name` is one that can be owed.
    pub(crate) fn owes(&self, name: &str) -> bool {
        self.owable().any(|owable| owable == name)
    }

    /// The names of the references that point into the pipeline and can be set after their record was made.
    pub(crate) fn owable(&self) -> impl Iterator<Item = &str> {
        let owable = |reference: &&Reference| !reference.parents.is_empty() && reference.field.updateable;
        self.references.iter().filter(owable).map(|reference| reference.field.name.as_str())
    }

    /// Whether org B takes the field `name` from a new record only.
    pub(crate) fn takes_once(&self, name: &str) -> bool {
        self.taken_once.iter().any(|field| field.name == name)
    }

    /// Whether a null clears the field `name`: org B has no null of some, such as booleans.
    pub(crate) fn takes_null(&self, name: &str) -> bool {
        let mut fields = self.columns.iter().chain(self.references.iter().map(|reference| &reference.field));
        fields.find(|field| field.name == name).is_none_or(|field| field.nillable)
    }

    /// The reference field that a relationship leads through; Salesforce's names have no case.
    pub(crate) fn through(&self, relationship: &str) -> Option<&str> {
        let field = self.relationships.get(&relationship.to_ascii_lowercase())?;
        Some(field.name.as_str())
    }

    /// The reference field `name`, where it may be written.
    pub(crate) fn refers_by(&self, name: &str) -> Option<&Reference> {
        self.references.iter().find(|reference| reference.field.name == name)
    }

    /// The reference that a field of a record is about, be it an id or the name of a parent.
    pub(crate) fn reference_of(&self, name: &str) -> Option<&Reference> {
        let column = name.split_once('.').map_or(name, |(relationship, _)| relationship);
        self.references.iter().find(|Reference { field, .. }| {
            let relationship = field.relationship_name.as_ref();
            field.name == name || relationship.is_some_and(|known| known.eq_ignore_ascii_case(column))
        })
    }

    /// The names of all its relationships to parents.
    pub(crate) fn relationships(&self) -> Vec<&str> {
        self.relationships.values().filter_map(|field| field.relationship_name.as_deref()).collect()
    }

    /// Whether org B has a field `name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        let mut written = self.columns.iter().chain(self.references.iter().map(|reference| &reference.field));
        self.left_out.contains_key(name) || written.any(|field| field.name == name)
    }

    /// Whether the file says that the field `name` is never written.
    pub(crate) fn ignores(&self, name: &str) -> bool {
        self.ignored.iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Why a field of a record is not written, be it one of org B's or the name of a parent; `None` where it is, or where a
    /// record that has it is refused.
    pub(crate) fn leaves_out_of(&self, field: &Field) -> Option<LeftOut> {
        if self.has(&field.name) {
            return self.leaves_out(&field.name);
        }
        let relationship = relationship(field);
        match self.through(relationship) {
            _ if self.ignores(relationship) => Some(LeftOut::Ignored),
            _ if self.rules.uses(&field.name) => Some(LeftOut::OnlyUsed),
            Some(through) if self.refers_by(through).is_some() => None,
            Some(through) => self.leaves_out(through),
            None if field.name.contains('.') => None,
            None => self.leaves_out(&field.name),
        }
    }

    /// A value of the external id as org B compares it: values that are the same find the same record.
    pub(crate) fn compared<'a>(&self, external: &'a str) -> Cow<'a, str> {
        if self.external_case { Cow::Borrowed(external) } else { Cow::Owned(external.to_lowercase()) }
    }

    /// Why the field `name` of a record is not written; `None` where it is.
    pub(crate) fn leaves_out(&self, name: &str) -> Option<LeftOut> {
        let is = |known: &String| known.eq_ignore_ascii_case(name);
        if self.rules.computes(name) || self.external_id.as_ref().is_some_and(is) {
            return None;
        }
        if self.ignored.iter().any(is) {
            return Some(LeftOut::Ignored);
        }
        let reference = self.references.iter().find(|reference| reference.field.name == name);
        if reference.is_some_and(|reference| !reference.is_ever_written()) {
            return Some(LeftOut::Outside);
        }
        let mut written = self.columns.iter().chain(self.references.iter().map(|reference| &reference.field));
        match self.left_out.get(name) {
            Some(reason) => Some(*reason),
            None if written.any(|field| field.name == name) => None,
            None if self.rules.uses(name) => Some(LeftOut::OnlyUsed),
            None => Some(LeftOut::NotThere),
        }
    }

    /// Whether `id` of another org can be one of this object. Standard objects have the same prefix everywhere; those
    /// of custom objects differ from org to org.
    fn may_have(&self, id: &SalesforceId) -> bool {
        match &self.key_prefix {
            Some(prefix) if !self.is_custom() => prefix == id.key_prefix(),
            _ => id.key_prefix().starts_with(['a', 'A']),
        }
    }

    /// Whether `id` of another org is of another object for certain: the prefixes of standard objects are the same everywhere.
    fn cannot_have(&self, id: &SalesforceId) -> bool {
        let prefix = self.key_prefix.as_ref().filter(|_| !self.object.contains("__"));
        prefix.is_some_and(|prefix| prefix != id.key_prefix())
    }

    fn is_custom(&self) -> bool {
        self.object.ends_with("__c")
    }
}

impl Reference {
    /// Whether a record cannot be without it. References that are never written are never waited for.
    pub(crate) fn is_required(&self) -> bool {
        self.is_ever_written() && !self.field.nillable && !self.field.defaulted_on_create
    }

    /// Whether it can have a value in org B.
    fn is_ever_written(&self) -> bool {
        !self.parents.is_empty() || self.rule.is_some()
    }

    /// Whether a record that waits for it can be written without it all the same.
    pub(crate) fn is_dispensable(&self) -> bool {
        self.is_waited_for() && !self.is_required()
    }

    /// Whether a record that has it can be without it.
    pub(crate) fn can_be_emptied(&self) -> bool {
        self.field.nillable && self.field.updateable
    }

    /// Whether a record waits for it: it cannot be without it, or could not get it later.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.is_required() || (!self.parents.is_empty() && !self.field.updateable)
    }
}

impl Targets {
    /// The pipeline's objects with what org B says of them, in the same order.
    pub(crate) fn new(objects: &[SinkObject], describes: &[Arc<Describe>]) -> Self {
        let inside = |name: &String| objects.iter().position(|object| object.name.eq_ignore_ascii_case(name));
        let references: Vec<Vec<Reference>> = objects
            .iter()
            .zip(describes)
            .map(|(object, describe)| {
                let fields = describe.fields.iter().filter(|field| field.kind == FieldKind::Reference);
                fields
                    .filter(|field| is_writable(field, object))
                    .filter_map(|field| {
                        let rule = match object.references.of(&field.name) {
                            ReferenceRule::LeaveOut => return None,
                            ReferenceRule::Map => None,
                            ReferenceRule::Find(rule) => Some(Arc::clone(rule)),
                        };
                        let parents = field.reference_to.iter().filter_map(inside).collect();
                        Some(Reference { field: field.clone(), parents, rule })
                    })
                    .collect()
            })
            .collect();
        let parents: Vec<Vec<usize>> = references
            .iter()
            .map(|references| references.iter().flat_map(|reference| reference.parents.clone()).collect())
            .collect();
        let described = objects.iter().zip(describes).zip(references).zip(ranks(&parents)).enumerate();
        let targets = described.map(|(index, (((object, describe), references), rank))| {
            let columns = columns(object, describe);
            let left_out = describe
                .fields
                .iter()
                .filter_map(|field| Some((field.name.clone(), LeftOut::of(field, object)?)));
            let name_in_org = |name: &str| {
                let known = describe.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
                known.map(|field| field.name.clone())
            };
            let is_external = |field: &&DescribeField| {
                object.external_id.as_ref().is_some_and(|name| field.name.eq_ignore_ascii_case(name))
            };
            let external = describe.fields.iter().find(is_external);
            Arc::new(Target {
                index,
                object: object.name.clone(),
                external_id: object.external_id.clone(),
                external_case: external.is_some_and(|field| field.case_sensitive),
                rank,
                taken_once: taken_once(&columns, &references),
                columns,
                references,
                rules: object.rules.named(name_in_org),
                left_out: left_out.collect(),
                relationships: relationships(describe),
                ignored: object.ignore_fields.clone(),
                recognition: Recognition::new(object, describe),
                referrers: (0..describes.len()).filter(|other| refers(&describes[*other], object)).collect(),
                cascades: cascades(describe, inside),
                topic: object.topic.clone(),
                key_prefix: describe.key_prefix.clone(),
            })
        });
        Self(targets.collect())
    }

    /// Whether any object has a condition of its own.
    pub(crate) fn have_conditions(&self) -> bool {
        self.0.iter().any(|target| target.rules.when.is_some())
    }

    /// The object of a record: by its name where the record has one, else by its topic.
    pub(crate) fn route(&self, object: Option<&str>, topic: &str) -> Result<&Arc<Target>, Rejection> {
        let unroutable =
            |message: String| Rejection { code: "UNROUTABLE".to_owned(), message, fields: Vec::new() };
        if let Some(object) = object {
            return self.named(object).ok_or_else(|| {
                unroutable(format!("object `{object}` is not one of the pipeline's; add it to `objects`"))
            });
        }
        let mut on_topic = self.0.iter().filter(|target| target.topic == topic);
        match (on_topic.next(), on_topic.next()) {
            (Some(target), None) => Ok(target),
            (None, _) => Err(unroutable(format!(
                "the record has no `_ObjectType`, and topic `{topic}` belongs to no object of the pipeline"
            ))),
            (Some(_), Some(_)) => Err(unroutable(format!(
                "the record has no `_ObjectType`, and topic `{topic}` belongs to several objects of the pipeline"
            ))),
        }
    }

    /// The object of a record that is only a key: by the name of the key's schema, `AccountKey`, else by its topic.
    pub(crate) fn of_key(&self, key: Option<&Struct>, topic: &str) -> Result<&Arc<Target>, Rejection> {
        let name = key.and_then(|key| key.schema().name().rsplit('.').next()?.strip_suffix("Key"));
        match name.and_then(|name| self.named(name.strip_suffix("ChangeEvent").unwrap_or(name))) {
            Some(target) => Ok(target),
            None => self.route(None, topic),
        }
    }

    /// The object `name`; Salesforce's names have no case.
    pub(crate) fn named(&self, name: &str) -> Option<&Arc<Target>> {
        self.0.iter().find(|target| target.object.eq_ignore_ascii_case(name))
    }

    /// The object at a place of the configuration.
    pub(crate) fn at(&self, index: usize) -> &Arc<Target> {
        &self.0[index]
    }

    /// The objects that `id`, in `reference`, can belong to. Of a reference to several objects that is a guess; one to a single
    /// standard object holds no ids of others.
    pub(crate) fn parents(&self, reference: &Reference, id: &SalesforceId) -> Vec<&Arc<Target>> {
        let parents = reference.parents.iter().map(|&index| &self.0[index]);
        if reference.field.reference_to.len() == 1 {
            return parents.filter(|parent| !parent.cannot_have(id)).collect();
        }
        parents.filter(|parent| parent.may_have(id)).collect()
    }

    /// The rank of the first object to be read from `topic`.
    pub(crate) fn rank(&self, topic: &str) -> u32 {
        let on_topic = self.0.iter().filter(|target| target.topic == topic);
        on_topic.map(|target| target.rank).min().unwrap_or(0)
    }
}

fn relationships(describe: &Describe) -> BTreeMap<String, DescribeField> {
    let references = describe.fields.iter().filter(|field| field.kind == FieldKind::Reference);
    let named = references
        .filter_map(|field| Some((field.relationship_name.as_ref()?.to_ascii_lowercase(), field.clone())));
    named.collect()
}

/// Whether records of an object may point at those of `object`, by whatever field.
fn refers(describe: &Describe, object: &SinkObject) -> bool {
    let mut targets = describe.fields.iter().flat_map(|field| &field.reference_to);
    targets.any(|target| target.eq_ignore_ascii_case(&object.name))
}

/// The pipeline's objects whose records go and come with those of an object.
fn cascades(describe: &Describe, inside: impl Fn(&String) -> Option<usize>) -> Vec<(usize, String)> {
    let children = describe.children.iter().filter(|child| child.cascade_delete);
    children.filter_map(|child| Some((inside(&child.object)?, child.field.clone()?))).collect()
}

/// The fields of an object that carry data. Compound values are written through their parts, and a row holds only a
/// link to bytes.
fn columns(object: &SinkObject, describe: &Describe) -> Vec<DescribeField> {
    let skipped = [FieldKind::Id, FieldKind::Reference];
    let fields = describe.fields.iter().filter(|field| !skipped.contains(&field.kind));
    fields.filter(|field| is_writable(field, object)).cloned().collect()
}

fn taken_once(columns: &[DescribeField], references: &[Reference]) -> Vec<DescribeField> {
    let written = references.iter().filter(|reference| reference.is_ever_written());
    let fields = columns.iter().chain(written.map(|reference| &reference.field));
    fields.filter(|field| !field.updateable).cloned().collect()
}

/// Whether a field may be written at all. The external id is left to the upsert itself, which addresses the record by it.
fn is_writable(field: &DescribeField, object: &SinkObject) -> bool {
    let is = |name: &String| field.name.eq_ignore_ascii_case(name);
    (field.createable || field.updateable)
        && LeftOut::of(field, object).is_none()
        && !object.external_id.as_ref().is_some_and(is)
}
