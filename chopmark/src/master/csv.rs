//! Tables of text with commas: RFC 4180, with or without byte-order mark.
//!
//! What holds: total; a quote that is not closed is an error with its row.

/// The rows of a table with the line in which each begins, from 1; empty lines are left out.
///
/// # Errors
///
/// The line in which a quoted field begins that is not closed.
pub fn rows(text: &str) -> Result<Vec<(usize, Vec<String>)>, usize> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut all, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut begun, mut quoted_at, mut was_quoted) = (1, 1, None, false);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if c == '\n' {
            line += 1;
        }
        match c {
            '"' if quoted_at.is_some() && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' if quoted_at.is_some() => quoted_at = None,
            '"' if field.is_empty() && !was_quoted => (quoted_at, was_quoted) = (Some(line), true),
            _ if quoted_at.is_some() => field.push(c),
            ',' => {
                row.push(std::mem::take(&mut field));
                was_quoted = false;
            }
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' => {
                end(&mut all, begun, &mut row, &mut field);
                (begun, was_quoted) = (line, false);
            }
            _ => field.push(c),
        }
    }
    end(&mut all, begun, &mut row, &mut field);
    quoted_at.map_or(Ok(all), Err)
}

fn end(
    all: &mut Vec<(usize, Vec<String>)>,
    begun: usize,
    row: &mut Vec<String>,
    field: &mut String,
) {
    row.push(std::mem::take(field));
    let row = std::mem::take(row);
    if row.iter().any(|field| !field.trim().is_empty()) {
        all.push((begun, row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_their_lines_and_quoted_fields_their_commas_quotes_and_line_ends() {
        let found = rows("\u{feff}a,b\r\n\n\"x, \"\"y\"\"\nz\",2\n,\n3").unwrap();
        let texts = |row: &[&str]| row.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            found,
            [(1, texts(&["a", "b"])), (3, texts(&["x, \"y\"\nz", "2"])), (6, texts(&["3"]))]
        );
        assert_eq!(rows("a\n\"b"), Err(2));
        assert_eq!(rows(""), Ok(vec![]));
    }
}
