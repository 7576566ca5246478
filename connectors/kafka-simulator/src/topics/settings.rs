//! Kafka's topic settings: texts by name, checked when they are set, and the values a log goes by.

use std::collections::BTreeMap;

use crate::log::{Cleanup, LogConfig, TimestampType};

/// What kind of text a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SettingType {
    /// A 32-bit number of at least so much.
    Int(i64),
    /// A 64-bit number of at least so much.
    Long(i64),
    /// A number from 0 to 1.
    Ratio,
    /// `true` or `false`.
    Boolean,
    /// One of these.
    Word(&'static [&'static str]),
    /// Some of these, separated by commas.
    List(&'static [&'static str]),
}

/// A setting that the broker knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) kind: SettingType,
    /// Kafka's own default.
    pub(crate) default: &'static str,
    /// Whether the broker goes by it. One that it does not go by is kept and shown, and changes nothing.
    followed: bool,
}

const fn setting(name: &'static str, kind: SettingType, default: &'static str) -> Setting {
    Setting { name, kind, default, followed: true }
}

const fn only_kept(name: &'static str, kind: SettingType, default: &'static str) -> Setting {
    Setting { name, kind, default, followed: false }
}

/// Every setting that can be set.
pub(crate) const KNOWN: &[Setting] = &[
    setting("cleanup.policy", SettingType::List(&["compact", "delete"]), "delete"),
    only_kept(
        "compression.type",
        SettingType::Word(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]),
        "producer",
    ),
    setting("delete.retention.ms", SettingType::Long(0), "86400000"),
    only_kept("file.delete.delay.ms", SettingType::Long(0), "60000"),
    only_kept("flush.messages", SettingType::Long(1), "9223372036854775807"),
    only_kept("flush.ms", SettingType::Long(0), "9223372036854775807"),
    only_kept("index.interval.bytes", SettingType::Int(0), "4096"),
    only_kept("max.compaction.lag.ms", SettingType::Long(1), "9223372036854775807"),
    setting("max.message.bytes", SettingType::Int(0), "1048588"),
    setting("message.timestamp.after.max.ms", SettingType::Long(0), "3600000"),
    setting("message.timestamp.before.max.ms", SettingType::Long(0), "9223372036854775807"),
    setting("message.timestamp.type", SettingType::Word(&["CreateTime", "LogAppendTime"]), "CreateTime"),
    setting("min.cleanable.dirty.ratio", SettingType::Ratio, "0.5"),
    setting("min.compaction.lag.ms", SettingType::Long(0), "0"),
    only_kept("min.insync.replicas", SettingType::Int(1), "1"),
    only_kept("preallocate", SettingType::Boolean, "false"),
    setting("retention.bytes", SettingType::Long(-1), "-1"),
    setting("retention.ms", SettingType::Long(-1), "604800000"),
    setting("segment.bytes", SettingType::Int(14), "1073741824"),
    only_kept("segment.index.bytes", SettingType::Int(4), "10485760"),
    only_kept("segment.jitter.ms", SettingType::Long(0), "0"),
    setting("segment.ms", SettingType::Long(1), "604800000"),
    only_kept("unclean.leader.election.enable", SettingType::Boolean, "false"),
];

