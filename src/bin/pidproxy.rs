//! `pidproxy`: runs a command and passes signals on to the process its pid file names.

fn main() -> std::process::ExitCode {
    supervisor_sys::pidproxy::main()
}
