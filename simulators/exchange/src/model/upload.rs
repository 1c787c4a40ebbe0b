//! Large attachments that come in pieces.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Attachment, Content, Exchange};
use crate::refusal::Refusal;

/// How long a session waits for its next piece.
pub(crate) const UPLOAD_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// One attachment on its way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) mailbox: usize,
    /// The message's key.
    pub(crate) message: u64,
    /// The secret in the address, which is all that a client needs.
    pub(crate) secret: String,
    pub(crate) size: usize,
    pub(crate) expires: Timestamp,
    /// As it will be; its content grows.
    pub(crate) attachment: Attachment,
}

impl Upload {
    pub(crate) fn received(&self) -> usize {
        self.attachment.size()
    }
}

impl Exchange {
    /// The session of an address, if its time is not over.
    pub(crate) fn upload(&mut self, id: &str, secret: &str, now: Timestamp) -> Result<&mut Upload, Refusal> {
        self.uploads.retain(|_, upload| upload.expires > now);
        let upload = self.uploads.get_mut(&id.to_lowercase()).filter(|upload| upload.secret == secret);
        upload.ok_or_else(|| Refusal::new(404, "ErrorItemNotFound", "The upload session was not found or has expired."))
    }

    /// Takes the piece that starts at byte `start`; the attachment's number once it is whole.
    pub(crate) fn take_piece(
        &mut self,
        id: &str,
        secret: &str,
        start: usize,
        piece: &[u8],
        now: Timestamp,
    ) -> Result<Option<u32>, Refusal> {
        let upload = self.upload(id, secret, now)?;
        let received = upload.received();
        if start != received || start.saturating_add(piece.len()) > upload.size {
            let message = format!("The range is not the one expected next: it begins at byte {received}.");
            return Err(Refusal::new(416, "ErrorInvalidRange", message));
        }
        if let Content::File { bytes } = &mut upload.attachment.content {
            bytes.extend_from_slice(piece);
        }
        if upload.received() < upload.size {
            return Ok(None);
        }
        let (index, key, attachment) = (upload.mailbox, upload.message, upload.attachment.clone());
        self.uploads.remove(&id.to_lowercase());
        let message = self.mailboxes.get(index).and_then(|mailbox| mailbox.messages.get(&key));
        let mut message = message.ok_or_else(Refusal::item_not_found)?.clone();
        let number = message.attach(Attachment { modified: now, ..attachment });
        self.replace_message(index, message, &["hasAttachments".to_owned()], now);
        Ok(Some(number))
    }
}
