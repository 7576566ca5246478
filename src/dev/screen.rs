//! What the live view looks like. Drawing is pure: figures in, cells out.

use std::path::Path;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize as _};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Gauge, Paragraph, Row, Table};

use super::figures::Figures;
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
        figures.status.embedded.iter().map(|(part, address)| format!("{part} {address}")).collect();
    Line::from(vec!["orgstream dev".bold(), Span::from("  "), Span::from(embedded.join("  ")).dim()])
}

fn draw_progress(frame: &mut Frame<'_>, figures: &Figures, area: Rect) {
    let (in_a, in_b) = figures.totals();
    if figures.snapshot_done {
        frame.render_widget(Line::from("The snapshot is through; every change follows."), area);
        return;
    }
    let share = if in_a == 0 { 0.0 } else { ratio(in_b, in_a) };
    let gauge = Gauge::default()
        .gauge_style(Style::new().fg(Color::Cyan).bg(Color::DarkGray))
        .ratio(share)
        .label(format!("snapshot {in_b} of {in_a}"));
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
        State::Stopped => Color::Gray,
    })
}

fn count_table(figures: &Figures) -> Table<'static> {
    let rows = figures.counts.iter().map(|count| {
        let style = if count.in_a == count.in_b { Style::new() } else { Style::new().fg(Color::Yellow) };
        Row::new([count.object.clone(), count.in_a.to_string(), count.in_b.to_string()]).style(style)
    });
    let widths = [Constraint::Max(20), Constraint::Length(10), Constraint::Length(10)];
    Table::new(rows, widths).header(Row::new(["OBJECT", "ORG A", "ORG B"]).style(Modifier::BOLD))
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
    text
}
