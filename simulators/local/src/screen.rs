//! What people see on the terminal: aligned, coloured there and plain in a pipe.

use std::time::Duration;

use console::style;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A headline.
pub fn headline(text: &str) {
    println!("\n{}", style(text).bold());
}

/// A line of the story: who or what, and what happened.
pub fn line(what: &str, happened: &str) {
    println!("  {:<14} {happened}", style(what).cyan());
}

/// A thing that arrived, and how long it took.
pub fn arrived(what: &str, happened: &str, took: Duration) {
    let took = format!("{:>7.3} s", took.as_secs_f64());
    println!("  {:<14} {:<52} {}", style(what).cyan(), happened, style(took).green().bold());
}

/// A thing that did not arrive.
pub fn missing(what: &str, happened: &str) {
    println!("  {:<14} {} {happened}", style(what).cyan(), style("did not arrive:").red().bold());
}

/// A table: the first row is its head, the first column is left-aligned and the rest to the right.
pub fn table(rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| console::measure_text_width(cell)).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for (at, row) in rows.iter().enumerate() {
        let mut line = String::from("  ");
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let alignment = if column == 0 { console::Alignment::Left } else { console::Alignment::Right };
            line.push_str(&console::pad_str(cell, *width, alignment, None));
            line.push_str("  ");
        }
        let line = line.trim_end();
        if at == 0 { println!("{}", style(line).underlined()) } else { println!("{line}") }
    }
}

/// A bar for what takes long; nothing in a pipe.
pub fn progress(what: &'static str, total: usize) -> ProgressBar {
    let target =
        if console::Term::stdout().is_term() { ProgressDrawTarget::stdout() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(u64::try_from(total).ok(), target);
    if let Ok(style) = ProgressStyle::with_template("  {msg:<14} {wide_bar} {pos}/{len}") {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}

/// A line for people who read along, on standard error: standard output is for programs.
pub fn hint(text: &str) {
    eprintln!("{}", style(text).dim().for_stderr());
}

/// The one line of a failure, on standard error.
pub fn failure(text: &str) {
    eprintln!("{} {text}", console::style("error:").red().bold().for_stderr());
}
