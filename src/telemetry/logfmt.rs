//! Events as `key=value` pairs, one line each.

use std::fmt::{self, Write as _};
use std::time::UNIX_EPOCH;

use orgstream_salesforce::datetime::format_datetime;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::clock;

/// The format.
pub(super) struct Logfmt;

impl<S, N> FormatEvent<S, N> for Logfmt
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let since = clock::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let time = format_datetime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        let metadata = event.metadata();
        let level = metadata.level().as_str().to_lowercase();
        let mut pairs = Pairs::default();
        event.record(&mut pairs);
        let Pairs { message, rest } = pairs;
        writeln!(
            writer,
            "ts={time} level={level} target={} msg={}{rest}",
            metadata.target(),
            quoted(&message)
        )
    }
}

/// The message of an event, and its other fields as they are written.
#[derive(Default)]
struct Pairs {
    message: String,
    rest: String,
}

impl Pairs {
    fn add(&mut self, field: &Field, value: String) {
        if field.name() == "message" {
            self.message = value;
        } else if !field.name().starts_with("log.") {
            // What the bridge from another log adds says nothing of the event.
            let _infallible = write!(self.rest, " {}={}", field.name(), quoted(&value));
        }
    }
}

impl Visit for Pairs {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}"));
    }
}

/// A value as one word, or in quotes; always on one line.
fn quoted(value: &str) -> String {
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '=' | '\\');
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_owned();
    }
    let mut text = String::from('"');
    for c in value.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            c if c.is_control() => {
                let _infallible = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_is_one_line_whatever_its_values_hold() {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber =
            tracing_subscriber::fmt().event_format(Logfmt).with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(reason = %"a \"b\"\nc=d", count = 3, empty = "", "It waits.");
        });
        let line = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let rest = line.split_once(" level=").unwrap().1;
        assert!(line.starts_with("ts=20") && line.matches('\n').count() == 1, "{line}");
        assert!(rest.starts_with("warn target=orgstream"), "{line}");
        assert!(
            rest.ends_with(" msg=\"It waits.\" reason=\"a \\\"b\\\"\\nc=d\" count=3 empty=\"\"\n"),
            "{line}"
        );
    }
}
