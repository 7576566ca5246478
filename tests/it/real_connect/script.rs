//! What is asked of both, in this order.

use serde_json::{Value as Json, json};

/// A body, made of the properties that are a sink's at the side that is asked.
type Body = Box<dyn Fn(&Json) -> String + Send + Sync>;

/// One request.
pub(super) struct Request {
    /// What it is called in the page of differences.
    pub(super) label: String,
    pub(super) method: &'static str,
    /// `CLASS` stands for the name of the connector's class.
    pub(super) path: &'static str,
    pub(super) content_type: &'static str,
    pub(super) body: Option<Body>,
}

/// A request, or a wait.
pub(super) enum Step {
    Ask(Request),
    /// Until the connector has this state.
    Until(&'static str, &'static str),
}

fn ask(method: &'static str, path: &'static str) -> Step {
    let label = format!("{method} {path}");
    Step::Ask(Request { label, method, path, content_type: "application/json", body: None })
}

/// Another one of the same kind; `what` is special about it.
fn send(
    method: &'static str,
    path: &'static str,
    what: &str,
    body: impl Fn(&Json) -> String + Send + Sync + 'static,
) -> Step {
    let label = format!("{method} {path}: {what}");
    Step::Ask(Request { label, method, path, content_type: "application/json", body: Some(Box::new(body)) })
}

fn again(method: &'static str, path: &'static str, what: &str) -> Step {
    let label = format!("{method} {path}: {what}");
    Step::Ask(Request { label, method, path, content_type: "application/json", body: None })
}

/// The properties, with these beside them.
fn with(config: &Json, more: &Json) -> Json {
    let mut all = config.clone();
    for (name, value) in more.as_object().expect("an object") {
        all[name] = value.clone();
    }
    all
}

fn make(what: &str, make: impl Fn(&Json) -> Json + Send + Sync + 'static) -> Step {
    send("POST", "/connectors", what, move |config| make(config).to_string())
}

fn raw(method: &'static str, path: &'static str, what: &str, body: &'static str) -> Step {
    send(method, path, what, move |_| body.to_owned())
}

