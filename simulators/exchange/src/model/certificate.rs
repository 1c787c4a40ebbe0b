//! A client's certificate, and sealing something for it.

use num_bigint::BigUint;
use sha1::{Digest, Sha1};

use super::ids::hex;
use super::rsa::bytes;

/// OAEP hashes with SHA-1 here.
const HASH: usize = 20;

/// The fingerprint of a certificate, as notifications name it.
pub(crate) fn thumbprint(certificate: &[u8]) -> String {
    hex(&Sha1::digest(certificate)).to_uppercase()
}

/// A client's public key.
#[derive(Debug)]
pub(crate) struct PublicKey {
    modulus: BigUint,
    exponent: BigUint,
}

impl PublicKey {
    /// The RSA key of an X.509 certificate; `None` if it has none, or is no certificate.
    pub(crate) fn of_certificate(certificate: &[u8]) -> Option<Self> {
        let mut body = Der(Der(Der(certificate).take(0x30)?).take(0x30)?);
        if body.0.first() == Some(&0xa0) {
            body.take(0xa0)?;
        }
        // Serial number, algorithm, issuer, validity, subject.
        for tag in [0x02, 0x30, 0x30, 0x30, 0x30] {
            body.take(tag)?;
        }
        let mut info = Der(body.take(0x30)?);
        let algorithm = Der(info.take(0x30)?).take(0x06)?;
        let rsa = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
        if algorithm != rsa {
            return None;
        }
        let mut key = Der(Der(info.take(0x03)?.get(1..)?).take(0x30)?);
        let (modulus, exponent) = (BigUint::from_bytes_be(key.take(0x02)?), BigUint::from_bytes_be(key.take(0x02)?));
        (modulus.bits() >= 2048).then_some(Self { modulus, exponent })
    }

    /// Seals a short message (RSA-OAEP with SHA-1).
    pub(crate) fn seal(&self, message: &[u8], seed: &[u8; HASH]) -> Option<Vec<u8>> {
        let length = usize::try_from(self.modulus.bits().div_ceil(8)).ok()?;
        let filling = length.checked_sub(message.len() + 2 * HASH + 2)?;
        let mut data = Sha1::digest([]).to_vec();
        data.extend(std::iter::repeat_n(0, filling));
        data.push(1);
        data.extend(message);
        let data = xor(&data, &mask(seed, data.len()));
        let seed = xor(seed, &mask(&data, HASH));
        let block = [vec![0], seed, data].concat();
        Some(bytes(&BigUint::from_bytes_be(&block).modpow(&self.exponent, &self.modulus), length))
    }
}

fn xor(left: &[u8], right: &[u8]) -> Vec<u8> {
    left.iter().zip(right).map(|(left, right)| left ^ right).collect()
}

/// MGF1 with SHA-1.
fn mask(seed: &[u8], length: usize) -> Vec<u8> {
    let blocks = (0_u32..).flat_map(|count| {
        let mut hash = Sha1::new();
        hash.update(seed);
        hash.update(count.to_be_bytes());
        hash.finalize().to_vec()
    });
    blocks.take(length).collect()
}

/// What is left to read of a DER sequence.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The content of the next element, if it has that tag.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_first()?;
        let (length, rest) = rest.split_first()?;
        let (length, rest) = if *length <= 0x7f {
            (usize::from(*length), rest)
        } else {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            if digits.len() > 4 {
                return None;
            }
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        (*first == tag).then_some(content)
    }
}

#[cfg(test)]
mod tests {
    use super::super::rsa;
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn what_is_sealed_opens_with_the_private_key() {
        let key =
            PublicKey { modulus: rsa::number(rsa::MODULUS), exponent: BigUint::from_bytes_be(&rsa::PUBLIC_EXPONENT) };
        let sealed = key.seal(b"secret", &[7; HASH]).unwrap();
        let opened = bytes(&BigUint::from_bytes_be(&sealed).modpow(&rsa::number(rsa::EXPONENT), &key.modulus), 256);
        let data = xor(&opened[1 + HASH..], &mask(&xor(&opened[1..=HASH], &mask(&opened[1 + HASH..], HASH)), 235));
        assert!(data.starts_with(&Sha1::digest([])) && data.ends_with(b"\x01secret"));
        assert!(key.seal(&[0; 256], &[7; HASH]).is_none());
    }

    /// Of the service's own key, so that it can be recognized.
    const CERTIFICATE: &str = "MIIDDTCCAfWgAwIBAgIUSvKxB0lGOr1Ev4MtnCUlKaKjmDowDQYJKoZIhvcNAQELBQAwFTETMBEGA1UEAwwKc3Vic2NyaWJlcjAg\
         Fw0yNjExMjIwNjE1MTJaGA8yMTI2MTAyOTA2MTUxMlowFTETMBEGA1UEAwwKc3Vic2NyaWJlcjCCASIwDQYJKoZIhvcNAQEBBQAD\
         ggEPADCCAQoCggEBALfSM0dD9ywBwj60hDbBP1yAZ4+IXQMZDNdyU9fk3r6RoZDnK2h9FjpHK0ywjqfgv0ROV6wKBMN5U4F8z49o\
         E1gZ6s+X1+8IL8TEmoAoU8PQuMHc5OSDaOzPbUQElo6WvOOjyCEIdRmpmJ3GnZ7N6XpABE/C93eJdCCsF+tasfbOVeybREuT26Wu\
         NvrOvqe4JehyIkWnuLxIy/P+SNsFxo+XJkB/rMQFuW0+q9QlznBWZA9soq/6QLlZJPAciGN4/0YP+00FP9mtKRdH1BF86dFCoYpx\
         HEhQPwgii0px7uU29YYy4e88TcEC0dC9y6oRUkaqKAgK3nKMHvKBoFQ5jS0CAwEAAaNTMFEwHQYDVR0OBBYEFObAM0NEB0WsIKmm\
         wuxMgCkZmkk0MB8GA1UdIwQYMBaAFObAM0NEB0WsIKmmwuxMgCkZmkk0MA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQAD\
         ggEBAHhoMMyp0Lu2zMYxa94RNx6VwDvbR34ugJwIamv2dPNBOB8ebwupgE4Pcj09k2D55dsh+sKvbXW6XekJMrZ9Lv1Uzbs+YtH7\
         9DRElpJa7VqcxgZQKEPdxA7kYXoANOoAoxMjsG9PSdEp0eI1fY0St6uVcMSfPhvX2jcae3KEvxzlUvV8r1VJR7LUk5icBu3Rfhkq\
         nqV1Lg2cAvXxNga7mP6iN+w59S34wgKw44P1/eb+ARAPUb2+hWotZW/a4mps0ZbTyNzVsF8bpua9vzrQhzc6C3zlAN6YM4nwMOvU\
         NP/MxG5cLKgA2IsLOp52c3d6iHeXSCIFkBhBnJpyLznPW9A=";

    #[test]
    fn a_certificate_tells_its_key_and_its_thumbprint() {
        let bytes = STANDARD.decode(CERTIFICATE).unwrap();
        assert_eq!(PublicKey::of_certificate(&bytes).unwrap().modulus, rsa::number(rsa::MODULUS));
        assert_eq!(thumbprint(&bytes), "BE25D5090F86CD8D4CF774E8E0C454059AD88015");
    }

    #[test]
    fn what_is_no_certificate_has_no_key() {
        for bytes in [&[][..], b"x", &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x30, 0x03, 0x30, 0x01, 0x02]] {
            assert!(PublicKey::of_certificate(bytes).is_none(), "{bytes:?}");
        }
    }
}
