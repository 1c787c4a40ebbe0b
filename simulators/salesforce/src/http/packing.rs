//! Bodies that travel packed, as gzip or deflate: some clients pack whatever they send.

use std::borrow::Cow;
use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use sim_kit::{Reply, Request};

use crate::model::refusal::Refusal;

/// The longest body that is unpacked, in bytes; a few packed ones may hold any number.
const LONGEST_UNPACKED: u64 = 104_857_600;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Packing {
    Gzip,
    Deflate,
}

impl Packing {
    fn named(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    /// The body as it was, or what of it is one byte too long.
    fn unpack(self, body: &[u8], most: u64) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        match self {
            Self::Gzip => MultiGzDecoder::new(body).take(most + 1).read_to_end(&mut plain)?,
            Self::Deflate => ZlibDecoder::new(body).take(most + 1).read_to_end(&mut plain)?,
        };
        Ok(plain)
    }

    fn pack(self, body: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip => {
                let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
                packer.write_all(body)?;
                packer.finish()
            }
            Self::Deflate => {
                let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
                packer.write_all(body)?;
                packer.finish()
            }
        }
    }
}

/// The request with its body as it was before the client packed it. Requests without a body may name a
/// packing, too.
pub(super) fn unpacked(request: &Request) -> Result<Cow<'_, Request>, Refusal> {
    unpacked_up_to(LONGEST_UNPACKED, request)
}

fn unpacked_up_to(most: u64, request: &Request) -> Result<Cow<'_, Request>, Refusal> {
    let named = request.header("content-encoding").unwrap_or_default();
    if request.body.is_empty() || named.is_empty() || named.eq_ignore_ascii_case("identity") {
        return Ok(Cow::Borrowed(request));
    }
    let Some(packing) = Packing::named(named) else {
        let message = format!("Content-Encoding '{named}' is not supported. The API takes gzip and deflate.");
        return Err(Refusal::new(415, "UNSUPPORTED_MEDIA_TYPE", message));
    };
    let body = packing
        .unpack(&request.body, most)
        .map_err(|_| Refusal::json(format!("The body of this request is not packed with {}", packing.name())))?;
    if u64::try_from(body.len()).map_or(true, |length| length > most) {
        let message = format!("Maximum size of request reached. Maximum size of request is {most} bytes.");
        return Err(Refusal::new(413, "EXCEEDED_MAX_SIZE_REQUEST", message));
    }
    let mut plain = request.clone();
    plain.body = body;
    plain.headers.remove("content-encoding");
    Ok(Cow::Owned(plain))
}

/// The reply with its body packed, if the client says that it can unpack it.
pub(super) fn packed(request: &Request, mut reply: Reply) -> Reply {
    let Some(packing) = accepted(request).filter(|_| !reply.body.is_empty()) else {
        return reply;
    };
    let Ok(body) = packing.pack(&reply.body) else {
        return reply;
    };
    reply.body = body;
    reply.header("content-encoding", packing.name()).header("vary", "Accept-Encoding")
}

/// What of that which the client can unpack comes first here.
fn accepted(request: &Request) -> Option<Packing> {
    let takes = |wanted: Packing| {
        request.header("accept-encoding").unwrap_or_default().split(',').any(|offer| {
            let (name, weight) = offer.split_once(';').unwrap_or((offer, ""));
            let never = weight.trim().strip_prefix("q=").is_some_and(|weight| weight.trim().parse() == Ok(0.0_f32));
            Packing::named(name) == Some(wanted) && !never
        })
    };
    [Packing::Gzip, Packing::Deflate].into_iter().find(|packing| takes(*packing))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn request(header: &str, value: &str, body: &[u8]) -> Request {
        let mut request = Request::new(Method::POST, "/", "http://sf.test");
        if !value.is_empty() {
            request.headers.insert(http::HeaderName::try_from(header).unwrap(), value.parse().unwrap());
        }
        request.body = body.to_vec();
        request
    }

    #[test]
    fn a_body_is_unpacked_as_it_was_packed() {
        for packing in [Packing::Gzip, Packing::Deflate] {
            let body = packing.pack(b"{}").unwrap();
            let told = request("content-encoding", packing.name(), &body);
            let plain = unpacked(&told).unwrap();
            assert_eq!((plain.body.as_slice(), plain.header("content-encoding")), (&b"{}"[..], None), "{packing:?}");
        }
    }

    #[test]
    fn what_is_packed_otherwise_than_told_is_refused() {
        let gzip = Packing::Gzip.pack(b"{}").unwrap();
        for (named, body, status) in [
            ("gzip", &b"{}"[..], 400),
            ("gzip", &gzip[..gzip.len() - 3], 400),
            ("deflate", &gzip[..], 400),
            ("br", &gzip[..], 415),
        ] {
            let refused = unpacked(&request("content-encoding", named, body)).map(|_| ());
            assert_eq!(refused.map_err(|refusal| refusal.status), Err(status), "{named}");
        }
        for (named, body) in [("gzip", &b""[..]), ("identity", b"{}"), ("", b"{}")] {
            assert_eq!(unpacked(&request("content-encoding", named, body)).unwrap().body, body, "{named}");
        }
    }

    #[test]
    fn a_small_body_that_holds_too_much_is_refused() {
        for packing in [Packing::Gzip, Packing::Deflate] {
            let told = request("content-encoding", packing.name(), &packing.pack(&[0; 1000]).unwrap());
            assert!(told.body.len() < 100 && unpacked_up_to(1000, &told).is_ok(), "{packing:?}");
            let refused = unpacked_up_to(999, &told).map(|_| ());
            assert_eq!(refused.map_err(|refusal| refusal.status), Err(413), "{packing:?}");
        }
    }

    #[test]
    fn a_reply_is_packed_as_the_client_can_unpack_it() {
        for (offer, name) in [
            ("gzip, deflate, br", Some("gzip")),
            ("deflate;q=1, gzip;q=0.5", Some("gzip")),
            ("gzip;q=0, deflate", Some("deflate")),
            ("GZIP", Some("gzip")),
            ("br", None),
            ("gzip; q=0.0", None),
            ("", None),
        ] {
            let reply = packed(&request("accept-encoding", offer, b""), Reply::text(200, "text/plain", "much"));
            let told = reply.headers.get("content-encoding").map(|value| value.to_str().unwrap());
            assert_eq!(told, name, "{offer}");
            let body =
                name.map_or(reply.body.clone(), |name| Packing::named(name).unwrap().unpack(&reply.body, 9).unwrap());
            assert_eq!(body, b"much", "{offer}");
        }
        let empty = packed(&request("accept-encoding", "gzip", b""), Reply::empty(204));
        assert!(empty.body.is_empty() && empty.headers.is_empty());
    }
}
