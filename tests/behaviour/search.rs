//! Where the programs search for their configuration, depending on how they are started.
//!
//! Upstream's programs are scripts, so their `argv[0]` is always a path; ours get the bare name from a shell.

use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use support::{Flavour, Sandbox};

/// A sandbox with both programs in `prefix/bin`, links to them in `links/bin`, and an empty directory to be in.
fn installed() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.directory("prefix/bin");
    sandbox.directory("links/bin");
    sandbox.directory("elsewhere");
    for name in ["supervisord", "supervisorctl"] {
        symlink(Flavour::under_test().program(name), sandbox.path("prefix/bin").join(name)).unwrap();
        symlink(sandbox.path("prefix/bin").join(name), sandbox.path("links/bin").join(name)).unwrap();
    }
    sandbox
}

/// A command of the sandbox whose PATH begins with this directory.
fn on_path(sandbox: &Sandbox, program: impl AsRef<std::ffi::OsStr>, directory: &str) -> Command {
    let mut command = sandbox.command(program);
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{directory}:{path}")).current_dir(sandbox.path("elsewhere"));
    command
}

fn stderr(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).unwrap()
}

fn assert_searches(said: &str, above: &Path, called: &Path) {
    let places = format!(
        "({0}/etc/supervisord.conf, {0}/supervisord.conf, supervisord.conf, etc/supervisord.conf, ",
        above.display()
    );
    assert!(said.contains(&places), "{said}");
    assert!(said.ends_with(&format!("For help, use {} -h\n", called.display())), "{said}");
}

/// CFG-2: by path, by name, through env(1) and a shell, as sudo(8) does, and by a link.
#[test]
fn the_first_two_places_are_beside_the_program_however_it_is_started() {
    let sandbox = installed();
    for directory in ["prefix", "links"] {
        let above = sandbox.path(directory);
        let bin = above.join("bin");
        let program = bin.join("supervisord");
        let on_path = |name: &Path| on_path(&sandbox, name, bin.to_str().unwrap());
        let name = Path::new("supervisord");
        let mut as_sudo_does = on_path(&program);
        as_sudo_does.arg0(name);
        let mut with_env = on_path(Path::new("env"));
        with_env.arg(name);
        let mut in_a_shell = on_path(Path::new("sh"));
        in_a_shell.args(["-c", "supervisord"]);
        for mut command in [on_path(&program), on_path(name), as_sudo_does, with_env, in_a_shell] {
            assert_searches(&stderr(&mut command), &above, &program);
        }
    }
}

/// A relative directory in PATH stays relative, as the kernel hands it to a script.
#[test]
fn a_relative_directory_of_path_stays_relative() {
    let sandbox = installed();
    let said = stderr(on_path(&sandbox, "sh", "../prefix/bin").args(["-c", "supervisord"]));
    assert_searches(&said, Path::new("../prefix"), Path::new("../prefix/bin/supervisord"));
}

#[test]
fn a_client_started_by_name_reads_the_file_beside_its_directory_first() {
    let sandbox = installed();
    let names = |place: &str, socket: &str| {
        sandbox.write(place, format!("[supervisorctl]\nserverurl=unix:///nonexistent/{socket}\n"));
    };
    let bin = sandbox.path("prefix/bin");
    let version = || {
        let mut command = on_path(&sandbox, "supervisorctl", bin.to_str().unwrap());
        String::from_utf8(command.arg("version").output().unwrap().stdout).unwrap()
    };
    // From the last place to the first: each new one is found before those that were there.
    for (place, socket) in [
        ("elsewhere/etc/supervisord.conf", "4"),
        ("elsewhere/supervisord.conf", "3"),
        ("prefix/supervisord.conf", "2"),
        ("prefix/etc/supervisord.conf", "1"),
    ] {
        names(place, socket);
        assert_eq!(version(), format!("unix:///nonexistent/{socket} no such file\n"));
    }
}
