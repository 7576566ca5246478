//! Where a sink is to go on, as it is said on the command line.

use orgstream_api::{InputOffset, TopicPartition};
use orgstream_salesforce::datetime::parse_datetime;

use crate::runtime::Target;

/// What `--to` says.
///
/// # Errors
/// What is wrong with it, in one line.
pub(super) fn target(words: &[String]) -> Result<Target, String> {
    match words {
        [word] if word == "earliest" => Ok(Target::Earliest),
        [word] if word == "latest" => Ok(Target::Latest),
        [word] if !word.contains('=') => parse_datetime(word).map(Target::Time).map_err(|_| {
            format!(
                "`{word}` is neither `earliest` nor `latest`, nor a time such as `2026-01-01T00:00:00Z`, nor a place such as \
                 `a.Lead:0=120`"
            )
        }),
        places => places.iter().map(|place| at(place)).collect::<Result<_, _>>().map(Target::Places),
    }
}

/// What one `--only` says.
///
/// # Errors
/// As [`target`].
pub(super) fn part(word: &str) -> Result<(String, Option<i32>), String> {
    match word.rsplit_once(':') {
        None if word.is_empty() => Err("`--only` names no topic".to_owned()),
        None => Ok((word.to_owned(), None)),
        Some((topic, number)) => {
            let number = partition(number).ok_or_else(|| {
                format!(
                    "`{number}` in `{word}` is no partition; write `{topic}:0`, or `{topic}` for all of them"
                )
            })?;
            Ok((topic.to_owned(), Some(number)))
        }
    }
}

fn at(word: &str) -> Result<InputOffset, String> {
    let parts = || {
        let (place, offset) = word.rsplit_once('=')?;
        let (topic, number) = place.rsplit_once(':')?;
        let offset = offset.parse().ok().filter(|offset: &i64| *offset >= 0)?;
        let partition = TopicPartition { topic: topic.to_owned(), partition: partition(number)? };
        Some(InputOffset { partition, offset })
    };
    parts().ok_or_else(|| {
        format!("`{word}` is no place; write `topic:partition=offset`, such as `a.Lead:0=120`")
    })
}

fn partition(number: &str) -> Option<i32> {
    number.parse().ok().filter(|number| *number >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Target, String> {
        target(&text.split(',').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn words_times_and_places_are_told_apart() {
        let place = |topic: &str, partition, offset| InputOffset {
            partition: TopicPartition { topic: topic.to_owned(), partition },
            offset,
        };
        assert_eq!(read("earliest"), Ok(Target::Earliest));
        assert_eq!(read("latest"), Ok(Target::Latest));
        assert_eq!(read("1970-01-01T00:00:01Z"), Ok(Target::Time(1_000)));
        assert_eq!(read("a.Lead:0=120"), Ok(Target::Places(vec![place("a.Lead", 0, 120)])));
        let two = vec![place("a.Lead", 0, 1), place("a.Lead", 12, 0)];
        assert_eq!(read("a.Lead:0=1,a.Lead:12=0"), Ok(Target::Places(two)));
        assert_eq!(part("a.Lead"), Ok(("a.Lead".to_owned(), None)));
        assert_eq!(part("a.Lead:3"), Ok(("a.Lead".to_owned(), Some(3))));
    }

    #[test]
    fn what_is_none_of_them_is_named() {
        for wrong in [
            "erliest",
            "a.Lead:0=-1",
            "a.Lead=5",
            "a.Lead:x=5",
            "earliest,latest",
            "a.Lead:0=1,latest",
            "=",
            "",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "a.Lead:", "a.Lead:-1"] {
            assert!(part(wrong).is_err(), "{wrong}");
        }
    }
}
