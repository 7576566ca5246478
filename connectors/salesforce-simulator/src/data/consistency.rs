//! Whatever is written, deleted, brought back or taken back: indexes, counts and the data file tell the same as the
//! rows.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof, proptest};
use serde_json::{Map, json};

use super::row::Cause;
use super::*;
use crate::clock::millis;
use crate::fault::Faults;
use crate::ids::IdSource;
use crate::schema::{ObjectIndex, Schema};
use crate::timestamp::Timestamp;

const OBJECTS: [&str; 2] = ["Account", "Contact"];
const USER: &str = "005000000000001AAA";

/// One step; records are named by their number among all that were ever created.
#[derive(Clone, Debug)]
enum Step {
    Create { contact: bool, parent: usize, key: u8 },
    Update { record: usize, parent: usize, key: Option<u8> },
    Delete(usize),
    HardDelete(usize),
    Undelete(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let record = 0..12_usize;
    prop_oneof![
        4 => (proptest::bool::ANY, record.clone(), 0..6_u8)
            .prop_map(|(contact, parent, key)| Step::Create { contact, parent, key }),
        3 => (record.clone(), record.clone(), proptest::option::of(0..6_u8))
            .prop_map(|(record, parent, key)| Step::Update { record, parent, key }),
        3 => record.clone().prop_map(Step::Delete),
        1 => record.clone().prop_map(Step::HardDelete),
        3 => record.prop_map(Step::Undelete),
        1 => prop_oneof![Just(1), Just(10)].prop_map(Step::Wait),
    ]
}

struct Played {
    store: Store,
    now: Timestamp,
    made: Vec<String>,
}

impl Played {
    fn new() -> Self {
        static SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| Arc::new(Schema::load(&[]).unwrap()));
        let store = Store::new(Arc::clone(&SCHEMA), IdSource::new("5g", 60), Arc::default());
        Self { store, now: Timestamp::from_millis(1_767_225_600_000), made: vec![USER.to_owned()] }
    }

    /// Plays steps as one transaction, which is taken back or not.
    fn transaction(&mut self, steps: &[Step], take_back: bool) {
        let faults = Faults::new();
        let mut tx = Transaction::new(Origin::default());
        for step in steps {
            if let Step::Wait(days) = step {
                self.now =
                    Timestamp::from_millis(self.now.millis() + millis(Duration::from_hours(24 * days)));
            }
        }
        self.store.purge(self.now);
        let mut writer =
            Writer { store: &mut self.store, tx: &mut tx, faults: &faults, now: self.now, user_id: USER };
        for step in steps {
            if let Some(id) = play(&mut writer, &self.made, step) {
                self.made.push(id);
            }
        }
        if take_back {
            self.store.roll_back(&mut tx);
        }
    }

    fn rows(&self) -> Vec<(ObjectIndex, Row)> {
        let objects = 0..self.store.schema.objects().len();
        objects
            .flat_map(|object| self.store.table(object).rows().map(move |row| (object, row.clone())))
            .collect()
    }
}

/// Plays a step; answers the id of a created record.
fn play(writer: &mut Writer<'_>, made: &[String], step: &Step) -> Option<String> {
    let object = |id: &str| writer.store.schema.of_id(id).unwrap();
    let pick = |record: usize| made[record % made.len()].clone();
    let fields = |contact: bool, parent: usize, key: Option<u8>| {
        let mut fields = Map::new();
        fields.insert(if contact { "LastName" } else { "Name" }.to_owned(), json!("x"));
        fields.insert(if contact { "AccountId" } else { "ParentId" }.to_owned(), json!(pick(parent)));
        fields.extend(key.map(|key| ("OrgA_Id__c".to_owned(), json!(key.to_string()))));
        fields
    };
    match step {
        Step::Create { contact, parent, key } => {
            let at = writer.store.schema.find(OBJECTS[usize::from(*contact)]).unwrap();
            let mut record = fields(*contact, *parent, Some(*key));
            writer.create(at, &record).ok().or_else(|| {
                record.retain(|name, _| !name.ends_with("Id"));
                writer.create(at, &record).ok()
            })
        }
        Step::Update { record, parent, key } => {
            let id = pick(*record);
            let at = object(&id);
            let contact = writer.store.schema.object(at).name == "Contact";
            writer.update(at, &id, &fields(contact, *parent, *key)).ok();
            None
        }
        Step::Delete(record) => writer.delete(&pick(*record)).ok().and(None),
        Step::HardDelete(record) => writer.hard_delete(&pick(*record)).ok().and(None),
        Step::Undelete(record) => writer.undelete(&pick(*record)).ok().and(None),
        Step::Wait(_) => None,
    }
}

