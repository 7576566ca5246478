//! The levels of the log while the program runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, OnceLock};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::{EnvFilter, Registry, reload};

use crate::clock;

/// What stands for all loggers that are not named.
const ROOT: &str = "root";

/// The log that was started; one a program.
static LOG: OnceLock<Log> = OnceLock::new();

struct Log {
    filter: Mutex<Filter>,
    put: reload::Handle<EnvFilter, Registry>,
}

/// A logger and its level, as they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggerLevel {
    /// `ERROR`, `WARN`, `INFO`, `DEBUG`, `TRACE` or `OFF`.
    pub level: String,
    /// When somebody changed it while the program ran, milliseconds since the epoch.
    pub last_modified: Option<i64>,
}

/// Why a level stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSet {
    /// There is no such level.
    #[error("invalid log level '{0}'.")]
    NoLevel(String),
    /// The name is none that a logger has.
    #[error(
        "invalid logger name; a logger has letters, digits and `_`, `-`, `.` and `:`, such as orgstream::http"
    )]
    NoName,
    /// The log is not this program's own.
    #[error("the log of this process has been started by the program around it, and is set there")]
    NotOwn,
}

/// The filter `wanted`, which is in force as soon as the returned layer is.
pub(super) fn follow(wanted: &str, filter: EnvFilter) -> reload::Layer<EnvFilter, Registry> {
    let (layer, put) = reload::Layer::new(filter);
    let _first = LOG.set(Log { filter: Mutex::new(Filter::of(wanted)), put });
    layer
}

/// The level of each logger that has one, and of `root`, which stands for all others; none before the log is started.
pub fn levels() -> BTreeMap<String, LoggerLevel> {
    LOG.get().map(|log| log.filter().levels()).unwrap_or_default()
}

/// Gives a logger, and those below it, a level until the program ends. Answers with the loggers that have it now.
pub fn set_level(logger: &str, level: &str) -> Result<BTreeSet<String>, NotSet> {
    let log = LOG.get().ok_or(NotSet::NotOwn)?;
    let mut filter = log.filter();
    let mut wanted = filter.clone();
    let set = wanted.set(logger, level, clock::now_ms())?;
    let parsed = EnvFilter::try_new(wanted.text()).map_err(|_| NotSet::NoName)?;
    log.put.reload(parsed).map_err(|_| NotSet::NotOwn)?;
    *filter = wanted;
    Ok(set)
}

impl Log {
    fn filter(&self) -> MutexGuard<'_, Filter> {
        self.filter.lock().expect("no holder of this lock panics")
    }
}

/// A log filter, in the words of its variable.
#[derive(Debug, Clone, Default)]
struct Filter {
    directives: Vec<String>,
    modified: BTreeMap<String, i64>,
}

impl Filter {
    fn of(text: &str) -> Self {
        let directives = text.split(',').map(str::trim).filter(|directive| !directive.is_empty());
        Self { directives: directives.map(str::to_owned).collect(), modified: BTreeMap::new() }
    }

    fn text(&self) -> String {
        self.directives.join(",")
    }

    fn levels(&self) -> BTreeMap<String, LoggerLevel> {
        let mut levels: BTreeMap<String, LoggerLevel> = BTreeMap::new();
        let off = (ROOT.to_owned(), "OFF".to_owned());
        let named = self.directives.iter().map(|directive| named(directive));
        for (logger, level) in std::iter::once(off).chain(named) {
            let last_modified = self.modified.get(&logger).copied();
            levels.insert(logger, LoggerLevel { level, last_modified });
        }
        levels
    }

    fn set(&mut self, logger: &str, level: &str, now: i64) -> Result<BTreeSet<String>, NotSet> {
        let level = known(level).ok_or_else(|| NotSet::NoLevel(level.to_owned()))?;
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
        // A level by itself would be read as the level of all loggers.
        let is_name = logger == ROOT || logger.parse::<LevelFilter>().is_err();
        if logger.is_empty() || !logger.chars().all(is_part) || !is_name {
            return Err(NotSet::NoName);
        }
        let is_below = |name: &str| {
            name == logger || name.strip_prefix(logger).is_some_and(|rest| rest.starts_with("::"))
        };
        let mut set: BTreeSet<String> = self
            .directives
            .iter()
            .map(|directive| named(directive).0)
            .filter(|name| is_below(name))
            .collect();
        set.insert(logger.to_owned());
        self.directives.retain(|directive| !set.contains(&named(directive).0));
        for name in &set {
            let directive = if name == ROOT { level.to_owned() } else { format!("{name}={level}") };
            self.directives.push(directive);
            self.modified.insert(name.clone(), now);
        }
        Ok(set)
    }
}

/// Which logger a directive is of, and the level that it gives it.
fn named(directive: &str) -> (String, String) {
    match directive.rsplit_once('=') {
        Some((logger, level)) => (logger.to_owned(), level.to_uppercase()),
        None if directive.parse::<LevelFilter>().is_ok() => (ROOT.to_owned(), directive.to_uppercase()),
        // A logger by itself shows everything.
        None => (directive.to_owned(), "TRACE".to_owned()),
    }
}

/// A level by its name, or by the name of Java's nearest one.
fn known(level: &str) -> Option<&'static str> {
    match level.to_uppercase().as_str() {
        "OFF" => Some("off"),
        "FATAL" | "ERROR" => Some("error"),
        "WARN" => Some("warn"),
        "INFO" => Some("info"),
        "DEBUG" => Some("debug"),
        "TRACE" | "ALL" => Some("trace"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(filter: &Filter, logger: &str) -> Option<String> {
        filter.levels().get(logger).map(|shown| shown.level.clone())
    }

    #[test]
    fn a_logger_has_the_level_that_it_is_given_and_those_below_it_too() {
        let mut filter = Filter::of("warn, orgstream=info,orgstream::http=trace,hyper");
        assert_eq!(level(&filter, "root").unwrap(), "WARN");
        assert_eq!(level(&filter, "hyper").unwrap(), "TRACE");
        let set = filter.set("orgstream", "Debug", 7).unwrap();
        assert_eq!(set, BTreeSet::from(["orgstream".to_owned(), "orgstream::http".to_owned()]));
        assert_eq!(level(&filter, "orgstream::http").unwrap(), "DEBUG");
        assert_eq!(filter.levels()["orgstream"].last_modified, Some(7));
        assert_eq!(filter.levels()["hyper"].last_modified, None);
        filter.set("root", "ERROR", 8).unwrap();
        filter.set("new.one", "all", 9).unwrap();
        assert_eq!(level(&filter, "root").unwrap(), "ERROR");
        assert_eq!(level(&filter, "new.one").unwrap(), "TRACE");
        assert!(EnvFilter::try_new(filter.text()).is_ok(), "{}", filter.text());
    }

    #[test]
    fn no_name_and_no_level_brings_in_another_directive() {
        let mut filter = Filter::of("warn");
        assert_eq!(filter.set("orgstream", "NOPE", 1), Err(NotSet::NoLevel("NOPE".to_owned())));
        for name in ["", "a=b", "a,debug", "debug", "a[b]", "ü", "5"] {
            assert_eq!(filter.set(name, "INFO", 1), Err(NotSet::NoName), "{name}");
        }
        assert_eq!(filter.text(), "warn");
    }
}
