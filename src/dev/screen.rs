//! What the live view looks like. Drawing is pure: figures in, cells out.

use std::path::Path;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize as _};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Gauge, Paragraph, Row, Table};

use super::figures::{Figures, age};
use crate::control::{Kind, State, TaskStatus};

/// All that is shown.
pub(super) struct Screen<'a> {
    pub(super) figures: &'a Figures,
    /// Where the log is written.
    pub(super) log: &'a Path,
    /// What can be pasted into another terminal.
    pub(super) lines: &'a [String],
}

/// Draws everything that has room; what matters most comes first.
pub(super) fn draw(frame: &mut Frame<'_>, screen: &Screen<'_>) {
    let figures = screen.figures;
    let rows = |count: usize| Constraint::Length(u16::try_from(count + 1).unwrap_or(u16::MAX));
    let [title, progress, tasks, counts, now, join, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        rows(figures.tasks().count() + 1),
        rows(figures.counts.len()),
        Constraint::Length(5),
        Constraint::Min(0),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(title_line(figures), title);
    draw_progress(frame, figures, progress);
    frame.render_widget(task_table(figures), tasks);
    frame.render_widget(count_table(figures), counts);
    frame.render_widget(Paragraph::new(now_lines(figures)), now);
    frame.render_widget(Paragraph::new(join_lines(screen.lines)), join);
    let foot_line = format!("q stops · log: {}", screen.log.display());
    frame.render_widget(Line::from(foot_line).dim(), foot);
}

fn title_line(figures: &Figures) -> Line<'static> {
    let embedded: Vec<_> =
        figures.status.embedded.iter().map(|(part, address)| format!("{part} {}", port(address))).collect();
    Line::from(vec![
        "orgstream dev".bold(),
        Span::from("  on 127.0.0.1: ").dim(),
        Span::from(embedded.join(", ")).dim(),
    ])
}

/// The port of an address; everything is on the loopback interface.
fn port(address: &str) -> &str {
    address.trim_end_matches('/').rsplit(':').next().unwrap_or(address)
}

fn draw_progress(frame: &mut Frame<'_>, figures: &Figures, area: Rect) {
    let (in_a, in_b) = figures.totals();
    if figures.snapshot_done {
        let mut line = Line::from("The snapshot is through; every change follows.");
        let lag_age = age(figures.lag_ago());
        if !lag_age.is_empty() {
            line.push_span(Span::from(format!(" Kafka last told the lag{lag_age}.")).yellow());
        }
        frame.render_widget(line, area);
        return;
    }
    let share = if in_a == 0 { 0.0 } else { ratio(in_b, in_a) };
    let gauge = Gauge::default()
        .gauge_style(Style::new().fg(Color::Cyan).bg(Color::DarkGray))
        .ratio(share)
        .label(format!("snapshot {in_b} of {in_a}{}", age(figures.counted_ago())));
    frame.render_widget(gauge, area);
}

/// Between 0 and 1.
fn ratio(part: u64, whole: u64) -> f64 {
    let thousandths = part.saturating_mul(1_000).checked_div(whole).unwrap_or(0).min(1_000);
    f64::from(u32::try_from(thousandths).unwrap_or(1_000)) / 1_000.0
}

fn task_table(figures: &Figures) -> Table<'static> {
    let head = ["TASK", "STATE", "IN/s", "OUT/s", "LAG", "OWED", "REJECTED"];
    let rows = figures.tasks().map(task_row);
    let widths = [
        Constraint::Max(20),
        Constraint::Length(9),
        Constraint::Length(8),
        Constraint::Length(8),
        Constraint::Length(8),
        Constraint::Length(6),
        Constraint::Length(8),
    ];
    Table::new(rows, widths).header(Row::new(head).style(Modifier::BOLD)).column_spacing(1)
}

fn task_row(task: &TaskStatus) -> Row<'static> {
    let of_sink = |number: String| if task.kind == Kind::Sink { number } else { "-".to_owned() };
    let lag: i64 = task.lag.iter().map(crate::control::PartitionLag::lag).sum();
    Row::new([
        Span::from(task.name.clone()),
        Span::styled(task.state.as_str(), state_style(task.state)),
        Span::from(format!("{:.1}", task.rate_in)),
        Span::from(format!("{:.1}", task.rate_out)),
        Span::from(of_sink(lag.to_string())),
        Span::from(of_sink(task.owed.to_string())),
        Span::from(of_sink(task.rejected.to_string())),
    ])
}

