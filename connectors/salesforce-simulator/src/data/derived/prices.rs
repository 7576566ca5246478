//! What price book entries and the lines of a deal take from their product, and what a line costs.

use super::derivation::Draft;
use crate::data::value::Value;

/// What entries and lines take from their product.
pub(super) const OF_PRODUCT: [&str; 2] = ["Name", "ProductCode"];

/// An entry is called as its product.
pub(super) fn entry(draft: &mut Draft<'_>) {
    for field in OF_PRODUCT {
        let value = draft.parent("Product2Id", field);
        draft.set(field, value);
    }
}

/// A line takes product and list price from its entry, once, and is called as its deal and its product.
pub(super) fn line_item(draft: &mut Draft<'_>) {
    if draft.before.is_none() && draft.given("PricebookEntryId") {
        let (product, list) =
            (draft.parent("PricebookEntryId", "Product2Id"), draft.parent("PricebookEntryId", "UnitPrice"));
        draft.set("Product2Id", product);
        draft.set("ListPrice", list.clone());
        if !draft.given("UnitPrice") && !draft.given("TotalPrice") {
            draft.set("UnitPrice", list);
        }
    }
    let code = draft.parent("Product2Id", "ProductCode");
    draft.set("ProductCode", code);
    let (deal, product) = (draft.parent("OpportunityId", "Name"), draft.parent("Product2Id", "Name"));
    let names: Vec<&str> = [&deal, &product].into_iter().filter_map(Value::as_text).collect();
    let name = if names.is_empty() { Value::Null } else { Value::text(names.join(" ")) };
    draft.set("Name", name);
    total(draft);
}

/// The total is quantity times price less the discount; where only the total is given, the price follows from it.
fn total(draft: &mut Draft<'_>) {
    let priced = ["Quantity", "UnitPrice", "Discount", "TotalPrice"];
    if !priced.iter().any(|field| draft.changed(field)) {
        return;
    }
    let share = 1.0 - draft.number("Discount").unwrap_or(0.0) / 100.0;
    let Some(quantity) = draft.number("Quantity") else { return };
    let whole = quantity * share;
    if draft.given("TotalPrice") && !draft.given("UnitPrice") && whole != 0.0 {
        let price = draft.number("TotalPrice").map(|total| total / whole);
        draft.set_number("UnitPrice", price);
    } else {
        let total = draft.number("UnitPrice").map(|price| price * whole);
        draft.set_number("TotalPrice", total);
    }
}
