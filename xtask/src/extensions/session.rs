//! One scripted session, recorded by a listener on upstream and on ours.

use support::{Daemon, Flavour, Launch, Sandbox, wait_for};

use super::PythonEnvironment;
use crate::Failure;

/// Records events byte for byte; a line end is put behind each.
const RECORDER: &str = "\
while printf 'READY\\n' && IFS= read -r header; do
  { printf '%s\\n' \"$header\"; head -c \"${header##*len:}\"; printf '\\n'; } >>recorded
  printf 'RESULT 2\\nOK'
done
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
    sandbox.write("recorder.sh", RECORDER);
    sandbox.write("childutils.py", CHILDUTILS);
    sandbox.write("talk.sh", TALK);
    // Three seconds: upstream may notice an exit a second late.
    let program = |name: &str, command: &str| {
        format!(
            "[program:{name}]\ncommand={command}\nautostart=false\nautorestart=false\nstartsecs=3\nstartretries=1\ndirectory=%(here)s\n"
        )
    };
    // Upstream also hands what one listener rejects to all others of the same priority, which we do not.
    let config = format!(
        "[supervisord]\nidentifier=session\n\
         [eventlistener:recorder]\ncommand=/bin/sh recorder.sh\ndirectory=%(here)s\nevents={EVENTS}\n\
         buffer_size=100\n\
         [eventlistener:childutils]\ncommand={} childutils.py\ndirectory=%(here)s\n\
         events=REMOTE_COMMUNICATION\nbuffer_size=100\npriority=-2\n\
         {}{}{}stdout_events_enabled=true\nstderr_events_enabled=true\nstdout_capture_maxbytes=1KB\n",
        python.program("python"),
        program("steady", "sleep 1000"),
        program("failing", "/bin/false"),
        program("talking", "/bin/sh talk.sh"),
    );
    let daemon = Launch::of(flavour).configure(&sandbox, &config).start(sandbox);
    play(&daemon, &config);
    let recorded = daemon.sandbox().bytes("recorded");
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
    for (kind, data) in [("one", "first"), ("two", "with a\nsecond line")] {
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
    wait_for("childutils to have had three events", || {
        (daemon.sandbox().text("childutils").lines().count() >= 3).then_some(())
    });
    daemon.ctl(&["stop", "steady"]);
    seen("processname:steady groupname:steady from_state:STOPPING", 1);
}

/// Takes a recording apart into events without process ids, and checks that each length was right.
fn events(recorded: &[u8]) -> Result<Vec<String>, Failure> {
    let mut events = Vec::new();
    let mut rest = recorded;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let header = String::from_utf8(rest[..end].to_vec())?;
        let (head, length) = header.rsplit_once("len:").ok_or("a header without a length")?;
        let (payload, after) =
            rest[end + 1..].split_at_checked(length.parse()?).ok_or("an event cut short")?;
        rest = after.strip_prefix(b"\n").ok_or_else(|| format!("the length is wrong in {header}"))?;
        events.push(without_pids(&format!("{head}\n{}", String::from_utf8_lossy(payload))));
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
