//! What a misspelled word was probably meant to be.

/// The candidate that a misspelling most likely meant, if one is near enough: no letter wrong in words of one or two,
/// one in words up to five, a third in longer ones; transpositions count once, case not at all.
pub(crate) fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong: Vec<char> = wrong.to_lowercase().chars().take(64).collect();
    let tolerance = match wrong.len() {
        0..3 => 0,
        3..6 => 1,
        length => length / 3,
    };
    let distances = candidates.into_iter().map(|candidate| {
        let letters: Vec<char> = candidate.to_lowercase().chars().collect();
        (distance(&wrong, &letters), candidate)
    });
    distances.filter(|&(far, _)| far <= tolerance).min_by_key(|&(far, _)| far).map(|(_, candidate)| candidate)
}

/// Edit distance with insertions, deletions, replacements and swaps of neighbours.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before_last[j - 2] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("TREM", ["HUP", "TERM", "KILL"]), Some("TERM"));
        assert_eq!(nearest("comand", ["command", "umask"]), Some("command"));
        assert_eq!(nearest("colour", ["command", "umask"]), None);
    }
}
