//! One connection: what comes from the caller goes to the server, and back, until it ends, by itself or by a fault.

use std::{sync::atomic::Ordering, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, Interest},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::Mutex,
    time::sleep,
};

use super::{
    End, Fault, Shared,
    request::Head,
    state::{State, Way},
};

const BUFFER: usize = 64 << 10;
/// How often a caller that hangs is looked after.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The caller's side, which the proxy itself may have to answer.
type Caller<'a> = Mutex<WriteHalf<'a>>;

/// Serves a connection to its end.
pub(super) async fn serve(mut client: TcpStream, shared: &Shared) {
    let Ok(mut server) = TcpStream::connect(shared.upstream).await else {
        return end(shared, client, None, End::Reset, None).await;
    };
    for stream in [&client, &server] {
        let _ = stream.set_nodelay(true);
    }
    let state = State::new(&shared.corruptions);
    let way = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let caller = Mutex::new(to_client);
        let there = async {
            if shared.is_http {
                requests(shared, &state, from_client, to_server, &caller).await
            } else {
                bytes(shared, &state, from_client, to_server).await
            }
        };
        tokio::select! {
            way = there => way,
            way = answers(shared, &state, from_server, &caller) => way,
        }
    };
    let hangs = matches!(way, End::Hang | End::HalfOpen);
    shared
        .hanging
        .fetch_add(usize::from(hangs), Ordering::SeqCst);
    end(shared, client, Some(server), way, state.rule()).await;
    shared
        .hanging
        .fetch_sub(usize::from(hangs), Ordering::SeqCst);
}

/// Ends both sides of a connection.
async fn end(
    shared: &Shared,
    mut client: TcpStream,
    server: Option<TcpStream>,
    way: End,
    rule: Option<usize>,
) {
    match way {
        End::Reset => {
            for stream in std::iter::once(&client).chain(&server) {
                let _ = stream.set_zero_linger();
            }
        }
        End::Close => drop(client.shutdown().await),
        End::Hang => {
            // Nothing is read, so that the caller cannot go on sending; and his end shows only behind all that he sent.
            while shared.holds(rule) && !is_closed(&client).await {
                sleep(LOOK_EVERY).await;
            }
            swallow(client).await;
        }
        End::HalfOpen => {
            drop(server);
            swallow(client).await;
        }
    }
}

/// Takes whatever comes, to its end.
async fn swallow(mut client: TcpStream) {
    let mut taken = Vec::new();
    while read(&mut client.split().0, &mut taken).await.is_ok() {
        taken.clear();
    }
}

async fn is_closed(client: &TcpStream) -> bool {
    let ready = client.ready(Interest::READABLE).await;
    !ready.is_ok_and(|ready| !ready.is_read_closed())
}

/// From the caller to the server, request by request.
async fn requests(
    shared: &Shared,
    state: &State<'_>,
    mut client: ReadHalf<'_>,
    mut server: WriteHalf<'_>,
    caller: &Caller<'_>,
) -> End {
    let relayed = async {
        let mut ready = Vec::new();
        loop {
            let Some(head) = Head::read(&ready) else {
                read(&mut client, &mut ready).await?;
                continue;
            };
            state.begin(shared.fault_of(Some(&head)));
            let own_answer = match state.fault() {
                Some(Fault::Answer(status, body)) => Some((status, body)),
                Some(
                    Fault::Break(..)
                    | Fault::Slow(_)
                    | Fault::Hold(_)
                    | Fault::Corrupt
                    | Fault::Replace(..),
                )
                | None => None,
            };
            let is_read = own_answer.is_none() || !head.waits;
            let mut left = head.length + if is_read { head.body } else { 0 };
            while left > 0 {
                if ready.is_empty() {
                    read(&mut client, &mut ready).await?;
                }
                let length = ready.len().min(left);
                if own_answer.is_none() {
                    state
                        .pass(Way::There, &mut server, &ready[..length])
                        .await?;
                }
                ready.drain(..length);
                left -= length;
            }
            if let Some((status, body)) = own_answer {
                return Err::<(), _>(answer(caller, status, body).await);
            }
        }
    };
    relayed.await.err().unwrap_or(End::Close)
}

/// From the caller to the server, whatever it is.
async fn bytes(
    shared: &Shared,
    state: &State<'_>,
    mut client: ReadHalf<'_>,
    mut server: WriteHalf<'_>,
) -> End {
    let relayed = async {
        let mut ready = Vec::new();
        loop {
            read(&mut client, &mut ready).await?;
            state.look(shared);
            state.pass(Way::There, &mut server, &ready).await?;
            ready.clear();
        }
    };
    let ended: Result<(), End> = relayed.await;
    ended.err().unwrap_or(End::Close)
}

/// From the server to the caller.
async fn answers(
    shared: &Shared,
    state: &State<'_>,
    mut server: ReadHalf<'_>,
    caller: &Caller<'_>,
) -> End {
    let relayed = async {
        let mut ready = Vec::new();
        loop {
            read(&mut server, &mut ready).await?;
            if !shared.is_http {
                state.look(shared);
            }
            if let Some(Fault::Replace(status, body)) = state.fault() {
                return Err::<(), _>(answer(caller, status, body).await);
            }
            let mut caller = caller.lock().await;
            state.pass(Way::Back, &mut caller, &ready).await?;
            ready.clear();
        }
    };
    relayed.await.err().unwrap_or(End::Close)
}

/// Reads what is there behind what is `ready`. An end, however it comes, ends the connection.
async fn read(from: &mut ReadHalf<'_>, ready: &mut Vec<u8>) -> Result<(), End> {
    ready.reserve(BUFFER);
    match from.read_buf(ready).await {
        Ok(0) | Err(_) => Err(End::Close),
        Ok(_) => Ok(()),
    }
}

/// Answers in the server's place.
async fn answer(caller: &Caller<'_>, status: u16, body: &str) -> End {
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status} Fault\r\ncontent-type: application/xml\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    // The caller may have gone.
    let _ = caller.lock().await.write_all(text.as_bytes()).await;
    End::Close
}
