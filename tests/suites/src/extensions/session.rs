//! One scripted session, recorded by a listener on upstream and on ours.

use support::{Daemon, Failure, Flavour, Launch, Sandbox, wait_for};

use super::PythonEnvironment;

/// Records events byte for byte, each as long as its header says, and appends a line feed to each.
const RECORDER: &str = "\
import io, sys
events = io.TextIOWrapper(sys.stdin.buffer, encoding='utf-8', newline='')
recorded = io.open('recorded', 'a', encoding='utf-8', newline='')
while True:
    sys.stdout.write('READY\\n')
    sys.stdout.flush()
    header = events.readline()
    if not header:
        break
    recorded.write(header + events.read(int(header.rsplit('len:')[1])) + '\\n')
    recorded.flush()
    sys.stdout.write('RESULT 2\\nOK')
";

/// A listener as Python's authors write them: reads with `supervisor.childutils`, asks supervisord by XML-RPC, rejects
/// its first event.
const CHILDUTILS: &str = "\
import os, sys
from supervisor import childutils
rpc = childutils.getRPCInterface(os.environ)
known = open('childutils', 'a')
rejected = False
while True:
    headers, payload = childutils.listener.wait(sys.stdin, sys.stdout)
    tokens, data = childutils.eventdata(payload + '\\n')
    state = rpc.supervisor.getState()['statename']
    known.write('%s %s %r %s\\n' % (headers['eventname'], sorted(tokens), data.strip(), state))
    known.flush()
    if rejected:
        childutils.listener.ok(sys.stdout)
    else:
        rejected = True
        childutils.listener.fail(sys.stdout)
";

/// Everything but ticks, whose moment no script decides.
const EVENTS: &str = "PROCESS_STATE,PROCESS_COMMUNICATION,PROCESS_LOG,REMOTE_COMMUNICATION,SUPERVISOR_STATE_CHANGE,\
    PROCESS_GROUP";

/// Each piece of output is one write, far enough from the next to be one event on both sides.
const TALK: &str = "\
printf 'a line that is longer than any token\\n'; sleep 0.5
printf '<!--XSUPERVISOR:BEGIN-->a message<!--XSUPERVISOR:END-->'; sleep 0.5
printf 'beyond ASCII: café, 中文, 😀\\n'; sleep 0.5
printf 'bytes that are \\377 no text at all\\n'; sleep 0.5
printf 'and to standard error\\n' >&2; sleep 1000
";

/// Runs the session on both and compares what the listeners got.
pub(super) fn run(python: &PythonEnvironment) -> Result<(), Failure> {
    let upstream = record(Flavour::Upstream, python)?;
    let ours = record(Flavour::Ours, python)?;
    compare("the bytes on a listener's standard input", &upstream.bytes, &ours.bytes)?;
    println!("  {} events are the same to the byte", upstream.bytes.len());
    compare("what childutils makes of events", &upstream.childutils, &ours.childutils)?;
    println!("  supervisor.childutils reads, rejects and asks back alike");
    Ok(())
}

/// What the two listeners wrote down.
struct Recording {
    /// Header line and payload of each event, without what differs from run to run.
    bytes: Vec<String>,
    childutils: Vec<String>,
}

fn record(flavour: Flavour, python: &PythonEnvironment) -> Result<Recording, Failure> {
    let sandbox = Sandbox::new();
    sandbox.write("recorder.py", RECORDER);
    sandbox.write("childutils.py", CHILDUTILS);
    sandbox.write("talk.sh", TALK);
    // Three seconds: upstream may notice an exit a second late.
    let program = |name: &str, command: &str| {
        format!(
            "[program:{name}]\ncommand={command}\nautostart=false\nautorestart=false\nstartsecs=3\nstartretries=1\ndirectory=%(here)s\n"
        )
    };
    // Upstream also hands what one listener rejects to all others of the same priority, which we do not.
    let python = python.program("python");
    let config = format!(
        "[supervisord]\nidentifier=session\n\
         [eventlistener:recorder]\ncommand={python} recorder.py\ndirectory=%(here)s\nevents={EVENTS}\n\
         buffer_size=100\n\
         [eventlistener:childutils]\ncommand={python} childutils.py\ndirectory=%(here)s\n\
         events=REMOTE_COMMUNICATION\nbuffer_size=100\npriority=-2\n\
         {}{}{}stdout_events_enabled=true\nstderr_events_enabled=true\nstdout_capture_maxbytes=1KB\n",
        program("steady", "sleep 1000"),
        program("failing", "/bin/false"),
        program("talking", "/bin/sh talk.sh"),
    );
    let daemon = Launch::of(flavour).configure(&sandbox, &config).start(sandbox);
    play(&daemon, &config);
    let recorded = daemon.sandbox().text("recorded");
    let childutils = daemon.sandbox().text("childutils").lines().map(str::to_owned).collect();
    Ok(Recording { bytes: events(&recorded)?, childutils })
}

