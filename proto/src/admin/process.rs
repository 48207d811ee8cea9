//! What the operating system knows of this process, under the names that Prometheus' clients give it.

use std::{fmt::Write as _, fs};

use rustix::time::{ClockId, clock_gettime};

/// Prometheus' text of it. What cannot be read is left away.
pub(super) fn exposition() -> String {
    let mut text = String::new();
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let cpu = cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9;
    let name = "process_cpu_seconds_total";
    metric(&mut text, name, "counter", "CPU time spent.", cpu);
    if let Some(bytes) = resident_bytes() {
        let name = "process_resident_memory_bytes";
        metric(&mut text, name, "gauge", "Resident memory.", bytes);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        let open = open.count() as f64;
        metric(
            &mut text,
            "process_open_fds",
            "gauge",
            "Open file descriptors.",
            open,
        );
    }
    text
}

fn metric(text: &mut String, name: &str, kind: &str, help: &str, value: f64) {
    // Writing to a text does not fail.
    let _ = write!(
        text,
        "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n\n"
    );
}

/// proc(5): `VmRSS` of `/proc/self/status`, in KiB.
fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u32 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(f64::from(kib) * 1024.0)
}
