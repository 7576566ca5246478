//! Formulas by themselves: what they are worth, and what is wrong with them.

use std::sync::Arc;

use proptest::prelude::*;

use super::datum::Datum;
use super::kind::Kind;
use super::parser::parse;
use super::*;
use crate::clock::Clock;
use crate::data::{Row, Store, Value};
use crate::ids::IdSource;
use crate::schema::{ObjectsFile, Schema};

const OBJECTS: &str = "objects:
  Account:
    - { name: Share__c, type: percent, label: Share, precision: 5, scale: 2 }
    - { name: Since__c, type: datetime, label: Since }
    - { name: Signed__c, type: date, label: Signed }
    - { name: Vip__c, type: boolean, label: Vip }
    - { name: Topics__c, type: multipicklist, label: Topics, length: 4099, picklist: [a, b] }
    - { name: Half__c, type: currency, label: Half, precision: 18, scale: 2, formula: AnnualRevenue / 2 }
    - { name: Quarter__c, type: currency, label: Quarter, precision: 18, scale: 2, formula: Half__c / 2 }
";

fn schema(yaml: &str) -> Result<Schema, String> {
    let file = ObjectsFile { origin: "test".to_owned(), text: yaml.to_owned() };
    Schema::load(&[file]).map_err(|error| error.to_string())
}

/// An org with an account and a contact of it.
struct World {
    store: Store,
    account: Row,
    contact: Row,
}

impl World {
    fn new() -> Self {
        let schema = Arc::new(schema(OBJECTS).unwrap());
        let ids = IdSource::new("5g", 1);
        let store = Store::new(Arc::clone(&schema), ids, Arc::new(Clock::default()));
        let mut world = Self {
            store,
            account: Row::live("0015g00000AAAAAAA5"),
            contact: Row::live("0035g00000AAAAAAA5"),
        };
        for (field, value) in [
            ("Name", Value::text("Acme \"Inc\"")),
            ("Rating", Value::text("Hot")),
            ("AnnualRevenue", Value::Double(1000.5)),
            ("NumberOfEmployees", Value::Int(7)),
            ("Share__c", Value::Double(25.0)),
            ("Since__c", Value::Time(crate::timestamp::Timestamp::parse("2026-02-03T10:20:30Z").unwrap())),
            ("Signed__c", Value::text("2026-01-31")),
            ("Vip__c", Value::Bool(true)),
            ("Topics__c", Value::text("a;c")),
        ] {
            let at = schema.object(schema.find("Account").unwrap()).field(field).unwrap();
            world.account.set(at, value);
        }
        let contact = schema.object(schema.find("Contact").unwrap());
        world.contact.set(contact.field("AccountId").unwrap(), Value::text("0015g00000AAAAAAA5"));
        world.store.put(schema.find("Account").unwrap(), world.account.clone());
        world
    }

    fn value(&self, object: &str, text: &str) -> Datum {
        let at = self.store.schema.find(object).unwrap();
        let expression =
            parse(&self.store.schema, at, text).unwrap_or_else(|error| panic!("{text}: {error}"));
        Kind::of(&expression).unwrap_or_else(|error| panic!("{text}: {error}"));
        let row = if object == "Account" { &self.account } else { &self.contact };
        Scope { store: &self.store, object: at, row, before: None }.value(&expression)
    }
}

