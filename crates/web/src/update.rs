//! Applies an edited configuration, as `supervisorctl update`. Groups are removed before others are added, so that their ports
//! and files are free.

use super::actions::{ActionResult, PendingResult, ResultCollector, stop, summary};
use super::i18n::{Messages, fill};
use supervisor_control::{Control, Diff, Fault, Reply, Request as ControlRequest, Target};
use supervisor_core::Answer;

/// Applies the configuration; `answer` takes a sentence and the result for each group.
pub(super) fn apply(
    control: &Control,
    messages: &'static Messages,
    answer: impl FnOnce(String, Vec<ActionResult>) + Send + 'static,
) {
    let again = control.clone();
    let reply = Reply::new(move |read: Result<Diff, Fault>| match read {
        Err(fault) => {
            let text = fault.to_string();
            answer(text.clone(), vec![ActionResult { name: String::new(), result: Err(text) }]);
        }
        Ok(groups) => replace(&again, messages, groups, answer),
    });
    control.send(ControlRequest::ReloadConfig { reply });
}

fn replace(
    control: &Control,
    messages: &'static Messages,
    groups: Diff,
    answer: impl FnOnce(String, Vec<ActionResult>) + Send + 'static,
) {
    let Diff { added, changed, removed } = groups;
    let to_remove: Vec<String> = removed.iter().chain(&changed).cloned().collect();
    let to_add: Vec<String> = changed.into_iter().chain(added).collect();
    let again = control.clone();
    let removals = ResultCollector::new(messages, move |results| {
        let (removed_groups, failed): (Vec<ActionResult>, Vec<ActionResult>) =
            results.into_iter().partition(|entry| entry.result.is_ok());
        let has_failed = |name: &String| failed.iter().any(|entry| entry.name == *name);
        let to_add: Vec<String> = to_add.into_iter().filter(|name| !has_failed(name)).collect();
        let kept =
            removed_groups.into_iter().filter(|entry| removed.contains(&entry.name)).collect::<Vec<_>>();
        let additions = ResultCollector::new(messages, move |results| {
            let results: Vec<ActionResult> = kept.into_iter().chain(failed).chain(results).collect();
            let names: Vec<&str> = results.iter().map(|entry| entry.name.as_str()).collect();
            let is_well = results.iter().all(|entry| entry.result.is_ok());
            let message = if is_well && !results.is_empty() {
                fill(messages.applied, &[&names.join(", ")])
            } else {
                summary(messages, messages.applied, &results)
            };
            answer(message, results);
        });
        for name in &to_add {
            add(&again, name, PendingResult::of(&additions).named(name));
        }
    });
    for name in &to_remove {
        remove(control, name, PendingResult::of(&removals).named(name));
    }
}

/// Stops a group and removes it.
fn remove(control: &Control, name: &str, pending: PendingResult) {
    let (again, group) = (control.clone(), name.to_owned());
    control.command(stop(Target::Group(name.to_owned())), move |answer: Answer| {
        if let Answer::Fault(fault) = answer {
            return pending.report(Err(fault.to_string()));
        }
        let reply = Reply::new(move |removed: Result<(), Fault>| report(pending, removed));
        again.send(ControlRequest::RemoveGroup { name: group, reply });
    });
}

fn add(control: &Control, name: &str, pending: PendingResult) {
    let reply = Reply::new(move |added: Result<(), Fault>| report(pending, added));
    control.send(ControlRequest::AddGroup { name: name.to_owned(), reply });
}

fn report(pending: PendingResult, result: Result<(), Fault>) {
    pending.report(result.map_err(|fault| fault.to_string()));
}
