//! A mail server that takes one letter after the other and keeps them.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

/// The letters that arrive at a port of the loopback interface.
pub(super) struct MailServer {
    pub(super) port: u16,
    pub(super) letters: Receiver<String>,
}

impl MailServer {
    /// Starts it on a free port; it ends with the program.
    pub(super) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let (sender, letters) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that breaks off has sent no letter; what did not arrive is noticed by who waits for it.
                drop(converse(&stream, &sender));
            }
        });
        Ok(Self { port, letters })
    }
}

/// One conversation by SMTP (RFC 5321), as far as a sending client needs it.
fn converse(stream: &TcpStream, letters: &Sender<String>) -> io::Result<()> {
    let mut output = stream;
    let mut lines = BufReader::new(stream).lines();
    output.write_all(b"220 here\r\n")?;
    while let Some(command) = lines.next().transpose()? {
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "DATA" => {
                output.write_all(b"354 go on\r\n")?;
                let letter: Vec<String> =
                    lines.by_ref().map_while(Result::ok).take_while(|line| line != ".").collect();
                // The receiver is gone once the run is over.
                drop(letters.send(letter.join("\n")));
                output.write_all(b"250 taken\r\n")?;
            }
            "QUIT" => return output.write_all(b"221 bye\r\n"),
            _ => output.write_all(b"250 fine\r\n")?,
        }
    }
    Ok(())
}
