//! The message catalogue of the pages. Names of states and signals, and what upstream's clients read, are not
//! translated.

mod chinese;
mod english;

use super::overview::Process;
pub(super) use chinese::SIMPLIFIED_CHINESE;
pub(super) use english::ENGLISH;
use supervisor_core::{ExitStatus, ProcessState, Wall};
use supervisor_sys::clock;

/// The messages of one language. `{}` is a placeholder.
#[derive(Debug)]
pub(super) struct Messages {
    /// For `lang` attributes.
    pub(super) code: &'static str,
    /// The name of the language in that language.
    pub(super) name: &'static str,
    /// Title of the list; scripts look for upstream's.
    pub(super) title: &'static str,
    /// Title of a log.
    pub(super) tail_title: &'static str,
    pub(super) skip: &'static str,
    pub(super) pid: &'static str,
    pub(super) main_log: &'static str,
    pub(super) appearance: &'static str,
    pub(super) system: &'static str,
    pub(super) light: &'static str,
    pub(super) dark: &'static str,
    pub(super) language: &'static str,
    pub(super) refresh: &'static str,
    pub(super) live: &'static str,
    pub(super) lost: &'static str,
    pub(super) stopping_all: &'static str,
    pub(super) keys: &'static str,
    pub(super) keys_help: &'static str,
    pub(super) close: &'static str,

    pub(super) find: &'static str,
    pub(super) filter: &'static str,
    pub(super) all_states: &'static str,
    pub(super) sort_by: &'static str,
    pub(super) by_name: &'static str,
    pub(super) by_state: &'static str,
    pub(super) by_uptime: &'static str,
    pub(super) nothing_found: &'static str,
    pub(super) no_programs: &'static str,

    pub(super) first_program: &'static str,
    pub(super) select: &'static str,
    pub(super) select_all: &'static str,
    pub(super) selected: &'static str,
    pub(super) with_selected: &'static str,
    pub(super) state: &'static str,
    pub(super) process: &'static str,
    pub(super) uptime: &'static str,
    pub(super) cpu: &'static str,
    pub(super) memory: &'static str,
    pub(super) restarts: &'static str,
    pub(super) of_all_children: &'static str,
    pub(super) by_itself: &'static str,
    pub(super) details: &'static str,
    pub(super) actions: &'static str,
    pub(super) fold: &'static str,

    pub(super) start: &'static str,
    pub(super) stop: &'static str,
    pub(super) restart: &'static str,
    pub(super) signal: &'static str,
    pub(super) clear_log: &'static str,
    pub(super) log: &'static str,
    pub(super) more: &'static str,
    pub(super) start_all: &'static str,
    pub(super) stop_all: &'static str,
    pub(super) restart_all: &'static str,
    pub(super) start_group: &'static str,
    pub(super) restart_group: &'static str,
    pub(super) stop_group: &'static str,
    pub(super) deselect: &'static str,
    pub(super) cancel: &'static str,
    pub(super) sure_all: &'static str,
    pub(super) which_signal: &'static str,
    pub(super) working: &'static str,

    pub(super) attempt: &'static str,
    pub(super) retry_in: &'static str,
    pub(super) ended_at: &'static str,
    pub(super) never_started: &'static str,
    pub(super) last_exit: &'static str,
    pub(super) exit_code: &'static str,
    pub(super) by_signal: &'static str,
    pub(super) core_dumped: &'static str,
    pub(super) other_exit: &'static str,

    pub(super) why: &'static str,
    pub(super) exited_too_quickly: &'static str,
    pub(super) gave_up: &'static str,
    pub(super) tries_again: &'static str,
    pub(super) last_lines: &'static str,
    pub(super) no_lines: &'static str,
    pub(super) try_this: &'static str,
    pub(super) colon: &'static str,
    pub(super) no_command: &'static str,
    pub(super) not_executable: &'static str,
    pub(super) no_directory: &'static str,
    pub(super) no_user: &'static str,
    pub(super) ended_well: &'static str,
    pub(super) command_not_found: &'static str,
    pub(super) not_a_program: &'static str,
    pub(super) killed: &'static str,
    pub(super) crashed: &'static str,
    pub(super) too_quickly: &'static str,

    pub(super) config_differs: &'static str,
    pub(super) config_broken: &'static str,
    pub(super) added: &'static str,
    pub(super) changed: &'static str,
    pub(super) removed: &'static str,
    pub(super) apply: &'static str,
    pub(super) apply_hint: &'static str,

    pub(super) started: &'static str,
    pub(super) stopped: &'static str,
    pub(super) restarted: &'static str,
    pub(super) signalled: &'static str,
    pub(super) cleared: &'static str,
    pub(super) applied: &'static str,
    pub(super) nothing_to_do: &'static str,
    pub(super) failed: &'static str,
    pub(super) count_failed: &'static str,
    pub(super) unknown_process: &'static str,
    pub(super) nothing_selected: &'static str,
    pub(super) not_taken: &'static str,
    pub(super) no_file: &'static str,
    pub(super) cannot_execute: &'static str,
    pub(super) already_started: &'static str,
    pub(super) spawn_error: &'static str,
    pub(super) abnormal: &'static str,
    pub(super) not_running: &'static str,
    pub(super) all_stopping: &'static str,

    pub(super) password_needed: &'static str,
    pub(super) page_expired: &'static str,
    pub(super) confirm: &'static str,
    pub(super) confirm_link: &'static str,
    pub(super) confirm_expired: &'static str,
    pub(super) do_it: &'static str,
    pub(super) back: &'static str,

