//! Change Data Capture: whose changes are published, through which channels, and with which schema.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::event_schema::EventSchema;
use crate::schema::{ObjectIndex, Right, Schema};

/// The channel of all selected objects.
const ALL: &str = "/data/ChangeEvents";

/// The objects whose changes are captured.
#[derive(Clone, Debug)]
pub(crate) struct Capture {
    /// Selected for [`ALL`].
    selected: BTreeSet<ObjectIndex>,
    channels: HashMap<ObjectIndex, Arc<[Arc<str>]>>,
    /// The schema that `schema_ids` were made for.
    seen: Arc<Schema>,
    schema_ids: HashMap<ObjectIndex, Arc<str>>,
    /// So many of the next events of an object become gap events.
    gaps: HashMap<ObjectIndex, usize>,
    /// Before, nothing is captured whatever the schema says.
    open: bool,
}

impl Capture {
    /// Nothing is captured yet.
    pub(super) fn new(schema: &Arc<Schema>) -> Self {
        Self {
            selected: BTreeSet::new(),
            channels: HashMap::new(),
            seen: Arc::clone(schema),
            schema_ids: HashMap::new(),
            gaps: HashMap::new(),
            open: false,
        }
    }

    /// Captures from now on what the definitions of objects and channels select.
    pub(super) fn open(&mut self, schema: &Arc<Schema>) {
        let objects = schema.objects().iter().enumerate();
        self.selected = objects.filter(|(_, object)| object.change_data_capture).map(|(at, _)| at).collect();
        self.seen = Arc::clone(schema);
        self.open = true;
        self.find_channels();
    }

    /// Goes by this schema from now on: its channels, its rights, its fields.
    pub(super) fn sync(&mut self, schema: &Arc<Schema>) {
        if !Arc::ptr_eq(&self.seen, schema) {
            self.seen = Arc::clone(schema);
            self.schema_ids.clear();
            self.find_channels();
        }
    }

    /// Selects one more object; says why it cannot be.
    pub(crate) fn select(&mut self, schema: &Arc<Schema>, name: &str) -> Result<(), String> {
        self.sync(schema);
        let at = schema.find(name).ok_or_else(|| format!("there is no object {name}"))?;
        if schema.object(at).change_event().is_none() {
            return Err(format!("changes of {name} cannot be captured"));
        }
        self.selected.insert(at);
        self.find_channels();
        Ok(())
    }

    /// The channels that bring changes of an object; `None` when they are not captured.
    pub(super) fn channels(&self, object: ObjectIndex) -> Option<&Arc<[Arc<str>]>> {
        self.channels.get(&object)
    }

    /// Whether a channel brings change events of any object.
    pub(super) fn brings(&self, channel: &str) -> bool {
        channel == ALL
            || self.channels.values().any(|channels| channels.iter().any(|name| **name == *channel))
    }

    /// The object that a channel is for alone.
    pub(super) fn only_object(&self, schema: &Schema, channel: &str) -> Option<ObjectIndex> {
        let mut captured = self.channels.keys();
        let event = channel.strip_prefix("/data/")?;
        captured.find(|at| schema.object(**at).change_event().as_deref() == Some(event)).copied()
    }

    /// The id of the schema that events of an object have now: change events, or those of a platform event.
    pub(super) fn schema_id(&mut self, object: ObjectIndex) -> Arc<str> {
        let known = self.schema_ids.entry(object);
        Arc::clone(known.or_insert_with(|| EventSchema::new(self.seen.object(object)).id().into()))
    }

    /// Makes the next events of an object gap events.
    pub(crate) fn order_gaps(&mut self, object: ObjectIndex, times: usize) {
        *self.gaps.entry(object).or_default() += times;
    }

    /// Whether the event that is about to be raised was ordered to be a gap event.
    pub(super) fn take_gap(&mut self, object: ObjectIndex) -> bool {
        match self.gaps.get_mut(&object) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    fn find_channels(&mut self) {
        let schema = Arc::clone(&self.seen);
        let mut found = HashMap::new();
        if !self.open {
            return;
        }
        for (at, object) in schema.objects().iter().enumerate() {
            let Some(event) = object.change_event() else { continue };
            let mut channels: Vec<Arc<str>> = Vec::new();
            if self.selected.contains(&at) {
                channels.push(ALL.into());
            }
            let custom = schema.channels().iter().filter(|channel| channel.members.contains(&event));
            channels.extend(custom.map(|channel| format!("/data/{}", channel.name).into()));
            if channels.is_empty() {
                continue;
            }
            if !object.may(Right::Read) {
                channels.clear();
            }
            channels.push(format!("/data/{event}").into());
            found.insert(at, channels.into());
        }
        self.channels = found;
    }
}
