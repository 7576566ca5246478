//! Placeholder. (lead: lib.rs is yours again)
