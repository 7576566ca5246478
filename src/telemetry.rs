//! The log: one line an event on stderr, so that stdout holds only results.

use std::fmt::Write as _;
use std::fs::File;
use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

mod levels;
pub use levels::{LoggerLevel, NotSet, levels, set_level};
mod logfmt;
use logfmt::Logfmt;

/// Which events are shown, such as `debug` or `warn,orgstream=debug`.
const VARIABLE: &str = "RUST_LOG";

/// What is shown otherwise. The libraries below speak of their own business, so only their warnings count.
const DEFAULT: &str = "warn,orgstream=info";

/// What is asked of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// The form of its lines; `None` is for people.
    pub format: Option<Format>,
    /// How much orgstream says: error, warn, info, debug or trace; `None` is info.
    pub level: Option<&'static str>,
}

/// The form of a log's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
    /// `key=value` pairs.
    Logfmt,
}

/// Starts the log. Called once, by the program; a program that embeds orgstream has a log of its own.
///
/// # Errors
/// The message says what is wrong with the filter in the environment.
pub fn start(options: LogOptions) -> Result<(), String> {
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false)
        // When nobody reads standard error any more, saying so there would panic, in whichever task logs first.
        .log_internal_errors(false);
    let lines = match options.format.unwrap_or(Format::Pretty) {
        Format::Pretty => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        Format::Json => lines
            .json()
            .flatten_event(true)
            .with_target(true)
            .with_current_span(false)
            .with_span_list(false)
            .boxed(),
        Format::Logfmt => lines.with_ansi(false).event_format(Logfmt).boxed(),
    };
    let started = tracing_subscriber::registry().with(filter(options.level)?).with(lines).try_init();
    started.map_err(|error| format!("the log cannot be started: {error}"))
}

/// Starts the log in a file, for a program that draws on the terminal. Its last warning can be read.
///
/// # Errors
/// As [`start`], or the file cannot be written.
pub fn start_in_file(path: &Path) -> Result<Arc<LastWarning>, String> {
    let file = File::options().create(true).append(true).open(path);
    let file = file.map_err(|error| format!("the log {} cannot be written: {error}", path.display()))?;
    let last = Arc::new(LastWarning::default());
    tracing_subscriber::registry()
        .with(filter(None)?)
        .with(fmt::layer().with_writer(file).with_ansi(false).with_target(false))
        .with(Remembering(Arc::clone(&last)))
        .try_init()
        .map_err(|error| format!("the log cannot be started: {error}"))?;
    Ok(last)
}

fn filter(level: Option<&str>) -> Result<reload::Layer<EnvFilter, Registry>, String> {
    let of_level = |level: &str| match level {
        "error" => "error".to_owned(),
        level => format!("warn,orgstream={level}"),
    };
    let default = || level.map_or_else(|| DEFAULT.to_owned(), of_level);
    let wanted = std::env::var(VARIABLE).unwrap_or_else(|_| default());
    let filter =
        EnvFilter::try_new(&wanted).map_err(|error| format!("{VARIABLE} is no log filter: {error}"))?;
    Ok(levels::follow(&wanted, filter))
}

/// The last warning or error of the log.
#[derive(Debug, Default)]
pub struct LastWarning(Mutex<Option<String>>);

impl LastWarning {
    /// Its message and fields; `None` when there was none.
    pub fn read(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Remembering(Arc<LastWarning>);

impl<S: Subscriber> Layer<S> for Remembering {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() > Level::WARN {
            return;
        }
        let mut text = Text::default();
        event.record(&mut text);
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(text.0);
    }
}

/// An event as one line: its message, then its fields.
#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let written = if field.name() == "message" {
            let fields = std::mem::take(&mut self.0);
            write!(self.0, "{value:?}{fields}")
        } else {
            write!(self.0, " {}={value:?}", field.name())
        };
        written.expect("a string takes any text");
    }
}
