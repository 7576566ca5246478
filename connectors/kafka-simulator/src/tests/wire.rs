//! A client that sends what it is told and believes nothing.

use std::io;

use bytes::{Buf as _, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Broker;

/// One connection.
pub(super) struct Wire {
    socket: TcpStream,
    correlation_id: i32,
}

impl Wire {
    pub(super) async fn connect(broker: &Broker) -> Self {
        let socket = TcpStream::connect(broker.bootstrap_servers()).await.unwrap();
        Self { socket, correlation_id: 0 }
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn call<A: Decodable>(
        &mut self,
        api: ApiKey,
        version: i16,
        request: &impl Encodable,
    ) -> io::Result<A> {
        self.send(&frame(api, version, self.correlation_id, request)).await?;
        let mut answer = self.receive().await?;
        let header = ResponseHeader::decode(&mut answer, api.response_header_version(version)).unwrap();
        assert_eq!(header.correlation_id, self.correlation_id);
        self.correlation_id += 1;
        let decoded = A::decode(&mut answer, version).unwrap();
        assert!(answer.is_empty(), "{api:?} v{version}: {} bytes too many", answer.len());
        Ok(decoded)
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes).await
    }

    /// A frame without its length.
    pub(super) async fn receive(&mut self) -> io::Result<Bytes> {
        let length = usize::try_from(self.socket.read_i32().await?).unwrap();
        let mut frame = vec![0; length];
        self.socket.read_exact(&mut frame).await?;
        Ok(frame.into())
    }

    /// Whether the broker has closed the connection, having said nothing more.
    pub(super) async fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        match self.socket.read_to_end(&mut rest).await {
            Ok(_) => rest.is_empty(),
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }

    /// Says that nothing more comes.
    pub(super) async fn finish(&mut self) {
        self.socket.shutdown().await.ok();
    }
}

/// A whole request.
pub(super) fn frame(api: ApiKey, version: i16, correlation_id: i32, request: &impl Encodable) -> Bytes {
    let mut frame = BytesMut::new();
    frame.extend_from_slice(&[0; 4]);
    RequestHeader::default()
        .with_request_api_key(api as i16)
        .with_request_api_version(version)
        .with_correlation_id(correlation_id)
        .with_client_id(Some(StrBytes::from_static_str("wire")))
        .encode(&mut frame, api.request_header_version(version))
        .unwrap();
    request.encode(&mut frame, version).unwrap();
    let length = i32::try_from(frame.len() - 4).unwrap();
    frame[..4].copy_from_slice(&length.to_be_bytes());
    frame.freeze()
}

/// A batch of one record with this value, as a producer sends it.
pub(super) fn batch(value: &[u8]) -> Bytes {
    use kafka_protocol::records::{
        Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
    };
    let record = Record {
        transactional: false,
        control: false,
        partition_leader_epoch: 0,
        producer_id: -1,
        producer_epoch: -1,
        timestamp_type: TimestampType::Creation,
        offset: 0,
        sequence: -1,
        timestamp: 1_700_000_000_000,
        key: Some(Bytes::from_static(b"k")),
        value: Some(Bytes::copy_from_slice(value)),
        delete_horizon: false,
        headers: Default::default(),
    };
    let mut bytes = BytesMut::new();
    let options = RecordEncodeOptions { version: 2, compression: Compression::None };
    RecordBatchEncoder::encode(&mut bytes, [&record], &options).unwrap();
    bytes.copy_to_bytes(bytes.remaining())
}
