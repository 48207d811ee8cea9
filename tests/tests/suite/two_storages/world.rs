//! Both storages side by side, and what goes wrong with them.

use std::{collections::HashMap, time::Duration};

use tests::{PgBouncer, Postgres, Service, command::stdout};
use tokio::time::{Instant, sleep};

use super::{
    Failure,
    ask::Ask,
    script::{Deed, Fault, Step},
    side::{Side, Told},
};

/// How long Postgres may take to make what was written searchable: it promises two seconds, and machines are slow.
const INDEX_LIMIT: Duration = Duration::from_secs(30);
const ASK_EVERY: Duration = Duration::from_millis(50);

pub(super) struct World {
    kv: Service,
    /// Directly in session mode, and through a transaction pooler.
    sql: [Service; 2],
    server: Postgres,
    _bouncer: PgBouncer,
}

/// What a call with a request id was answered: the call, and the answers of both storages.
type Answered = HashMap<String, (Ask, [Vec<Vec<u8>>; 2])>;

impl World {
    pub(super) async fn start() -> Self {
        let server = Postgres::start();
        let direct = server.database("two");
        let bouncer = PgBouncer::start(&server, 4);
        let mut upgrade = tests::command::metadata_svc();
        stdout(upgrade.env("DATABASE_URL", &direct).args(["db", "upgrade"]));
        let sql = |url: String, pool_mode: &str| {
            let settings = [
                ("STORAGE_MODE", "sql".to_owned()),
                ("DATABASE_URL", url),
                ("DATABASE_POOL_MODE", pool_mode.to_owned()),
                ("LOG_LEVEL", "warn".to_owned()),
            ];
            async move { Service::start("metadata-svc", &settings).await }
        };
        let quiet = ("LOG_LEVEL", "warn".to_owned());
        Self {
            kv: Service::start("metadata-svc", &[("STORAGE_MODE", "kv".to_owned()), quiet]).await,
            sql: [
                sql(direct, "session").await,
                sql(bouncer.url("two"), "transaction").await,
            ],
            server,
            _bouncer: bouncer,
        }
    }

    /// Plays a script on both, beginning with nothing to be removed.
    pub(super) async fn play(&mut self, script: &[Step]) -> Result<(), Failure> {
        let sides = [Side::of([&self.kv]), Side::of(&self.sql)];
        for side in &sides {
            side.ack_all().await;
        }
        let mut answered = Answered::new();
        for (at, step) in script.iter().enumerate() {
            let told = self.take(&sides, step).await;
            let judged = judge(&sides[1], step, told, &mut answered).await;
            judged.map_err(|why| Failure { at, why })?;
        }
        Ok(())
    }

    /// Takes a step on both at once, whatever goes wrong meanwhile.
    async fn take(&mut self, sides: &[Side; 2], step: &Step) -> [Told; 2] {
        let doing = sides.clone().map(|side| {
            let (deed, service) = (step.deed.clone(), step.service);
            tokio::spawn(async move { side.do_it(service, deed).await })
        });
        if let Some((fault, after)) = step.fault {
            sleep(Duration::from_millis(after)).await;
            self.strike(fault).await;
        }
        let [kv, sql] = doing;
        [kv.await, sql.await].map(|told| told.expect("it comes to an end"))
    }

    async fn strike(&mut self, fault: Fault) {
        match fault {
            Fault::KillKv => {
                self.kv.kill_9();
                self.kv.restart().await;
            }
            Fault::KillSql(service) => {
                self.sql[service].kill_9();
                self.sql[service].restart().await;
            }
            Fault::CrashPostgres => {
                self.server.stop();
                self.server.restart();
            }
            Fault::CutConnections => self.server.psql(
                "two",
                "select pg_terminate_backend(pid) from pg_stat_activity \
                 where datname = 'two' and pid <> pg_backend_pid()",
            ),
        }
    }
}

/// Judges what both said to a step.
async fn judge(
    sql: &Side,
    step: &Step,
    [kv, mut from_sql]: [Told; 2],
    answered: &mut Answered,
) -> Result<(), String> {
    let is_search = step
        .deed
        .calls("/chatstore.metadata.v1.ChatService/SearchMessages");
    let deadline = Instant::now() + INDEX_LIMIT;
    while is_search && from_sql.text != kv.text && Instant::now() < deadline {
        sleep(ASK_EVERY).await;
        from_sql = sql.do_it(step.service, step.deed.clone()).await;
    }
    // How many an ack struck out is known of the first attempt alone.
    let counts = matches!(step.deed, Deed::Ack(_)) && (kv.repeated || from_sql.repeated);
    if kv.text != from_sql.text && !counts {
        let difference = difference(&kv.text, &from_sql.text);
        return Err(format!("{:?}\n{difference}", step.deed));
    }
    let (Deed::Call(ask) | Deed::Again(ask)) = &step.deed else {
        return Ok(());
    };
    let (Some(kv), Some(from_sql)) = (kv.answers, from_sql.answers) else {
        return Ok(());
    };
    remember(answered, ask, [kv, from_sql])
}

/// A repeated call is answered as it was the first time, word for word (P7).
fn remember(answered: &mut Answered, ask: &Ask, now: [Vec<Vec<u8>>; 2]) -> Result<(), String> {
    let mut named = ask.clone();
    let Some(id) = named.request_id().filter(|id| !id.is_empty()) else {
        return Ok(());
    };
    let (of, first) = answered
        .entry(id.clone())
        .or_insert_with(|| (ask.clone(), now.clone()));
    if of != ask {
        return Err(format!("{of:?} was answered, and by the same id {ask:?}"));
    }
    for (storage, (first, now)) in ["kv", "sql"].iter().zip(first.iter().zip(&now)) {
        if first != now {
            let (first, now) = (ask.levelled(first).0, ask.levelled(now).0);
            let difference = difference(&first, &now);
            return Err(format!(
                "{storage} answers {ask:?} otherwise than before\n{difference}"
            ));
        }
    }
    Ok(())
}

/// The lines around the first difference.
fn difference(kv: &str, sql: &str) -> String {
    let (kv, sql): (Vec<_>, Vec<_>) = (kv.lines().collect(), sql.lines().collect());
    let same = kv
        .iter()
        .zip(&sql)
        .take_while(|(kv, sql)| kv == sql)
        .count();
    let around = |lines: &[&str]| {
        let begin = same.saturating_sub(12).min(lines.len());
        let end = lines.len().min(same + 12);
        lines[begin..end].join("\n")
    };
    format!(
        "they differ in line {same} of {} and {}\n--- first\n{}\n--- second\n{}",
        kv.len(),
        sql.len(),
        around(&kv),
        around(&sql)
    )
}
