//! Upload sessions: large attachments piece by piece, at an address that needs no sign-in.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use sim_kit::{Reply, Request};

use super::super::call::{self, Call};
use super::super::mail_view;
use super::attachments::MAX_ATTACHMENT;
use super::parameters;
use crate::model::ids::Kind;
use crate::model::{Attachment, Exchange, Message, UPLOAD_LIFE, Upload, stamp_text, unreadable};
use crate::refusal::Refusal;

/// The largest attachment of all.
const MAX_UPLOAD: u64 = 150 * 1024 * 1024;
/// The largest piece.
const MAX_PIECE: usize = 4 * 1024 * 1024;

impl Exchange {
    pub(super) fn create_upload(&mut self, call: &Call<'_>, index: usize, id: &str) -> Result<Reply, Refusal> {
        let message = self.mailboxes[index].find::<Message>(id)?.stamp.key;
        let given = parameters(call)?;
        let item =
            given.get("attachmentItem").and_then(Value::as_object).ok_or_else(|| unreadable("AttachmentItem"))?;
        let kind = item.get("attachmentType").and_then(Value::as_str).unwrap_or("file");
        if !kind.eq_ignore_ascii_case("file") {
            return Err(Refusal::new(400, "ErrorInvalidArgument", "Only files can be attached by an upload session."));
        }
        let size = item.get("size").and_then(Value::as_u64).ok_or_else(|| unreadable("size"))?;
        if size < MAX_ATTACHMENT as u64 {
            let text = format!("The attachment size should not be less than the minimum size {MAX_ATTACHMENT}.");
            return Err(Refusal::new(400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize", text));
        }
        if size > MAX_UPLOAD {
            let text = format!("The attachment size exceeds the maximum size {MAX_UPLOAD}.");
            return Err(Refusal::new(400, "ErrorAttachmentSizeLimitExceeded", text));
        }
        let mut file = item.clone();
        file.insert("@odata.type".into(), "#microsoft.graph.fileAttachment".into());
        file.insert("contentBytes".into(), "".into());
        let attachment = Attachment::read(&Value::Object(file), call.now)?;
        let session = self.next_guid("upload");
        let secret = self.next_secret("upload");
        let expires = call.now.checked_add(UPLOAD_LIFE).unwrap_or(call.now);
        let mailbox = &self.mailboxes[index];
        let url = format!(
            "{}/api/v2.0/Users('{}')/Messages('{}')/AttachmentSessions('{session}')?authtoken={secret}",
            call.request.origin,
            mailbox.id,
            utf8_percent_encode(id, NON_ALPHANUMERIC),
        );
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        self.uploads.insert(session, Upload { mailbox: index, message, secret, size, expires, attachment });
        let body = json!({
            "@odata.context": call.context_url("microsoft.graph.uploadSession"), "uploadUrl": url,
            "expirationDateTime": stamp_text(expires), "nextExpectedRanges": ["0-"],
        });
        Ok(call::json(201, &body))
    }

    /// One request to the address of a session; `id` is the session's.
    pub(crate) fn upload_piece(&mut self, request: &Request, id: &str, now: jiff::Timestamp) -> Result<Reply, Refusal> {
        let secret = request.param("authtoken").unwrap_or_default();
        match request.method.as_str() {
            "GET" => {
                let upload = self.upload(id, secret, now)?;
                Ok(progress(request, upload))
            }
            "DELETE" => {
                self.upload(id, secret, now)?;
                self.uploads.remove(&id.to_lowercase());
                Ok(Reply::empty(204))
            }
            "PUT" => {
                let upload = self.upload(id, secret, now)?;
                let (index, key) = (upload.mailbox, upload.message);
                self.admit(index, request.body.len(), now)?;
                let upload = self.upload(id, secret, now)?;
                let start = read_range(request, upload.size)?;
                let Some(number) = self.take_piece(id, secret, start, &request.body, now)? else {
                    return Ok(progress(request, self.upload(id, secret, now)?));
                };
                let mailbox = &self.mailboxes[index];
                let message = mailbox.messages.get(&key).ok_or_else(Refusal::item_not_found)?;
                let stamp = &message.stamp;
                let location = format!(
                    "{}/api/v2.0/Users('{}')/Messages('{}')/Attachments('{}')",
                    request.origin,
                    mailbox.id,
                    mailbox.item_id(Kind::Message, stamp.key, stamp.generation, false),
                    mail_view::attachment_id(mailbox, message, number, false),
                );
                Ok(Reply::empty(201).header("location", &location))
            }
            _ => Err(Refusal::method_not_allowed()),
        }
    }
}

fn progress(request: &Request, upload: &Upload) -> Reply {
    let users = request.path.split("/AttachmentSessions").next().and_then(|path| path.split("/Users").nth(1));
    let context = format!("{}/api/v2.0/$metadata#Users{}", request.origin, users.unwrap_or_default());
    // An unbegun session is open-ended; one under way names only where it goes on.
    let next = match upload.received() {
        0 => "0-".to_owned(),
        received => received.to_string(),
    };
    let body = json!({
        "@odata.context": format!("{context}/AttachmentSessions/$entity"),
        "expirationDateTime": stamp_text(upload.expires),
        "nextExpectedRanges": [next],
    });
    call::json(200, &body)
}

/// `Content-Range: bytes 0-2097151/3483322`: where the piece begins.
fn read_range(request: &Request, size: usize) -> Result<usize, Refusal> {
    let invalid =
        |why: &str| Refusal::new(400, "ErrorInvalidRange", format!("The Content-Range header is invalid: {why}."));
    let header = request.header("content-range").ok_or_else(|| invalid("it is missing"))?;
    let range = header.trim().strip_prefix("bytes").map(str::trim).ok_or_else(|| invalid("it counts no bytes"))?;
    let (range, total) = range.split_once('/').ok_or_else(|| invalid("it has no total"))?;
    let (start, end) = range.split_once('-').ok_or_else(|| invalid("it is no range"))?;
    let number = |text: &str| text.trim().parse::<usize>().map_err(|_| invalid("it holds no numbers"));
    let (start, end, total) = (number(start)?, number(end)?, number(total)?);
    if total != size {
        return Err(invalid("its total is not the size that the session was made for"));
    }
    if end < start || end - start >= MAX_PIECE || end - start + 1 != request.body.len() {
        return Err(invalid("it does not fit the body"));
    }
    Ok(start)
}
