//! A client that sends single requests.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable as _, Encodable as _, HeaderVersion as _, Request, StrBytes};
use orgstream_kafka_simulator::Broker;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Nothing takes so long but what hangs.
const HANGS: Duration = Duration::from_mins(1);

/// One connection.
pub(crate) struct Client {
    socket: TcpStream,
    next_id: i32,
}

impl Client {
    pub(crate) async fn connect(broker: &Broker) -> Self {
        Self { socket: TcpStream::connect(broker.bootstrap_servers()).await.unwrap(), next_id: 1 }
    }

    /// Asks and waits for the answer.
    pub(crate) async fn call<R: Request>(&mut self, version: i16, request: &R) -> R::Response {
        self.try_call(version, request).await.unwrap()
    }

    /// As [`Self::call`], where the connection may end.
    pub(crate) async fn try_call<R: Request>(
        &mut self,
        version: i16,
        request: &R,
    ) -> io::Result<R::Response> {
        let id = self.send(version, request).await?;
        let (answered, response) = self.receive::<R>(version).await?;
        assert_eq!(answered, id);
        Ok(response)
    }

    /// Asks; answers the correlation id.
    pub(crate) async fn send<R: Request>(&mut self, version: i16, request: &R) -> io::Result<i32> {
        let id = self.next_id;
        self.next_id += 1;
        self.socket.write_all(&frame(id, version, request)).await?;
        Ok(id)
    }

    /// The next answer.
    pub(crate) async fn receive<R: Request>(&mut self, version: i16) -> io::Result<(i32, R::Response)> {
        let mut body = self.receive_bytes().await?;
        let header = ResponseHeader::decode(&mut body, R::Response::header_version(version)).unwrap();
        let response = R::Response::decode(&mut body, version).unwrap();
        assert!(body.is_empty(), "the answer has more than it should");
        Ok((header.correlation_id, response))
    }

    /// Sends bytes as they are.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes).await
    }

    /// The next frame without its length.
    pub(crate) async fn receive_bytes(&mut self) -> io::Result<Bytes> {
        let read = async {
            let length = usize::try_from(self.socket.read_i32().await?).unwrap();
            let mut body = BytesMut::zeroed(length);
            self.socket.read_exact(&mut body).await?;
            Ok(body.freeze())
        };
        tokio::time::timeout(HANGS, read).await.expect("the broker neither answers nor closes the connection")
    }

    /// Says that nothing more comes, and waits until the broker has closed the connection.
    pub(crate) async fn is_closed(&mut self) -> bool {
        // Whether the broker was faster is all the same.
        self.socket.shutdown().await.ok();
        self.receive_bytes().await.is_err()
    }

    /// Says that nothing more comes, and takes answers until the broker has closed the connection.
    pub(crate) async fn drain(&mut self) {
        self.socket.shutdown().await.ok();
        while self.receive_bytes().await.is_ok() {}
    }
}

/// A request as bytes.
pub(crate) fn frame<R: Request>(correlation_id: i32, version: i16, request: &R) -> BytesMut {
    let mut frame = BytesMut::zeroed(4);
    RequestHeader::default()
        .with_request_api_key(R::KEY)
        .with_request_api_version(version)
        .with_correlation_id(correlation_id)
        .with_client_id(Some(StrBytes::from_static_str("wire")))
        .encode(&mut frame, R::header_version(version))
        .unwrap();
    request.encode(&mut frame, version).unwrap();
    let length = u32::try_from(frame.len() - 4).unwrap();
    frame[..4].copy_from_slice(&length.to_be_bytes());
    frame
}