fn state_style(state: State) -> Style {
    Style::new().fg(match state {
        State::Running => Color::Green,
        State::Starting | State::Degraded => Color::Yellow,
        State::Failed => Color::Red,
        State::Stopped | State::Paused => Color::Gray,
    })
}

fn count_table(figures: &Figures) -> Table<'static> {
    let rows = figures.counts.iter().map(|count| {
        let style = if count.in_a == count.in_b { Style::new() } else { Style::new().fg(Color::Yellow) };
        Row::new([count.object.clone(), count.in_a.to_string(), count.in_b.to_string()]).style(style)
    });
    let widths = [Constraint::Max(20), Constraint::Length(10), Constraint::Length(10), Constraint::Max(20)];
    let age = age(figures.counted_ago());
    let head = ["OBJECT", "ORG A", "ORG B", age.trim()].map(str::to_owned);
    Table::new(rows, widths).header(Row::new(head).style(Modifier::BOLD))
}

fn now_lines(figures: &Figures) -> Vec<Line<'static>> {
    let differences = match (figures.differences, figures.compared_ago()) {
        (Some(found), Some(ago)) => {
            let color = if found.count == 0 { Color::Green } else { Color::Yellow };
            Line::from(vec![
                Span::from("differences  "),
                Span::styled(found.count.to_string(), Style::new().fg(color).bold()),
                Span::from(format!(" ({} s ago)", ago.as_secs())).dim(),
            ])
        }
        _ => Line::from("differences  not compared yet"),
    };
    let or_dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    vec![
        differences,
        Line::from(format!("user in a    {}", or_dash(&figures.user))),
        Line::from(format!("trouble      {}", or_dash(&figures.trouble))),
        Line::from(format!("last error   {}", or_dash(figures.last_error().unwrap_or_default()))),
    ]
}

fn join_lines(lines: &[String]) -> Vec<Line<'_>> {
    let mut text = vec![Line::from("Change a record yourself, in another terminal:".bold())];
    text.extend(lines.iter().map(|line| Line::from(line.as_str())));
    if lines.is_empty() { Vec::new() } else { text }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::control::Status;
    use crate::dev::figures::Count;

    fn figures(snapshot_done: bool) -> Figures {
        let embedded = [("kafka", "127.0.0.1:9092"), ("org a", "http://127.0.0.1:8901/")];
        Figures {
            status: Status {
                node: "n".to_owned(),
                pid: 1,
                started: String::new(),
                at: String::new(),
                embedded: embedded
                    .map(|(part, address)| (part.to_owned(), address.to_owned()))
                    .into_iter()
                    .collect::<BTreeMap<_, _>>(),
                http: None,
                kafka_cluster: None,
                orgs: BTreeMap::new(),
                pipelines: Vec::new(),
            },
            counts: vec![Count { object: "Account".to_owned(), in_a: 75, in_b: 25 }],
            counted: None,
            differences: None,
            snapshot_done,
            user: "updated 3 Lead".to_owned(),
            trouble: String::new(),
            last_warning: Some("a warning".to_owned()),
        }
    }

    fn drawn(width: u16, height: u16, figures: &Figures) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let lines = ["curl one".to_owned(), "curl two".to_owned()];
        let screen = Screen { figures, log: Path::new("/dir/orgstream.log"), lines: &lines };
        terminal.draw(|frame| draw(frame, &screen)).unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn everything_has_room_on_a_small_and_on_a_wide_terminal() {
        for width in [80, 200] {
            let text = drawn(width, 24, &figures(false));
            for part in [
                "kafka 9092, org a 8901",
                "snapshot 25 of 75",
                "Account",
                "updated 3 Lead",
                "a warning",
                "curl two",
                "q stops",
            ] {
                assert!(text.contains(part), "no `{part}` at {width} columns:\n{text}");
            }
        }
    }

    #[test]
    fn a_terminal_of_any_size_is_drawn_on() {
        for (width, height) in [(1, 1), (10, 3), (500, 200)] {
            drawn(width, height, &figures(true));
        }
    }
}
