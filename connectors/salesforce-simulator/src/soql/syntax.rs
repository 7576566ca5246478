//! A query as it is written, before its names mean anything.
//!
//! Two queries are equal when they say the same, wherever in the text they say it.

/// A place in the text of a query, in characters from 0. All places are equal, so that comparing queries passes over
/// them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spot(pub(crate) usize);

impl PartialEq for Spot {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// A name, a dotted path or a keyword, in the letter case it is written in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) at: Spot,
}

/// A whole query, or a sub-select.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Statement {
    pub(crate) select: Vec<Selected>,
    /// Objects or relationships, each with its alias; the first is the queried one.
    pub(crate) from: Vec<(Name, Option<Name>)>,
    pub(crate) scope: Option<Name>,
    pub(crate) filter: Option<Condition>,
    /// `SECURITY_ENFORCED`, `USER_MODE` or `SYSTEM_MODE`.
    pub(crate) with: Option<Name>,
    pub(crate) group: Option<Group>,
    pub(crate) having: Option<Condition>,
    pub(crate) order: Vec<Ordered>,
    pub(crate) limit: Option<Count>,
    pub(crate) offset: Option<Count>,
    /// `VIEW`, `REFERENCE` or `UPDATE`.
    pub(crate) purpose: Option<Name>,
}

/// One thing that a query selects.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Selected {
    Expression { expression: Expression, alias: Option<Name> },
    Children(Box<Statement>),
    TypeOf { reference: Name, when: Vec<(Name, Vec<Name>)>, otherwise: Vec<Name> },
}

/// A field, or a function of one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    Field(Name),
    /// Without an argument it is `COUNT()`.
    Call {
        function: Name,
        argument: Option<Box<Expression>>,
    },
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Compare { left: Expression, operator: Operator, right: Operand },
}

/// What stands between a field and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Like,
    In,
    NotIn,
    Includes,
    Excludes,
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    One(Literal),
    List(Vec<Literal>),
    Rows(Box<Statement>),
}

/// A value as it is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Literal {
    pub(crate) kind: LiteralKind,
    pub(crate) at: Spot,
}

/// Kinds of values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LiteralKind {
    Null,
    Bool(bool),
    /// Quoted; the backslashes that matter to LIKE still in it.
    Text(String),
    /// Number, date or point in time.
    Number(String),
    /// `LAST_N_DAYS:3`, `USD5000`.
    Word(String),
}

/// GROUP BY.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    pub(crate) by: Vec<Expression>,
    pub(crate) subtotals: Subtotals,
}

/// Which subtotals GROUP BY adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Subtotals {
    #[default]
    None,
    /// `ROLLUP (…)`: those of every first few fields.
    Rollup,
    /// `CUBE (…)`: those of every choice of fields.
    Cube,
}

/// One key of ORDER BY.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ordered {
    pub(crate) by: Expression,
    pub(crate) descending: bool,
    pub(crate) nulls_last: bool,
}

/// A number of rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Count {
    pub(crate) rows: usize,
    pub(crate) at: Spot,
}

impl Expression {
    /// Where it starts.
    pub(crate) fn at(&self) -> usize {
        match self {
            Self::Field(name) | Self::Call { function: name, .. } => name.at.0,
        }
    }
}

impl Operator {
    /// As it is written.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::Like => "LIKE",
            Self::In => "IN",
            Self::NotIn => "NOT IN",
            Self::Includes => "INCLUDES",
            Self::Excludes => "EXCLUDES",
        }
    }
}
