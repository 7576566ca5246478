//! Connectors as the pipelines of one file.

use super::document::Map;
use super::kind::Kind;
use super::part::{Part, Pipeline};
use super::translate::Pipelines;
use super::wire::Wire;

/// Puts the pipelines of `parts` into `file`.
pub(super) fn join(parts: Vec<Part>, pipelines: Pipelines, file: &mut Map) {
    file.map("pipelines");
    let (sources, mut sinks): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| part.kind.is_source());
    for source in &sources {
        for pipeline in &source.pipelines {
            let joined =
                if pipelines == Pipelines::Joined { take(source, pipeline, &mut sinks) } else { None };
            put(pipeline, "source", file);
            if let Some(sink) = joined {
                put(&Pipeline { name: pipeline.name.clone(), ..sink }, "sink", file);
            }
        }
    }
    for sink in sinks {
        for pipeline in &sink.pipelines {
            put(pipeline, "sink", file);
        }
    }
}

fn put(pipeline: &Pipeline, half: &str, file: &mut Map) {
    let keys = file.at(&["pipelines", &pipeline.name]);
    keys.put(half, pipeline.half.clone(), None);
    if !pipeline.objects.is_empty() {
        keys.map("objects").merge(pipeline.objects.clone());
    }
}

/// Takes the first sink out that reads what `source` writes, for another org.
fn take(source: &Part, written: &Pipeline, sinks: &mut [Part]) -> Option<Pipeline> {
    // Change events say other things of a record, and a sink of their own reads them.
    if source.kind != Kind::PushTopic || written.topic.is_none() {
        return None;
    }
    let is_read = |written: Option<Wire>, read: Option<Wire>| {
        let registered = |wire: Option<Wire>| wire.is_none_or(Wire::is_registered);
        written == read || (registered(written) && registered(read))
    };
    let meets = |pipeline: &Pipeline| {
        pipeline.topic == written.topic && pipeline.objects.keys() == written.objects.keys()
    };
    for sink in sinks {
        let read = is_read(source.wires.value, sink.wires.value) && is_read(source.wires.key, sink.wires.key);
        if sink.org == source.org || !read {
            continue;
        }
        if let Some(index) = sink.pipelines.iter().position(meets) {
            let mut taken = sink.pipelines.remove(index);
            // The source says both.
            taken.half.remove("topic");
            taken.half.remove("input");
            return Some(taken);
        }
    }
    None
}
