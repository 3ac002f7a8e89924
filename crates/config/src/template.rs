//! Files that a template engine (Jinja, ERB, Go) should have rendered.

/// What to do about one.
pub(crate) const HINT: &str = "this is a template; name the file that it makes";

/// Whether a line that is none of the dialect begins as one of a template.
pub(crate) fn begins_line(line: &str) -> bool {
    ["{#", "{%", "{{", "<%"].iter().any(|opening| line.starts_with(opening))
}

/// Whether a rejected value has a placeholder of a template.
pub(crate) fn is_within(value: &str) -> bool {
    value.contains("{{") || value.match_indices('%').any(|(at, _)| is_sign(value, at))
}

/// Whether the percent sign at this place belongs to a tag: `{% if %}`, `<%= name %>`. `{%Y}` is none.
pub(crate) fn is_sign(value: &str, at: usize) -> bool {
    let Some((before, sign)) = value.split_at_checked(at) else { return false };
    let after = sign.strip_prefix('%').unwrap_or_default();
    let opens = before.ends_with(['{', '<']) && after.starts_with([' ', '-', '=', '+', '#']);
    let closes = before.ends_with([' ', '-', '+']) && after.starts_with(['}', '>']);
    opens || closes
}
