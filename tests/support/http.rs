//! Plain HTTP/1.1, as a probe speaks it.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status, such as 200.
    pub status: u16,
    /// The lines before the body, in lower case.
    pub head: String,
    /// The body.
    pub body: String,
}

/// Sends one request, and reads its answer to the end of the connection.
///
/// # Panics
/// When nobody answers, or not in HTTP.
pub async fn ask(address: SocketAddr, method: &str, path: &str) -> Answer {
    let mut stream = TcpStream::connect(address)
        .await
        .unwrap_or_else(|error| panic!("nobody listens on {address}: {error}"));
    let request = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let mut answer = String::new();
    let asked = async {
        stream.write_all(request.as_bytes()).await?;
        stream.read_to_string(&mut answer).await
    };
    asked.await.expect("an answer of UTF-8");
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("not HTTP: {answer:?}"));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Answer {
        status: status.unwrap_or_else(|| panic!("no status: {head:?}")),
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    }
}
