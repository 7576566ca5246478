//! How a refused query shows its mistake: the words around it, a caret below, row and column, and what is wrong.
//!
//! Real orgs cut the query at words, thirty characters to either side of the mistake; tools parse all of it.

use crate::data::Refusal;

/// So far to either side is always shown.
const AROUND: usize = 30;

/// `MALFORMED_QUERY` at a place of the query.
pub(crate) fn malformed(query: &str, at: usize, what: &str) -> Refusal {
    pointed("MALFORMED_QUERY", query, at, what)
}

/// `INVALID_FIELD` at a place of the query.
pub(crate) fn invalid_field(query: &str, at: usize, what: &str) -> Refusal {
    pointed("INVALID_FIELD", query, at, what)
}

/// A refusal that points at a place of the query, counted in characters from 0.
pub(crate) fn pointed(code: &str, query: &str, at: usize, what: &str) -> Refusal {
    let (row, column) = place(query, at);
    let line: Vec<char> = query.split('\n').nth(row).unwrap_or_default().chars().collect();
    let mut from = column.saturating_sub(AROUND).min(line.len());
    while from > 0 && line.get(from - 1).is_some_and(|before| !separates(*before)) {
        from -= 1;
    }
    let mut to = (column + AROUND + 1).min(line.len());
    while line.get(to).is_some_and(|next| !separates(*next)) {
        to += 1;
    }
    let shown: String = line.get(from..to).unwrap_or_default().iter().collect();
    let caret = " ".repeat(column - from);
    let message = format!("\n{shown}\n{caret}^\nERROR at Row:{}:Column:{}\n{what}", row + 1, column + 1);
    Refusal::new(400, code, message)
}

/// A character that no token begins with. It is told before there are tokens to point at, in a form of its own.
pub(crate) fn illegal(query: &str, at: usize, what: &str) -> Refusal {
    let (row, column) = place(query, at);
    Refusal::new(400, "MALFORMED_QUERY", format!("line {}:{column} {what}", row + 1))
}

/// A field that the object does not have.
pub(crate) fn no_column(query: &str, at: usize, name: &str, object: &str) -> Refusal {
    let what = format!(
        "No such column '{name}' on entity '{object}'. If you are attempting to use a custom field, be sure to append \
         the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate \
         names."
    );
    invalid_field(query, at, &what)
}

/// A parent that the object does not have.
pub(crate) fn no_parent(query: &str, at: usize, name: &str) -> Refusal {
    invalid_field(query, at, &no_relationship(name, "field path"))
}

/// A list of children that the object does not have.
pub(crate) fn no_children(query: &str, at: usize, name: &str) -> Refusal {
    pointed("INVALID_TYPE", query, at, &no_relationship(name, "FROM part of query call"))
}

/// An object that the org does not have.
pub(crate) fn no_object(query: &str, at: usize, name: &str) -> Refusal {
    let what = format!(
        "sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the \
         '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
    );
    pointed("INVALID_TYPE", query, at, &what)
}

fn no_relationship(name: &str, place: &str) -> String {
    format!(
        "Didn't understand relationship '{name}' in {place}. If you are attempting to use a custom relationship, be \
         sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call \
         for the appropriate names."
    )
}

/// Row and column, both from 0.
fn place(query: &str, at: usize) -> (usize, usize) {
    let before = query.chars().take(at);
    before.fold((0, 0), |(row, column), c| if c == '\n' { (row + 1, 0) } else { (row, column + 1) })
}

fn separates(c: char) -> bool {
    c.is_whitespace() || c == ','
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_query_is_cut_at_words_around_the_mistake() {
        let query =
            "SELECT Id,CreatedById,OCE__ActualCap__c,TPI_Product__c,Name,OCE__JobId__c,Other__c FROM X__c";
        let refusal = invalid_field(query, 40, "no");
        assert_eq!(
            refusal.message,
            "\nCreatedById,OCE__ActualCap__c,TPI_Product__c,Name,OCE__JobId__c\n                              ^\n\
             ERROR at Row:1:Column:41\nno"
        );
    }

    #[test]
    fn rows_are_counted_and_the_end_of_the_query_can_be_pointed_at() {
        let refusal = malformed("SELECT Id\nFROM Account WHERE", 28, "end");
        assert_eq!(
            refusal.message,
            "\nFROM Account WHERE\n                  ^\nERROR at Row:2:Column:19\nend"
        );
    }
}
