//! Postgres goes away under load and comes back: every call meanwhile is told in time to come back, calls are served again at
//! once, and nothing that was acknowledged is lost or there twice.

mod caller;
mod load;

use std::{
    fs,
    time::{Duration, Instant},
};

use tests::{PgBouncer, Postgres, Service, command::stdout};
use tokio::time::sleep;
use tonic::Code;

use self::{
    caller::{Call, Caller},
    load::{Counts, Load},
};

/// How long Postgres is away: longer than a caller would wait for a connection, and than the deadline of a call that begins then.
const OUTAGE: Duration = Duration::from_secs(4);
/// How soon after Postgres' return calls must succeed: the order that this service was built by says so. It is a bound on
/// calls that begin later, so a slow machine makes the test longer and not red.
const RETURN_LIMIT: Duration = Duration::from_secs(2);
/// How long Postgres may take to stop; meanwhile some calls are refused already.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// How long anything may take to happen; far above what it takes.
const LIMIT: Duration = Duration::from_secs(60);
/// What the service's memory may grow by during an outage; what each call leaves behind would be more.
const MAX_GROWTH_KIB: u64 = 48 << 10;
/// The pool's size in `metadata-svc`.
const MAX_CONNECTIONS: usize = 16;

/// A database, a service on it, and callers who never stop.
struct World {
    server: Postgres,
    service: Service,
    load: Load,
}

/// What happened to Postgres, and when.
struct Outage {
    /// Whether it kept its connections, and answered nobody.
    is_silent: bool,
    gone: Instant,
    returning: Instant,
    back: Instant,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_session_mode_postgres_stopped_and_started_under_load_costs_nobody_an_acknowledged_write()
 {
    let server = Postgres::start();
    let url = server.database("outage");
    let world = World::start(server, &url, &url, "session").await;
    world.loses_nothing_over_an_outage().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_transaction_mode_postgres_stopped_and_started_under_load_costs_nobody_an_acknowledged_write()
 {
    let server = Postgres::start();
    let url = server.database("outage");
    let bouncer = PgBouncer::start(&server, 2);
    let world = World::start(server, &url, &bouncer.url("outage"), "transaction").await;
    world.loses_nothing_over_an_outage().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_accepts_and_never_answers_holds_no_call_beyond_its_deadline_and_is_served_again()
 {
    let server = Postgres::start();
    let url = server.database("outage");
    let world = World::start(server, &url, &url, "session").await;
    world.load.wait_for(|counts| counts.answered > 4).await;
    let before = memory_kib(&world.service);

    world.load.tell(true);
    world.load.wait_for_more(Counts::ended, 1).await;
    world.server.freeze();
    let gone = Instant::now();
    sleep(OUTAGE).await;
    world.load.wait_for_more(|counts| counts.refused, 2).await;
    let grown = memory_kib(&world.service).saturating_sub(before);
    let returning = Instant::now();
    world.server.thaw();
    let back = Instant::now();
    world.load.tell(false);
    let outage = Outage {
        is_silent: true,
        gone,
        returning,
        back,
    };
    assert!(grown < MAX_GROWTH_KIB, "grew by {grown} KiB");
    world.end(&outage).await;
}

impl World {
    async fn start(server: Postgres, direct: &str, url: &str, pool_mode: &str) -> Self {
        let mut upgrade = tests::command::metadata_svc();
        stdout(upgrade.env("DATABASE_URL", direct).args(["db", "upgrade"]));
        let settings = [
            ("STORAGE_MODE", "sql".to_owned()),
            ("DATABASE_URL", url.to_owned()),
            ("DATABASE_POOL_MODE", pool_mode.to_owned()),
            ("LOG_LEVEL", "warn".to_owned()),
        ];
        let service = Service::start("metadata-svc", &settings).await;
        let load = Load::start(&service);
        Self {
            server,
            service,
            load,
        }
    }

    async fn loses_nothing_over_an_outage(mut self) {
        self.load.wait_for(|counts| counts.answered > 4).await;
        let (before, process) = (memory_kib(&self.service), self.service.pid());
        self.load.tell(true);
        self.load.wait_for_more(Counts::ended, 1).await;
        self.server.stop();
        let gone = Instant::now();
        sleep(OUTAGE).await;
        self.load.wait_for_more(|counts| counts.refused, 3).await;
        let grown = memory_kib(&self.service).saturating_sub(before);
        let returning = Instant::now();
        self.server.restart();
        let back = Instant::now();
        self.load.tell(false);
        let outage = Outage {
            is_silent: false,
            gone,
            returning,
            back,
        };
        assert!(grown < MAX_GROWTH_KIB, "grew by {grown} KiB");
        assert_eq!(self.service.pid(), process, "the service was not restarted");
        self.end(&outage).await;
    }

    /// Lets the callers go on until well after the return, and judges what they saw.
    async fn end(self, outage: &Outage) {
        sleep((outage.back + RETURN_LIMIT).saturating_duration_since(Instant::now())).await;
        self.load.wait_for_more(|counts| counts.answered, 4).await;
        let connections = self.server.ask(
            "outage",
            "select count(*) from pg_stat_activity where application_name = 'metadata-svc'",
        );
        let connections: usize = connections.parse().expect("a count");
        assert!(connections <= MAX_CONNECTIONS, "{connections} connections");
        let callers = self.load.stop().await;
        let all = callers.iter().flat_map(|caller| &caller.calls);
        let bad: Vec<_> = all.filter(|call| !is_fine(call, outage)).collect();
        assert!(bad.is_empty(), "{} calls, {bad:#?}", bad.len());
        report(&callers, outage);
        for caller in &callers {
            assert_eq!(
                caller.kept().await,
                caller.acknowledged,
                "all once, in order"
            );
        }
    }
}

/// Whether a call ended as it must: in time, and refused only while Postgres was away, or for up to two seconds after.
fn is_fine(call: &Call, outage: &Outage) -> bool {
    let in_time = call.end - call.begin <= call.deadline;
    let hung = !outage.is_silent && call.begin < outage.gone && call.end > outage.returning;
    let is_right = match &call.outcome {
        Ok(()) => call.begin < outage.gone || call.end > outage.returning,
        Err(status) => {
            *status == (Code::Unavailable, true)
                && call.end > outage.gone - STOP_LIMIT
                && call.begin < outage.back + RETURN_LIMIT
        }
    };
    in_time && !hung && is_right
}

/// Tells the times, for people.
fn report(callers: &[Caller], outage: &Outage) {
    let calls = || callers.iter().flat_map(|caller| &caller.calls);
    let refused = calls().filter(|call| call.outcome.is_err());
    let longest = refused.clone().map(|call| call.end - call.begin).max();
    let answered = calls().filter(|call| call.outcome.is_ok() && call.end > outage.back);
    let first = answered.map(|call| call.end - outage.back).min();
    let last = refused
        .clone()
        .map(|call| call.end.saturating_duration_since(outage.back))
        .max();
    eprintln!(
        "{} calls, {} refused, the longest of them {longest:?}; first answer {first:?}, last refusal {last:?} after the return",
        calls().count(),
        refused.count(),
    );
}

/// What of the service lies in memory.
fn memory_kib(service: &Service) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", service.pid()));
    let status = status.expect("the service runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    kib.and_then(|kib| kib.parse().ok()).expect("a size in KiB")
}
