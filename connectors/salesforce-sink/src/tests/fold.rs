//! What is folded says and does what its changes say and do one after the other. Without an org.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{
    Field, IdLink, Item, LinkState, Outcome, Schema, SinkRecord, Skip, Struct, Ticket, TicketId, Type, Value,
};
use orgstream_salesforce::{Describe, Row, SalesforceId};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tokio::sync::mpsc::unbounded_channel;

use super::change::{Change as Given, ORG_A};
use super::world::{EXTERNAL, config};
use crate::attempts::Attempts;
use crate::change::{self, Change};
use crate::config::{Operation, SinkConfig};
use crate::fold::{Member, fold, leave_out_written};
use crate::holds::Holds;
use crate::map;
use crate::plan::Kind;
use crate::presence::Presence;
use crate::relationships::columns;
use crate::target::{Reference, Targets};
use crate::tenure::Tenures;
use crate::versions::superseded;
use crate::work::{Papers, Task, Work};

/// Fields that are written in different ways: any time, only into a new record, never a null.
const FIELDS: [&str; 4] = ["Name", "Phone", "Origin__c", "Active__c"];

/// A parent that may be missing, by its id and by two columns of which a record has one, and one that may not.
const PARENTS: [&str; 5] = ["ParentId", "Parent.Erp__c", "Parent", "BossId", "Boss.Erp__c"];

/// All that a record may have.
fn all_names() -> impl Iterator<Item = &'static str> {
    FIELDS.into_iter().chain(PARENTS)
}

/// A sink of accounts.
struct Sink {
    config: SinkConfig,
    targets: Targets,
    tenures: Tenures,
    holds: Holds,
}

/// What becomes of the record in org B.
#[derive(Debug, Clone, Default, PartialEq)]
enum Place {
    /// It never was there.
    #[default]
    Nowhere,
    /// It lives, with these fields.
    Lives(BTreeMap<String, Json>),
    /// It lies in the recycle bin, with these.
    Binned(BTreeMap<String, Json>),
}

/// What happens to the record in org A.
#[derive(Debug, Clone)]
enum Step {
    Created(Vec<Option<Value>>),
    Updated(Vec<Option<Value>>),
    Deleted,
    Undeleted(Vec<Value>),
}

impl Sink {
    fn new(operation: Operation) -> Self {
        let mut config = config(operation, Duration::from_mins(1));
        config.objects.retain(|object| object.name == "Account");
        let field = |name: &str, kind: &str, updateable: bool, nillable: bool| {
            json!({"name": name, "type": kind, "length": 80, "createable": true, "updateable": updateable,
                   "nillable": nillable})
        };
        let reference = |name: &str, relationship: &str, nillable: bool| {
            let mut field = field(name, "reference", true, nillable);
            field["referenceTo"] = json!(["Account"]);
            field["relationshipName"] = json!(relationship);
            field
        };
        let describe: Describe = serde_json::from_value(json!({
            "name": "Account",
            "keyPrefix": "001",
            "fields": [
                field(EXTERNAL, "string", true, true),
                field("Name", "string", true, false),
                field("Phone", "phone", true, true),
                field("Origin__c", "string", false, true),
                field("Active__c", "boolean", true, false),
                reference("ParentId", "Parent", true),
                reference("BossId", "Boss", false),
            ],
        }))
        .unwrap();
        let targets = Targets::new(&config.objects, &[Arc::new(describe)]);
        Self { config, targets, tenures: Tenures::default(), holds: Holds::default() }
    }

    fn read(&self, record: SinkRecord) -> Change {
        let key = change::key(&record, &self.config).unwrap_or_else(|_| panic!("the record has an id"));
        change::read(record, key, &self.config, &self.targets).unwrap_or_else(|_| panic!("it is a change"))
    }

    fn work(&mut self, step: &Step, offset: i64) -> Work {
        let (dropped, _) = unbounded_channel();
        let record = step.record(offset);
        let item = Item::Record(record.clone());
        let change = self.read(record);
        let id = TicketId { lane: 0, sequence: u64::try_from(offset).unwrap() };
        let papers = Papers {
            key: change.key.clone(),
            ticket: Some(Ticket::new(id, dropped)),
            tenure: self.tenures.of(item.partition()),
            attempts: Attempts::default(),
            seat: None,
            standing: Some(self.holds.arrive(0, change.kind, &[])),
            keeps: Some(change.version.at.clone()),
            earlier: Vec::new(),
            waited: None,
        };
        Work { papers, task: Task::Change(Box::new(change)) }
    }

