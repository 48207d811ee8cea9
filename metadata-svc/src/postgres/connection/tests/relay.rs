//! A relay before a server, which keeps what the client sent.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

#[derive(Clone)]
pub(super) struct Relay {
    port: u16,
    sent: Arc<Mutex<Vec<u8>>>,
    more: Arc<Notify>,
}

impl Relay {
    /// Relays to a server on 127.0.0.1, for as long as the test runs.
    pub(super) async fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let port = listener.local_addr().expect("it listens").port();
        let relay = Self {
            port,
            sent: Arc::default(),
            more: Arc::default(),
        };
        let keeper = relay.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", server))
                    .await
                    .expect("the server is there");
                tokio::spawn(keeper.clone().relay(client, server));
            }
        });
        relay
    }

    /// A URL of the server's as one of the relay's.
    pub(super) fn url(&self, url: &str, server: u16) -> String {
        url.replace(&format!(":{server}/"), &format!(":{}/", self.port))
    }

    /// Resolves when the client has sent all of `texts`.
    pub(super) async fn seen(&self, texts: &[&str]) {
        loop {
            let more = self.more.notified();
            let sent =
                String::from_utf8_lossy(&self.sent.lock().expect("nobody panicked")).into_owned();
            if texts.iter().all(|text| sent.contains(text)) {
                return;
            }
            more.await;
        }
    }

    async fn relay(self, client: TcpStream, server: TcpStream) {
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
        let mut buffer = vec![0; 8192];
        while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
            self.sent
                .lock()
                .expect("nobody panicked")
                .extend_from_slice(&buffer[..length]);
            self.more.notify_one();
            if to_server.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    }
}
