//! What was seen of the tasks over time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use orgstream_salesforce::datetime::{format_datetime, parse_datetime};
use tokio::time::Instant;

use super::troubles::{self, Course, Wrong};
use super::{Patience, Report, Trouble, Verdict, What};
use crate::clock;
use crate::control::{State, Status, TaskStatus};

/// A task that was started again counts as well when it has run for so long.
const STEADY: Duration = Duration::from_mins(1);
/// What moves while all is well moves every two minutes at least. It is given so much.
const MOVES: Duration = Duration::from_mins(10);

/// All that was seen.
pub(super) struct Watch {
    /// After how long trouble makes the process unhealthy.
    limit: Duration,
    patience: Patience,
    /// Tasks that have begun.
    begun: BTreeSet<String>,
    /// Since when something is wrong with a task.
    wrong: BTreeMap<(String, What), Seen>,
    /// When each course of a task moved last.
    courses: BTreeMap<(String, String), (Course, Instant)>,
    /// How often each task was started again, and when that was seen last.
    restarts: BTreeMap<String, (u64, Option<Instant>)>,
    said: Report,
}

/// Something wrong.
struct Seen {
    trouble: Trouble,
    began: Instant,
}

impl Watch {
    pub(super) fn new(limit: Duration, patience: Patience) -> Self {
        let said =
            Report { status: Verdict::Starting, message: "it starts".to_owned(), troubles: Some(Vec::new()) };
        Self {
            limit,
            patience,
            begun: BTreeSet::new(),
            wrong: BTreeMap::new(),
            courses: BTreeMap::new(),
            restarts: BTreeMap::new(),
            said,
        }
    }

    /// What is said as of the last look.
    pub(super) fn report(&self) -> Report {
        self.said.clone()
    }

    /// From now on this is how long is waited.
    pub(super) fn expect(&mut self, patience: Patience) {
        self.patience = patience;
    }

    /// Looks at a status.
    pub(super) fn see(&mut self, status: &Status, now: Instant) {
        let mut wrong = BTreeMap::new();
        for pipeline in &status.pipelines {
            for task in &pipeline.tasks {
                if troubles::has_begun(task) {
                    self.begun.insert(task.name.clone());
                }
                for found in self.wrong_with(task, status, &pipeline.name, now) {
                    let key = (task.name.clone(), found.what);
                    let seen = self.wrong.remove(&key).unwrap_or_else(|| seen(&found, now));
                    let seconds = now.saturating_duration_since(seen.began).as_secs();
                    let trouble = Trouble {
                        pipeline: pipeline.name.clone(),
                        task: task.name.clone(),
                        seconds,
                        reason: found.reason,
                        ..seen.trouble
                    };
                    wrong.insert(key, Seen { trouble, ..seen });
                }
            }
        }
        self.wrong = wrong;
        self.forget_all_but(status);
        self.said = self.judge(status, now);
    }

    /// Tasks that are gone have nothing to do with those that get their names later.
    fn forget_all_but(&mut self, status: &Status) {
        let tasks = status.pipelines.iter().flat_map(|pipeline| &pipeline.tasks);
        let names: BTreeSet<&str> = tasks.map(|task| task.name.as_str()).collect();
        self.begun.retain(|task| names.contains(task.as_str()));
        self.courses.retain(|(task, _), _| names.contains(task.as_str()));
        self.restarts.retain(|task, _| names.contains(task.as_str()));
    }

    fn wrong_with(&mut self, task: &TaskStatus, status: &Status, pipeline: &str, now: Instant) -> Vec<Wrong> {
        let mut found: Vec<Wrong> = troubles::of(task).into_iter().collect();
        found.extend(self.restarting(task, now));
        found.extend(self.stuck(task, status, pipeline, now));
        found
    }

    /// A task that is started again and again runs now and then, and is no better for it.
    fn restarting(&mut self, task: &TaskStatus, now: Instant) -> Option<Wrong> {
        let (count, last) = self.restarts.entry(task.name.clone()).or_default();
        if task.restarts > *count {
            *last = Some(now);
        }
        // Fewer than before are those of a new task of that name.
        *count = task.restarts;
        last.is_some_and(|last| now.saturating_duration_since(last) < STEADY).then(|| Wrong {
            what: What::Restarting,
            since: None,
            reason: task.reason.clone().unwrap_or_else(|| "it was started again".to_owned()),
        })
    }

