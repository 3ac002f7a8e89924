//! Lists the processes of a supervisord: `cargo run --example list -- unix:///run/supervisor.sock`.
#![expect(clippy::print_stdout, reason = "printing is what the example is for")]

use supervisor_rpc::client::{Client, ClientError, Endpoint};

fn main() -> Result<(), ClientError> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "http://localhost:9001".to_owned());
    let mut client = Client::new(Endpoint::parse(&url)?);
    println!("supervisord {} has process id {}", client.supervisor_version()?, client.pid()?);
    for info in client.all_process_info()? {
        println!("{}:{} {} {}", info.group, info.name, info.statename, info.description);
    }
    Ok(())
}