    /// The lane that the steps from `first` on make, if nothing of it is sent meanwhile.
    fn lane(&mut self, steps: &[Step], first: usize) -> Vec<Work> {
        let mut lane: Vec<Work> = Vec::new();
        for (offset, step) in steps.iter().enumerate().skip(first) {
            let work = self.work(step, i64::try_from(offset).unwrap());
            let left = match lane.last_mut() {
                Some(last) => fold(last, work),
                None => Some(work),
            };
            lane.extend(left);
        }
        lane
    }
}

impl Step {
    fn record(&self, offset: i64) -> SinkRecord {
        let set = |given: Given, values: &[Option<Value>]| {
            let named = all_names().zip(values).filter_map(|(name, value)| Some((name, value.as_ref()?)));
            let named: Vec<_> = named.collect();
            let has_column = named.iter().any(|(name, _)| *name == "Parent.Erp__c");
            let named = named.into_iter().filter(|(name, _)| *name != "Parent" || !has_column);
            named.fold(given, |given, (name, value)| given.value(name, value.clone()))
        };
        let given = match self {
            Self::Created(values) => set(Given::updated("Account", 1).event(Some("created")), values),
            Self::Updated(values) => set(Given::updated("Account", 1), values),
            Self::Deleted => Given::deleted("Account", 1),
            Self::Undeleted(values) => {
                let values: Vec<_> = values.iter().cloned().map(Some).collect();
                set(Given::updated("Account", 1).event(Some("undeleted")), &values)
            }
        };
        given.at("a.Account", 0, offset)
    }
}

impl Place {
    /// What org B does with a change, each kind as its own documentation has it.
    fn apply(self, change: &Change) -> Self {
        let write = |mut fields: BTreeMap<String, Json>, presence| {
            fields.extend(map::fields(change, presence, Row::new()).unwrap());
            fields.extend(parents(change));
            Self::Lives(fields)
        };
        let there = || Presence::At(SalesforceId::parse("001A00000000001").unwrap());
        match (change.kind, self) {
            (Kind::Delete, Self::Lives(fields)) => Self::Binned(fields),
            (Kind::Delete, place) => place,
            (Kind::Undelete, Self::Binned(fields)) | (_, Self::Lives(fields)) => write(fields, there()),
            (Kind::Update, place) => place,
            (_, Self::Nowhere | Self::Binned(_)) => write(BTreeMap::new(), Presence::Absent),
        }
    }

    /// What anybody sees of it.
    fn living(&self) -> Option<BTreeMap<String, Json>> {
        match self {
            Self::Lives(fields) => {
                let written = fields.iter().filter(|(_, value)| !value.is_null());
                Some(written.map(|(name, value)| (name.clone(), value.clone())).collect())
            }
            Self::Nowhere | Self::Binned(_) => None,
        }
    }
}

/// What is written of the parents of a change.
fn parents(change: &Change) -> BTreeMap<String, Json> {
    let mut parents = BTreeMap::new();
    for Reference { field, .. } in &change.target.references {
        if let Some(id) = change.carried(&field.name) {
            parents.insert(field.name.clone(), id.to_json());
        }
        for layer in change.layers().filter(|layer| change.hears_of_parent(layer, field)) {
            let columns = columns(&change.target, layer.schema()).into_iter();
            let own = columns.filter(|column| Some(&column.relationship) == field.relationship_name.as_ref());
            for by in own.filter_map(|column| column.said(&layer)) {
                let by = by.unwrap().into_iter().map(|(key, value)| json!([key, value.to_json()])).next();
                parents.insert(field.name.clone(), json!(by));
            }
        }
        if !field.nillable {
            parents.retain(|name, parent| *name != field.name || !parent.is_null());
        }
    }
    parents
}

fn value(field: &str) -> BoxedStrategy<Value> {
    match field {
        "Parent" => {
            let schema = Arc::new(Schema::new("Parent", vec![Field::optional("Erp__c", Type::String)]));
            let by = prop_oneof![1 => Just(Value::Null), 3 => "[a-c]".prop_map(Value::String)];
            by.prop_map(move |by| Value::Struct(Struct::of(Arc::clone(&schema), vec![by]).unwrap())).boxed()
        }
        "Active__c" => prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::Boolean)].boxed(),
        // Org A never changes it either.
        "Origin__c" => Just(Value::String("a".to_owned())).boxed(),
        _ => prop_oneof![1 => Just(Value::Null), 3 => "[a-c]".prop_map(Value::String)].boxed(),
    }
}

