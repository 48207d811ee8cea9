//! What processes cost: CPU seconds and resident memory, as Linux accounts for them in `/proc`.

use std::{
    fs,
    ops::{Mul, Sub},
};

use anyhow::Context as _;

/// Linux counts CPU time in hundredths of a second on every machine that it runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// The processes that take part in a measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watched {
    /// Who calls: this process, or what it is held against.
    pub(crate) client: u32,
    pub(crate) service: Option<u32>,
    pub(crate) bouncer: Option<u32>,
    /// The parent of all processes of Postgres, or of the object store.
    pub(crate) store: u32,
}

/// CPU time of each, in one unit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    pub(crate) client: f64,
    pub(crate) service: f64,
    pub(crate) bouncer: f64,
    pub(crate) store: f64,
}

impl Watched {
    /// CPU seconds used so far.
    pub(crate) fn cpu(&self) -> anyhow::Result<Cpu> {
        let seconds =
            |pid: Option<u32>| pid.map_or(Ok(0.0), |pid| Stat::of(pid).map(|stat| stat.own));
        Ok(Cpu {
            client: Stat::of(self.client)?.own,
            service: seconds(self.service)?,
            bouncer: seconds(self.bouncer)?,
            store: family(self.store)?,
        })
    }
}

impl Mul<f64> for Cpu {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        Self {
            client: self.client * factor,
            service: self.service * factor,
            bouncer: self.bouncer * factor,
            store: self.store * factor,
        }
    }
}

impl Sub for Cpu {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            client: self.client - before.client,
            service: self.service - before.service,
            bouncer: self.bouncer - before.bouncer,
            store: self.store - before.store,
        }
    }
}

/// CPU seconds of a process and its children, those that have ended included.
fn family(parent: u32) -> anyhow::Result<f64> {
    let stat = Stat::of(parent)?;
    let children = read(&format!("/proc/{parent}/task/{parent}/children"))?;
    // One that ended since is in the parent's account from the next time on.
    let living = children
        .split_whitespace()
        .filter_map(|pid| Some(Stat::of(pid.parse().ok()?).ok()?.own));
    Ok(stat.own + stat.ended_children + living.sum::<f64>())
}

/// Bytes of memory of a process, by the line of `/proc/PID/status` that tells of them (proc(5)): `VmRSS` what it holds,
/// `VmHWM` the most that it has held.
pub(crate) fn memory_bytes(pid: u32, line: &str) -> anyhow::Result<u64> {
    let status = read(&format!("/proc/{pid}/status"))?;
    let kibibytes = status.lines().find_map(|text| {
        let value = text.strip_prefix(line)?.strip_prefix(':')?;
        value.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    });
    Ok(kibibytes.with_context(|| format!("/proc tells no {line}"))? * 1024)
}

/// CPU seconds, from `/proc/PID/stat`.
struct Stat {
    own: f64,
    ended_children: f64,
}

impl Stat {
    fn of(pid: u32) -> anyhow::Result<Self> {
        let text = read(&format!("/proc/{pid}/stat"))?;
        Self::parse(&text).with_context(|| format!("/proc/{pid}/stat reads {text}"))
    }

    /// The 14th to the 17th field (proc(5)); the second, a name in parentheses, may hold spaces.
    fn parse(text: &str) -> Option<Self> {
        let (_, behind_name) = text.rsplit_once(')')?;
        let mut ticks = behind_name
            .split_whitespace()
            .skip(11)
            .map(|field| field.parse::<f64>().ok());
        let mut two = || Some((ticks.next()?? + ticks.next()??) / TICKS_PER_SECOND);
        Some(Self {
            own: two()?,
            ended_children: two()?,
        })
    }
}

fn read(path: &str) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_read_behind_a_name_with_spaces_and_parentheses() {
        let stat = Stat::parse("7 (a (b) c) S 1 7 7 0 -1 4194560 9 0 0 0 120 30 400 50 20 0 1 0\n")
            .expect("it is well-formed");
        assert!((stat.own - 1.5).abs() < 1e-9);
        assert!((stat.ended_children - 4.5).abs() < 1e-9);
    }

    #[test]
    fn this_process_has_a_family_and_memory() {
        let own = std::process::id();
        family(own).expect("/proc tells of an own process");
        for line in ["VmRSS", "VmHWM"] {
            assert!(memory_bytes(own, line).expect("/proc tells of an own process") > 0);
        }
    }
}
