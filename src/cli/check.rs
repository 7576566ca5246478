//! `orgstream check`: all faults of a file at once; with `--online` also what brokers, registry and orgs say to it.

use serde_json::json;

use super::args::Check;
use super::exit::{Exit, Failure};
use super::output;
use super::table::table;
use crate::config::{self, Config};
use crate::control::{Answer, ask};
use crate::embedded::Announcement;
use crate::runtime::{Finding, Verdict, look};

pub(super) async fn check(arguments: &Check) -> Result<Exit, Failure> {
    match config::load(&arguments.file) {
        Ok(config) if arguments.online => online(arguments, &config).await,
        Ok(config) => {
            let warnings = config::warnings(&config);
            if arguments.json {
                output::json(&json!({ "file": arguments.file, "faults": [], "warnings": warnings }))?;
            } else {
                warn(arguments, &warnings);
                output::line(&no_faults(arguments, &config))?;
            }
            Ok(Exit::Done)
        }
        Err(faults) if arguments.json => {
            output::json(&faults)?;
            Ok(Exit::Config)
        }
        Err(faults) => Err(faults.into()),
    }
}

async fn online(arguments: &Check, config: &Config) -> Result<Exit, Failure> {
    let place = arguments.state.as_deref().unwrap_or(&config.state);
    let running = match ask(place).await.map_err(Failure::failed)? {
        Answer::Running(_) => Some(Announcement::read(place).unwrap_or_default()),
        Answer::NotRunning(_) => None,
    };
    let warnings = config::warnings(config);
    let findings = look(config, place, running.as_ref()).await;
    if arguments.json {
        output::json(
            &json!({ "file": arguments.file, "faults": [], "warnings": warnings, "findings": findings }),
        )?;
    } else {
        warn(arguments, &warnings);
        output::line(&text(&findings))?;
    }
    Ok(exit(&findings))
}

fn warn(arguments: &Check, warnings: &[String]) {
    for warning in warnings {
        output::note(&format!("{}: warning: {warning}", arguments.file.display()));
    }
}

fn no_faults(arguments: &Check, config: &Config) -> String {
    format!(
        "{}: no faults; {} org(s), {} pipeline(s)",
        arguments.file.display(),
        config.orgs.len(),
        config.pipelines.len()
    )
}

/// A table of everything, and below it what is not as it has to be, with what to do.
fn text(findings: &[Finding]) -> String {
    let short = |finding: &Finding| match finding.verdict {
        Verdict::Passed => finding.found.clone(),
        _ => "see below".to_owned(),
    };
    let row = |finding: &Finding| {
        let words = finding.verdict.words().to_owned();
        vec![words, finding.place.clone(), finding.subject.clone(), short(finding)]
    };
    let mut text = table(&findings.iter().map(row).collect::<Vec<_>>());
    for verdict in [Verdict::Failed, Verdict::NoAnswer, Verdict::Warned, Verdict::NotLookedAt] {
        for Finding { place, subject, found, .. } in of(findings, verdict) {
            let words = verdict.words();
            text = format!("{text}\n\n{words}: {place}, {subject}: {found}");
        }
    }
    let count = |verdict| of(findings, verdict).count();
    format!(
        "{text}\n\n{} passed, {} warned, {} failed, {} gave no answer, {} not looked at",
        count(Verdict::Passed),
        count(Verdict::Warned),
        count(Verdict::Failed),
        count(Verdict::NoAnswer),
        count(Verdict::NotLookedAt)
    )
}

fn of(findings: &[Finding], verdict: Verdict) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(move |finding| finding.verdict == verdict)
}

/// What somebody has to change weighs more than what may pass.
fn exit(findings: &[Finding]) -> Exit {
    let any = |verdict| of(findings, verdict).next().is_some();
    match () {
        () if any(Verdict::Failed) => Exit::Config,
        () if any(Verdict::NoAnswer) => Exit::Failed,
        () => Exit::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(verdict: Verdict) -> Finding {
        let (place, subject) = ("kafka".to_owned(), "brokers".to_owned());
        Finding { place, subject, verdict, found: "so it is".to_owned() }
    }

    #[test]
    fn what_has_to_be_changed_ends_with_78_and_what_may_pass_with_1() {
        for (verdicts, code) in [
            (&[Verdict::Passed, Verdict::Warned, Verdict::NotLookedAt][..], Exit::Done),
            (&[Verdict::Passed, Verdict::NoAnswer], Exit::Failed),
            (&[Verdict::NoAnswer, Verdict::Failed], Exit::Config),
        ] {
            let findings: Vec<_> = verdicts.iter().copied().map(finding).collect();
            assert_eq!(exit(&findings), code, "{verdicts:?}");
        }
    }

    #[test]
    fn what_is_wrong_stands_whole_below_the_table() {
        let text = text(&[finding(Verdict::Passed), finding(Verdict::Failed)]);
        assert_eq!(
            text,
            "passed  kafka  brokers  so it is\nfailed  kafka  brokers  see below\n\nfailed: kafka, brokers: so it is\n\n\
             1 passed, 0 warned, 1 failed, 0 gave no answer, 0 not looked at"
        );
    }
}
