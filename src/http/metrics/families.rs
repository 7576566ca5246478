//! The names there are. `docs/METRICS.md` is made of them.

use std::fmt::Write as _;

/// All samples of one name.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// Its name. Histograms have the suffixes of the format behind it.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// The names of its labels, separated by spaces.
    pub labels: &'static str,
    /// What it means.
    pub help: &'static str,
    /// When to worry, as the rest of a sentence.
    pub worry: &'static str,
}

/// The types of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, and begins at zero with the process or the task.
    Counter,
    /// It rises and falls.
    Gauge,
    /// How many took how long.
    Histogram,
}

pub(super) const BUILD_INFO: Family = Family {
    name: "orgstream_build_info",
    kind: Kind::Gauge,
    labels: "version node",
    help: "Always 1; the labels say which program and node this is.",
    worry: "never",
};
pub(super) const HEALTHY: Family = Family {
    name: "orgstream_healthy",
    kind: Kind::Gauge,
    labels: "",
    help: "1 while `/health` answers 200, else 0.",
    worry: "it is 0",
};
pub(super) const STARTED: Family = Family {
    name: "orgstream_start_time_seconds",
    kind: Kind::Gauge,
    labels: "",
    help: "When the process started, in seconds since the epoch.",
    worry: "it changes without a deployment",
};
pub(super) const TASK_STATE: Family = Family {
    name: "orgstream_task_state",
    kind: Kind::Gauge,
    labels: "pipeline task kind state",
    help: "1 for the state that the task is in, 0 for the others: starting, running, degraded, failed, paused, stopped.",
    worry: "`degraded` for longer than an outage of the org or of Kafka explains; `failed` at once",
};
pub(super) const TASK_SINCE: Family = Family {
    name: "orgstream_task_state_change_timestamp_seconds",
    kind: Kind::Gauge,
    labels: "pipeline task kind",
    help: "When the task came into its state, in seconds since the epoch.",
    worry: "with `orgstream_task_state`",
};
pub(super) const TASK_RESTARTS: Family = Family {
    name: "orgstream_task_restarts_total",
    kind: Kind::Counter,
    labels: "pipeline task kind",
    help: "How often the task was started again after an error that may pass.",
    worry: "it grows steadily; the log says why",
};
pub(super) const SOURCE_FLOW: Family = Family {
    name: "orgstream_source_flow",
    kind: Kind::Gauge,
    labels: "pipeline task flow",
    help: "1 for what the source's stream does, 0 for the others: connecting, live, catching_up, repairing, degraded, failed.",
    worry: "`degraded`, or `connecting` for more than a few minutes",
};
pub(super) const CHANNEL_FLOW: Family = Family {
    name: "orgstream_channel_flow",
    kind: Kind::Gauge,
    labels: "pipeline task channel flow",
    help: "As `orgstream_source_flow`, of each channel and each polled object.",
    worry: "as `orgstream_source_flow`",
};
pub(super) const SOURCE_AGE: Family = Family {
    name: "orgstream_source_as_of_age_seconds",
    kind: Kind::Gauge,
    labels: "pipeline task",
    help: "How long ago the moment is up to which everything that happened in the org is in Kafka. Five to seven minutes while all is well, as the org's own delay is allowed for.",
    worry: "above 900 without a snapshot or a repair under way",
};
pub(super) const CHANNEL_AGE: Family = Family {
    name: "orgstream_channel_as_of_age_seconds",
    kind: Kind::Gauge,
    labels: "pipeline task channel",
    help: "As `orgstream_source_as_of_age_seconds`, of each channel and each polled object.",
    worry: "as `orgstream_source_as_of_age_seconds`; of a polled object above twice its `poll_every`",
};
pub(super) const SOURCE_RECORDS: Family = Family {
    name: "orgstream_source_records_total",
    kind: Kind::Counter,
    labels: "pipeline task",
    help: "Records committed to Kafka.",
    worry: "it stands still while people work in the org",
};
pub(super) const SOURCE_BYTES: Family = Family {
    name: "orgstream_source_bytes_total",
    kind: Kind::Counter,
    labels: "pipeline task",
    help: "Bytes of these records, keys and headers included, before Kafka packs them.",
    worry: "never",
};
pub(super) const SOURCE_LAST: Family = Family {
    name: "orgstream_source_last_commit_timestamp_seconds",
    kind: Kind::Gauge,
    labels: "pipeline task",
    help: "When a record was last committed, in seconds since the epoch; absent before the first.",
    worry: "with `orgstream_source_records_total`",
};
pub(super) const SOURCE_LATENCY: Family = Family {
    name: "orgstream_source_latency_seconds",
    kind: Kind::Histogram,
    labels: "pipeline task",
    help: "From the answer of the org that told of a change to the commit of its record. Rows that the source asks for by itself are not measured.",
    worry: "the upper quantiles grow: Kafka, or the reading of rows, is slow",
};
pub(super) const SOURCE_COUNTS: Family = Family {
    name: "orgstream_source_events_total",
    kind: Kind::Counter,
    labels: "pipeline task what",
    help: "What became of events and rows since the task was last started, by the source's own counters, such as hydrated, folded, repeated, filtered, unreadable.",
    worry: "`unreadable`, `unreadable_values` or `filter_errors` grow",
};
pub(super) const SOURCE_GAPS: Family = Family {
    name: "orgstream_source_gaps",
    kind: Kind::Gauge,
    labels: "pipeline task object state",
    help: "Gaps on record that are not closed, by object and state.",
    worry: "above 0 for longer than a repair takes; `orgstream gaps` names them",
};
pub(super) const SNAPSHOT_ROWS: Family = Family {
    name: "orgstream_source_snapshot_rows",
    kind: Kind::Gauge,
    labels: "pipeline task object",
    help: "Rows read by the snapshot under way; absent when there is none.",
    worry: "it stands still",
};
pub(super) const SNAPSHOT_TOTAL: Family = Family {
    name: "orgstream_source_snapshot_rows_expected",
    kind: Kind::Gauge,
    labels: "pipeline task object",
    help: "Rows that the snapshot under way is to read, where the org says it.",
    worry: "never",
};
pub(super) const SINK_RECORDS: Family = Family {
    name: "orgstream_sink_records_total",
    kind: Kind::Counter,
    labels: "pipeline task",
    help: "Records read from Kafka.",
    worry: "it stands still while there is lag",
};
pub(super) const SINK_BYTES: Family = Family {
    name: "orgstream_sink_bytes_total",
    kind: Kind::Counter,
    labels: "pipeline task",
    help: "Bytes of these records, keys and headers included.",
    worry: "never",
};
pub(super) const SINK_DELIVERED: Family = Family {
    name: "orgstream_sink_delivered_total",
    kind: Kind::Counter,
    labels: "pipeline task",
    help: "Writes that the target org acknowledged.",
    worry: "it stands still while there is lag",
};
pub(super) const SINK_LAST: Family = Family {
    name: "orgstream_sink_last_delivery_timestamp_seconds",
    kind: Kind::Gauge,
    labels: "pipeline task",
    help: "When the target org last acknowledged a write, in seconds since the epoch; absent before the first.",
    worry: "long ago while there is lag",
};
pub(super) const SINK_LATENCY: Family = Family {
    name: "orgstream_sink_latency_seconds",
    kind: Kind::Histogram,
    labels: "pipeline task",
    help: "From reading a record to its outcome, the org's own time included.",
    worry: "the upper quantiles grow: the org is slow, or records wait for others",
};
pub(super) const SINK_SKIPPED: Family = Family {
    name: "orgstream_sink_skipped_total",
    kind: Kind::Counter,
    labels: "pipeline task reason",
    help: "Records that needed no write since the task was last started, by reason.",
    worry: "a reason that the file does not explain",
};
pub(super) const SINK_REJECTED: Family = Family {
    name: "orgstream_sink_rejected_total",
    kind: Kind::Counter,
    labels: "pipeline task code",
    help: "Records that can never be written since the task was last started, by error code.",
    worry: "it grows; each is a dead letter with its reason (docs/DEAD_LETTERS.md)",
};
pub(super) const SINK_LETTERS: Family = Family {
    name: "orgstream_sink_dead_letters_total",
    kind: Kind::Counter,
    labels: "pipeline task",
    help: "Dead letters that Kafka acknowledged.",
    worry: "it grows",
};
pub(super) const SINK_COUNTS: Family = Family {
    name: "orgstream_sink_events_total",
    kind: Kind::Counter,
    labels: "pipeline task what",
    help: "What else happened to records since the task was last started, by the sink's own counters, such as created, retries, calls, times_parked.",
    worry: "`retries` grow faster than `orgstream_sink_delivered_total`",
};
pub(super) const SINK_LAG: Family = Family {
    name: "orgstream_sink_lag",
    kind: Kind::Gauge,
    labels: "pipeline task topic partition",
    help: "Offsets between the first record that is not settled and the end of the partition. Commit markers take offsets too.",
    worry: "it grows for longer than a burst takes",
};
pub(super) const SINK_LAG_AT: Family = Family {
    name: "orgstream_sink_lag_timestamp_seconds",
    kind: Kind::Gauge,
    labels: "pipeline task",
    help: "When the brokers last told the lag, in seconds since the epoch.",
    worry: "more than a minute ago: the lag is not what it says",
};
pub(super) const SINK_FLIGHT: Family = Family {
    name: "orgstream_sink_in_flight",
    kind: Kind::Gauge,
    labels: "pipeline task",
    help: "Records and references that are with the sink now.",
    worry: "never",
};
pub(super) const SINK_OWED: Family = Family {
    name: "orgstream_sink_owed",
    kind: Kind::Gauge,
    labels: "pipeline task",
    help: "References left out because their parent has no link yet.",
    worry: "it does not fall after all parents have come",
};
pub(super) const SINK_OWED_AGE: Family = Family {
    name: "orgstream_sink_owed_oldest_age_seconds",
    kind: Kind::Gauge,
    labels: "pipeline task",
    help: "For how long the oldest of them has been owed; absent when none is.",
    worry: "hours: the parent may never come; `orgstream status` names it",
};
pub(super) const SINK_PARKED: Family = Family {
    name: "orgstream_sink_parked",
    kind: Kind::Gauge,
    labels: "pipeline task",
    help: "Records that cannot be written yet and wait in Kafka.",
    worry: "it grows towards `sink.parked.max`",
};
pub(super) const SINK_PARKED_AGE: Family = Family {
    name: "orgstream_sink_parked_oldest_age_seconds",
    kind: Kind::Gauge,
    labels: "pipeline task",
    help: "For how long the oldest of them has waited; absent when none does.",
    worry: "near `sink.parked.expire_after`",
};
pub(super) const ORG_UP: Family = Family {
    name: "orgstream_org_available",
    kind: Kind::Gauge,
    labels: "org",
    help: "1 while the org can be called, 0 while its breaker is open.",
    worry: "0 for longer than its maintenance",
};
pub(super) const ORG_HELD: Family = Family {
    name: "orgstream_org_held_back",
    kind: Kind::Gauge,
    labels: "org",
    help: "1 while what can wait is held back because the daily calls run out.",
    worry: "1 every day",
};
pub(super) const ORG_USED: Family = Family {
    name: "orgstream_org_allowance_used",
    kind: Kind::Gauge,
    labels: "org allowance",
    help: "How much of a daily allowance all clients of the org have used up, by Salesforce's name of it.",
    worry: "above four fifths of `orgstream_org_allowance_max`",
};
pub(super) const ORG_MAX: Family = Family {
    name: "orgstream_org_allowance_max",
    kind: Kind::Gauge,
    labels: "org allowance",
    help: "The daily allowance.",
    worry: "never",
};
pub(super) const ORG_LOGINS: Family = Family {
    name: "orgstream_org_logins_total",
    kind: Kind::Counter,
    labels: "org outcome",
    help: "Logins since the org was connected, the first included, and what became of them: granted, refused, failed (without a usable answer).",
    worry: "`refused` or `failed` grow, or `granted` every few minutes: the org's session time-out is short, or somebody ends the sessions",
};
pub(super) const ORG_LOGIN_LAST: Family = Family {
    name: "orgstream_org_last_login_timestamp_seconds",
    kind: Kind::Gauge,
    labels: "org",
    help: "When the token that calls use now was given, in seconds since the epoch. There is a login when the org no longer takes a token.",
    worry: "with `orgstream_org_logins_total`",
};
pub(super) const ORG_CALLS: Family = Family {
    name: "orgstream_org_calls_total",
    kind: Kind::Counter,
    labels: "org kind outcome",
    help: "Calls by what they are for, and what became of them: answered, refused, failed (without a usable answer). Logins and the streaming connection are not among them.",
    worry: "`refused` or `failed` grow",
};
pub(super) const ORG_TOOK: Family = Family {
    name: "orgstream_org_call_duration_seconds",
    kind: Kind::Histogram,
    labels: "org kind",
    help: "How long these calls took.",
    worry: "the upper quantiles near `timeouts.answer`",
};
pub(super) const ORG_SENT: Family = Family {
    name: "orgstream_org_sent_bytes_total",
    kind: Kind::Counter,
    labels: "org",
    help: "Bytes of the bodies of these calls.",
    worry: "never",
};
pub(super) const ORG_RECEIVED: Family = Family {
    name: "orgstream_org_received_bytes_total",
    kind: Kind::Counter,
    labels: "org",
    help: "Bytes of the bodies of their answers, unpacked.",
    worry: "never",
};

