//! Any query, as it is written.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::strategy::BoxedStrategy;

use crate::soql::syntax::{
    Condition, Count, Expression, Group, Literal, LiteralKind, Name, Operand, Operator, Ordered, Selected,
    Spot, Statement, Subtotals,
};

pub(super) fn statement() -> BoxedStrategy<Statement> {
    nested(2)
}

fn nested(depth: u32) -> BoxedStrategy<Statement> {
    let clauses = (
        option::of(name()),
        option::of(condition(depth)),
        option::of(prop_oneof![Just("SECURITY_ENFORCED"), Just("USER_MODE")].prop_map(named)),
        option::of((vec(expression(), 1..3), subtotals(), option::of(condition(0)))),
        vec((expression(), any::<bool>(), any::<bool>()), 0..3),
        option::of(0_usize..3000),
        option::of(0_usize..3000),
        option::of(prop_oneof![Just("VIEW"), Just("UPDATE")].prop_map(named)),
    );
    (vec(selected(depth), 1..4), vec((name(), option::of(alias())), 1..3), clauses)
        .prop_map(|(select, from, (scope, filter, with, group, order, limit, offset, purpose))| {
            let count = |rows: Option<usize>| rows.map(|rows| Count { rows, at: Spot(0) });
            let (group, having) = match group {
                Some((by, subtotals, having)) => (Some(Group { by, subtotals }), having),
                None => (None, None),
            };
            let order =
                order.into_iter().map(|(by, descending, nulls_last)| Ordered { by, descending, nulls_last });
            Statement {
                select,
                from,
                scope,
                filter,
                with,
                group,
                having,
                order: order.collect(),
                limit: count(limit),
                offset: count(offset),
                purpose,
            }
        })
        .boxed()
}

fn selected(depth: u32) -> BoxedStrategy<Selected> {
    let plain = (expression(), option::of(alias()))
        .prop_map(|(expression, alias)| Selected::Expression { expression, alias });
    let when = vec((name(), vec(name(), 1..3)), 0..3);
    let type_of = (name(), when, vec(name(), 0..3))
        .prop_map(|(reference, when, otherwise)| Selected::TypeOf { reference, when, otherwise });
    if depth == 0 {
        return prop_oneof![4 => plain, 1 => type_of].boxed();
    }
    let children = nested(depth - 1).prop_map(|children| Selected::Children(Box::new(children)));
    prop_oneof![4 => plain, 1 => type_of, 1 => children].boxed()
}

fn expression() -> BoxedStrategy<Expression> {
    let field = name().prop_map(Expression::Field);
    field
        .prop_recursive(2, 3, 1, |inner| {
            (alias(), option::of(inner.prop_map(Box::new)))
                .prop_map(|(function, argument)| Expression::Call { function, argument })
        })
        .boxed()
}

fn condition(depth: u32) -> BoxedStrategy<Condition> {
    let one = (expression(), comparison(), literal()).prop_map(|(left, operator, right)| {
        Condition::Compare { left, operator, right: Operand::One(right) }
    });
    let list = (expression(), choice(), vec(literal(), 1..4)).prop_map(|(left, operator, right)| {
        Condition::Compare { left, operator, right: Operand::List(right) }
    });
    let leaf = if depth == 0 {
        prop_oneof![one, list].boxed()
    } else {
        let rows = (expression(), nested(depth - 1)).prop_map(|(left, rows)| Condition::Compare {
            left,
            operator: Operator::In,
            right: Operand::Rows(Box::new(rows)),
        });
        prop_oneof![4 => one, 4 => list, 1 => rows].boxed()
    };
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Condition::And),
            vec(inner.clone(), 2..4).prop_map(Condition::Or),
            inner.prop_map(|part| Condition::Not(Box::new(part))),
        ]
    })
    .boxed()
}

fn literal() -> BoxedStrategy<Literal> {
    let number =
        prop_oneof!["-?[0-9]{1,6}(\\.[0-9]{1,3})?", "20[0-9]{2}-0[1-9]-1[0-9](T1[0-9]:00:00[+-]01:00)?"];
    let text = vec(
        prop_oneof![
            Just("a"),
            Just("'"),
            Just("é"),
            Just("\n"),
            Just("\\\\"),
            Just("\\%"),
            Just("\\_"),
            Just("%"),
            Just("\"")
        ],
        0..6,
    );
    prop_oneof![
        Just(LiteralKind::Null),
        any::<bool>().prop_map(LiteralKind::Bool),
        number.prop_map(LiteralKind::Number),
        text.prop_map(|parts| LiteralKind::Text(parts.concat())),
        prop_oneof![Just("TODAY"), Just("LAST_N_DAYS:30"), Just("USD5000.5")]
            .prop_map(|word| LiteralKind::Word(word.to_owned())),
    ]
    .prop_map(|kind| Literal { kind, at: Spot(0) })
    .boxed()
}

fn comparison() -> impl Strategy<Value = Operator> {
    prop_oneof![
        Just(Operator::Equal),
        Just(Operator::Unequal),
        Just(Operator::Less),
        Just(Operator::AtMost),
        Just(Operator::Greater),
        Just(Operator::AtLeast),
        Just(Operator::Like),
    ]
}

fn choice() -> impl Strategy<Value = Operator> {
    prop_oneof![Just(Operator::In), Just(Operator::NotIn), Just(Operator::Includes), Just(Operator::Excludes)]
}

fn subtotals() -> impl Strategy<Value = Subtotals> {
    prop_oneof![Just(Subtotals::None), Just(Subtotals::Rollup), Just(Subtotals::Cube)]
}

fn name() -> impl Strategy<Value = Name> {
    "X[a-z]{1,4}(\\.X[a-z]{1,3}){0,2}(__c)?".prop_map(|text| named(&text))
}

fn alias() -> impl Strategy<Value = Name> {
    "x[a-z]{1,4}".prop_map(|text| named(&text))
}

fn named(text: &str) -> Name {
    Name { text: text.to_owned(), at: Spot(0) }
}
