//! Checks what a formula does with what, as Salesforce does when a formula is saved.

use super::datum::Datum;
use super::expression::{Expression, Operator};
use super::function::Function;
use crate::schema::FieldType;

/// The type of a formula or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `NULL`: fits everywhere.
    Any,
    Bool,
    Number,
    Text,
    Date,
    Moment,
    /// Only some functions take picklists.
    Picklist,
    Multipicklist,
}

impl Kind {
    /// The type of an expression, or what is wrong within it.
    pub(super) fn of(expression: &Expression) -> Result<Self, String> {
        match expression {
            Expression::Literal(datum) => Ok(literal(datum)),
            Expression::Field(path) => {
                Self::of_field(path.kind).ok_or_else(|| "Field may not be used in formulas".to_owned())
            }
            Expression::Not(inner) => Self::of(inner)?.expect(&[Self::Bool], "operator '!'"),
            Expression::Minus(inner) => Self::of(inner)?.expect(&[Self::Number], "operator '-'"),
            Expression::Chain(first, rest) => {
                let mut kind = Self::of(first)?;
                for (operator, operand) in rest {
                    kind = operation(*operator, kind, Self::of(operand)?)?;
                }
                Ok(kind)
            }
            Expression::Matches(text, _) => {
                Self::of(text)?.expect(&[Self::Text], "function 'REGEX()'")?;
                Ok(Self::Bool)
            }
            Expression::Call(function, arguments) => call(*function, arguments),
        }
    }

    /// The type that fields of a type have in formulas; `None` if they may not be used.
    pub(super) fn of_field(field: FieldType) -> Option<Self> {
        Some(match field {
            FieldType::Boolean => Self::Bool,
            FieldType::Int | FieldType::Double | FieldType::Currency | FieldType::Percent => Self::Number,
            FieldType::Date => Self::Date,
            FieldType::Datetime => Self::Moment,
            FieldType::Picklist | FieldType::Combobox => Self::Picklist,
            FieldType::Multipicklist => Self::Multipicklist,
            FieldType::Base64
            | FieldType::Anytype
            | FieldType::Address
            | FieldType::Location
            | FieldType::Encryptedstring => return None,
            _ => Self::Text,
        })
    }

    /// Itself, if it is one of these.
    pub(super) fn expect(self, allowed: &[Self], place: &str) -> Result<Self, String> {
        if self == Self::Any || allowed.contains(&self) {
            return Ok(self);
        }
        let expected: Vec<&str> = allowed.iter().map(|kind| kind.name()).collect();
        Err(format!(
            "Incorrect parameter type for {place}. Expected {}, received {}",
            expected.join(", "),
            self.name()
        ))
    }

    /// As error texts write it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Any => "Null",
            Self::Bool => "Boolean",
            Self::Number => "Number",
            Self::Text => "Text",
            Self::Date => "Date",
            Self::Moment => "DateTime",
            Self::Picklist => "Picklist",
            Self::Multipicklist => "Multipicklist",
        }
    }
}

fn literal(datum: &Datum) -> Kind {
    match datum {
        Datum::Null => Kind::Any,
        Datum::Bool(_) => Kind::Bool,
        Datum::Number(_) => Kind::Number,
        Datum::Text(_) => Kind::Text,
        Datum::Date(_) => Kind::Date,
        Datum::Moment(_) => Kind::Moment,
    }
}

fn operation(operator: Operator, left: Kind, right: Kind) -> Result<Kind, String> {
    use Kind::{Any, Bool, Date, Moment, Number, Text};
    let place = format!("operator '{}'", operator.symbol());
    let both = |allowed: &[Kind]| {
        left.expect(allowed, &place)?;
        right.expect(allowed, &place)
    };
    match operator {
        Operator::Or | Operator::And => both(&[Bool]).map(|_| Bool),
        Operator::Equal | Operator::Unequal => {
            left.expect(&[Bool, Number, Text, Date, Moment], &place)?;
            same(left, right, &place).map(|_| Bool)
        }
        Operator::Less | Operator::AtMost | Operator::Greater | Operator::AtLeast => {
            left.expect(&[Number, Date, Moment], &place)?;
            same(left, right, &place).map(|_| Bool)
        }
        Operator::Concatenate => both(&[Text]).map(|_| Text),
        Operator::Plus => match (left, right) {
            (Text, Text) => Ok(Text),
            (Date | Moment, Number | Any) => Ok(left),
            (Number, Date | Moment) => Ok(right),
            _ => both(&[Number]).map(|_| Number),
        },
        Operator::Minus => match (left, right) {
            (Date, Date) | (Moment, Moment) => Ok(Number),
            (Date | Moment, Number | Any) => Ok(left),
            _ => both(&[Number]).map(|_| Number),
        },
        Operator::Times | Operator::Divide | Operator::Power => both(&[Number]).map(|_| Number),
    }
}

