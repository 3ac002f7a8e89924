//! Broken variations of sound inputs, the same in every run.

use std::path::Path;
use std::time::{Duration, Instant};

/// Rounds of a test that is not given a time.
const ROUNDS: u32 = 2000;

/// Makes inputs out of seeds by cutting, joining, changing and inserting. A fixed start makes a failure repeatable.
#[derive(Clone, Debug)]
pub struct Mutator {
    seeds: Vec<Vec<u8>>,
    tokens: &'static [&'static str],
    /// The state of the generator (xorshift).
    state: u64,
}

impl Mutator {
    /// Takes every file of a directory as a seed; `tokens` are pieces that mean something in the language.
    ///
    /// # Panics
    /// When the directory cannot be read or is empty.
    pub fn new(seeds: &Path, tokens: &'static [&'static str]) -> Self {
        let mut paths: Vec<_> =
            std::fs::read_dir(seeds).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        assert!(!paths.is_empty(), "no seeds in {}", seeds.display());
        let seeds = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
        Self { seeds, tokens, state: 0x5eed_cafe_f00d_d00d }
    }

    /// Takes another seed, which is no file.
    #[must_use]
    pub fn with_seed(mut self, seed: impl Into<Vec<u8>>) -> Self {
        self.seeds.push(seed.into());
        self
    }

    /// Hands the seeds, and then one variation after the other, to `round`: as many as fit into
    /// `SUPERVISOR_FUZZ_SECONDS`, or a fixed number.
    pub fn run(mut self, mut round: impl FnMut(&[u8])) {
        for seed in &self.seeds {
            round(seed);
        }
        let seconds = std::env::var("SUPERVISOR_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
        let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        let mut rounds = 0;
        while end.map_or(rounds < ROUNDS, |end| Instant::now() < end) {
            round(&self.next_input());
            rounds += 1;
        }
    }

    fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.seed();
        for _ in 0..=self.below(6) {
            let at = self.below(input.len() + 1);
            match self.below(5) {
                0 => input.truncate(at),
                1 => {
                    let token = self.tokens[self.below(self.tokens.len())];
                    input.splice(at..at, token.bytes()).for_each(drop);
                }
                2 if at < input.len() => input[at] = u8::try_from(self.below(256)).unwrap(),
                3 => {
                    let end = (at + self.below(40)).min(input.len());
                    input.drain(at..end);
                }
                _ => {
                    let other = self.seed();
                    let from = self.below(other.len());
                    let to = (from + self.below(200)).min(other.len());
                    input.splice(at..at, other[from..to].iter().copied()).for_each(drop);
                }
            }
        }
        input
    }

    fn seed(&mut self) -> Vec<u8> {
        let place = self.below(self.seeds.len());
        self.seeds[place].clone()
    }

    fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }
}
