//! `cargo xtask deployments`: the configurations of `examples/` with the real programs.
//!
//! Each example is copied into a sandbox and lives through what a deployment lives through: it starts and serves a
//! request, its process is killed and comes back, it is stopped and leaves nothing behind. Everything is asked for with
//! `supervisorctl`, as a user would.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{
    Address, Daemon, Failure, Flavour, Launch, Sandbox, exchange, is_root, processes, wait_for, wait_until,
    workspace,
};

/// An example and how to check that it serves.
struct Deployment {
    /// Its folder below `examples/`.
    name: &'static str,
    /// The program its configuration names.
    program: &'static str,
    service: Service,
    /// Files of the machine without which it cannot run, and what installs them.
    needs: &'static [(&'static str, &'static str)],
}

/// How one sees that a deployment serves.
enum Service {
    /// An HTTP port of the loopback interface, and words in the page at `/`.
    Http(u16, &'static str),
    /// A Redis port, which answers a ping.
    Redis(u16),
    /// As many processes below the program's own.
    Children(usize),
}

const DEPLOYMENTS: [Deployment; 6] = [
    Deployment {
        name: "gunicorn-flask",
        program: "web",
        service: Service::Http(18001, "hello from flask"),
        needs: &[("/usr/bin/python3", "apt-get install python3-venv")],
    },
    Deployment {
        name: "tomcat",
        program: "tomcat",
        service: Service::Http(18002, "hello from tomcat"),
        needs: &[("/usr/share/tomcat10/bin/catalina.sh", "apt-get install tomcat10")],
    },
    Deployment {
        name: "nginx",
        program: "nginx",
        service: Service::Http(18003, "hello from nginx"),
        needs: &[("/usr/sbin/nginx", "apt-get install nginx")],
    },
    Deployment {
        name: "redis",
        program: "redis",
        service: Service::Redis(18004),
        needs: &[("/usr/bin/redis-server", "apt-get install redis-server")],
    },
    Deployment { name: "forking", program: "parent", service: Service::Children(3), needs: &[] },
    Deployment {
        name: "other-user",
        program: "files",
        service: Service::Http(18005, "hello from another user"),
        needs: &[("/usr/bin/python3", "apt-get install python3")],
    },
];

/// Runs the deployments with these names, or all. Fails at the first that does not do as it should; what is missing on
/// the machine is a failure too.
pub(crate) fn run(names: &[&str]) -> Result<(), Failure> {
    if let Some(unknown) = names.iter().find(|name| !DEPLOYMENTS.iter().any(|known| known.name == **name)) {
        return Err(format!("no example {unknown} with a real program").into());
    }
    if Flavour::under_test() == Flavour::Ours {
        workspace::build_programs()?;
    }
    for deployment in DEPLOYMENTS.iter().filter(|known| names.is_empty() || names.contains(&known.name)) {
        println!("{}", deployment.name);
        deployment.check_needs()?;
        deployment.live();
    }
    Ok(())
}

impl Deployment {
    fn check_needs(&self) -> Result<(), Failure> {
        for (file, remedy) in self.needs {
            if !Path::new(file).exists() {
                return Err(format!("{}: {file} is missing; {remedy}", self.name).into());
            }
        }
        if self.name == "other-user" && !is_root() {
            return Err("other-user: only root can start a program as another user".into());
        }
        Ok(())
    }

    /// One life, from the start to the stop.
    fn live(&self) {
        let sandbox = Sandbox::new();
        sandbox.copy_in(&workspace::root().join("examples").join(self.name));
        if self.name == "gunicorn-flask" {
            symlink(flask_environment(), sandbox.path("venv")).expect("the sandbox is writable");
        }
        let mut daemon = Launch::new().arguments(["-n"]).start(sandbox);
        self.wait_until_it_serves(&daemon);
        let first = self.pid(&daemon);
        println!("  serves as process {first}");

        // Its whole group, as when the machine runs out of memory: a server's workers would keep the port.
        processes::signal_group(first, "KILL");
        let second =
            wait_for("a new process", || Some(self.pid(&daemon)).filter(|&pid| pid != 0 && pid != first));
        self.wait_until_it_serves(&daemon);
        println!("  killed; serves again as process {second}");

        let stopped = daemon.ctl(&["stop", self.program]);
        assert_eq!((stopped.stdout, stopped.code), (format!("{}: stopped\n", self.program), 0));
        let rest = || daemon.sandbox().survivors().into_iter().filter(|&pid| pid != daemon.pid()).count();
        wait_until("nothing but the daemon to be left", || rest() == 0);
        assert_eq!(daemon.ctl(&["shutdown"]).stdout, "Shut down\n");
        assert_eq!(daemon.wait_for_exit(), 0);
        println!("  stopped; nothing is left");
    }

    fn pid(&self, daemon: &Daemon) -> u32 {
        daemon.ctl(&["pid", self.program]).stdout.trim().parse().unwrap_or(0)
    }

    fn wait_until_it_serves(&self, daemon: &Daemon) {
        wait_until(&format!("{} to run and serve", self.name), || {
            let status = daemon.ctl(&["status", self.program]);
            status.stdout.contains(" RUNNING ") && self.serves(daemon)
        });
    }

    fn serves(&self, daemon: &Daemon) -> bool {
        match self.service {
            Service::Http(port, words) => {
                answer(port, b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n").contains(words)
            }
            Service::Redis(port) => answer(port, b"PING\r\nQUIT\r\n").starts_with("+PONG"),
            Service::Children(count) => processes::children(self.pid(daemon)).len() == count,
        }
    }
}

/// What a server answers before it closes the connection; empty if there is none.
fn answer(port: u16, request: &[u8]) -> String {
    let Ok(response) = exchange(&Address::Tcp(port), request) else { return String::new() };
    format!("{}\n{}", response.head, String::from_utf8_lossy(&response.body))
}

/// A virtual environment with Flask and gunicorn, made below the build directory if it is not there yet.
fn flask_environment() -> PathBuf {
    let place = workspace::build_directory().expect("a suite runs from a build directory").join("flask");
    if !place.join("bin/gunicorn").exists() {
        println!("  installing flask and gunicorn into {}", place.display());
        let mut environment = Command::new("/usr/bin/python3");
        workspace::run(environment.args(["-m", "venv"]).arg(&place)).expect("python3 can make environments");
        let mut pip = Command::new(place.join("bin/pip"));
        workspace::download(pip.args(["install", "--quiet", "flask", "gunicorn"]))
            .expect("pip can install packages");
    }
    place
}