#[test]
fn formulas_are_worth_what_salesforce_says() {
    let world = World::new();
    for (text, worth) in [
        ("1 + 2 * 3 - -4", "11"),
        ("2 ^ 3 ^ 2", "64"),
        ("(1 + 2) * 3 / 0", ""),
        ("10 - 3 - 2", "5"),
        ("'a' & \"b\" + 'c'", "abc"),
        ("Name", "Acme \"Inc\""),
        ("'Acme \\\"Inc\\\"' = name", "true"),
        ("AnnualRevenue * 2", "2001"),
        ("Share__c", "0.25"),
        ("Half__c", "500.25"),
        ("Quarter__c", "250.13"),
        ("Fax = '' && ISBLANK(Fax) && NOT(ISNULL(Fax))", "true"),
        ("ISNULL(Sic) || ISBLANK(TickerSymbol)", "true"),
        ("1 < 2 && 2 <= 2 && 3 > 2 && 3 >= 3 && 1 <> 2 && 1 != 2 && 1 == 1", "true"),
        ("! (1 = 1) /* a comment */ || false", "false"),
        ("NULL + 1 > 0", "false"),
        ("IF(Vip__c, 'yes', 'no')", "yes"),
        ("CASE(Rating, 'Cold', 1, 'Hot', 2, 0)", "2"),
        ("CASE(NumberOfEmployees, 1, 'one', 'many')", "many"),
        ("ISPICKVAL(Rating, 'Hot')", "true"),
        ("ISPICKVAL(Industry, '')", "true"),
        ("INCLUDES(Topics__c, 'c')", "true"),
        ("TEXT(Rating) & TEXT(AnnualRevenue) & TEXT(Signed__c)", "Hot1000.52026-01-31"),
        ("TEXT(Since__c)", "2026-02-03 10:20:30Z"),
        ("VALUE('12.5') + 1", "13.5"),
        ("BLANKVALUE(Fax, 'none') & NULLVALUE(Fax, 'none')", "none"),
        ("LEN(Name)", "10"),
        ("LEFT('héllo', 2) & RIGHT('héllo', 3) & MID('héllo', 2, 3)", "hélloéll"),
        ("FIND('l', 'héllo') + FIND('l', 'héllo', 4)", "7"),
        ("FIND('x', 'hello')", "0"),
        ("CONTAINS(Name, 'Inc') && BEGINS(Name, 'Ac') && CONTAINS(Name, '')", "true"),
        ("SUBSTITUTE(TRIM('  a-b '), '-', '+')", "a+b"),
        ("UPPER('a') & LOWER('B')", "Ab"),
        ("REGEX('12345', '[0-9]{5}') && NOT(REGEX('123456', '[0-9]{5}'))", "true"),
        ("TEXT(ROUND(1.005, 2)) & ' ' & TEXT(ROUND(-2.5, 0)) & ' ' & TEXT(ROUND(149, -2))", "1.01 -3 100"),
        ("ABS(-2.5)", "2.5"),
        ("FLOOR(2.9) + CEILING(2.1) + FLOOR(-2.9) + CEILING(-2.1)", "0"),
        ("MIN(3, 1, 2) + MAX(3, 1, 2) + MOD(7, 4)", "7"),
        ("DATE(2026, 2, 3) - DATE(2026, 1, 31)", "3"),
        ("TEXT(Signed__c + 1)", "2026-02-01"),
        ("YEAR(Signed__c) + MONTH(Signed__c) + DAY(Signed__c)", "2058"),
        ("DATE(2026, 2, 30)", ""),
        ("TEXT(DATEVALUE(Since__c) + 1.9)", "2026-02-04"),
        ("(Since__c + 0.5) - Since__c", "0.5"),
        ("DATETIMEVALUE('2026-02-03 10:20:30') = Since__c", "true"),
        ("TODAY() > DATE(2020, 1, 1) && NOW() > Since__c - 36500", "true"),
        ("ISNEW() && NOT(ISCHANGED(Name)) && PRIORVALUE(Name) = Name", "true"),
        ("Vip__c = TRUE", "true"),
    ] {
        assert_eq!(world.value("Account", text).text(), worth, "{text}");
    }
    assert_eq!(world.value("Contact", "Account.Name & TEXT(Account.Half__c)").text(), "Acme \"Inc\"500.25");
    assert_eq!(world.value("Contact", "ReportsTo.Account.Name").text(), "", "no parent, no value");
    assert_eq!(world.value("Contact", "ReportsTo.Account.AnnualRevenue"), Datum::Null);
}

