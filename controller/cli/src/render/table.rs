//! Aligned columns without lines around them, as `kubectl` and `ps` print them.

use comfy_table::{ContentArrangement, Table, presets};

/// A table with these headings.
pub(crate) fn table<const N: usize>(
    headings: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings);
    for row in rows {
        table.add_row(row.map(|cell| printable(&cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// Two columns: what, and its value.
pub(crate) fn pairs(rows: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let rows: Vec<_> = rows.into_iter().collect();
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines: Vec<_> =
        rows.iter().map(|(name, value)| format!("{name:width$}  {}", printable(value))).collect();
    lines.join("\n")
}

/// Text from elsewhere must not move the cursor, repaint the terminal, or show in another order than it is in.
pub(crate) fn printable(text: &str) -> String {
    let obeyed = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|c| if obeyed(c) { '\u{fffd}' } else { c }).collect()
}

/// An absent value.
pub(crate) fn dash(value: Option<impl ToString>) -> String {
    value.map(|v| v.to_string()).filter(|v| !v.is_empty()).unwrap_or_else(|| "-".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_nothing_trails() {
        let text =
            table(["NAME", "STATE"], [["a-long-name".into(), "ready".into()], ["b".into(), "-".into()]]);
        assert_eq!(text, "NAME         STATE\na-long-name  ready\nb            -");
    }

    #[test]
    fn escape_sequences_in_names_do_not_reach_the_terminal() {
        assert!(!table(["NAME"], [["\x1b[2Jgone".into()]]).contains('\x1b'));
        assert!(!pairs([("name", "\x1b]0;x\x07".into())]).contains('\x1b'));
    }
}
