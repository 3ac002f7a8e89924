//! Any bytes on a connection of a server: answers and then the end, and the server goes on.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::OnceLock;
use std::time::Duration;
use supervisor_http::{Limits, Listener, ReplyTo, Request, Response, Service, Socket, Status, serve};

struct Echo;

impl Service for Echo {
    fn call(&mut self, request: Request, reply: ReplyTo) {
        reply.send(Response::new(Status::Ok).body([request.path, request.query, request.body].concat()));
    }
}

fn server() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    *ADDRESS.get_or_init(|| {
        let socket = TcpListener::bind("127.0.0.1:0").expect("the loopback interface has a port");
        let address = socket.local_addr().expect("it is bound");
        let listener =
            Listener { socket: Socket::Tcp(socket), section: "inet_http_server".into(), credentials: None };
        let limits = Limits { head: 2048, body: 2048, ..Limits::default() };
        let handle = serve(vec![listener], limits, Box::new(Echo), Box::new(|_, _: &str| ()))
            .expect("it can be served");
        // Dropping it would end the server.
        std::mem::forget(handle);
        address
    })
}

fuzz_target!(|request: &[u8]| {
    let mut client = TcpStream::connect(server()).expect("the server accepts connections");
    client.set_read_timeout(Some(Duration::from_secs(10))).expect("the time is not zero");
    // A server that has refused closes while we are still sending.
    let _ = client.write_all(request);
    let _ = client.shutdown(Shutdown::Write);
    let mut received = Vec::new();
    if let Err(error) = client.read_to_end(&mut received) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
    assert!(received.is_empty() || received.starts_with(b"HTTP/"));
});