/// All of them, in the order in which they are served.
pub const ALL: &[Family] = &[
    BUILD_INFO,
    HEALTHY,
    STARTED,
    TASK_STATE,
    TASK_SINCE,
    TASK_RESTARTS,
    SOURCE_FLOW,
    CHANNEL_FLOW,
    SOURCE_AGE,
    CHANNEL_AGE,
    SOURCE_RECORDS,
    SOURCE_BYTES,
    SOURCE_LAST,
    SOURCE_LATENCY,
    SOURCE_COUNTS,
    SOURCE_GAPS,
    SNAPSHOT_ROWS,
    SNAPSHOT_TOTAL,
    SINK_RECORDS,
    SINK_BYTES,
    SINK_DELIVERED,
    SINK_LAST,
    SINK_LATENCY,
    SINK_SKIPPED,
    SINK_REJECTED,
    SINK_LETTERS,
    SINK_COUNTS,
    SINK_LAG,
    SINK_LAG_AT,
    SINK_FLIGHT,
    SINK_OWED,
    SINK_OWED_AGE,
    SINK_PARKED,
    SINK_PARKED_AGE,
    ORG_UP,
    ORG_HELD,
    ORG_USED,
    ORG_MAX,
    ORG_LOGINS,
    ORG_LOGIN_LAST,
    ORG_CALLS,
    ORG_TOOK,
    ORG_SENT,
    ORG_RECEIVED,
];

