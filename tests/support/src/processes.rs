//! A look at the machine's processes through `/proc`, and signals to them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::Command;

use crate::wait_until;

/// Every process id there is at this moment.
fn all() -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("/proc is mounted");
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// The processes whose environment holds `NAME=value`, zombies excluded (their environment is gone).
pub fn with_environment(name: &str, value: &OsStr) -> Vec<u32> {
    let wanted = [name.as_bytes(), b"=", value.as_bytes()].concat();
    all().into_iter().filter(|&pid| environment(pid).contains(&wanted)).collect()
}

/// The processes whose environment holds the variable, with whatever value.
pub fn with_variable(name: &str) -> Vec<u32> {
    let wanted = [name.as_bytes(), b"="].concat();
    all().into_iter().filter(|&pid| environment(pid).iter().any(|entry| entry.starts_with(&wanted))).collect()
}

/// The environment a process was started with, as `NAME=value` entries; empty if it is gone or not ours to read.
pub fn environment(pid: u32) -> Vec<Vec<u8>> {
    let mut block = Vec::new();
    // After an empty look it may have been given its environment, or be in the next exec, and so on: one that does nothing
    // else was met in three in a row once in some thousand times.
    for _ in 0..100 {
        let Ok(found) = fs::read(format!("/proc/{pid}/environ")) else { break };
        block = found;
        if !block.is_empty() || !has_memory(pid) {
            break;
        }
        wait_until("a process to have its program", || !is_loading(pid));
    }
    block.split(|&byte| byte == 0).filter(|entry| !entry.is_empty()).map(<[u8]>::to_vec).collect()
}

/// True while a process is in the middle of an exec: it has the memory of the new program, but not yet the arguments and
/// the environment in it, and seems to have none.
fn is_loading(pid: u32) -> bool {
    const ENVIRONMENT: usize = 46;
    // Where the memory is not ours to look into, the address is hidden as well, but
    // then the environment cannot be opened.
    has_memory(pid)
        && stat_numbers(pid).is_some_and(|numbers| numbers[ENVIRONMENT] == 0)
        && fs::File::open(format!("/proc/{pid}/environ")).is_ok()
}

/// Kernel threads and zombies have none.
fn has_memory(pid: u32) -> bool {
    const MEMORY: usize = 19;
    stat_numbers(pid).is_some_and(|numbers| numbers[MEMORY] != 0)
}

/// A field of `/proc/PID/status`, such as `SigIgn` or `Uid`; `None` if the process is gone.
pub fn status_field(pid: u32, field: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.split(':').next() == Some(field))?;
    Some(line[field.len() + 1..].trim().to_owned())
}

/// True while the process runs; a zombie does not.
pub fn is_alive(pid: u32) -> bool {
    status_field(pid, "State").is_some_and(|state| !state.starts_with('Z') && !state.starts_with('X'))
}

/// The numbers of `/proc/PID/stat` that follow the state: parent, process group, session, terminal, ...
fn stat_numbers(pid: u32) -> Option<Vec<i64>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after_name = &stat[stat.rfind(')')? + 1..];
    Some(after_name.split_whitespace().skip(1).map(|word| word.parse().unwrap_or(0)).collect())
}

/// Its parent's id.
pub fn parent(pid: u32) -> Option<u32> {
    u32::try_from(stat_numbers(pid)?[0]).ok()
}

/// Its process group.
pub fn group(pid: u32) -> Option<u32> {
    u32::try_from(stat_numbers(pid)?[1]).ok()
}

/// The live processes of a group.
pub fn in_group(number: u32) -> Vec<u32> {
    all().into_iter().filter(|&pid| group(pid) == Some(number) && is_alive(pid)).collect()
}

/// Its session.
pub fn session(pid: u32) -> Option<u32> {
    u32::try_from(stat_numbers(pid)?[2]).ok()
}

/// How often the threads of a process have gone to sleep so far: what an idle process does after each wake-up.
pub fn wake_ups(pid: u32) -> u64 {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    let switches = |task: fs::DirEntry| {
        let status = fs::read_to_string(task.path().join("status")).ok()?;
        let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    tasks.filter_map(|task| switches(task.ok()?)).sum()
}

/// The live children of a process.
pub fn children(pid: u32) -> Vec<u32> {
    all().into_iter().filter(|&child| parent(child) == Some(pid) && is_alive(child)).collect()
}

/// Its open descriptors and what they lead to.
pub fn descriptors(pid: u32) -> BTreeMap<u32, PathBuf> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return BTreeMap::new() };
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let number = entry.file_name().to_str()?.parse().ok()?;
            Some((number, fs::read_link(entry.path()).ok()?))
        })
        .collect()
}

/// Sends a signal, named without `SIG`. A process that is already gone is no error.
///
/// # Panics
/// If the id is 0, which stands for the processes of this test.
pub fn signal(pid: u32, name: &str) {
    assert!(pid > 0, "a signal for a process without an id");
    kill(&format!("kill -{name} {pid}"));
}

/// Sends a signal to every process of a group.
pub fn signal_group(group: u32, name: &str) {
    kill(&format!("kill -{name} -{group}"));
}

/// The shell's own `kill` is there even where no kill program is installed.
fn kill(command: &str) {
    Command::new("/bin/sh").args(["-c", command]).output().expect("/bin/sh runs");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Stdio;

    /// A process that does nothing but load its program again and again.
    #[test]
    fn a_process_that_loads_its_program_has_an_environment() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "exec /bin/sh -c \"$AGAIN\""]).env("AGAIN", "exec /bin/sh -c \"$AGAIN\"");
        let mut child = command.stdin(Stdio::null()).spawn().unwrap();
        let missed = (0..2000).filter(|_| environment(child.id()).is_empty()).count();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(missed, 0);
        assert_eq!(environment(child.id()), Vec::<Vec<u8>>::new());
    }
}