    fn stuck(&mut self, task: &TaskStatus, status: &Status, pipeline: &str, now: Instant) -> Option<Wrong> {
        let courses = troubles::courses(task, status);
        let names: BTreeSet<&str> = courses.iter().map(|course| course.name.as_str()).collect();
        self.courses.retain(|(of, name), _| *of != task.name || names.contains(name.as_str()));
        let mut stuck = Vec::new();
        for course in courses {
            let key = (task.name.clone(), course.name.clone());
            let (before, moved) = self.courses.entry(key).or_insert_with(|| (course.clone(), now));
            if before.mark != course.mark {
                (*before, *moved) = (course, now);
                continue;
            }
            let pause = if course.is_polled { self.patience.polls.get(pipeline) } else { None };
            let limit = self.limit.max(MOVES) + pause.copied().unwrap_or_default();
            if now.saturating_duration_since(*moved) > limit {
                stuck.push((*moved, format!("{}: {}", course.name, course.stuck)));
            }
        }
        let since = stuck.iter().map(|(moved, _)| *moved).min()?;
        let reasons: Vec<String> = stuck.into_iter().map(|(_, reason)| reason).collect();
        Some(Wrong {
            what: What::Stuck,
            since: Some(text(clock::now() - now.saturating_duration_since(since))),
            reason: reasons.join("; "),
        })
    }

    fn judge(&self, status: &Status, now: Instant) -> Report {
        let all = || status.pipelines.iter().flat_map(|pipeline| &pipeline.tasks);
        let tasks = || all().filter(|task| task.rests.is_none());
        let rest: Vec<&str> =
            all().filter(|task| task.rests.is_some()).map(|task| task.name.as_str()).collect();
        let begins: Vec<&str> =
            tasks().map(|task| task.name.as_str()).filter(|name| !self.begun.contains(*name)).collect();
        let is_old = |seen: &Seen| now.saturating_duration_since(seen.began) >= self.limit;
        let is_bad = |seen: &&Seen| matches!(seen.trouble.what, What::Failed | What::Stuck) || is_old(seen);
        let bad: Vec<&Seen> = self.wrong.values().filter(is_bad).collect();
        let ends = tasks().all(|task| task.state == State::Stopped) && tasks().next().is_some();
        let (status, message) = if let Some(first) = bad.first() {
            let of = if bad.len() > 1 { format!(", and {} more", bad.len() - 1) } else { String::new() };
            (Verdict::Unhealthy, format!("{}: {}{of}", first.trouble.task, first.trouble.reason))
        } else if ends {
            (Verdict::Stopping, "it ends".to_owned())
        } else if !begins.is_empty() {
            (Verdict::Starting, format!("not begun yet: {}", begins.join(", ")))
        } else if let Some(first) = self.wrong.values().next() {
            (Verdict::Degraded, format!("{}: {}", first.trouble.task, first.trouble.reason))
        } else if !rest.is_empty() {
            (Verdict::Paused, format!("told to rest: {}", rest.join(", ")))
        } else {
            (Verdict::Healthy, "all tasks do their work".to_owned())
        };
        let troubles = self.wrong.values().map(|seen| seen.trouble.clone()).collect();
        Report { status, message, troubles: Some(troubles) }
    }
}

/// Something that is seen for the first time. It may have begun before.
fn seen(found: &Wrong, now: Instant) -> Seen {
    let since = found.since.clone().unwrap_or_else(|| text(clock::now()));
    let ago = parse_datetime(&since).map_or(0, |since| clock::now_ms().saturating_sub(since));
    let ago = Duration::from_millis(u64::try_from(ago).unwrap_or_default());
    Seen {
        began: now.checked_sub(ago).unwrap_or(now),
        trouble: Trouble {
            pipeline: String::new(),
            task: String::new(),
            what: found.what,
            since,
            seconds: 0,
            reason: found.reason.clone(),
        },
    }
}

fn text(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    format_datetime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