/// The session. Each step waits until the event it ends with was recorded.
fn play(daemon: &Daemon, config: &str) {
    let seen = |part: &str, count: usize| {
        wait_for(&format!("{count} events with {part:?}"), || {
            (daemon.sandbox().text("recorded").matches(part).count() >= count).then_some(())
        });
    };
    // Both listeners say so one after the other on both sides.
    seen("PROCESS_STATE_RUNNING", 2);
    daemon.ctl(&["start", "steady"]);
    seen("processname:steady groupname:steady from_state:STARTING", 1);
    daemon.ctl(&["start", "failing"]);
    seen("PROCESS_STATE_FATAL", 1);
    daemon.ctl(&["start", "talking"]);
    seen("and to standard error", 1);
    for (kind, data) in [("one", "first"), ("two", "with a\nsecond line"), ("three", "é, 中文, 😀")] {
        daemon.ask("sendRemoteCommEvent", &[kind.into(), data.into()]);
        seen(&format!("type:{kind}"), 1);
    }
    daemon.ctl(&["signal", "KILL", "talking"]);
    seen("PROCESS_STATE_EXITED", 1);
    daemon.reconfigure(&format!("{config}[program:late]\ncommand=sleep 1000\nautostart=false\n"));
    daemon.ctl(&["update"]);
    seen("groupname:late", 1);
    daemon.reconfigure(config);
    daemon.ctl(&["update"]);
    seen("PROCESS_GROUP_REMOVED", 1);
    wait_for("childutils to have had four events", || {
        (daemon.sandbox().text("childutils").lines().count() >= 4).then_some(())
    });
    daemon.ctl(&["stop", "steady"]);
    seen("processname:steady groupname:steady from_state:STOPPING", 1);
}

/// Takes a recording apart into events without process ids, and checks that each length was right in characters.
fn events(recorded: &str) -> Result<Vec<String>, Failure> {
    let mut events = Vec::new();
    let mut rest = recorded;
    while let Some((header, behind)) = rest.split_once('\n') {
        let (head, length) = header.rsplit_once("len:").ok_or("a header without a length")?;
        let end = behind.char_indices().map(|(at, _)| at).nth(length.parse()?).ok_or("an event cut short")?;
        let (payload, after) = behind.split_at(end);
        rest = after.strip_prefix('\n').ok_or_else(|| format!("the length is wrong in {header}"))?;
        events.push(without_pids(&format!("{head}\n{payload}")));
    }
    Ok(events)
}

fn without_pids(text: &str) -> String {
    let mut pieces = text.split(" pid:");
    let mut shown = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        shown.push_str(" pid:N");
        shown.push_str(piece.trim_start_matches(|letter: char| letter.is_ascii_digit()));
    }
    shown
}

fn compare(what: &str, upstream: &[String], ours: &[String]) -> Result<(), Failure> {
    if upstream == ours {
        return Ok(());
    }
    let first = upstream.iter().zip(ours).position(|(theirs, own)| theirs != own);
    let at = first.unwrap_or(upstream.len().min(ours.len()));
    Err(format!(
        "{what} differ at number {at} of {} and {}:\nupstream {:?}\nours     {:?}",
        upstream.len(),
        ours.len(),
        upstream.get(at),
        ours.get(at)
    )
    .into())
}