    pub(super) refused: &'static str,
    pub(super) refused_host: &'static str,
    pub(super) refused_site: &'static str,
    pub(super) another_site: &'static str,
    pub(super) remedy_allow: &'static str,
    pub(super) remedy_password: &'static str,
    pub(super) remedy_proxy: &'static str,
    pub(super) remedy_cookie: &'static str,

    pub(super) log_of: &'static str,
    pub(super) output: &'static str,
    pub(super) errors: &'static str,
    pub(super) pause: &'static str,
    pub(super) resume: &'static str,
    pub(super) wrap: &'static str,
    pub(super) jump: &'static str,
    pub(super) matches: &'static str,
    pub(super) only_matches: &'static str,
    pub(super) next_match: &'static str,
    pub(super) previous_match: &'static str,
    pub(super) download: &'static str,
    pub(super) silent: &'static str,
    pub(super) show_more: &'static str,
    pub(super) waiting_lines: &'static str,
}

impl Messages {
    /// How a child ended.
    pub(super) fn exit(&self, status: ExitStatus) -> String {
        match status {
            ExitStatus::Code(code) => fill(self.exit_code, &[&code.to_string()]),
            ExitStatus::Signal { signal, core_dumped: true } => {
                fill(self.core_dumped, &[&signal.to_string()])
            }
            ExitStatus::Signal { signal, core_dumped: false } => fill(self.by_signal, &[&signal.to_string()]),
            ExitStatus::Unknown(status) => fill(self.other_exit, &[&format!("0x{status:04x}")]),
        }
    }

    /// A spawn error; the most frequent one is translated.
    pub(super) fn spawn_error<'a>(&self, error: &'a str) -> &'a str {
        if error == ENGLISH.exited_too_quickly { self.exited_too_quickly } else { error }
    }

    /// When a child ended: upstream's description in English, otherwise month, day and time in digits.
    pub(super) fn end_time(&self, process: &Process) -> String {
        if self.code == ENGLISH.code {
            return process.description.clone();
        }
        let ended = Wall { micros: process.stop.saturating_mul(1_000_000) };
        let time = clock::log_timestamp(ended).to_string();
        // Without year and seconds.
        time.get(5..16).unwrap_or_default().to_owned()
    }

    /// A state in this language; attributes hold its name on the wire.
    pub(super) fn state_name(&self, state: ProcessState) -> &'static str {
        let is_english = self.code == ENGLISH.code;
        match (state, is_english) {
            (ProcessState::Stopped, true) => "stopped",
            (ProcessState::Starting, true) => "starting",
            (ProcessState::Running, true) => "running",
            (ProcessState::Backoff, true) => "backoff",
            (ProcessState::Stopping, true) => "stopping",
            (ProcessState::Exited, true) => "exited",
            (ProcessState::Fatal, true) => "fatal",
            (ProcessState::Unknown, true) => "unknown",
            (ProcessState::Stopped, false) => "已停止",
            (ProcessState::Starting, false) => "启动中",
            (ProcessState::Running, false) => "运行中",
            (ProcessState::Backoff, false) => "等待重试",
            (ProcessState::Stopping, false) => "停止中",
            (ProcessState::Exited, false) => "已退出",
            (ProcessState::Fatal, false) => "失败",
            (ProcessState::Unknown, false) => "未知",
        }
    }
}

/// Replaces each `{}` by a value, in order.
pub(super) fn fill(pattern: &str, values: &[&str]) -> String {
    let mut values = values.iter();
    let mut filled = String::with_capacity(pattern.len() + 32);
    let mut pieces = pattern.split("{}");
    filled.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        filled.push_str(values.next().copied().unwrap_or_default());
        filled.push_str(piece);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overview::Overview;
    use supervisor_control::double::{FakeProcess, FakeView};
    use supervisor_core::Signal;

    #[test]
    fn values_are_not_expanded() {
        assert_eq!(fill("{}: {}", &["{}", "b"]), "{}: b");
        assert_eq!(fill("none", &["a"]), "none");
    }

    #[test]
    fn exits_are_described_by_code_and_signal_name() {
        let killed = ExitStatus::Signal { signal: Signal::KILL, core_dumped: false };
        assert_eq!(ENGLISH.exit(killed), "ended by SIGKILL");
        assert_eq!(SIMPLIFIED_CHINESE.exit(ExitStatus::Code(3)), "退出码 3");
    }

    #[test]
    fn upstreams_english_texts_are_translated() {
        let fake = FakeProcess::new("a", "a", ProcessState::Stopped);
        let fake = FakeProcess { stop: Some(1_763_697_480), ..fake };
        let record = Overview::of(&FakeView::of(vec![fake])).processes.remove(0);
        let record = Process { description: "Nov 21 03:58 AM".into(), ..record };
        assert_eq!(ENGLISH.end_time(&record), "Nov 21 03:58 AM");
        let numbers = SIMPLIFIED_CHINESE.end_time(&record);
        // The hour, and in some zones the minute, depends on where the test runs.
        let shape: String = numbers.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "00-00 00:00");
        let error = "Exited too quickly (process log may have details)";
        assert_eq!(ENGLISH.spawn_error(error), error);
        assert_eq!(SIMPLIFIED_CHINESE.spawn_error(error), SIMPLIFIED_CHINESE.exited_too_quickly);
        assert_eq!(SIMPLIFIED_CHINESE.spawn_error("can't find command 'x'"), "can't find command 'x'");
    }
}