const HEAD: &str = "\
# Metrics

What `GET /metrics` of the HTTP server answers (`http` in the file, docs/HTTP.md), in Prometheus' text format. Each name with its
labels, what it means, and when to worry. `pipeline` and `task` are the names of the status, such as `crm` and `crm-sink-0`; a process
shows the tasks that it runs.

A scrape reads what the process has at hand and asks nobody. Counters begin at zero with the process, those of a connector with its
task; Prometheus' `rate` and `increase` know that. Of reasons and codes there are at most fifty; the rest is counted as `others`.

| name | type | labels | meaning | worry when |
|---|---|---|---|---|
";

/// The page that lists them, as Markdown.
pub fn markdown() -> String {
    let mut text = HEAD.to_owned();
    for Family { name, kind, labels, help, worry } in ALL {
        let labels: Vec<_> = labels.split_whitespace().map(|label| format!("`{label}`")).collect();
        let (labels, kind) = (labels.join(", "), kind.as_str());
        let _infallible = writeln!(text, "| `{name}` | {kind} | {labels} | {help} | {worry} |");
    }
    text.push_str(ALERTS);
    text
}

const ALERTS: &str = "
## Alerts to begin with

```yaml
groups:
  - name: orgstream
    rules:
      - alert: OrgstreamDown
        expr: up{job=\"orgstream\"} == 0 or orgstream_healthy == 0
        for: 5m
      - alert: OrgstreamStale
        expr: orgstream_source_as_of_age_seconds > 900 unless on (pipeline) orgstream_source_snapshot_rows
        for: 10m
      - alert: OrgstreamLag
        expr: sum by (pipeline) (orgstream_sink_lag) > 1000 and sum by (pipeline) (deriv(orgstream_sink_lag[15m])) > 0
        for: 15m
      - alert: OrgstreamDeadLetters
        expr: increase(orgstream_sink_dead_letters_total[15m]) > 0
      - alert: OrgstreamGap
        expr: sum by (pipeline, object) (orgstream_source_gaps) > 0
        for: 30m
      - alert: OrgstreamAllowance
        expr: orgstream_org_allowance_used / orgstream_org_allowance_max > 0.9
```
";
