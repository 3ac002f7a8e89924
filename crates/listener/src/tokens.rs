//! Words of the form `name:value`, separated by blanks, as in headers and payloads.

/// The words of a line. Of a name that comes twice the last counts, as in Python's dictionaries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens(Vec<(String, String)>);

impl Tokens {
    /// Reads a line; words without a colon are passed over. A value may hold colons, a name cannot.
    pub fn parse(line: &str) -> Self {
        let words = line.split_ascii_whitespace().filter_map(|word| word.split_once(':'));
        Self(words.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a name, if it is a number.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    /// Every name with its value, in the order of the line.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_at_their_first_colon() {
        let tokens = Tokens::parse("processname:cat from_state:RUNNING  odd url:http://x:1 pid:2766\n");
        assert_eq!(tokens.get("processname"), Some("cat"));
        assert_eq!(tokens.get("url"), Some("http://x:1"));
        assert_eq!(tokens.number::<u32>("pid"), Some(2766));
        assert_eq!((tokens.number::<u32>("from_state"), tokens.get("odd")), (None, None));
        assert_eq!(tokens.iter().count(), 4);
    }

    #[test]
    fn the_last_of_a_name_counts() {
        assert_eq!(Tokens::parse("a:1 a:2").get("a"), Some("2"));
    }
}
