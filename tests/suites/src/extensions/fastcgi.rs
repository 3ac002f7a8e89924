//! A FastCGI program in Python behind nginx, both under our supervisord.

use std::path::Path;

use support::{Address, Daemon, Failure, Port, Sandbox, exchange, processes, wait_until};

use super::PythonEnvironment;

const NGINX: &str = "/usr/sbin/nginx";

/// Answers on the socket that is descriptor 0, with the number of its process.
const WORKER: &str = "\
import os, socket, struct
listener = socket.fromfd(0, socket.AF_UNIX, socket.SOCK_STREAM)
def read(stream, count):
    data = b''
    while len(data) < count:
        part = stream.recv(count - len(data))
        if not part:
            raise EOFError
        data += part
    return data
def record(kind, request, content):
    return struct.pack('!BBHHBB', 1, kind, request, len(content), 0, 0) + content
while True:
    stream, _ = listener.accept()
    while True:
        version, kind, request, length, padding = struct.unpack('!BBHHBx', read(stream, 8))
        read(stream, length + padding)
        if kind == 5 and length == 0:
            break
    page = b'Content-Type: text/plain\\r\\n\\r\\nhello from process %d\\n' % os.getpid()
    stream.sendall(record(6, request, page) + record(6, request, b'') + record(3, request, bytes(8)))
    stream.close()
";

fn nginx_configuration(port: u16) -> String {
    format!(
        "daemon off;\nworker_processes 1;\nuser root;\npid nginx.pid;\nerror_log stderr;\nevents {{}}\n\
         http {{\n  access_log off;\n  client_body_temp_path body;\n  proxy_temp_path proxy;\n\
         fastcgi_temp_path fastcgi;\n  uwsgi_temp_path uwsgi;\n  scgi_temp_path scgi;\n\
         server {{\n    listen 127.0.0.1:{port};\n\
         location / {{ fastcgi_pass unix:app.sock; fastcgi_param REQUEST_METHOD $request_method; }}\n  }}\n}}\n"
    )
}

/// Serves a page, kills the worker that made it, and is served by another.
pub(super) fn run(python: &PythonEnvironment) -> Result<(), Failure> {
    if !Path::new(NGINX).exists() {
        return Err(format!("{NGINX} is missing; apt-get install nginx").into());
    }
    let port = Port::reserve();
    let sandbox = Sandbox::new();
    sandbox.write("worker.py", WORKER);
    let socket = sandbox.path("app.sock").display().to_string();
    sandbox.write(
        "nginx.conf",
        nginx_configuration(port.number()).replace("unix:app.sock", &format!("unix:{socket}")),
    );
    let config = format!(
        "[fcgi-program:app]\ncommand={} %(here)s/worker.py\nsocket=unix://%(here)s/app.sock\nnumprocs=2\n\
         process_name=%(process_num)d\n\
         [program:nginx]\ncommand={NGINX} -p %(here)s/ -c nginx.conf\n",
        python.program("python")
    );
    let daemon = Daemon::start_in(sandbox, &config);
    let served_by = || {
        let response =
            exchange(&Address::Tcp(port.number()), b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
        let body = String::from_utf8_lossy(&response.body).into_owned();
        body.strip_prefix("hello from process ")?.trim().parse::<u32>().ok()
    };
    let mut first = 0;
    wait_until("a page", || {
        first = served_by().unwrap_or(0);
        first != 0
    });
    assert!(["app:0", "app:1"].iter().any(|name| daemon.pid_of(name) == first), "a stranger served");
    println!("  nginx serves from process {first}");
    processes::signal(first, "KILL");
    wait_until("a page of another process", || served_by().is_some_and(|pid| pid != first));
    println!("  killed; another one serves");
    Ok(())
}
