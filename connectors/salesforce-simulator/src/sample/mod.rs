//! Realistic data for a new org: accounts in a hierarchy, contacts that refer to them and to each other, leads, and
//! the campaigns, opportunities, cases and tasks that they are part of.
//! The same number gives the same records every time, but for their ids and stamps.
//!
//! # Layout, in reading order
//!
//! - `fill`: so many records, into an org
//! - `people`: one account, contact or lead
//! - `sales`: one campaign, member, opportunity, case or task
//! - `words`: what they are made of

mod fill;
pub(crate) use fill::fill;

mod people;

mod sales;

mod words;
