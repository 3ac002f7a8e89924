//! What the pump reports of the children's output.

use super::Children;
use crate::workers::spawn::stream_owner;
use supervisor_core::{Channel, Input};
use supervisor_log::{Generation, Notice};

impl Children {
    /// Takes a notice of the pump. Returns the input for the core, if any, and restores the credit of the stream.
    pub(crate) fn notice(&mut self, notice: Notice) -> Option<Input> {
        let (stream, generation, cost) = (notice.stream(), notice.generation(), notice.cost());
        let (raw, channel) = stream_owner(stream);
        let input = match notice {
            Notice::Drained { .. } => {
                self.drained(raw, generation);
                None
            }
            Notice::Output { data, .. } => self.output(raw, generation, channel, data),
            Notice::Captured { data, .. } => self.captured(raw, generation, channel, data),
        };
        if cost > 0 {
            self.pump.acknowledge(stream, cost);
        }
        input
    }

    fn output(
        &mut self,
        raw: u64,
        generation: Generation,
        channel: Channel,
        bytes: Vec<u8>,
    ) -> Option<Input> {
        let process = self.processes.get_raw(raw)?;
        let (id, is_protocol) = (process.id, process.is_protocol(channel));
        let pid = self.pid_of(raw, generation)?;
        Some(if is_protocol {
            Input::ListenerOutput { process: id, pid, bytes }
        } else {
            Input::Output { process: id, pid, channel, bytes }
        })
    }

    fn captured(
        &mut self,
        raw: u64,
        generation: Generation,
        channel: Channel,
        bytes: Vec<u8>,
    ) -> Option<Input> {
        let process = self.processes.get_raw(raw)?.id;
        let pid = self.pid_of(raw, generation)?;
        Some(Input::Communication { process, pid, channel, bytes })
    }
}
