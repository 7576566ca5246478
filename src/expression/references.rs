//! What an expression names: variables, the fields of each, functions.

use std::collections::{BTreeMap, BTreeSet};

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr};

/// What an expression names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct References {
    /// Names that are bound by no macro.
    pub(super) variables: BTreeSet<String>,
    /// Functions, operators left out.
    pub(super) functions: BTreeSet<Function>,
    /// Variable → its fields that are named, where nothing else is done with it.
    fields: BTreeMap<String, BTreeSet<String>>,
    /// Variables that are used as a whole.
    whole: BTreeSet<String>,
}

/// A function that is called.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Function {
    pub(super) name: String,
    /// Whether it is called as `value.name()`.
    pub(super) of_value: bool,
}

impl References {
    pub(super) fn of(expression: &IdedExpr) -> Self {
        let mut references = Self::default();
        references.walk(expression, &mut Vec::new());
        references
    }

    /// Whether the expression names this variable.
    pub(super) fn names(&self, variable: &str) -> bool {
        self.variables.contains(variable)
    }

    /// The fields of a variable that the expression needs; `None`: all.
    pub(super) fn fields_of(&self, variable: &str) -> Option<&BTreeSet<String>> {
        self.fields.get(variable).filter(|_| !self.whole.contains(variable))
    }

    /// The fields of a variable that the expression names, whatever else it does with it.
    pub(super) fn named_of(&self, variable: &str) -> impl Iterator<Item = &str> {
        self.fields.get(variable).into_iter().flatten().map(String::as_str)
    }

    fn walk(&mut self, expression: &IdedExpr, bound: &mut Vec<String>) {
        match &expression.expr {
            Expr::Unspecified | Expr::Literal(_) => {}
            Expr::Ident(name) => {
                if self.named(name, bound) {
                    self.whole.insert(name.clone());
                }
            }
            Expr::Select(select) => match &select.operand.expr {
                Expr::Ident(name) if self.named(name, bound) => {
                    self.fields.entry(name.clone()).or_default().insert(select.field.clone());
                }
                _ => self.walk(&select.operand, bound),
            },
            Expr::Call(call) => {
                // Operators have names that nobody can write.
                if call.func_name.chars().all(|c| c.is_ascii_alphanumeric()) {
                    let of_value = call.target.is_some();
                    self.functions.insert(Function { name: call.func_name.clone(), of_value });
                }
                for part in call.target.as_deref().into_iter().chain(&call.args) {
                    self.walk(part, bound);
                }
            }
            Expr::Comprehension(comprehension) => {
                self.walk(&comprehension.iter_range, bound);
                self.walk(&comprehension.accu_init, bound);
                let outside = bound.len();
                bound.push(comprehension.iter_var.clone());
                bound.extend(comprehension.iter_var2.clone());
                bound.push(comprehension.accu_var.clone());
                for part in [&comprehension.loop_cond, &comprehension.loop_step, &comprehension.result] {
                    self.walk(part, bound);
                }
                bound.truncate(outside);
            }
            Expr::List(list) => {
                for element in &list.elements {
                    self.walk(element, bound);
                }
            }
            Expr::Map(map) => self.entries(map.entries.iter().map(|entry| &entry.expr), bound),
            Expr::Struct(made) => self.entries(made.entries.iter().map(|entry| &entry.expr), bound),
        }
    }

    fn entries<'a>(&mut self, entries: impl Iterator<Item = &'a EntryExpr>, bound: &mut Vec<String>) {
        for entry in entries {
            match entry {
                EntryExpr::StructField(field) => self.walk(&field.value, bound),
                EntryExpr::MapEntry(entry) => {
                    self.walk(&entry.key, bound);
                    self.walk(&entry.value, bound);
                }
            }
        }
    }

    /// Notes a name; false when a macro binds it.
    fn named(&mut self, name: &str, bound: &[String]) -> bool {
        let free = !name.starts_with('@') && !bound.iter().any(|known| known == name);
        if free {
            self.variables.insert(name.to_owned());
        }
        free
    }
}
