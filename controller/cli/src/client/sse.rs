//! Server-sent events, as much as an OpenAI stream uses (WHATWG HTML, 9.2.6).

use crate::limits::EVENT_LINE_BYTES_MAX;

/// Cuts a byte stream into the `data` of its events.
#[derive(Debug, Default)]
pub(crate) struct Events {
    line: Vec<u8>,
    data: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server sent an event line longer than {EVENT_LINE_BYTES_MAX} bytes")]
pub(crate) struct LineTooLong;

impl Events {
    /// The events that these bytes complete, in order.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, LineTooLong> {
        let mut events = Vec::new();
        for &byte in bytes {
            if byte != b'\n' {
                if self.line.len() + self.data.len() >= EVENT_LINE_BYTES_MAX {
                    return Err(LineTooLong);
                }
                self.line.push(byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            if line.is_empty() {
                if !self.data.is_empty() {
                    let data = std::mem::take(&mut self.data);
                    events.push(String::from_utf8_lossy(&data).into_owned());
                }
            } else if let Some(value) = line.strip_prefix(b"data:") {
                if !self.data.is_empty() {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
            }
        }
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn comments_and_other_fields_are_no_data() {
        let mut events = Events::default();
        let got = events.push(b": keep-alive\n\nevent: x\ndata: {\"a\":1}\n\ndata:[DONE]\r\n\r\n").unwrap();
        assert_eq!(got, ["{\"a\":1}", "[DONE]"]);
    }

    #[test]
    fn several_data_lines_are_one_event() {
        assert_eq!(Events::default().push(b"data: a\ndata: b\n\n").unwrap(), ["a\nb"]);
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut events = Events::default();
        assert_eq!(events.push(&vec![b'x'; EVENT_LINE_BYTES_MAX + 1]), Err(LineTooLong));
    }

    proptest! {
        #[test]
        fn cutting_the_stream_anywhere_changes_nothing(texts in prop::collection::vec("[^\n\r]{1,20}", 1..8), cut in 0usize..200) {
            let whole: String = texts.iter().map(|t| format!("data: {t}\n\n")).collect();
            let cut = cut.min(whole.len());
            let mut events = Events::default();
            let mut got = events.push(&whole.as_bytes()[..cut]).unwrap();
            got.extend(events.push(&whole.as_bytes()[cut..]).unwrap());
            prop_assert_eq!(got, texts);
        }
    }
}