/// Some of the fields.
fn some() -> impl Strategy<Value = Vec<Option<Value>>> {
    all_names().map(|field| prop::option::of(value(field))).collect::<Vec<_>>()
}

/// An undeletion has the whole record, with nulls only where org A has them.
fn all() -> impl Strategy<Value = Vec<Value>> {
    let whole = |field: &'static str| {
        let may_be_null = ["Phone", "ParentId", "Parent.Erp__c"].contains(&field);
        let is_null = move |value: &Value| value.is_null() && !may_be_null;
        value(field).prop_filter("org A has no null here", move |value| !is_null(value))
    };
    all_names().map(whole).collect::<Vec<_>>()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => some().prop_map(Step::Created),
        4 => some().prop_map(Step::Updated),
        2 => Just(Step::Deleted),
        2 => all().prop_map(Step::Undeleted),
    ];
    prop::collection::vec(step, 1..12)
}

fn operations() -> impl Strategy<Value = Operation> {
    prop_oneof![4 => Just(Operation::Sync), 1 => Just(Operation::ByEventType)]
}

/// The link of the record after the change at `last` was delivered.
fn link(last: i64) -> IdLink {
    let given = Given::deleted("Account", 1);
    IdLink {
        source_org: ORG_A.into(),
        object: "Account".into(),
        source_id: given.id().into(),
        target_org: "00D".into(),
        target_id: None,
        state: LinkState::Live,
        last: given.at("a.Account", 0, last).at,
        stamp: None,
    }
}

fn members(work: &Work) -> Vec<i64> {
    let own = work.papers.keeps.iter().map(|at| at.offset);
    work.papers.earlier.iter().map(|member| member.version.at.offset).chain(own).collect()
}

fn change_of(work: &Work) -> &Change {
    match &work.task {
        Task::Change(change) => change,
        other => panic!("{other:?}"),
    }
}

proptest! {
    /// Whatever waits together, and however much of it was written before: the writes leave what the changes leave one by one,
    /// and every change has its place in one of them.
    #[test]
    fn what_is_folded_leaves_what_its_changes_leave_one_after_the_other(
        steps in steps(),
        operation in operations(),
        written in 0..12_usize,
        again in 0..12_usize,
    ) {
        let mut sink = Sink::new(operation);
        let one_by_one = |place: Place, steps: &[Step], sink: &Sink| {
            steps.iter().fold(place, |place, step| place.apply(&sink.read(step.record(0))))
        };
        let written = written.min(steps.len());
        let before = one_by_one(Place::Nowhere, &steps[..written], &sink);
        let expected = one_by_one(before.clone(), &steps[written..], &sink);
        // Some of what was written comes again.
        let first = written.saturating_sub(again);
        let link = i64::try_from(written).unwrap().checked_sub(1).filter(|last| *last >= 0).map(link);
        let mut place = before;
        let mut settled = Vec::new();
        for mut work in sink.lane(&steps, first) {
            settled.extend(members(&work));
            let Task::Change(change) = &mut work.task else { unreachable!() };
            if superseded(&change.version, change.kind, link.as_ref()).is_some() {
                continue;
            }
            leave_out_written(&mut work.papers, change, link.as_ref());
            place = place.apply(change);
        }
        let (mut place, mut expected) = (place.living(), expected.living());
        // What org B takes from a new record only may come in time where it would have come too late, and a record that was
        // deleted and made again meanwhile may be the one before.
        let is_in_question = steps.iter().any(|step| matches!(step, Step::Deleted))
            || expected.as_ref().is_some_and(|fields| !fields.contains_key("Origin__c"));
        for fields in place.iter_mut().chain(&mut expected).filter(|_| is_in_question) {
            fields.remove("Origin__c");
        }
        prop_assert_eq!(place, expected);
        let all: Vec<i64> = (first..steps.len()).map(|offset| i64::try_from(offset).unwrap()).collect();
        prop_assert_eq!(settled, all);
    }

    /// A row of a bulk job has all that is said in one place.
    #[test]
    fn what_is_flattened_says_what_its_layers_say(steps in steps()) {
        for mut work in Sink::new(Operation::Sync).lane(&steps, 0) {
            let Task::Change(change) = &mut work.task else { unreachable!() };
            let said = |change: &Change| {
                (FIELDS.map(|field| change.carried(field).cloned()), parents(change))
            };
            let before = said(change);
            change.flatten();
            prop_assert_eq!(before, said(change));
        }
    }
}