pub(super) fn script() -> Vec<Step> {
    [
        nothing_there(),
        made(),
        refused(),
        unreadable(),
        shown(),
        changed(),
        rested(),
        offsets(),
        logged(),
        plugins(),
        gone(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn nothing_there() -> Vec<Step> {
    vec![
        ask("GET", "/"),
        ask("GET", "/health"),
        again("GET", "/connectors", "none is there"),
        ask("GET", "/connectors/none"),
        ask("GET", "/connectors/none/config"),
        ask("GET", "/connectors/none/status"),
        ask("GET", "/connectors/none/tasks"),
        ask("GET", "/connectors/none/tasks/0/status"),
        ask("GET", "/connectors/none/topics"),
        ask("GET", "/connectors/none/offsets"),
        ask("PUT", "/connectors/none/topics/reset"),
        ask("PUT", "/connectors/none/pause"),
        ask("PUT", "/connectors/none/resume"),
        ask("PUT", "/connectors/none/stop"),
        ask("POST", "/connectors/none/restart"),
        ask("POST", "/connectors/none/restart?includeTasks=true"),
        ask("POST", "/connectors/none/tasks/0/restart"),
        ask("DELETE", "/connectors/none"),
        ask("GET", "/nothing"),
        ask("PUT", "/connectors"),
        ask("DELETE", "/connectors"),
    ]
}

fn made() -> Vec<Step> {
    vec![
        make("a new one", |config| json!({ "name": "a", "config": config })),
        make("one that is there", |config| json!({ "name": "a", "config": config })),
        make("blanks around the name", |config| json!({ "name": " b ", "config": config })),
        make("stopped", |config| json!({ "name": "s", "config": config, "initial_state": "STOPPED" })),
        again("GET", "/connectors/s/status", "made stopped"),
        Step::Until("a", "RUNNING"),
        Step::Until("b", "RUNNING"),
    ]
}

fn refused() -> Vec<Step> {
    vec![
        make(
            "another name in the properties",
            |config| json!({ "name": "x", "config": with(config, &json!({ "name": "y" })) }),
        ),
        make("no name", |config| json!({ "config": config })),
        make("an empty name", |config| json!({ "name": "", "config": config })),
        make("a line break in the name", |config| json!({ "name": "a\nb", "config": config })),
        make("no properties", |_| json!({ "name": "x" })),
        make("no class", |_| json!({ "name": "x", "config": { "topics": "a" } })),
        make("an unknown class", |_| json!({ "name": "x", "config": { "connector.class": "Nope" } })),
        make(
            "a number that is none",
            |config| json!({ "name": "x", "config": with(config, &json!({ "tasks.max": "no" })) }),
        ),
        make(
            "a number that is too small",
            |config| json!({ "name": "x", "config": with(config, &json!({ "tasks.max": "0" })) }),
        ),
        make(
            "a property that is null",
            |config| json!({ "name": "x", "config": with(config, &json!({ "errors.tolerance": null })) }),
        ),
        make(
            "topics and a pattern of topics",
            |config| json!({ "name": "x", "config": with(config, &json!({ "topics.regex": "a.*" })) }),
        ),
    ]
}

fn unreadable() -> Vec<Step> {
    let text = |_: &Json| "x".to_owned();
    let typed = Request {
        label: "POST /connectors: a body that is no JSON by its type".to_owned(),
        method: "POST",
        path: "/connectors",
        content_type: "text/plain",
        body: Some(Box::new(text)),
    };
    vec![
        make("an object in the properties", |_| json!({ "name": "x", "config": { "a": { "b": 1 } } })),
        make("a list as properties", |_| json!({ "name": "x", "config": [1] })),
        make("a key that nobody knows", |config| json!({ "name": "x", "bogus": 1, "config": config })),
        make(
            "a state that there is not",
            |config| json!({ "name": "x", "config": config, "initial_state": "NOPE" }),
        ),
        raw("POST", "/connectors", "half of an object", "{\"name\":"),
        raw("POST", "/connectors", "no body", ""),
        raw("POST", "/connectors", "null", "null"),
        raw("POST", "/connectors", "a list", "[]"),
        raw("POST", "/connectors", "a text", "\"x\""),
        raw("PUT", "/connectors/a/config", "no body", ""),
        raw("PUT", "/connectors/a/config", "half of an object", "{"),
        send("PUT", "/connectors/a/config", "what `POST` is sent", |config| {
            json!({ "name": "a", "config": config }).to_string()
        }),
        Step::Ask(typed),
    ]
}

fn shown() -> Vec<Step> {
    vec![
        ask("GET", "/connectors"),
        ask("GET", "/connectors?expand=status"),
        ask("GET", "/connectors?expand=info&expand=status"),
        ask("GET", "/connectors?expand=bogus"),
        ask("GET", "/connectors/a"),
        ask("GET", "/connectors/a/config"),
        ask("GET", "/connectors/a/status"),
        ask("GET", "/connectors/a/tasks"),
        ask("GET", "/connectors/a/tasks/0/status"),
        ask("GET", "/connectors/a/tasks/9/status"),
        ask("GET", "/connectors/a/tasks/x/status"),
        ask("GET", "/connectors/a/topics"),
        ask("PUT", "/connectors/a/topics/reset"),
        ask("POST", "/connectors/a"),
    ]
}

fn changed() -> Vec<Step> {
    vec![
        send("PUT", "/connectors/a/config", "the same", Json::to_string),
        send("PUT", "/connectors/n/config", "a new one", Json::to_string),
        send("PUT", "/connectors/n/config", "another name", |config| {
            with(config, &json!({ "name": "other" })).to_string()
        }),
        raw("PUT", "/connectors/n/config", "empty", "{}"),
        send("PUT", "/connectors/n/config", "a number that is none", |config| {
            with(config, &json!({ "tasks.max": "no" })).to_string()
        }),
        raw(
            "PATCH",
            "/connectors/n/config",
            "one property",
            r#"{"tasks.max": "2", "errors.tolerance": null}"#,
        ),
        raw("PATCH", "/connectors/none/config", "one property", r#"{"tasks.max": "2"}"#),
        raw("PATCH", "/connectors/n/config", "no topics left", r#"{"topics": null}"#),
        again("GET", "/connectors/n/config", "changed"),
        ask("DELETE", "/connectors/n"),
        again("GET", "/connectors/n", "deleted"),
        again("GET", "/connectors/n/status", "deleted"),
        again("DELETE", "/connectors/n", "once more"),
        Step::Until("a", "RUNNING"),
    ]
}

fn rested() -> Vec<Step> {
    vec![
        ask("PUT", "/connectors/a/pause"),
        Step::Until("a", "PAUSED"),
        again("GET", "/connectors/a/status", "paused"),
        ask("PUT", "/connectors/a/resume"),
        Step::Until("a", "RUNNING"),
        ask("POST", "/connectors/a/restart"),
        ask("POST", "/connectors/a/restart?includeTasks=maybe"),
        ask("POST", "/connectors/a/tasks/0/restart"),
        Step::Until("a", "RUNNING"),
        ask("PUT", "/connectors/a/stop"),
        Step::Until("a", "STOPPED"),
        again("GET", "/connectors/a/status", "stopped"),
        again("GET", "/connectors/a", "stopped"),
        again("GET", "/connectors/a/tasks", "stopped"),
    ]
}

fn offsets() -> Vec<Step> {
    let path = "/connectors/a/offsets";
    let at = |what, partition: &'static str, offset: &'static str| {
        send("PATCH", path, what, move |config| {
            let partition = partition.replace("TOPIC", config["topics"].as_str().expect("a text"));
            format!(r#"{{"offsets": [{{"partition": {partition}, "offset": {offset}}}]}}"#)
        })
    };
    let (first, at_one) = (r#"{"kafka_topic": "TOPIC", "kafka_partition": 0}"#, r#"{"kafka_offset": 1}"#);
    let of_none =
        r#"{"offsets": [{"partition": {"kafka_topic": "t", "kafka_partition": 0}, "offset": null}]}"#;
    vec![
        again("GET", path, "none is committed"),
        raw("PATCH", path, "nothing", "{}"),
        raw("PATCH", path, "an empty list", r#"{"offsets": []}"#),
        at("no topic", r#"{"x": "t", "kafka_partition": 0}"#, at_one),
        at("a partition that is no number", r#"{"kafka_topic": "TOPIC", "kafka_partition": "z"}"#, at_one),
        at("no offset", first, r#"{"x": 1}"#),
        at("an offset that is no number", first, r#"{"kafka_offset": "z"}"#),
        at("below nothing", first, r#"{"kafka_offset": -1}"#),
        at("another partition", r#"{"kafka_topic": "TOPIC", "kafka_partition": 99}"#, at_one),
        at("another topic", r#"{"kafka_topic": "nobody.has.it", "kafka_partition": 0}"#, at_one),
        at("set", first, r#"{"kafka_offset": 0}"#),
        again("GET", path, "set"),
        at("null", first, "null"),
        ask("DELETE", path),
        again("GET", path, "reset"),
        raw("PATCH", "/connectors/none/offsets", "of none", of_none),
        ask("DELETE", "/connectors/none/offsets"),
        raw("PATCH", "/connectors/b/offsets", "while it runs", of_none),
        again("DELETE", "/connectors/b/offsets", "while it runs"),
    ]
}

fn logged() -> Vec<Step> {
    let set = |path, what, body| raw("PUT", path, what, body);
    vec![
        ask("GET", "/admin/loggers"),
        ask("GET", "/admin/loggers/root"),
        ask("GET", "/admin/loggers/nobody"),
        set("/admin/loggers/org.example", "a level", r#"{"level": "WARN"}"#),
        again("GET", "/admin/loggers/org.example", "set"),
        set("/admin/loggers/org.example", "no such level", r#"{"level": "NOPE"}"#),
        set("/admin/loggers/org.example", "no level", "{}"),
        set("/admin/loggers/org.example?scope=cluster", "a level", r#"{"level": "info"}"#),
    ]
}

fn plugins() -> Vec<Step> {
    vec![
        ask("GET", "/connector-plugins"),
        ask("GET", "/connector-plugins/CLASS/config"),
        ask("GET", "/connector-plugins/Nope/config"),
        send("PUT", "/connector-plugins/CLASS/config/validate", "sound", |config| {
            with(config, &json!({ "name": "v" })).to_string()
        }),
        send("PUT", "/connector-plugins/CLASS/config/validate", "no name, a number that is none", |config| {
            with(config, &json!({ "tasks.max": "no" })).to_string()
        }),
        raw(
            "PUT",
            "/connector-plugins/CLASS/config/validate",
            "another class",
            r#"{"connector.class": "Other"}"#,
        ),
        raw("PUT", "/connector-plugins/CLASS/config/validate", "no class", "{}"),
        raw(
            "PUT",
            "/connector-plugins/Nope/config/validate",
            "an unknown class",
            r#"{"connector.class": "Nope"}"#,
        ),
    ]
}

fn gone() -> Vec<Step> {
    vec![
        // A worker has a task of that number then, which has failed.
        ask("POST", "/connectors/b/tasks/9/restart"),
        ask("DELETE", "/connectors/a"),
        ask("DELETE", "/connectors/b"),
        ask("DELETE", "/connectors/s"),
    ]
}
