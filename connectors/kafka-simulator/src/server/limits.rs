//! What clients may take together. Nobody vouches for them, and each connection may cost memory before it is known to
//! be of use.

/// The limits of all connections.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Connections at once; what is beyond is closed. Each takes up to [`Self::SMALL`] for a request.
    pub(crate) connections: usize,
    /// Bytes of requests larger than [`Self::SMALL`] that are read or carried out at once; the others wait.
    pub(crate) large_requests: usize,
}

impl Limits {
    /// Requests up to this size never wait for others.
    pub(super) const SMALL: usize = 1 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        // Less than the 1,024 files that many systems grant; room for two of the largest requests.
        Self { connections: 900, large_requests: 256 << 20 }
    }
}
