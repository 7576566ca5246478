//! Writes a query out as text.

use crate::soql::syntax::{
    Condition, Expression, Group, Literal, LiteralKind, Name, Operand, Selected, Statement, Subtotals,
};

pub(super) fn statement(statement: &Statement) -> String {
    let select: Vec<String> = statement.select.iter().map(selected).collect();
    let from: Vec<String> =
        statement.from.iter().map(|(name, alias)| aliased(&name.text, alias.as_ref())).collect();
    let mut text = format!("SELECT {} FROM {}", select.join(", "), from.join(", "));
    let mut add = |clause: Option<String>| text.extend(clause.map(|clause| format!(" {clause}")));
    add(statement.scope.as_ref().map(|scope| format!("USING SCOPE {}", scope.text)));
    add(statement.filter.as_ref().map(|filter| format!("WHERE {}", condition(filter))));
    add(statement.with.as_ref().map(|with| format!("WITH {}", with.text)));
    add(statement.group.as_ref().map(group));
    add(statement.having.as_ref().map(|having| format!("HAVING {}", condition(having))));
    let order: Vec<String> = statement
        .order
        .iter()
        .map(|ordered| {
            let direction = if ordered.descending { "DESC" } else { "ASC" };
            let nulls = if ordered.nulls_last { "LAST" } else { "FIRST" };
            format!("{} {direction} NULLS {nulls}", expression(&ordered.by))
        })
        .collect();
    add((!order.is_empty()).then(|| format!("ORDER BY {}", order.join(", "))));
    add(statement.limit.as_ref().map(|limit| format!("LIMIT {}", limit.rows)));
    add(statement.offset.as_ref().map(|offset| format!("OFFSET {}", offset.rows)));
    add(statement.purpose.as_ref().map(|purpose| format!("FOR {}", purpose.text)));
    text
}

fn selected(selected: &Selected) -> String {
    let names = |names: &[Name]| names.iter().map(|name| name.text.clone()).collect::<Vec<_>>().join(", ");
    match selected {
        Selected::Expression { expression: of, alias } => aliased(&expression(of), alias.as_ref()),
        Selected::Children(children) => format!("({})", statement(children)),
        Selected::TypeOf { reference, when, otherwise } => {
            let mut text = format!("TYPEOF {}", reference.text);
            for (object, fields) in when {
                text = format!("{text} WHEN {} THEN {}", object.text, names(fields));
            }
            if !otherwise.is_empty() {
                text = format!("{text} ELSE {}", names(otherwise));
            }
            text + " END"
        }
    }
}

fn aliased(text: &str, alias: Option<&Name>) -> String {
    alias.map_or_else(|| text.to_owned(), |alias| format!("{text} {}", alias.text))
}

fn expression(expression_: &Expression) -> String {
    match expression_ {
        Expression::Field(name) => name.text.clone(),
        Expression::Call { function, argument } => {
            format!("{}({})", function.text, argument.as_deref().map(expression).unwrap_or_default())
        }
    }
}

fn group(group: &Group) -> String {
    let by: Vec<String> = group.by.iter().map(expression).collect();
    match group.subtotals {
        Subtotals::None => format!("GROUP BY {}", by.join(", ")),
        Subtotals::Rollup => format!("GROUP BY ROLLUP({})", by.join(", ")),
        Subtotals::Cube => format!("GROUP BY CUBE({})", by.join(", ")),
    }
}

fn condition(condition_: &Condition) -> String {
    let bracketed = |part: &Condition| match part {
        Condition::Compare { .. } => condition(part),
        _ => format!("({})", condition(part)),
    };
    let joined = |parts: &[Condition], word: &str| parts.iter().map(bracketed).collect::<Vec<_>>().join(word);
    match condition_ {
        Condition::And(parts) => joined(parts, " AND "),
        Condition::Or(parts) => joined(parts, " OR "),
        Condition::Not(part) => format!("NOT {}", bracketed(part)),
        Condition::Compare { left, operator, right } => {
            let right = match right {
                Operand::One(one) => literal(one),
                Operand::List(list) => {
                    format!("({})", list.iter().map(literal).collect::<Vec<_>>().join(", "))
                }
                Operand::Rows(rows) => format!("({})", statement(rows)),
            };
            format!("{} {} {right}", expression(left), operator.symbol())
        }
    }
}

fn literal(literal: &Literal) -> String {
    match &literal.kind {
        LiteralKind::Null => "null".to_owned(),
        LiteralKind::Bool(value) => value.to_string(),
        LiteralKind::Number(text) | LiteralKind::Word(text) => text.clone(),
        LiteralKind::Text(text) => {
            format!("'{}'", text.replace('\'', "\\'").replace('\n', "\\n").replace('é', "\\u00e9"))
        }
    }
}
