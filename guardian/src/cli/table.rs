//! Columns of text, each as wide as its widest cell.

/// Lays rows out under a header, two spaces apart, indented by two.
pub(super) fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = header.map(|cell| cell.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: [&str; N]| {
        let mut text = String::from(" ");
        for (cell, width) in cells.iter().zip(widths) {
            text.push_str(&format!(" {cell:width$} "));
        }
        text.trim_end().to_owned()
    };
    let mut lines = vec![line(header)];
    lines.extend(rows.iter().map(|row| line(row.each_ref().map(String::as_str))));
    lines.join("\n")
}

/// The beginning of a long hexadecimal value, enough to tell two apart.
pub(super) fn short(value: &impl ToString) -> String {
    let text = value.to_string();
    if text.len() <= 20 { text } else { format!("{}…", text.chars().take(14).collect::<String>()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align() {
        let rows = [["a".into(), "long cell".into()], ["bbbb".into(), "c".into()]];
        assert_eq!(table(["x", "y"], &rows), "  x     y\n  a     long cell\n  bbbb  c");
        assert_eq!(short(&"0x0123456789abcdef0123456789"), "0x0123456789ab…");
        assert_eq!(short(&"0x01"), "0x01");
    }
}
