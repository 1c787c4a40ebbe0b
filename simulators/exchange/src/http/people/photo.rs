//! Pictures of contacts and users.

use serde_json::{Map, Value, json};
use sim_kit::Reply;

use crate::http::call::Call;
use crate::http::{below, entity};
use crate::model::{Blob, Exchange, Photo, ids};
use crate::refusal::Refusal;

/// A larger picture is not taken.
const MAX_BYTES: usize = 4 * 1024 * 1024;

impl Exchange {
    /// From a contact's `photo` on.
    pub(super) fn contact_photo(
        &mut self,
        call: &Call<'_>,
        names: &[&str],
        raw: &[String],
        index: usize,
        key: u64,
    ) -> Result<Reply, Refusal> {
        let contact = self.mailboxes[index].contacts.get(&key).ok_or_else(Refusal::item_not_found)?;
        match (names, call.request.method.as_str()) {
            ([], "GET") => {
                let photo = contact.photo.as_ref().ok_or_else(Refusal::item_not_found)?;
                let mailbox = &self.mailboxes[index];
                let id = mailbox.item_id(ids::Kind::Contact, key, contact.stamp.generation, call.prefer.immutable);
                let context = below(mailbox, &format!("contacts('{id}')/photo/$entity"));
                Ok(entity(call, 200, &context, describe(photo)))
            }
            (["$value"], "GET") => {
                let photo = contact.photo.as_ref().ok_or_else(Refusal::item_not_found)?;
                let mut reply = Reply::empty(200).header("content-type", &photo.content_type);
                reply.body.clone_from(&photo.bytes.0);
                Ok(reply)
            }
            ([] | ["$value"], "PUT" | "PATCH") => {
                let photo = read(call)?;
                let mut contact = contact.clone();
                contact.photo = Some(photo);
                self.replace_contact(index, contact, call.now);
                Ok(Reply::empty(200))
            }
            ([] | ["$value"], "DELETE") => {
                let mut contact = contact.clone();
                contact.photo.take().ok_or_else(Refusal::item_not_found)?;
                self.replace_contact(index, contact, call.now);
                Ok(Reply::empty(204))
            }
            ([] | ["$value"], _) => Err(Refusal::method_not_allowed()),
            _ => Err(Refusal::unknown_segment(raw.first().map_or("", String::as_str))),
        }
    }
}

/// A user's own picture: nobody has one here.
pub(crate) fn user_photo(call: &Call<'_>) -> Refusal {
    if !call.is("GET") {
        return Refusal::method_not_allowed();
    }
    let message = "Exception of type 'Microsoft.Fast.Profile.Core.Exception.ImageNotFoundException' was thrown.";
    Refusal::new(404, "ImageNotFound", message)
}

fn read(call: &Call<'_>) -> Result<Photo, Refusal> {
    let content_type = call.request.header("content-type").unwrap_or_default();
    let content_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let bytes = &call.request.body;
    if !content_type.starts_with("image/") || bytes.is_empty() {
        let message = "The photo must be sent as the bytes of an image, with the image's Content-Type.";
        return Err(Refusal::new(400, "ErrorInvalidImage", message));
    }
    if bytes.len() > MAX_BYTES {
        return Err(Refusal::new(413, "RequestEntityTooLarge", "The photo is larger than 4 MB."));
    }
    Ok(Photo { content_type, bytes: Blob(bytes.clone()) })
}

fn describe(photo: &Photo) -> Map<String, Value> {
    let (width, height) = size(&photo.bytes.0).unwrap_or((1, 1));
    let etag = ids::hex(&ids::digest(&[&String::from_utf8_lossy(&photo.bytes.0)])[..8]);
    let described = json!({
        "@odata.mediaContentType": photo.content_type, "@odata.mediaEtag": format!("\"{}\"", etag.to_uppercase()),
        "id": format!("{width}x{height}"), "height": height, "width": width,
    });
    match described {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Width and height of a PNG, GIF or JPEG image.
fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let short = |at: usize| Some(u32::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    let little = |at: usize| Some(u32::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    let long = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some((long(16)?, long(20)?));
    }
    if bytes.starts_with(b"GIF8") {
        return Some((little(6)?, little(8)?));
    }
    if !bytes.starts_with(&[0xff, 0xd8]) {
        return None;
    }
    // Segments follow each other; the frame header holds the size.
    let mut at = 2;
    loop {
        let marker = *bytes.get(at + 1)?;
        if *bytes.get(at)? != 0xff {
            return None;
        }
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            return Some((short(at + 7)?, short(at + 5)?));
        }
        at += 2 + short(at + 2)? as usize;
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn images_tell_their_size() {
        let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 8], &[0, 0, 0, 48], &[0, 0, 0, 96]].concat();
        let jpeg = [0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc0, 0, 11, 8, 0, 64, 0, 120];
        let gif = b"GIF89a\x08\x00\x09\x00";
        let cases: [(&[u8], _); 5] = [
            (&png, Some((48, 96))),
            (&jpeg, Some((120, 64))),
            (gif, Some((8, 9))),
            (b"\xff\xd8\xff", None),
            (b"text", None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(size(bytes), expected, "{bytes:?}");
        }
    }
}