fn updated(name: &str) -> Step {
    Step::Updated(vec![Some(Value::String(name.to_owned()))])
}

#[test]
fn the_table_says_what_becomes_one_write() {
    let created = || Step::Created(vec![Some(Value::String("new".into()))]);
    let undeleted = || Step::Undeleted(FIELDS.map(|_| Value::Null).to_vec());
    for (operation, steps, expected) in [
        (Operation::Sync, vec![created(), updated("a"), updated("b")], vec![Kind::Upsert]),
        (Operation::Sync, vec![created(), Step::Deleted], vec![Kind::Delete]),
        (Operation::Sync, vec![Step::Deleted, undeleted()], vec![Kind::Undelete]),
        (Operation::Sync, vec![Step::Deleted, undeleted(), updated("a"), Step::Deleted], vec![Kind::Delete]),
        // What the new one does not carry must not be left over from the one that was deleted.
        (Operation::Sync, vec![Step::Deleted, created()], vec![Kind::Delete, Kind::Upsert]),
        // The upsert may find a record in the bin, which it does not bring back.
        (Operation::Sync, vec![updated("a"), undeleted()], vec![Kind::Upsert, Kind::Undelete]),
        (Operation::ByEventType, vec![created(), created()], vec![Kind::Create, Kind::Create]),
        (
            Operation::ByEventType,
            vec![created(), updated("a"), updated("b")],
            vec![Kind::Create, Kind::Update],
        ),
        (Operation::ByEventType, vec![created(), Step::Deleted], vec![Kind::Create, Kind::Delete]),
        (Operation::Update, vec![updated("a"), updated("b")], vec![Kind::Update]),
        (Operation::Insert, vec![created(), updated("a")], vec![Kind::Insert, Kind::Insert]),
    ] {
        let lane = Sink::new(operation).lane(&steps, 0);
        let kinds: Vec<Kind> = lane.iter().map(|work| change_of(work).kind).collect();
        assert_eq!(kinds, expected, "{operation:?} {steps:?}");
    }
}

#[test]
fn what_was_in_a_call_or_came_through_another_partition_stays_alone() {
    let mut sink = Sink::new(Operation::Sync);
    let mut first = sink.work(&updated("a"), 0);
    first.papers.attempts.come_back();
    let second = sink.work(&updated("b"), 1);
    assert!(fold(&mut first, second).is_some());

    let mut first = sink.work(&updated("a"), 0);
    let mut second = sink.work(&updated("b"), 1);
    let Task::Change(change) = &mut second.task else { unreachable!() };
    change.version.at.partition.partition = 1;
    let mut second = fold(&mut first, second).expect("they are taken away one by one");
    let Task::Change(change) = &mut second.task else { unreachable!() };
    change.version.at = first.papers.keeps.clone().unwrap();
    assert!(fold(&mut first, second).is_some(), "it is no later one");
}

#[test]
fn members_have_the_outcome_of_the_whole_but_for_those_that_were_written_before() {
    let mut sink = Sink::new(Operation::Sync);
    let mut lane = sink.lane(&[updated("a"), updated("b"), updated("c")], 0);
    let mut work = lane.pop().unwrap();
    let Task::Change(change) = &mut work.task else { unreachable!() };
    leave_out_written(&mut work.papers, change, Some(&link(0)));
    let whole = Outcome::Delivered(orgstream_api::Delivered {
        target: Some("001".into()),
        created: true,
        ..orgstream_api::Delivered::default()
    });
    let outcomes: Vec<Outcome> =
        work.papers.earlier.iter().map(|member: &Member| member.outcome(&whole)).collect();
    let merged = Skip::Merged { target: Some("001".into()) };
    assert_eq!(outcomes, [Outcome::Skipped(Skip::Duplicate), Outcome::Skipped(merged)]);
    // A deletion hides what it takes in.
    let link = IdLink { state: LinkState::Deleted(1), ..link(2) };
    let whole = Outcome::Delivered(orgstream_api::Delivered {
        target: Some("001".into()),
        link: Some(orgstream_api::LinkChange::Bind(link)),
        ..orgstream_api::Delivered::default()
    });
    let hidden = Outcome::Skipped(Skip::Merged { target: None });
    assert_eq!(work.papers.earlier[1].outcome(&whole), hidden);
}
