//! The source against a simulated org, over real HTTP.
