//! Which message of its schema's file a value is: numbers between the schema's id and the bytes, each the place of a
//! message among those of the one before.

use protox::prost_reflect::{FileDescriptor, MessageDescriptor};

use crate::codec::varint::{Broken, read_signed};

/// More places than messages nest.
const DEEPEST: i64 = 64;

/// The message that the bytes begin with the number of, and the bytes behind.
pub(super) fn message<'b>(
    file: &FileDescriptor,
    bytes: &'b [u8],
) -> Result<(MessageDescriptor, &'b [u8]), String> {
    let (count, mut rest) = number(bytes)?;
    // A single 0 stands for the first message of the file, as most are.
    let mut places = vec![0; usize::from(count == 0)];
    if !(0..=DEEPEST).contains(&count) {
        return Err(format!("{count} is no number of places of a message"));
    }
    for _ in 0..count {
        let (place, behind) = number(rest)?;
        places.push(place);
        rest = behind;
    }
    let missing = || format!("the schema has no message at {places:?}");
    let place = |place: i64| usize::try_from(place).ok();
    let mut places = places.iter();
    let first = places.next().and_then(|first| file.messages().nth(place(*first)?)).ok_or_else(missing)?;
    let found = places.try_fold(first, |outer, next| {
        // Maps are messages within their message to the compiler, and none in the text.
        outer.child_messages().filter(|inner| !inner.is_map_entry()).nth(place(*next)?)
    });
    Ok((found.ok_or_else(missing)?, rest))
}

fn number(bytes: &[u8]) -> Result<(i64, &[u8]), String> {
    read_signed(bytes).map_err(|broken| match broken {
        Broken::Cut => "it is cut off before it says which message it is".to_owned(),
        Broken::TooLong => "the number of its message has more than 64 bits".to_owned(),
    })
}
