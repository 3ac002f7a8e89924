//! Where the text of a rejected value came from, for the report: a variable that is empty or holds something odd, or a
//! variable of a shell that is not there.

use crate::expand::{Expanded, Names};
use supervisor_core::repr;

/// Characters of a variable's value that are shown at most.
const LONGEST: usize = 60;

/// Variables named at most.
const MOST: usize = 3;

/// What a value was made of.
pub(crate) struct Origin {
    /// Such as `WORKERS is empty in the environment`.
    pub(crate) text: String,
    /// What to do, if the value's type does not know better.
    pub(crate) hint: Option<String>,
}

/// The variables in a value; `None` without any.
pub(crate) fn of(key: &str, text: &Expanded<'_>, names: &Names<'_>) -> Option<Origin> {
    let mut sentences: Vec<String> = Vec::new();
    let mut hint = None;
    for substitution in &text.substitutions {
        let Some(variable) = substitution.name.strip_prefix("ENV_") else { continue };
        let value = &text.text[substitution.place.clone()];
        let is_inherited = names.is_inherited(substitution.name.as_bytes());
        let source = if is_inherited { "in the environment" } else { "by an environment option" };
        if is_inherited {
            let verb = if value.is_empty() { "set" } else { "change" };
            hint = Some(format!("{verb} {variable} in the environment {} starts with", names.program()));
        }
        let sentence = if value.is_empty() {
            format!("{variable} is empty {source}")
        } else if is_inherited && !is_secret(key) && !is_secret(variable) && value.len() <= LONGEST {
            format!("{variable} is {} {source}", repr::text(value))
        } else {
            format!("{variable} is set {source}")
        };
        if !sentences.contains(&sentence) && sentences.len() < MOST {
            sentences.push(sentence);
        }
    }
    (!sentences.is_empty()).then(|| Origin { text: sentences.join(", "), hint })
}

/// Whether a variable of this name likely holds a secret.
fn is_secret(name: &str) -> bool {
    const SIGNS: [&str; 9] =
        ["environment", "pass", "pw", "secret", "token", "key", "cred", "auth", "private"];
    let lower = name.to_lowercase();
    SIGNS.iter().any(|sign| lower.contains(sign))
}

/// `$NAME` or `${NAME}`, which a shell would fill in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShellVariable<'t> {
    /// As it is written.
    pub(crate) written: &'t str,
    pub(crate) name: &'t str,
}

impl ShellVariable<'_> {
    /// What to write in its place.
    pub(crate) fn hint(&self) -> String {
        format!("no shell reads this; write %(ENV_{})s for {}", self.name, self.written)
    }
}

/// The first variable of a shell in a text.
pub(crate) fn shell_variable(text: &str) -> Option<ShellVariable<'_>> {
    shell_variables(text).next()
}

/// The variables of a shell in a text.
pub(crate) fn shell_variables(text: &str) -> impl Iterator<Item = ShellVariable<'_>> {
    text.match_indices('$').filter_map(|(at, _)| {
        let rest = &text[at + 1..];
        let (inner, braces) = match rest.strip_prefix('{') {
            Some(inner) => (inner, 2),
            None => (rest, 0),
        };
        let end = inner.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let name = &inner[..end.unwrap_or(inner.len())];
        let is_name = name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
        let is_closed = braces == 0 || inner[name.len()..].starts_with('}');
        (is_name && is_closed)
            .then(|| ShellVariable { written: &text[at..at + 1 + braces + name.len()], name })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_a_shell_are_found() {
        let found = |text| shell_variable(text).map(|found| (found.written, found.name));
        assert_eq!(found("${SRC}/logs"), Some(("${SRC}", "SRC")));
        assert_eq!(found("a $1 $$ ${} ${x $HOME/x"), Some(("$HOME", "HOME")));
        assert_eq!(found("100$"), None);
        assert_eq!(found("${A:-1}"), None);
    }

    #[test]
    fn variables_that_likely_hold_a_secret_are_known_by_their_names() {
        for name in
            ["DB_PASS", "PGPASSWORD", "PW", "CLIENT_SECRET", "API_TOKEN", "SSH_KEY", "AWS_CREDENTIALS"]
        {
            assert!(is_secret(name), "{name}");
        }
        for name in ["HOME", "PORT", "WORKERS", "PATH"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
