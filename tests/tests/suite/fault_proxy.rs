//! The proxy that the suites about faults stand on does what they ask of it, shown on a server that answers every request with
//! its body.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tests::{
    curl::{Answer, curl},
    fault_proxy::{End, Fault, FaultProxy, Place, Rule},
};

/// How long nothing must come to count as silence.
const SILENCE: Duration = Duration::from_millis(300);
/// How long anything else may take; far above what it takes.
const LIMIT: Duration = Duration::from_secs(60);
/// The head of each answer.
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 00100000\r\n\r\n";
static BODY: [u8; 100_000] = [b'x'; 100_000];

/// A server that counts its requests, and its connections that were ended.
struct Echo {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
}

impl Echo {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let address = listener.local_addr().expect("it listens");
        let (requests, ended) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let (asked, gone) = (Arc::clone(&requests), Arc::clone(&ended));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (asked, gone) = (Arc::clone(&asked), Arc::clone(&gone));
                thread::spawn(move || {
                    while answer(&stream, &asked).is_ok() {}
                    gone.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        Self {
            address,
            requests,
            ended,
        }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Reads a request with a body of [`BODY`]'s length, and sends it back.
fn answer(mut stream: &TcpStream, asked: &AtomicUsize) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let mut body = BODY;
    stream.read_exact(&mut body)?;
    asked.fetch_add(1, Ordering::SeqCst);
    stream.write_all(OK.as_bytes())?;
    stream.write_all(&body)
}

/// Sends a request by hand, and what comes back of it until the end, or until nothing comes any more.
fn raw(address: &str) -> (Vec<u8>, Option<ErrorKind>, TcpStream) {
    let mut stream = TcpStream::connect(address).expect("the proxy listens");
    stream
        .set_read_timeout(Some(SILENCE))
        .expect("a timeout can be set");
    let length = BODY.len();
    let sent = write!(
        stream,
        "PUT /a HTTP/1.1\r\ncontent-length: {length}\r\n\r\n"
    );
    let sent = sent.and_then(|()| stream.write_all(&BODY));
    let mut found = Vec::new();
    let ended = sent.and_then(|()| stream.read_to_end(&mut found));
    (found, ended.err().map(|error| error.kind()), stream)
}

fn put(proxy: &FaultProxy, path: &str, arguments: &[&str]) -> Answer {
    let url = format!("http://{}{path}", proxy.address());
    let all = [&["-X", "PUT", "--data-binary", "@input"], arguments].concat();
    curl(&url, &all, &BODY)
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn broken(end: End, place: Place) -> Fault {
    Fault::Break(end, place)
}

#[test]
fn without_a_rule_all_passes() {
    for make in [FaultProxy::http, FaultProxy::bytes] {
        let echo = Echo::start();
        let proxy = make(echo.address);
        let answer = put(&proxy, "/a", &["-H", "expect:"]);
        assert_eq!((answer.status, answer.body == BODY), (200, true));
        assert_eq!((proxy.hits(), echo.requests()), (0, 1));
        until("the connection ends with its caller", || proxy.open() == 0);
    }
}

#[test]
fn an_answer_ends_after_as_many_bytes_as_asked_for_and_as_asked_for() {
    // A reset may overtake bytes that were sent before it: nothing is said of how many arrive.
    let ends = [
        (End::Reset, Some(ErrorKind::ConnectionReset)),
        (End::Close, None),
        (End::Hang, Some(ErrorKind::WouldBlock)),
        (End::HalfOpen, Some(ErrorKind::WouldBlock)),
    ];
    for make in [FaultProxy::http, FaultProxy::bytes] {
        for (end, seen) in ends {
            let echo = Echo::start();
            let proxy = make(echo.address);
            for place in [0, 10, 50_000] {
                let whole = [OK.as_bytes(), &BODY].concat();
                proxy.clear();
                proxy.add(Rule::all(broken(end, Place::Answer(place))));
                let (found, error, stream) = raw(&proxy.address());
                assert_eq!(error, seen, "{end:?} after {place}");
                assert!(whole.starts_with(&found) && found.len() <= place);
                assert!(
                    end == End::Reset || found.len() == place,
                    "{end:?} after {place}"
                );
                if matches!(end, End::Hang | End::HalfOpen) {
                    assert_eq!(proxy.hanging(), 1, "{end:?} after {place}");
                }
                drop(stream);
                until("what hung ends with its caller", || proxy.open() == 0);
            }
            assert_eq!((proxy.hits(), echo.requests()), (3, 3));
        }
    }
}

#[test]
fn a_request_that_is_cut_arrives_cut() {
    for end in [End::Reset, End::Close, End::HalfOpen] {
        let echo = Echo::start();
        let proxy = FaultProxy::http(echo.address);
        for (n, place) in [0, 10, 50_000].into_iter().enumerate() {
            proxy.clear();
            proxy.add(Rule::all(broken(end, Place::Request(place))));
            let (found, ..) = raw(&proxy.address());
            assert!(found.is_empty());
            until("the server learns of it", || {
                echo.ended.load(Ordering::SeqCst) == n + 1
            });
        }
        assert_eq!(echo.requests(), 0);
    }
}

#[test]
fn a_slow_connection_gives_all_in_its_time() {
    let echo = Echo::start();
    let proxy = FaultProxy::http(echo.address);
    proxy.add(Rule::all(Fault::Slow(BODY.len())));
    let begin = Instant::now();
    let answer = put(&proxy, "/a", &["-H", "expect:"]);
    assert_eq!((answer.status, answer.body == BODY), (200, true));
    assert!(
        begin.elapsed() > Duration::from_secs(1),
        "there and back are a second each"
    );
}

#[test]
fn the_proxy_answers_in_the_servers_place_also_callers_that_wait_for_a_word() {
    for expect in ["expect:", "expect: 100-continue"] {
        let echo = Echo::start();
        let proxy = FaultProxy::http(echo.address);
        proxy.add(Rule::all(Fault::Answer(
            503,
            "<Error><Code>SlowDown</Code></Error>",
        )));
        let answer = put(&proxy, "/a", &["-H", expect]);
        assert_eq!((answer.status, echo.requests()), (503, 0));
        assert_eq!(answer.body, b"<Error><Code>SlowDown</Code></Error>");
        proxy.clear();
        proxy.add(Rule::all(Fault::Replace(200, "")));
        let answer = put(&proxy, "/a", &["-H", "expect:"]);
        assert_eq!((answer.status, answer.body.len()), (200, 0));
        until("the server hears of it", || echo.requests() == 1);
    }
}

#[test]
fn a_rule_hits_the_requests_that_it_means_as_often_as_it_says() {
    let echo = Echo::start();
    let proxy = FaultProxy::http(echo.address);
    let busy = Fault::Answer(503, "");
    proxy.add(Rule::on("PUT", "uploadId=", busy).times(2));
    proxy.add(Rule::on("POST", "/a", busy));
    let third = proxy.add(Rule::on("PUT", "/third", busy).one_in(3));
    let paths = [
        "/a",
        "/a?uploadId=1",
        "/b?uploadId=2",
        "/a?uploadId=3",
        "/third",
        "/third",
        "/third",
        "/third",
    ];
    let found = paths.map(|path| put(&proxy, path, &["-H", "expect:"]).status);
    assert_eq!(found, [200, 503, 503, 200, 200, 200, 503, 200]);
    assert_eq!((proxy.hits(), echo.requests()), (3, 5));
    assert_eq!(proxy.lift(third), 1);
}

#[test]
fn many_requests_on_one_connection_are_told_apart() {
    let echo = Echo::start();
    let proxy = FaultProxy::http(echo.address);
    proxy.add(Rule::on("PUT", "/b", broken(End::Close, Place::Answer(10))));
    let mut stream = TcpStream::connect(proxy.address()).expect("the proxy listens");
    for path in ["/a", "/a", "/b"] {
        let length = BODY.len();
        write!(
            stream,
            "PUT {path} HTTP/1.1\r\nContent-Length: {length}\r\n\r\n"
        )
        .expect("it is open");
        stream.write_all(&BODY).expect("it is open");
        let mut answer = vec![
            0;
            if path == "/a" {
                OK.len() + BODY.len()
            } else {
                10
            }
        ];
        stream.read_exact(&mut answer).expect("it is answered");
    }
    assert_eq!(stream.read(&mut [0]).expect("it is closed in order"), 0);
    let _ = stream.shutdown(Shutdown::Both);
}
