use super::*;
use crate::control::{Kind, PartitionLag, PipelineStatus, State, TaskStatus};

fn status(tasks: Vec<TaskStatus>) -> Status {
    Status {
        node: "n".to_owned(),
        pid: 7,
        started: "2026-01-01T00:00:00.500Z".to_owned(),
        at: "2026-01-01T00:00:01.000Z".to_owned(),
        embedded: BTreeMap::new(),
        http: None,
        kafka_cluster: None,
        orgs: BTreeMap::new(),
        pipelines: vec![PipelineStatus::of("crm".to_owned(), tasks)],
    }
}

fn sink() -> TaskStatus {
    TaskStatus::new("crm-sink-0", Kind::Sink, State::Running, "2026-01-01T00:00:00.000Z")
}

#[test]
fn a_page_has_its_samples_behind_their_help_and_type() {
    let lag = vec![PartitionLag { topic: "a\"\\\n".to_owned(), partition: 3, settled: 10, end: 12 }];
    let page = page(&status(vec![TaskStatus { lag, ..sink() }]), true);
    let lines: Vec<&str> = page.lines().collect();
    assert!(lines.contains(&"orgstream_start_time_seconds 1767225600.5"), "{page}");
    let lag = r#"orgstream_sink_lag{pipeline="crm",task="crm-sink-0",topic="a\"\\\n",partition="3"} 2"#;
    let at = lines.iter().position(|line| *line == lag).unwrap_or_else(|| panic!("{page}"));
    assert_eq!(lines[at - 1], "# TYPE orgstream_sink_lag gauge");
    assert!(lines[at - 2].starts_with("# HELP orgstream_sink_lag Offsets"), "{}", lines[at - 2]);
    let running = r#"orgstream_task_state{pipeline="crm",task="crm-sink-0",kind="sink",state="running"} 1"#;
    let failed = r#"orgstream_task_state{pipeline="crm",task="crm-sink-0",kind="sink",state="failed"} 0"#;
    assert!(lines.contains(&running) && lines.contains(&failed), "{page}");
}

/// However an org names its errors, the page stays small.
#[test]
fn codes_that_come_from_outside_are_bounded_and_none_is_lost() {
    let counters = (0..200_u64).map(|code| (format!("rejected CODE_{code:03}"), 1)).collect();
    let page = page(&status(vec![TaskStatus { counters, ..sink() }]), true);
    let rejected: Vec<&str> =
        page.lines().filter(|line| line.starts_with("orgstream_sink_rejected_total{")).collect();
    assert_eq!(rejected.len(), MOST + 1);
    assert!(
        rejected.contains(
            &r#"orgstream_sink_rejected_total{pipeline="crm",task="crm-sink-0",code="others"} 150"#
        )
    );
}
