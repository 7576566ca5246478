//! Bytes that were cut, bent or made up, in every language: refused or read, and never more than the bytes can hold.

use std::sync::Arc;

use orgstream_api::Struct;
use proptest::prelude::*;

use super::drawn::structs;
use super::formats::{encoded, source};
use crate::codec::format::Language;
use crate::codec::json;
use crate::codec::writer::Writer;

/// What was done to bytes.
#[derive(Debug, Clone)]
enum Bent {
    /// They end here.
    Cut(prop::sample::Index),
    /// One of them is another.
    Byte(prop::sample::Index, u8),
    /// A number stands here that is far larger than what follows.
    Huge(prop::sample::Index, u64),
    /// A part of them stands there again, many times.
    Again(prop::sample::Index, usize),
}

fn bent() -> impl Strategy<Value = Bent> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        place().prop_map(Bent::Cut),
        (place(), any::<u8>()).prop_map(|(place, byte)| Bent::Byte(place, byte)),
        (place(), (1_u64 << 20)..).prop_map(|(place, number)| Bent::Huge(place, number)),
        (place(), 1..2_000_usize).prop_map(|(place, times)| Bent::Again(place, times)),
    ]
}

fn bend(bytes: &mut Vec<u8>, bent: &Bent) {
    let whole = bytes.len() + 1;
    let at = |place: &prop::sample::Index| place.index(whole);
    match bent {
        Bent::Cut(place) => bytes.truncate(at(place)),
        Bent::Byte(place, byte) => {
            let place = at(place);
            if let Some(own) = bytes.get_mut(place) {
                *own = *byte;
            }
        }
        Bent::Huge(place, number) => {
            let mut huge = Vec::new();
            crate::codec::varint::write(*number, &mut huge);
            let place = at(place);
            bytes.splice(place..place, huge);
        }
        Bent::Again(place, times) => {
            let place = at(place);
            let part: Vec<u8> = bytes[place..].iter().take(8).copied().collect();
            bytes.splice(place..place, part.repeat(*times));
        }
    }
}

/// How much a record holds.
fn size(value: &Struct) -> usize {
    value.values().iter().map(|value| value.to_json().to_string().len()).sum()
}

const LANGUAGES: [Language; 3] = [Language::Avro, Language::JsonSchema, Language::Protobuf];

proptest! {
    #[test]
    fn bent_bytes_are_refused_or_read_in_every_language(value in structs("n.Outer", 1), bends in prop::collection::vec(bent(), 1..4)) {
        for language in LANGUAGES {
            // What a language cannot say is not bent.
            let Ok(source) = source(language, value.schema()) else { continue };
            let Ok(mut bytes) = encoded(language, &source, &value) else { continue };
            for bent in &bends {
                bend(&mut bytes, bent);
            }
            let read = Writer::parse(&source).unwrap().decode(&bytes);
            // An item may be a byte and have several fields, each with a name.
            let most = 256 * bytes.len() + 64 * 1_024;
            prop_assert!(read.is_err() || read.unwrap().is_none_or(|read| size(&read) <= most), "{:?}", language);
        }
    }

    #[test]
    fn bytes_of_another_schema_are_refused_or_read_in_every_language(value in structs("n.Outer", 1), other in structs("n.Outer", 1)) {
        for language in LANGUAGES {
            let (Ok(own), Ok(foreign)) = (source(language, value.schema()), source(language, other.schema())) else { continue };
            let Ok(bytes) = encoded(language, &own, &value) else { continue };
            if let Ok(Some(read)) = Writer::parse(&foreign).unwrap().decode(&bytes) {
                prop_assert!(size(&read) <= 256 * bytes.len() + 64 * 1_024, "{:?}", language);
            }
        }
    }
}

#[test]
fn brackets_without_an_end_are_refused_before_the_stack_ends() {
    let schema = r#"{ "type": "object", "properties": { "a": {} } }"#;
    let schema = json::JsonSchema::parse(schema, &[]).unwrap();
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        for closed in [true, false] {
            let deep = 200_000;
            let end = if closed { close.repeat(deep) } else { String::new() };
            let text = open.repeat(deep) + "1" + &end;
            let whole = format!(r#"{{"a":{text}}}"#);
            let with_schema = format!(r#"{{"schema":{text},"payload":{text}}}"#);
            assert!(json::decode(text.as_bytes()).is_err());
            assert!(json::decode(whole.as_bytes()).is_err());
            assert!(schema.decode(whole.as_bytes()).is_err());
            assert!(json::Connect::default().decode(with_schema.as_bytes()).is_err());
        }
    }
}

#[test]
fn a_protobuf_message_of_ends_without_beginnings_is_refused() {
    let value = Struct::new(Arc::new(super::drawn::lead()));
    let source = source(Language::Protobuf, value.schema()).unwrap();
    let writer = Writer::parse(&source).unwrap();
    // Groups within groups, which no schema of today has, and lengths that nothing follows.
    for bytes in [
        [vec![0], vec![0x0b; 100_000]].concat(),
        [&[0][..], &[0x0c; 9]].concat(),
        vec![0, 0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
    ] {
        assert!(writer.decode(&bytes).is_err());
    }
}
