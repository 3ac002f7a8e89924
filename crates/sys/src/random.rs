//! Randomness from the kernel, for names and tokens.

#[cfg(target_os = "linux")]
use rustix::io::retry_on_intr;
#[cfg(target_os = "linux")]
use rustix::rand::{GetRandomFlags, getrandom};
use std::io;

/// The characters of a token: what upstream's temporary names are made of.
const ALPHABET: &[u8; 37] = b"abcdefghijklmnopqrstuvwxyz0123456789_";

/// Fills `buffer` with random bytes.
#[cfg(target_os = "linux")]
#[doc(alias = "getrandom")]
pub fn fill(buffer: &mut [u8]) -> io::Result<()> {
    // The kernel answers a request for up to 256 bytes in full.
    for chunk in buffer.chunks_mut(256) {
        retry_on_intr(|| getrandom(&mut *chunk, GetRandomFlags::empty()))?;
    }
    Ok(())
}

/// Fills `buffer` with random bytes.
#[cfg(not(target_os = "linux"))]
pub fn fill(buffer: &mut [u8]) -> io::Result<()> {
    std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, buffer)
}

/// `length` random characters of `[a-z0-9_]`, each equally likely (5.2 bits each).
pub fn token(length: usize) -> io::Result<String> {
    // The largest multiple of 37 in a byte; what lies above would favour the first letters.
    const FAIR: u8 = 222;
    let mut token = String::with_capacity(length);
    let mut bytes = [0; 32];
    while token.len() < length {
        fill(&mut bytes)?;
        let letters = bytes
            .iter()
            .filter(|byte| **byte < FAIR)
            .map(|byte| char::from(ALPHABET[usize::from(byte % 37)]));
        token.extend(letters.take(length - token.len()));
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn tokens_have_the_length_and_letters_asked_for() {
        for length in [0, 1, 8, 33, 100] {
            let token = token(length).unwrap();
            assert_eq!(token.len(), length);
            assert!(token.bytes().all(|byte| ALPHABET.contains(&byte)), "{token}");
        }
    }

    #[test]
    fn tokens_use_the_whole_alphabet_and_do_not_repeat() {
        let tokens: HashSet<String> = (0..500).map(|_| token(8).unwrap()).collect();
        assert_eq!(tokens.len(), 500);
        let letters: HashSet<u8> = tokens.iter().flat_map(|token| token.bytes()).collect();
        assert_eq!(letters.len(), ALPHABET.len());
    }

    #[test]
    fn fill_reaches_past_one_kernel_answer() {
        let mut buffer = [0; 1000];
        fill(&mut buffer).unwrap();
        assert!(buffer.chunks(100).all(|chunk| chunk.iter().any(|byte| *byte != 0)));
    }
}
