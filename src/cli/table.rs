//! A plain table for a terminal: text to the left, numbers to the right.

/// Rows of text, padded to the widest cell of each column.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with this head.
    pub(super) fn new(head: &[&str]) -> Table {
        let mut table = Table::default();
        table.row(head.iter().map(|cell| (*cell).to_owned()).collect());
        table
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The table, each line indented by two blanks.
    pub(super) fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            self.rows.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count()).max()
        };
        let widths: Vec<usize> = (0..columns).map(|c| width(c).unwrap_or_default()).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::from(" ");
            for (column, cell) in row.iter().enumerate() {
                let pad = " ".repeat(widths[column] - cell.chars().count());
                line.push(' ');
                let is_right = column > 0 && self.holds_numbers(column);
                line.push_str(&if is_right { pad + cell } else { cell.clone() + &pad });
                line.push(' ');
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// Does every cell below the head begin like a number, or stand for one that is missing?
    fn holds_numbers(&self, column: usize) -> bool {
        let is_number = |cell: &String| cell.starts_with(|c: char| c.is_ascii_digit() || c == '-');
        self.rows.iter().skip(1).filter_map(|row| row.get(column)).all(is_number)
    }
}

/// `1234567` as `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right_and_text_to_the_left() {
        let mut table = Table::new(&["book", "state", "bids"]);
        table.row(["a", "live", "1,000"].map(String::from).into());
        table.row(["bc", "broken", "-"].map(String::from).into());
        assert_eq!(
            table.render(),
            "  book  state    bids\n  a     live    1,000\n  bc    broken      -\n"
        );
    }
}
