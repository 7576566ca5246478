//! Prometheus' text format, version 0.0.4: for each family its help, its type, and its samples together.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use orgstream_salesforce::datetime::parse_datetime;

use super::families::{Family, Kind};
use crate::control::HistogramStatus;

/// The samples so far, by family.
#[derive(Default)]
pub(super) struct Text(BTreeMap<&'static str, String>);

/// Names of labels with their values.
pub(super) type Labels<'a> = [(&'a str, &'a str)];

impl Text {
    pub(super) fn sample(&mut self, family: Family, labels: &Labels<'_>, value: f64) {
        self.line(family.name, family.name, labels, None, value);
    }

    /// A moment, as seconds since the epoch; nothing where there was none.
    pub(super) fn time(&mut self, family: Family, labels: &Labels<'_>, at: Option<&String>) {
        let Some(millis) = at.and_then(|at| parse_datetime(at).ok()) else { return };
        #[expect(clippy::cast_precision_loss, reason = "the format has no other numbers")]
        self.sample(family, labels, millis as f64 / 1_000.0);
    }

    /// One line for each word, of which one holds.
    pub(super) fn state<'a>(
        &mut self,
        family: Family,
        labels: &Labels<'a>,
        (name, words): (&'a str, &[&'a str]),
        word: &str,
    ) {
        for known in words {
            let labels = [labels, &[(name, *known)]].concat();
            self.sample(family, &labels, super::truth(*known == word));
        }
    }

    pub(super) fn histogram(&mut self, family: Family, labels: &Labels<'_>, histogram: &HistogramStatus) {
        let count = super::number(histogram.count);
        let name = |suffix: &str| format!("{}_{suffix}", family.name);
        for (bound, below) in &histogram.buckets {
            let bound = format_number(*bound);
            self.line(family.name, &name("bucket"), labels, Some(&bound), super::number(*below));
        }
        self.line(family.name, &name("bucket"), labels, Some("+Inf"), count);
        self.line(family.name, &name("sum"), labels, None, histogram.sum);
        self.line(family.name, &name("count"), labels, None, count);
    }

    /// The page: all of `families` in their order, also those without a sample.
    pub(super) fn into_page(mut self, families: &[Family]) -> String {
        let mut page = String::new();
        for Family { name, kind, help, .. } in families {
            let help = help.replace('\\', "\\\\").replace('\n', "\\n");
            let _infallible = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {}", kind.as_str());
            page.push_str(&self.0.remove(name).unwrap_or_default());
        }
        page
    }

    fn line(
        &mut self,
        family: &'static str,
        name: &str,
        labels: &Labels<'_>,
        bound: Option<&str>,
        value: f64,
    ) {
        let all = labels.iter().copied().chain(bound.map(|bound| ("le", bound)));
        let written: Vec<_> = all.map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        let labels = if written.is_empty() { String::new() } else { format!("{{{}}}", written.join(",")) };
        let line = self.0.entry(family).or_default();
        let _infallible = writeln!(line, "{name}{labels} {}", format_number(value));
    }
}

impl Kind {
    /// The word of the format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn format_number(number: f64) -> String {
    match number {
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        number if number.is_nan() => "NaN".to_owned(),
        number => number.to_string(),
    }
}
