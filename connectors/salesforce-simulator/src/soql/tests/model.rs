//! The evaluator beside a model that knows no indexes, no sorting by halves and no shared code: plain loops over plain
//! values.

use std::cmp::Ordering;
use std::sync::{Arc, LazyLock};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::BoxedStrategy;

use crate::data::{Row, Store, Value};
use crate::ids::IdSource;
use crate::schema::Schema;
use crate::soql::{Query, Run};
use crate::timestamp::Timestamp;

static SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| Arc::new(Schema::load(&[]).unwrap()));

/// An account as the model keeps it.
#[derive(Clone, Debug)]
struct Account {
    id: String,
    name: Option<&'static str>,
    employees: Option<i64>,
    key: Option<&'static str>,
}

/// A condition as the model understands it.
#[derive(Clone, Debug)]
enum Model {
    And(Vec<Model>),
    Or(Vec<Model>),
    Not(Box<Model>),
    Employees(&'static str, Option<i64>),
    Name(&'static str, Option<&'static str>),
    Key(Vec<&'static str>, bool),
    Id(&'static str, usize),
}

impl Model {
    fn soql(&self, accounts: &[Account]) -> String {
        let joined = |parts: &[Self], word: &str| {
            parts.iter().map(|part| format!("({})", part.soql(accounts))).collect::<Vec<_>>().join(word)
        };
        let quoted = |text: &str| format!("'{text}'");
        match self {
            Self::And(parts) => joined(parts, " AND "),
            Self::Or(parts) => joined(parts, " OR "),
            Self::Not(part) => format!("NOT ({})", part.soql(accounts)),
            Self::Employees(operator, value) => {
                format!("NumberOfEmployees {operator} {}", value.map_or("null".to_owned(), |v| v.to_string()))
            }
            Self::Name(operator, value) => {
                format!("Name {operator} {}", value.map_or("null".to_owned(), quoted))
            }
            Self::Key(keys, negated) => {
                let keys: Vec<String> = keys.iter().map(|key| quoted(key)).collect();
                format!("OrgA_Id__c {} ({})", if *negated { "NOT IN" } else { "IN" }, keys.join(", "))
            }
            Self::Id(operator, at) => format!("Id {operator} '{}'", accounts[at % accounts.len()].id),
        }
    }

    fn holds(&self, account: &Account, accounts: &[Account]) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.holds(account, accounts)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(account, accounts)),
            Self::Not(part) => !part.holds(account, accounts),
            Self::Employees(operator, value) => compared(operator, account.employees, *value),
            Self::Name(operator, value) => {
                let lower = |text: Option<&str>| text.map(str::to_lowercase);
                compared(operator, lower(account.name), lower(*value))
            }
            Self::Key(keys, negated) => {
                let within = account.key.is_some_and(|key| keys.contains(&key));
                within != *negated
            }
            Self::Id(operator, at) => {
                compared(operator, Some(&account.id), Some(&accounts[at % accounts.len()].id))
            }
        }
    }
}

fn compared<T: PartialOrd>(operator: &str, left: Option<T>, right: Option<T>) -> bool {
    match (operator, left, right) {
        ("=", left, right) => left == right,
        ("!=", left, right) => left != right,
        (operator, Some(left), Some(right)) => match operator {
            "<" => left < right,
            "<=" => left <= right,
            ">" => left > right,
            _ => left >= right,
        },
        _ => false,
    }
}

fn model() -> BoxedStrategy<Model> {
    let operator = || prop_oneof![Just("="), Just("!="), Just("<"), Just("<="), Just(">"), Just(">=")];
    let leaf = prop_oneof![
        (operator(), option::of(0_i64..4)).prop_map(|(operator, value)| Model::Employees(operator, value)),
        (operator(), option::of(name())).prop_map(|(operator, value)| Model::Name(operator, value)),
        (vec(key(), 1..3), any::<bool>()).prop_map(|(keys, negated)| Model::Key(keys, negated)),
        (operator(), 0_usize..8).prop_map(|(operator, at)| Model::Id(operator, at)),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Model::And),
            vec(inner.clone(), 2..4).prop_map(Model::Or),
            inner.prop_map(|part| Model::Not(Box::new(part))),
        ]
    })
    .boxed()
}

fn name() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("a"), Just("B"), Just("ab"), Just("É")]
}

fn key() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("k1"), Just("K1"), Just("k2")]
}

/// Accounts of the model, and the same in a store.
fn filled(rows: &[(Option<&'static str>, Option<i64>, Option<&'static str>)]) -> (Vec<Account>, Store) {
    let object = SCHEMA.find("Account").unwrap();
    let place = |name| SCHEMA.object(object).field(name).unwrap();
    let mut ids = IdSource::new("5g", 1);
    let mut store = Store::new(Arc::clone(&SCHEMA), IdSource::new("5g", 1), Arc::default());
    let mut accounts = Vec::new();
    for (name, employees, key) in rows.iter().copied() {
        let account = Account { id: ids.next("001"), name, employees, key };
        let mut row = Row::live(&account.id);
        let text = |text: Option<&str>| text.map_or(Value::Null, Value::text);
        row.set(place("Name"), text(name));
        row.set(place("NumberOfEmployees"), employees.map_or(Value::Null, Value::Int));
        row.set(place("OrgA_Id__c"), text(key));
        store.put(object, row);
        accounts.push(account);
    }
    (accounts, store)
}

proptest! {
    #[test]
    fn a_query_finds_what_plain_loops_find(
        rows in vec((option::of(name()), option::of(0_i64..4), option::of(key())), 1..12),
        condition in model(),
        order in option::of((any::<bool>(), any::<bool>())),
        limit in option::of(0_usize..6),
        offset in 0_usize..4,
    ) {
        let (accounts, store) = filled(&rows);
        let mut soql = format!("SELECT Id FROM Account WHERE {}", condition.soql(&accounts));
        let mut wanted: Vec<&Account> =
            accounts.iter().filter(|account| condition.holds(account, &accounts)).collect();
        if let Some((descending, nulls_last)) = order {
            let words = (if descending { "DESC" } else { "ASC" }, if nulls_last { "LAST" } else { "FIRST" });
            soql = format!("{soql} ORDER BY NumberOfEmployees {} NULLS {}", words.0, words.1);
            wanted.sort_by(|a, b| match (a.employees, b.employees) {
                (Some(a), Some(b)) => if descending { b.cmp(&a) } else { a.cmp(&b) },
                (None, None) => Ordering::Equal,
                (a, _) => if a.is_none() == nulls_last { Ordering::Greater } else { Ordering::Less },
            });
        }
        if let Some(limit) = limit {
            soql = format!("{soql} LIMIT {limit}");
        }
        soql = format!("{soql} OFFSET {offset}");
        let wanted: Vec<&str> =
            wanted.iter().skip(offset).take(limit.unwrap_or(usize::MAX)).map(|account| account.id.as_str()).collect();
        let run = Run { store: &store, now: Timestamp::default(), user: "", deleted: false };
        let query = run.bind(&Query::parse(&SCHEMA, &soql).unwrap());
        let found: Vec<&str> = run.rows(&query).into_iter().map(Row::id).collect();
        prop_assert_eq!(found, wanted, "{}", soql);
    }
}
