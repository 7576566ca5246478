//! Why a simulated org cannot start or keep its data.

use std::path::PathBuf;

/// A simulated org cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulatorError {
    /// The port is taken or may not be bound.
    #[error("the sandbox org cannot listen on 127.0.0.1:{port}; choose another port")]
    Listen {
        /// The port asked for; 0 means any.
        port: u16,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The data file cannot be read or written.
    #[error("the sandbox org's data file {} cannot be used", path.display())]
    Data {
        /// The data file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// Another org is running on the data file.
    #[error("the sandbox org's data file {} is in use by another sandbox org; stop that one or choose another file", path.display())]
    InUse {
        /// The data file.
        path: PathBuf,
    },
    /// The data file holds something that the simulator did not write.
    #[error("the sandbox org's data file {} is damaged in line {line}: {reason}; put a copy of it in its place, or move it away to start with an empty org", path.display())]
    Damaged {
        /// The data file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The data file holds records that the objects of the user have no place for.
    #[error("the sandbox org's data file {} does not fit its objects in line {line}: {reason}; change the objects file back, or take another data file", path.display())]
    Misfit {
        /// The data file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What does not fit.
        reason: String,
    },
    /// The objects file does not describe custom fields of known objects.
    #[error("the sandbox org's objects file is wrong: {0}")]
    Objects(String),
    /// The records that a new org is to hold are refused by its own rules.
    #[error(
        "the sandbox org cannot be filled: {0}; objects of your own may require fields that sample records lack"
    )]
    Sample(String),
    /// The certificate that clients trust, or its key, cannot be read or written.
    #[error("the sandbox org's certificate file {} cannot be used", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The certificates for TLS cannot be made.
    #[error("the sandbox org's certificates cannot be made: {0}")]
    Tls(String),
    /// The private key cannot be made or written.
    #[error("the sandbox org's private key cannot be made: {0}")]
    Key(String),
}
