//! The functions that formulas may call.

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Abs,
    And,
    Begins,
    BlankValue,
    Case,
    Ceiling,
    Contains,
    Date,
    DateTimeValue,
    DateValue,
    Day,
    Find,
    Floor,
    If,
    Includes,
    IsBlank,
    IsChanged,
    IsNew,
    IsNull,
    IsNumber,
    IsPickVal,
    Left,
    Len,
    Lower,
    Max,
    Mid,
    Min,
    Mod,
    Month,
    Not,
    Now,
    NullValue,
    Or,
    PriorValue,
    Regex,
    Right,
    Round,
    Substitute,
    Text,
    Today,
    Trim,
    Upper,
    Value,
    Year,
}

/// Any number of arguments.
const MANY: usize = usize::MAX;

/// Name, function, fewest and most arguments.
const FUNCTIONS: [(&str, Function, usize, usize); 44] = [
    ("ABS", Function::Abs, 1, 1),
    ("AND", Function::And, 1, MANY),
    ("BEGINS", Function::Begins, 2, 2),
    ("BLANKVALUE", Function::BlankValue, 2, 2),
    ("CASE", Function::Case, 4, MANY),
    ("CEILING", Function::Ceiling, 1, 1),
    ("CONTAINS", Function::Contains, 2, 2),
    ("DATE", Function::Date, 3, 3),
    ("DATETIMEVALUE", Function::DateTimeValue, 1, 1),
    ("DATEVALUE", Function::DateValue, 1, 1),
    ("DAY", Function::Day, 1, 1),
    ("FIND", Function::Find, 2, 3),
    ("FLOOR", Function::Floor, 1, 1),
    ("IF", Function::If, 3, 3),
    ("INCLUDES", Function::Includes, 2, 2),
    ("ISBLANK", Function::IsBlank, 1, 1),
    ("ISCHANGED", Function::IsChanged, 1, 1),
    ("ISNEW", Function::IsNew, 0, 0),
    ("ISNULL", Function::IsNull, 1, 1),
    ("ISNUMBER", Function::IsNumber, 1, 1),
    ("ISPICKVAL", Function::IsPickVal, 2, 2),
    ("LEFT", Function::Left, 2, 2),
    ("LEN", Function::Len, 1, 1),
    ("LOWER", Function::Lower, 1, 2),
    ("MAX", Function::Max, 1, MANY),
    ("MID", Function::Mid, 3, 3),
    ("MIN", Function::Min, 1, MANY),
    ("MOD", Function::Mod, 2, 2),
    ("MONTH", Function::Month, 1, 1),
    ("NOT", Function::Not, 1, 1),
    ("NOW", Function::Now, 0, 0),
    ("NULLVALUE", Function::NullValue, 2, 2),
    ("OR", Function::Or, 1, MANY),
    ("PRIORVALUE", Function::PriorValue, 1, 1),
    ("REGEX", Function::Regex, 2, 2),
    ("RIGHT", Function::Right, 2, 2),
    ("ROUND", Function::Round, 2, 2),
    ("SUBSTITUTE", Function::Substitute, 3, 3),
    ("TEXT", Function::Text, 1, 1),
    ("TODAY", Function::Today, 0, 0),
    ("TRIM", Function::Trim, 1, 1),
    ("UPPER", Function::Upper, 1, 2),
    ("VALUE", Function::Value, 1, 1),
    ("YEAR", Function::Year, 1, 1),
];

impl Function {
    /// The function of this name, in any letter case.
    pub(super) fn of(name: &str) -> Option<Self> {
        FUNCTIONS
            .iter()
            .find(|(known, ..)| known.eq_ignore_ascii_case(name))
            .map(|(_, function, ..)| *function)
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        FUNCTIONS.iter().find(|(_, function, ..)| *function == self).map_or("", |(name, ..)| name)
    }

    /// Whether only validation rules may call it: it looks at the record as it was.
    pub(super) fn of_rules_only(self) -> bool {
        matches!(self, Self::IsNew | Self::IsChanged | Self::PriorValue)
    }

    /// Refuses a wrong number of arguments.
    pub(super) fn check_count(self, given: usize) -> Result<(), String> {
        let counts = FUNCTIONS.iter().find(|(_, function, ..)| *function == self);
        let (least, most) = counts.map_or((0, MANY), |(.., least, most)| (*least, *most));
        if (least..=most).contains(&given) && (self != Self::Case || given.is_multiple_of(2)) {
            return Ok(());
        }
        let expected = if given < least { least } else { most.min(given + 1) };
        Err(format!(
            "Incorrect number of parameters for function '{}()'. Expected {expected}, received {given}",
            self.name()
        ))
    }
}