fn agree(played: &Played) {
    let store = &played.store;
    for (object, definition) in store.schema.objects().iter().enumerate() {
        let table = store.table(object);
        assert_eq!(table.live(), table.rows().filter(|row| !row.deleted()).count());
        let (mut indexed, mut binned_with) = (0, 0);
        for row in table.rows() {
            binned_with +=
                usize::from(row.binned().is_some_and(|binned| matches!(binned.cause, Cause::With(_))));
            for (at, value) in row.values() {
                let field = &definition.fields[at];
                let Some(key) = value.index_key(field).filter(|_| definition.indexed(at)) else { continue };
                let found = store.with_value(object, at, &key).filter(|found| found.id() == row.id()).count();
                assert_eq!(found, usize::from(!row.deleted()), "{}.{}", definition.name, field.name);
                indexed += found;
            }
            if let Some(at) = definition.system.is_deleted {
                assert_eq!(row.value(at), &Value::Bool(row.deleted()));
            }
        }
        // Entries that no row stands for any more would be filtered out, and stay for ever.
        assert_eq!(table.entries(), (indexed, binned_with), "{}", definition.name);
    }
}

proptest! {
    #[test]
    fn indexes_counts_and_the_data_file_tell_the_same_as_the_rows(
        transactions in vec((vec(step(), 1..6), proptest::bool::weighted(0.2)), 1..20)
    ) {
        let mut played = Played::new();
        for (steps, take_back) in &transactions {
            let waits = steps.iter().any(|step| matches!(step, Step::Wait(_)));
            let before = played.rows();
            played.transaction(steps, *take_back);
            agree(&played);
            if *take_back && !waits {
                assert_eq!(played.rows(), before);
            }
        }
        let mut read = Store::new(Arc::clone(&played.store.schema), IdSource::new("5g", 60), Arc::default());
        let mut restored = Restored::default();
        for (object, row) in played.rows() {
            let line = serde_json::to_string(&played.store.stored(object, &row)).unwrap();
            restored.put(&mut read, &serde_json::from_str(&line).unwrap()).unwrap();
        }
        let read = Played { store: read, now: played.now, made: Vec::new() };
        assert_eq!(read.rows(), played.rows());
        agree(&read);
    }

    #[test]
    fn after_fifteen_days_the_bin_has_forgotten_everything(steps in vec(step(), 1..30)) {
        let mut played = Played::new();
        played.transaction(&steps, false);
        played.now = Timestamp::from_millis(played.now.millis() + millis(Duration::from_hours(24 * 16)));
        played.store.purge(played.now);
        assert!(played.rows().iter().all(|(_, row)| !row.deleted()));
        agree(&played);
        for id in &played.made.clone() {
            let before = played.rows();
            played.transaction(&[], false);
            let mut tx = Transaction::new(Origin::default());
            let faults = Faults::new();
            let mut writer =
                Writer { store: &mut played.store, tx: &mut tx, faults: &faults, now: played.now, user_id: USER };
            assert_eq!(writer.undelete(id).unwrap_err().code, "UNDELETE_FAILED");
            assert_eq!(played.rows(), before);
        }
    }
}
