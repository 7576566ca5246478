//! Which schema of the registry a source's records are written with.

use super::Report;
use crate::codec::{Output, Registration, Schemas, SubjectName, Written};
use crate::config::raw;

/// How schemas of values and keys come into the registry.
pub(super) fn registrations(raw: &raw::Output) -> (Registration, Registration) {
    let value = Registration { schemas: schemas(raw.schemas), subject: subject(raw.subject) };
    let key = Registration {
        schemas: raw.key_schemas.map_or(value.schemas, |own| schemas(Some(own))),
        subject: raw.key_subject.map_or(value.subject, |own| subject(Some(own))),
    };
    (value, key)
}

/// Reports keys that nothing asks for: only some formats have their schemas in the registry.
pub(super) fn check_registrations(pipeline: &str, output: &Output, report: &mut Report<'_>) {
    let path = ["pipelines", pipeline, "source", "output"];
    let has_registered = |written: &Written| matches!(written, Written::Registry(_));
    let (value, key) = (has_registered(&output.value), has_registered(&output.key));
    let keys = report.keys(&path);
    for (name, is_used) in
        [("schemas", value || key), ("subject", value || key), ("key_schemas", key), ("key_subject", key)]
    {
        if keys.contains(&name) && !is_used {
            let at = [path[0], path[1], path[2], path[3], name];
            let message = "has no effect: only `avro`, `json_schema` and `protobuf` have their schemas in the registry; remove it, \
                           or write one of these";
            report.fault(&at, message);
        }
    }
}

fn schemas(raw: Option<raw::Schemas>) -> Schemas {
    match raw.unwrap_or(raw::Schemas::Register) {
        raw::Schemas::Register => Schemas::Register,
        raw::Schemas::Registered => Schemas::Registered,
        raw::Schemas::Latest => Schemas::Latest,
    }
}

fn subject(raw: Option<raw::Subject>) -> SubjectName {
    match raw.unwrap_or(raw::Subject::Topic) {
        raw::Subject::Topic => SubjectName::Topic,
        raw::Subject::Record => SubjectName::Record,
        raw::Subject::TopicRecord => SubjectName::TopicRecord,
    }
}
