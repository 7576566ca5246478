//! Whether a task is done, from when to when an event lasts, and which account both belong to.

use super::derivation::Draft;
use crate::data::value::Value;
use crate::timestamp::Timestamp;

const MINUTE_MILLIS: i64 = 60_000;
const DAY_MINUTES: i64 = 24 * 60;

pub(super) fn task(draft: &mut Draft<'_>) {
    let closed = draft.text("Status") == Some("Completed");
    draft.set("IsClosed", Value::Bool(closed));
    draft.since("CompletedDateTime", closed);
    let high = draft.text("Priority") == Some("High");
    draft.set("IsHighPriority", Value::Bool(high));
    account(draft);
}

/// Start, end and duration of an event follow from each other; what a call gives of them is left as it is. An event of
/// whole days ends at the midnight with which its last day begins. Days are those of UTC.
pub(super) fn event(draft: &mut Draft<'_>) {
    account(draft);
    let all_day = draft.value("IsAllDayEvent") == &Value::Bool(true);
    let Some(start) = start(draft, all_day) else { return };
    let last_day = if all_day { DAY_MINUTES } else { 0 };
    let until =
        draft.time("EndDateTime").map(|end| (end.millis() - start.millis()) / MINUTE_MILLIS + last_day);
    let lasting = match draft.value("DurationInMinutes") {
        Value::Int(minutes) => Some(*minutes),
        _ => None,
    };
    // Who moves the start alone moves the end with it.
    let minutes = if draft.given("EndDateTime") { until } else { lasting.or(until) };
    let Some(minutes) = minutes.or(all_day.then_some(DAY_MINUTES)) else { return };
    let end = Timestamp::from_millis(start.millis() + (minutes - last_day) * MINUTE_MILLIS);
    draft.set("StartDateTime", Value::Time(start));
    draft.set("ActivityDate", date(start));
    if all_day || !draft.given("ActivityDateTime") {
        draft.set("ActivityDateTime", Value::Time(start));
    }
    if !(draft.given("EndDateTime") && draft.given("DurationInMinutes")) {
        draft.set("EndDateTime", Value::Time(end));
        draft.set("DurationInMinutes", Value::Int(minutes));
    }
    draft.set("EndDate", date(end));
}

/// What it is about is of an account, or else its contact is.
fn account(draft: &mut Draft<'_>) {
    if !draft.changed("WhatId") && !draft.changed("WhoId") {
        return;
    }
    let account = match (draft.parent_object("WhatId"), draft.parent_object("WhoId")) {
        (Some("Account"), _) => draft.value("WhatId").clone(),
        (Some("Opportunity"), _) => draft.parent("WhatId", "AccountId"),
        (_, Some("Contact")) => draft.parent("WhoId", "AccountId"),
        _ => Value::Null,
    };
    draft.set("AccountId", account);
}

/// When an event starts: what the call says of it, under either name, or what it was.
fn start(draft: &Draft<'_>, all_day: bool) -> Option<Timestamp> {
    let of_day = draft.text("ActivityDate").and_then(|day| Timestamp::parse(&format!("{day}T00:00:00Z")));
    let given = |field: &str| draft.time(field).filter(|_| draft.given(field));
    let start = given("StartDateTime")
        .or_else(|| given("ActivityDateTime"))
        .or_else(|| of_day.filter(|_| all_day && draft.given("ActivityDate")))
        .or_else(|| draft.time("StartDateTime"));
    start.map(|start| if all_day { midnight(start) } else { start })
}

fn midnight(moment: Timestamp) -> Timestamp {
    let millis = moment.millis();
    Timestamp::from_millis(millis - millis.rem_euclid(DAY_MINUTES * MINUTE_MILLIS))
}

fn date(moment: Timestamp) -> Value {
    moment.event().get(..10).map_or(Value::Null, Value::text)
}
