//! The rows that every org has from its first day: the organisation, profiles, users, a queue, the standard price
//! book, and the record types that its objects declare.
//!
//! An org from a data file keeps its own; what the file does not have is made.

use serde_json::{Value as Json, json};

use crate::data::{Row, Store, Value};
use crate::tenant::Identity;
use crate::timestamp::Timestamp;

/// Name of the queue that leads and cases may belong to.
const QUEUE: &str = "Support_Queue";

/// Puts in the rows that are missing.
pub(crate) fn seed(store: &mut Store, identity: &Identity) {
    let mut seeds = Seeds { store, identity };
    seeds.organization();
    let administrator = seeds.profile("System Administrator", true);
    let standard = seeds.profile("Standard User", false);
    seeds.users(&administrator, &standard);
    seeds.queue();
    seeds.price_book();
    seeds.record_types();
}

struct Seeds<'a> {
    store: &'a mut Store,
    identity: &'a Identity,
}

impl Seeds<'_> {
    fn organization(&mut self) {
        let (id, name) = (self.identity.org_id.clone(), self.identity.name.clone());
        let fields = json!({
            "Name": name,
            "OrganizationType": "Developer Edition",
            "InstanceName": "SIM1",
            "PrimaryContact": "Ops Bot",
            "FiscalYearStartMonth": 1,
            "UiSkin": "Theme3",
        });
        self.row("Organization", &id, &fields);
    }

    fn profile(&mut self, name: &str, administrator: bool) -> String {
        let fields = json!({
            "Name": name,
            "UserType": "Standard",
            "PermissionsApiEnabled": true,
            "PermissionsModifyAllData": administrator,
            "PermissionsViewAllData": administrator,
            "PermissionsViewSetup": true,
            "PermissionsManageUsers": administrator,
            "PermissionsCustomizeApplication": administrator,
        });
        self.named("Profile", &[("Name", name)], &fields)
    }

    /// The integration user, and one who has left: what belongs to that one cannot be given to it any more.
    fn users(&mut self, administrator: &str, standard: &str) {
        let credentials = &self.identity.credentials;
        let (id, name) = (self.identity.user_id.clone(), credentials.username.clone());
        let left = format!("left.{name}");
        let user = |username: &str, first: &str, last: &str, profile: &str, active: bool| {
            json!({
                "Username": username,
                "FirstName": first,
                "LastName": last,
                "Name": format!("{first} {last}"),
                "Email": username,
                "Alias": first.to_lowercase(),
                "CommunityNickname": first.to_lowercase(),
                "IsActive": active,
                "UserType": "Standard",
                "ProfileId": profile,
                "TimeZoneSidKey": "Europe/Rome",
                "LocaleSidKey": "en_US",
                "LanguageLocaleKey": "en_US",
                "EmailEncodingKey": "UTF-8",
            })
        };
        let integration = user(&name, "Ops", "Bot", administrator, true);
        self.row("User", &id, &integration);
        let gone = user(&left, "Lee", "Gone", standard, false);
        self.named("User", &[("Username", &left)], &gone);
    }

    fn queue(&mut self) {
        let fields = json!({
            "Name": "Support Queue",
            "DeveloperName": QUEUE,
            "Type": "Queue",
            "OwnerId": self.identity.org_id,
        });
        self.named("Group", &[("DeveloperName", QUEUE)], &fields);
    }

    fn price_book(&mut self) {
        let name = "Standard Price Book";
        let fields = json!({"Name": name, "IsActive": true, "IsStandard": true});
        self.named("Pricebook2", &[("Name", name)], &fields);
    }

    fn record_types(&mut self) {
        let schema = std::sync::Arc::clone(&self.store.schema);
        for object in schema.objects() {
            for kind in &object.record_types {
                let fields = json!({
                    "Name": kind.label,
                    "DeveloperName": kind.name,
                    "SobjectType": object.name,
                    "IsActive": kind.active,
                });
                let key = [("SobjectType", object.name.as_str()), ("DeveloperName", kind.name.as_str())];
                self.named("RecordType", &key, &fields);
            }
        }
    }

    /// Puts a row in unless there is one with these values; answers its id either way.
    fn named(&mut self, object: &str, key: &[(&str, &str)], fields: &Json) -> String {
        let schema = std::sync::Arc::clone(&self.store.schema);
        let Some(at) = schema.find(object) else { return String::new() };
        let definition = schema.object(at);
        let same = |row: &&Row| {
            key.iter().all(|(name, value)| {
                definition.field(name).is_some_and(|field| row.value(field).as_text() == Some(value))
            })
        };
        if let Some(row) = self.store.table(at).rows().find(same) {
            return row.id().to_owned();
        }
        let id = self.store.ids.next(&definition.key_prefix);
        self.row(object, &id, fields);
        id
    }

    /// Puts a row with this id in unless it is there. Fields that are not given have their defaults.
    fn row(&mut self, object: &str, id: &str, fields: &Json) {
        let schema = std::sync::Arc::clone(&self.store.schema);
        let Some(at) = schema.find(object) else { return };
        if self.store.row(id).is_some() {
            return;
        }
        let created = Value::Time(Timestamp::from_millis(self.identity.created).to_second());
        let user = Value::text(&self.identity.user_id);
        let definition = schema.object(at);
        let mut row = Row::live(id);
        for (at, field) in definition.fields.iter().enumerate() {
            let value = match (field.name.as_str(), fields.get(&field.name).or(field.default.as_ref())) {
                ("CreatedDate" | "LastModifiedDate" | "SystemModstamp", _) => Some(created.clone()),
                ("CreatedById" | "LastModifiedById", _) => Some(user.clone()),
                ("OwnerId", None) => Some(user.clone()),
                (_, given) => given.and_then(|json| Value::from_json(field.kind, json)),
            };
            if let Some(value) = value {
                row.set(at, value);
            }
        }
        self.store.ids.seen(id);
        self.store.put(at, row);
    }
}
