use super::watched::Watch;
use super::*;
use crate::control::flow::{ChannelStatus, Flow, FlowStatus, FlowWord, Freshness};
use crate::control::{Kind, PartitionLag, PipelineStatus, State, Status, TaskStatus};

const LIMIT: Duration = Duration::from_mins(10);

/// What was seen, minute by minute.
struct Days {
    watch: Watch,
    now: Instant,
}

impl Days {
    fn new() -> Self {
        let patience = Patience { polls: BTreeMap::from([("crm".to_owned(), Duration::from_hours(1))]) };
        Self { watch: Watch::new(LIMIT, patience), now: Instant::now() }
    }

    /// The same status for so many minutes; what is said then.
    fn see(&mut self, minutes: u64, task: &TaskStatus) -> Report {
        let status = Status {
            node: String::new(),
            pid: 0,
            started: String::new(),
            at: String::new(),
            embedded: BTreeMap::new(),
            http: None,
            kafka_cluster: None,
            orgs: BTreeMap::new(),
            pipelines: vec![PipelineStatus::of("crm".to_owned(), vec![task.clone()])],
        };
        for _ in 0..=minutes * 6 {
            self.watch.see(&status, self.now);
            self.now += Duration::from_secs(10);
        }
        self.watch.report()
    }

    #[track_caller]
    fn says(&mut self, minutes: u64, task: &TaskStatus, verdict: Verdict) -> Vec<What> {
        let report = self.see(minutes, task);
        assert_eq!(report.status, verdict, "{report:?}");
        report.troubles.unwrap().into_iter().map(|trouble| trouble.what).collect()
    }
}

fn now() -> String {
    orgstream_salesforce::datetime::format_datetime(crate::clock::now_ms())
}

fn source(channels: &[(&str, &str)], word: FlowWord) -> TaskStatus {
    let flow = Flow { flow: word, reason: None, since: None, next_attempt: None };
    let fresh = |as_of: &str| Freshness { as_of: Some(as_of.to_owned()), age_seconds: Some(1) };
    let channel = |(name, as_of): &(&str, &str)| ChannelStatus {
        name: (*name).to_owned(),
        objects: Vec::new(),
        remark: None,
        flow: flow.clone(),
        freshness: fresh(as_of),
    };
    TaskStatus {
        flow: Some(FlowStatus {
            flow: flow.clone(),
            freshness: Freshness::default(),
            channels: channels.iter().map(channel).collect(),
            snapshots: Vec::new(),
        }),
        ..TaskStatus::new("crm-source-0", Kind::Source, State::Running, now())
    }
}

/// A sink with so much settled of so much; the brokers have told that at `asked`.
fn sink(settled: i64, end: i64, asked: &str) -> TaskStatus {
    TaskStatus {
        lag: vec![PartitionLag { topic: "a".to_owned(), partition: 0, settled, end }],
        lag_at: Some(asked.to_owned()),
        ..TaskStatus::new("crm-sink-0", Kind::Sink, State::Running, now())
    }
}

#[test]
fn trouble_is_told_at_once_and_makes_unhealthy_when_it_lasts() {
    let mut days = Days::new();
    let starts = TaskStatus::new("crm-sink-0", Kind::Sink, State::Starting, now());
    days.says(1, &starts, Verdict::Starting);
    days.says(1, &sink(0, 0, "1"), Verdict::Healthy);
    let down = |reason: &str| TaskStatus {
        reason: Some(reason.to_owned()),
        ..TaskStatus::new("crm-sink-0", Kind::Sink, State::Degraded, now())
    };
    assert_eq!(days.says(1, &down("attempt 1"), Verdict::Degraded), [What::Degraded]);
    // The reason may change while the trouble goes on.
    assert_eq!(days.says(8, &down("attempt 2"), Verdict::Degraded), [What::Degraded]);
    let report = days.see(2, &down("attempt 3"));
    assert_eq!(report.status, Verdict::Unhealthy);
    let troubles = report.troubles.unwrap();
    assert_eq!((troubles.len(), troubles[0].reason.as_str()), (1, "attempt 3"));
    assert!(troubles[0].seconds >= LIMIT.as_secs(), "{troubles:?}");
    assert_eq!(days.says(1, &sink(0, 0, "2"), Verdict::Healthy), []);
}