/// The settings of one topic that were set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Sets one; the message says why it cannot be.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let known = KNOWN.iter().find(|known| known.name == name);
        let known = known.ok_or_else(|| format!("Unknown topic config name: {name}"))?;
        // Kafka's own parser does not mind blanks either. What is kept fits on a line.
        let value = value.split(',').map(str::trim).collect::<Vec<_>>().join(",");
        if !is_of(known.kind, &value) {
            return Err(format!("Invalid value {value} for configuration {name}"));
        }
        self.0.insert(name.to_owned(), value);
        Ok(())
    }

    /// Back to the default.
    pub(crate) fn unset(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Adds words to a list, or takes them out of it.
    pub(crate) fn change_list(&mut self, name: &str, words: &str, add: bool) -> Result<(), String> {
        let known = KNOWN.iter().find(|known| known.name == name);
        let known = known.ok_or_else(|| format!("Unknown topic config name: {name}"))?;
        if !matches!(known.kind, SettingType::List(_)) {
            return Err(format!("Config value append is not allowed for config key: {name}"));
        }
        let words: Vec<&str> = words.split(',').map(str::trim).collect();
        let now = self.value(known).to_owned();
        let mut list: Vec<&str> = now.split(',').filter(|word| !words.contains(word)).collect();
        if add {
            list.extend(words);
        }
        self.set(name, &list.join(","))
    }

    /// Its text, or the default's.
    pub(crate) fn value<'a>(&'a self, known: &Setting) -> &'a str {
        self.0.get(known.name).map_or(known.default, String::as_str)
    }

    /// Whether it was set.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Those that were set.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &String)> {
        self.0.iter()
    }

    /// Those that ask for something else than the default and do not get it: name and value.
    pub(super) fn without_effect(&self) -> impl Iterator<Item = (&str, &str)> {
        let ignored = KNOWN.iter().filter(|known| !known.followed && self.value(known) != known.default);
        ignored.map(|known| (known.name, self.value(known)))
    }

    /// What a log goes by.
    pub(crate) fn log_config(&self) -> LogConfig {
        let defaults = LogConfig::default();
        let number =
            |name: &str, default: i64| self.0.get(name).and_then(|text| text.parse().ok()).unwrap_or(default);
        let size = |name: &str, default: u64| u64::try_from(number(name, -1)).unwrap_or(default);
        let policy = self.0.get("cleanup.policy").map_or("delete", String::as_str);
        let limit = |name: &str, default: Option<i64>| match self.0.get(name) {
            None => default,
            Some(_) => Some(number(name, -1)).filter(|limit| *limit >= 0),
        };
        let broker_time = self.0.get("message.timestamp.type").is_some_and(|kind| kind == "LogAppendTime");
        let ratio = self.0.get("min.cleanable.dirty.ratio").and_then(|text| text.parse().ok());
        LogConfig {
            cleanup: Cleanup { delete: policy.contains("delete"), compact: policy.contains("compact") },
            retention_ms: limit("retention.ms", defaults.retention_ms),
            retention_bytes: limit("retention.bytes", None).and_then(|limit| u64::try_from(limit).ok()),
            segment_bytes: size("segment.bytes", defaults.segment_bytes),
            segment_ms: number("segment.ms", defaults.segment_ms),
            max_message_bytes: usize::try_from(size("max.message.bytes", 1_048_588)).unwrap_or(usize::MAX),
            min_compaction_lag_ms: number("min.compaction.lag.ms", 0),
            delete_retention_ms: number("delete.retention.ms", defaults.delete_retention_ms),
            min_cleanable_dirty_ratio: ratio.unwrap_or(defaults.min_cleanable_dirty_ratio),
            timestamp_type: if broker_time {
                TimestampType::LogAppendTime
            } else {
                TimestampType::CreateTime
            },
            timestamp_before_max_ms: number("message.timestamp.before.max.ms", i64::MAX),
            timestamp_after_max_ms: number("message.timestamp.after.max.ms", defaults.timestamp_after_max_ms),
        }
    }
}

fn is_of(kind: SettingType, text: &str) -> bool {
    let at_least =
        |least: i64, most: i64| text.parse::<i64>().is_ok_and(|value| (least..=most).contains(&value));
    match kind {
        SettingType::Int(least) => at_least(least, i64::from(i32::MAX)),
        SettingType::Long(least) => at_least(least, i64::MAX),
        SettingType::Ratio => text.parse::<f64>().is_ok_and(|value| (0.0..=1.0).contains(&value)),
        SettingType::Boolean => matches!(text, "true" | "false"),
        SettingType::Word(words) => words.contains(&text),
        SettingType::List(words) => text.split(',').all(|word| words.contains(&word)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_has_no_effect_just_when_no_log_goes_by_it() {
        let others = [
            ("cleanup.policy", "compact"),
            ("compression.type", "zstd"),
            ("message.timestamp.type", "LogAppendTime"),
            ("min.cleanable.dirty.ratio", "0.25"),
            ("preallocate", "true"),
            ("unclean.leader.election.enable", "true"),
        ];
        for known in KNOWN {
            let other = others.iter().find(|(name, _)| *name == known.name).map_or("77", |(_, value)| *value);
            let mut settings = Settings::default();
            settings.set(known.name, known.default).unwrap();
            assert_eq!(settings.without_effect().count(), 0, "{}", known.name);
            settings.set(known.name, other).unwrap();
            let follows = settings.log_config() != LogConfig::default();
            assert_eq!(settings.without_effect().next().is_none(), follows, "{}", known.name);
        }
    }
}