/// Two that belong together; `NULL` goes with everything.
fn same(left: Kind, right: Kind, place: &str) -> Result<Kind, String> {
    if left == Kind::Any { Ok(right) } else { right.expect(&[left], place).map(|_| left) }
}

fn call(function: Function, arguments: &[Expression]) -> Result<Kind, String> {
    use Kind::{Bool, Date, Moment, Multipicklist, Number, Picklist, Text};
    let place = format!("function '{}()'", function.name());
    let kinds = arguments.iter().map(Kind::of).collect::<Result<Vec<_>, _>>()?;
    // What each argument must be; the last list goes for all that follow.
    let takes = |allowed: &[&[Kind]]| {
        for (nth, kind) in kinds.iter().enumerate() {
            let allowed = allowed.get(nth).or(allowed.last()).copied().unwrap_or_default();
            kind.expect(allowed, &place)?;
        }
        Ok::<(), String>(())
    };
    let first = kinds.first().copied().unwrap_or(Kind::Any);
    let field_first = || match arguments.first() {
        Some(Expression::Field(_)) => Ok(()),
        _ => Err(format!("{place} takes a field")),
    };
    let gives = match function {
        Function::And | Function::Or | Function::Not => takes(&[&[Bool]]).map(|()| Bool)?,
        Function::IsNew => Bool,
        Function::IsBlank | Function::IsNull => Bool,
        Function::IsChanged => field_first().map(|()| Bool)?,
        Function::PriorValue => field_first().map(|()| first)?,
        Function::IsPickVal => {
            takes(&[&[Picklist], &[Text]])?;
            Bool
        }
        Function::Includes => {
            takes(&[&[Multipicklist], &[Text]])?;
            Bool
        }
        Function::Begins | Function::Contains => {
            takes(&[&[Text]])?;
            Bool
        }
        Function::IsNumber => takes(&[&[Text]]).map(|()| Bool)?,
        Function::If => {
            first.expect(&[Bool], &place)?;
            together(&kinds[1..], &place)?
        }
        Function::BlankValue | Function::NullValue => together(&kinds, &place)?,
        Function::Case => case(&kinds, &place)?,
        Function::Date => takes(&[&[Number]]).map(|()| Date)?,
        Function::DateValue => takes(&[&[Text, Moment, Date]]).map(|()| Date)?,
        Function::DateTimeValue => takes(&[&[Text, Moment, Date]]).map(|()| Moment)?,
        Function::Day | Function::Month | Function::Year => takes(&[&[Date]]).map(|()| Number)?,
        Function::Today => Date,
        Function::Now => Moment,
        Function::Abs
        | Function::Ceiling
        | Function::Floor
        | Function::Round
        | Function::Mod
        | Function::Max
        | Function::Min => takes(&[&[Number]]).map(|()| Number)?,
        Function::Len | Function::Value => takes(&[&[Text]]).map(|()| Number)?,
        Function::Find => takes(&[&[Text], &[Text], &[Number]]).map(|()| Number)?,
        Function::Left | Function::Right | Function::Mid => takes(&[&[Text], &[Number]]).map(|()| Text)?,
        Function::Lower | Function::Upper | Function::Trim | Function::Substitute => {
            takes(&[&[Text]]).map(|()| Text)?
        }
        Function::Regex => Bool,
        Function::Text => takes(&[&[Number, Date, Moment, Picklist, Text]]).map(|()| Text)?,
    };
    Ok(gives)
}

/// What several alternatives have in common.
fn together(kinds: &[Kind], place: &str) -> Result<Kind, String> {
    kinds.iter().try_fold(Kind::Any, |known, kind| same(known, *kind, place))
}

/// `CASE(value, when, then, …, otherwise)`: a picklist is compared with text.
fn case(kinds: &[Kind], place: &str) -> Result<Kind, String> {
    let compared = match kinds.first() {
        Some(Kind::Picklist) => Kind::Text,
        Some(kind) => *kind,
        None => Kind::Any,
    };
    let mut given = Kind::Any;
    for (nth, kind) in kinds.iter().enumerate().skip(1) {
        let when = nth % 2 == 1 && nth + 1 < kinds.len();
        if when {
            same(compared, *kind, place)?;
        } else {
            given = same(given, *kind, place)?;
        }
    }
    Ok(given)
}