#[test]
fn a_start_that_never_ends_and_a_task_that_failed_are_unhealthy() {
    let mut days = Days::new();
    let starts = TaskStatus::new("crm-sink-0", Kind::Sink, State::Starting, now());
    days.says(9, &starts, Verdict::Starting);
    assert_eq!(days.says(2, &starts, Verdict::Unhealthy), [What::Starting]);
    let failed = TaskStatus::new("crm-sink-0", Kind::Sink, State::Failed, now());
    assert_eq!(Days::new().says(0, &failed, Verdict::Unhealthy), [What::Failed]);
}

/// The stream looks alive and is dead.
#[test]
fn a_channel_whose_freshness_stands_still_is_unhealthy_though_it_says_that_it_lives() {
    let mut days = Days::new();
    let live = |a: &str, b: &str| source(&[("/topic/a", a), ("/topic/b", b)], FlowWord::Live);
    days.says(8, &live("1", "1"), Verdict::Healthy);
    days.says(8, &live("2", "2"), Verdict::Healthy);
    // One of two is enough.
    days.says(8, &live("2", "3"), Verdict::Unhealthy);
    let report = days.see(0, &live("2", "3"));
    let troubles = report.troubles.unwrap();
    assert_eq!(troubles[0].what, What::Stuck);
    assert!(troubles[0].reason.starts_with("/topic/a: "), "{troubles:?}");
    days.says(0, &live("3", "3"), Verdict::Healthy);
}

#[test]
fn a_source_that_reads_much_at_once_and_an_object_that_is_polled_seldom_are_not_stuck() {
    let mut days = Days::new();
    for records in 0..5 {
        let mut task = source(&[("/topic/a", "1")], FlowWord::CatchingUp);
        task.passed.records_out = records;
        days.says(8, &task, Verdict::Healthy);
    }
    let mut days = Days::new();
    let polled = source(&[("polling Folder", "1")], FlowWord::Live);
    days.says(60, &polled, Verdict::Healthy);
    days.says(20, &polled, Verdict::Unhealthy);
}

#[test]
fn a_sink_with_lag_that_settles_nothing_is_unhealthy_and_one_without_is_not() {
    let mut days = Days::new();
    for minute in 0..30 {
        days.says(1, &sink(5, 5, &minute.to_string()), Verdict::Healthy);
    }
    for minute in 0..10 {
        days.says(0, &sink(minute, 50, &format!("a{minute}")), Verdict::Healthy);
        days.see(1, &sink(minute, 50, &format!("a{minute}")));
    }
    for minute in 0..12 {
        days.see(1, &sink(9, 50, &format!("b{minute}")));
    }
    let report = days.see(0, &sink(9, 50, "c"));
    assert_eq!(report.status, Verdict::Unhealthy);
    assert!(report.message.contains("none of them is settled"), "{report:?}");
    assert_eq!(days.says(0, &sink(10, 50, "d"), Verdict::Healthy), []);
}

#[test]
fn a_sink_of_which_the_brokers_tell_nothing_is_unhealthy() {
    let mut days = Days::new();
    days.says(9, &sink(5, 5, "1"), Verdict::Healthy);
    assert_eq!(days.says(2, &sink(5, 5, "1"), Verdict::Unhealthy), [What::Stuck]);
}

#[test]
fn a_task_that_is_started_again_and_again_is_no_better_for_running_in_between() {
    let mut days = Days::new();
    let mut report = days.see(0, &sink(0, 0, "0"));
    assert_eq!(report.status, Verdict::Healthy);
    for restarts in 1..20 {
        let degraded =
            TaskStatus { restarts, ..TaskStatus::new("crm-sink-0", Kind::Sink, State::Degraded, now()) };
        days.see(0, &degraded);
        report = days.see(0, &TaskStatus { restarts, ..sink(0, 0, &restarts.to_string()) });
    }
    assert_eq!(report.status, Verdict::Degraded, "for six minutes: {report:?}");
    for restarts in 20..50 {
        days.see(0, &TaskStatus { restarts, ..sink(0, 0, &restarts.to_string()) });
        report = days.see(0, &TaskStatus { restarts, ..sink(0, 0, &format!("x{restarts}")) });
    }
    assert_eq!(report.status, Verdict::Unhealthy, "{report:?}");
    let steady = |asked: &str| TaskStatus { restarts: 49, ..sink(0, 0, asked) };
    days.says(2, &steady("y"), Verdict::Healthy);
}
