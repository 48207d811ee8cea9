//! A TCP proxy between a service and what it stands on, which does on demand what networks and overloaded stores do: breaks
//! off, falls silent, slows down, and answers in the store's place.
//!
//! With [`FaultProxy::http`] it knows where a request of HTTP/1.1 begins, and faults hit single requests. With
//! [`FaultProxy::bytes`] it knows nothing of what passes, and faults hit connections.

mod connection;
mod request;
mod rule;
mod state;

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

use tokio::{
    net::TcpListener,
    sync::{Notify, oneshot},
    task::{LocalSet, spawn_local},
};

use self::request::Head;
pub use self::rule::{End, Fault, Place, Rule};

/// A running proxy; it ends when this is dropped, and its connections with it. It has a thread of its own, so that a test that
/// blocks does not hold it up.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    numbers: AtomicUsize,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What all connections of a proxy share.
#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    is_http: bool,
    rules: Mutex<Vec<(usize, Rule)>>,
    open: AtomicUsize,
    hanging: AtomicUsize,
    hits: AtomicUsize,
    corruptions: AtomicUsize,
    cut: Notify,
}

impl FaultProxy {
    /// A proxy in front of an HTTP/1.1 server.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn http(upstream: SocketAddr) -> Self {
        Self::start(upstream, true)
    }

    /// A proxy in front of a server of any protocol. A rule about single requests hits nothing here; one about all hits each
    /// connection once, those that are open as soon as something passes.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn bytes(upstream: SocketAddr) -> Self {
        Self::start(upstream, false)
    }

    fn start(upstream: SocketAddr, is_http: bool) -> Self {
        let shared = Arc::new(Shared {
            upstream,
            is_http,
            rules: Mutex::default(),
            open: AtomicUsize::new(0),
            hanging: AtomicUsize::new(0),
            hits: AtomicUsize::new(0),
            corruptions: AtomicUsize::new(0),
            cut: Notify::new(),
        });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let address = listener.local_addr().expect("it listens");
        let (stop, stopped) = oneshot::channel();
        let accepting = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = runtime.expect("a runtime can be made");
            let tasks = LocalSet::new();
            tasks.spawn_local(accept(listener, accepting));
            // Dropping the tasks closes what is open.
            let _ = tasks.block_on(&runtime, stopped);
        });
        Self {
            address,
            shared,
            numbers: AtomicUsize::new(0),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Where it listens: `127.0.0.1:port`.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// From now on this happens, besides what was asked for before. It has a number, to be lifted by.
    pub fn add(&self, rule: Rule) -> usize {
        let number = self.numbers.fetch_add(1, Ordering::SeqCst);
        self.rules().push((number, rule));
        number
    }

    /// From now on that rule hits nothing; how often it did. What broke stays broken, and what hangs hangs until its caller
    /// gives up, though he can send again.
    ///
    /// # Panics
    /// When there is no such rule.
    pub fn lift(&self, number: usize) -> usize {
        let mut rules = self.rules();
        let place = rules.iter().position(|(other, _)| *other == number);
        rules
            .remove(place.expect("it was added, and not lifted"))
            .1
            .hits
    }

    /// From now on all passes, as with [`FaultProxy::lift`].
    pub fn clear(&self) {
        self.rules().clear();
    }

    /// Ends all connections that are open, those that hang too.
    pub fn cut(&self) {
        self.shared.cut.notify_waiters();
    }

    /// How many connections hang: their callers have not given up.
    #[must_use]
    pub fn hanging(&self) -> usize {
        self.shared.hanging.load(Ordering::SeqCst)
    }

    /// How many connections its callers have open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// How many bits were turned, from the beginning.
    #[must_use]
    pub fn corruptions(&self) -> usize {
        self.shared.corruptions.load(Ordering::SeqCst)
    }

    /// How often a rule hit, from the beginning.
    #[must_use]
    pub fn hits(&self) -> usize {
        self.shared.hits.load(Ordering::SeqCst)
    }

    fn rules(&self) -> MutexGuard<'_, Vec<(usize, Rule)>> {
        self.shared
            .rules
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// Whether this rule holds still.
    fn holds(&self, rule: Option<usize>) -> bool {
        let rules = self.rules.lock();
        let rules = rules.unwrap_or_else(PoisonError::into_inner);
        rules.iter().any(|(number, _)| Some(*number) == rule)
    }

    fn has_no_rule(&self) -> bool {
        let rules = self.rules.lock();
        rules.unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// What is to happen to this request, or to a connection where nothing is known of requests.
    fn fault_of(&self, head: Option<&Head>) -> Option<(usize, Fault)> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = rules
            .iter_mut()
            .find_map(|(number, rule)| Some((*number, rule.hit(head)?)))?;
        self.hits.fetch_add(1, Ordering::SeqCst);
        Some(fault)
    }
}

async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>) {
    listener
        .set_nonblocking(true)
        .expect("a socket can be set so");
    let listener = TcpListener::from_std(listener).expect("it is not blocking");
    while let Ok((client, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        shared.open.fetch_add(1, Ordering::SeqCst);
        spawn_local(async move {
            tokio::select! {
                () = connection::serve(client, &shared) => {}
                () = shared.cut.notified() => {}
            }
            shared.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}
