//! The button that makes an edited configuration the one that runs: what `supervisorctl update` does. Everything
//! that has to go goes first, so that what comes finds its ports and files free.

use super::Context;
use super::orders::{Line, Share, Tally, order, stop, summary};
use super::words::{Words, fill};
use supervisor_control::{Diff, Fault, Reply, Request as Question, Target};
use supervisor_core::Answer;

/// Applies the configuration; `answer` takes a sentence and what came of each group.
pub(super) fn apply(
    context: &Context,
    words: &'static Words,
    answer: impl FnOnce(String, Vec<Line>) + Send + 'static,
) {
    let again = context.clone();
    let reply = Reply::new(move |read: Result<Diff, Fault>| match read {
        Err(fault) => {
            let text = fault.to_string();
            answer(text.clone(), vec![Line { name: String::new(), result: Err(text) }]);
        }
        Ok(groups) => replace(&again, words, groups, answer),
    });
    context.control.send(Question::ReloadConfig { reply });
}

fn replace(
    context: &Context,
    words: &'static Words,
    groups: Diff,
    answer: impl FnOnce(String, Vec<Line>) + Send + 'static,
) {
    let Diff { added, changed, removed } = groups;
    let leaving: Vec<String> = removed.iter().chain(&changed).cloned().collect();
    let coming: Vec<String> = changed.into_iter().chain(added).collect();
    let again = context.clone();
    let left = Tally::new(words, move |lines| {
        let (gone, stuck): (Vec<Line>, Vec<Line>) = lines.into_iter().partition(|line| line.result.is_ok());
        let is_stuck = |name: &String| stuck.iter().any(|line| line.name == *name);
        let coming: Vec<String> = coming.into_iter().filter(|name| !is_stuck(name)).collect();
        let kept = gone.into_iter().filter(|line| removed.contains(&line.name)).collect::<Vec<_>>();
        let all = Tally::new(words, move |lines| {
            let lines: Vec<Line> = kept.into_iter().chain(stuck).chain(lines).collect();
            let names: Vec<&str> = lines.iter().map(|line| line.name.as_str()).collect();
            let is_well = lines.iter().all(|line| line.result.is_ok());
            let message = if is_well && !lines.is_empty() {
                fill(words.applied, &[&names.join(", ")])
            } else {
                summary(words, words.applied, &lines)
            };
            answer(message, lines);
        });
        for name in &coming {
            add(&again, name, Share::of(&all).about(name));
        }
    });
    for name in &leaving {
        remove(context, name, Share::of(&left).about(name));
    }
}

/// Stops a group and removes it.
fn remove(context: &Context, name: &str, share: Share) {
    let (again, group) = (context.clone(), name.to_owned());
    order(context, stop(Target::Group(name.to_owned())), move |answer: Answer| {
        if let Answer::Fault(fault) = answer {
            return share.tell(Err(fault.to_string()));
        }
        let reply = Reply::new(move |removed: Result<(), Fault>| tell(share, removed));
        again.control.send(Question::RemoveGroup { name: group, reply });
    });
}

fn add(context: &Context, name: &str, share: Share) {
    let reply = Reply::new(move |added: Result<(), Fault>| tell(share, added));
    context.control.send(Question::AddGroup { name: name.to_owned(), reply });
}

fn tell(share: Share, result: Result<(), Fault>) {
    share.tell(result.map_err(|fault| fault.to_string()));
}
