//! `/simulator/permissions`, `/simulator/locks`, `/simulator/maintenance`: what an administrator of the org would do.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::ids;
use crate::schema::Right;
use crate::server::{Answer, Call};
use crate::setup::Setting;
use crate::tenant::Tenant;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Denial {
    object: String,
    #[serde(default)]
    field: Option<String>,
    denied: Vec<Right>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lock {
    id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Maintenance {
    on: bool,
}

/// Answers a call to one of these routes; `None` for others.
pub(crate) fn answer(tenant: &Tenant, call: &Call, rest: &[&str]) -> Option<Answer> {
    let answer = match (call.method.as_str(), rest) {
        ("GET", ["permissions"]) => Ok(denials(tenant)),
        ("POST", ["permissions"]) => read(call).and_then(|denial: Denial| {
            let Denial { object, field, denied } = denial;
            tenant.set_up(Setting::Denied { object, field, denied })?;
            Ok(json!({}))
        }),
        ("GET", ["locks"]) => Ok(json!(tenant.state().store.barriers.locked)),
        ("POST", ["locks"]) => read(call).and_then(|lock: Lock| {
            tenant.set_up(Setting::Locked(lock.id))?;
            Ok(json!({}))
        }),
        ("DELETE", ["locks", id]) => {
            let id = ids::normalize(id).unwrap_or_default();
            if !tenant.state().store.barriers.locked.contains(&id) {
                return Some(Answer::empty(404));
            }
            match tenant.set_up(Setting::Unlocked(id)) {
                Ok(()) => return Some(Answer::empty(204)),
                Err(error) => Err(error),
            }
        }
        ("POST", ["maintenance"]) => read(call).map(|maintenance: Maintenance| {
            tenant.state().store.barriers.maintenance = maintenance.on;
            json!({})
        }),
        _ => return None,
    };
    Some(match answer {
        Ok(body) => Answer::json(200, &body),
        Err(error) => Answer::json(400, &json!({"error": error})),
    })
}

fn read<T: for<'de> Deserialize<'de>>(call: &Call) -> Result<T, String> {
    serde_json::from_slice(&call.body).map_err(|error| error.to_string())
}

/// What is taken from the user, object by object.
fn denials(tenant: &Tenant) -> Json {
    let schema = tenant.schema();
    let objects = schema.objects().iter().flat_map(|object| {
        let own =
            (!object.denied.is_empty()).then(|| json!({"object": object.name, "denied": object.denied}));
        let fields = object.fields.iter().filter(|field| !field.denied.is_empty());
        let fields =
            fields.map(|field| json!({"object": object.name, "field": field.name, "denied": field.denied}));
        own.into_iter().chain(fields)
    });
    Json::Array(objects.collect())
}
