//! The broker on the raw wire: every request in every version, bytes that no client sends, faults, restarts.

mod faults;
mod hostile;
mod versions;
mod wire;