#[test]
fn a_wrong_formula_is_refused_when_the_objects_are_loaded() {
    for (line, parts) in [
        (
            "validation_rules: [{ name: R, formula: 'Nix = 1', message: m }]",
            ["rule R", "Field Nix does not exist"],
        ),
        ("validation_rules: [{ name: R, formula: 'Parent.Nix = 1', message: m }]", ["rule R", "Parent.Nix"]),
        (
            "validation_rules: [{ name: R, formula: 'FOO(1)', message: m }]",
            ["rule R", "Unknown function FOO"],
        ),
        (
            "validation_rules: [{ name: R, formula: 'IF(true, 1)', message: m }]",
            ["'IF()'", "Expected 3, received 2"],
        ),
        ("validation_rules: [{ name: R, formula: '(1 = 1', message: m }]", ["rule R", "Missing ')'"]),
        ("validation_rules: [{ name: R, formula: '1 = 1)', message: m }]", ["rule R", "Extra ')'"]),
        ("validation_rules: [{ name: R, formula: '1 +', message: m }]", ["rule R", "Syntax error"]),
        ("validation_rules: [{ name: R, formula: '\"a', message: m }]", ["rule R", "Missing '\"'"]),
        ("validation_rules: [{ name: R, formula: 'Name', message: m }]", ["rule R", "(Text)"]),
        (
            "validation_rules: [{ name: R, formula: 'Name > 1', message: m }]",
            ["operator '>'", "received Text"],
        ),
        ("validation_rules: [{ name: R, formula: 'Rating = \"Hot\"', message: m }]", ["rule R", "Picklist"]),
        ("validation_rules: [{ name: R, formula: 'REGEX(Name, \"(\")', message: m }]", ["rule R", "REGEX"]),
        (
            "validation_rules: [{ name: R, formula: 'ISBLANK(BillingAddress)', message: m }]",
            ["rule R", "BillingAddress"],
        ),
        (
            "fields: [{ name: X__c, type: string, label: X, formula: 'AnnualRevenue' }]",
            ["Account.X__c", "(Number)"],
        ),
        ("fields: [{ name: X__c, type: boolean, label: X, formula: 'ISNEW()' }]", ["Account.X__c", "ISNEW"]),
        ("fields: [{ name: X__c, type: string, label: X, formula: 'X__c' }]", ["Account.X__c", "itself"]),
    ] {
        let refused = schema(&format!("objects: {{ Account: {{ {line} }} }}")).expect_err(line);
        assert!(parts.iter().all(|part| refused.contains(part)), "{line}: {refused}");
    }
    let deep = format!("{}1{} = 1", "(".repeat(200), ")".repeat(200));
    let world = World::new();
    let account = world.store.schema.find("Account").unwrap();
    assert!(parse(&world.store.schema, account, &deep).unwrap_err().contains("levels deep"));
    let long = "1+".repeat(1_900) + "1";
    assert_eq!(world.value("Account", &long).text(), "1901");
    assert!(parse(&world.store.schema, account, &"1+".repeat(2_000)).unwrap_err().contains("too long"));
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "[-+*/^&|!=<>(),.'\"a-zA-Z0-9_ {}]{0,80}") {
        let world = World::new();
        if let Ok(expression) = parse(&world.store.schema, 0, &text) && Kind::of(&expression).is_ok() {
            let scope = Scope { store: &world.store, object: 0, row: &world.account, before: None };
            scope.value(&expression);
        }
    }

    #[test]
    fn arithmetic_is_that_of_numbers(a in -1e6..1e6_f64, b in -1e6..1e6_f64, c in 1.0..1e3_f64) {
        let world = World::new();
        let text = format!("({a} + {b}) * {c} - {a} / {c}");
        let worth = world.value("Account", &text).number().unwrap();
        let expected = (a + b) * c - a / c;
        prop_assert!((worth - expected).abs() <= expected.abs() * 1e-9 + 1e-6, "{text}");
    }

    #[test]
    fn rounding_goes_half_away_from_zero(whole in -100_000_i32..100_000, scale in 0_i32..4) {
        let number = (f64::from(whole) + 0.5_f64.copysign(f64::from(whole))) / 10_f64.powi(scale);
        let rounded = super::datum::round(number, scale) * 10_f64.powi(scale);
        let expected = f64::from(whole) + 1.0_f64.copysign(f64::from(whole));
        prop_assert!((rounded - expected).abs() < 1e-6, "{number} at {scale}");
    }

    #[test]
    fn a_number_without_extra_decimals_stays_itself(digits in -999_999_999_999_999_i64..999_999_999_999_999) {
        for scale in [0, 2, 6, 15] {
            let number: f64 = format!("{digits}e-{scale}").parse().unwrap();
            prop_assert_eq!(super::datum::round(number, scale).to_bits(), number.to_bits());
        }
    }
}
