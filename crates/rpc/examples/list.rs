//! Lists the processes of a supervisord: `cargo run -p supervisor-rpc --example list -- unix:///run/supervisor.sock`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what the example is for")]

use std::process::ExitCode;
use supervisor_rpc::client::{Client, ClientError, Endpoint};

fn main() -> ExitCode {
    let url = std::env::args().nth(1).unwrap_or_else(|| "http://localhost:9001".to_owned());
    match list(&url) {
        Ok(()) => ExitCode::SUCCESS,
        // A main that returned the error would show it as programmers see it.
        Err(error) => {
            eprintln!("{url}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn list(url: &str) -> Result<(), ClientError> {
    let mut client = Client::new(Endpoint::parse(url)?);
    println!("supervisord {} has process id {}", client.supervisor_version()?, client.pid()?);
    for info in client.all_process_info()? {
        println!("{}:{} {} {}", info.group, info.name, info.statename, info.description);
    }
    Ok(())
}
