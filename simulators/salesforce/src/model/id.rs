//! Record ids: 15 characters that mind their case, and 3 that save it where case is lost.

const SUFFIX: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The 18-character form of a 15-character id.
fn lengthen(id: &str) -> String {
    let suffix = id.as_bytes().chunks(5).map(|chunk| {
        let bits = chunk.iter().enumerate().filter(|(_, byte)| byte.is_ascii_uppercase());
        char::from(SUFFIX[bits.fold(0, |sum, (bit, _)| sum | (1_usize << bit)) & 31])
    });
    id.chars().chain(suffix).collect()
}

/// The 18-character form of an id of 15 or 18 characters, its case repaired from the suffix; `None`
/// if the text is no id.
pub(crate) fn canonical(text: &str) -> Option<String> {
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    match text.len() {
        15 => Some(lengthen(text)),
        18 => {
            let (body, suffix) = text.split_at(15);
            let mut repaired = String::with_capacity(18);
            for (chunk, sum) in body.as_bytes().chunks(5).zip(suffix.bytes()) {
                let bits = SUFFIX.iter().position(|letter| *letter == sum.to_ascii_uppercase())?;
                for (bit, byte) in chunk.iter().enumerate() {
                    let upper = bits & (1 << bit) != 0;
                    if upper && !byte.is_ascii_alphabetic() {
                        return None;
                    }
                    repaired.push(char::from(if upper {
                        byte.to_ascii_uppercase()
                    } else {
                        byte.to_ascii_lowercase()
                    }));
                }
            }
            Some(lengthen(&repaired))
        }
        _ => None,
    }
}

/// The id of a new row: the object's prefix and what the hash says, which no one can guess or order by.
pub(crate) fn mint(prefix: &str, hash: &[u8]) -> String {
    lengthen(&format!("{prefix}{}", base62(hash, 12)))
}

/// `length` characters of base 62 from a hash; one per byte, so a hash has at most 32.
pub(crate) fn base62(hash: &[u8], length: usize) -> String {
    hash.iter().take(length).map(|byte| char::from(BASE62[usize::from(*byte) % 62])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_15_and_18_characters_are_one() {
        // The example of Salesforce's own documentation of the algorithm's parts.
        assert_eq!(canonical("001A0000006Vm9r").as_deref(), Some("001A0000006Vm9rIAC"));
        assert_eq!(canonical("001a0000006vm9riac").as_deref(), Some("001A0000006Vm9rIAC"));
        for bad in ["", "bogus", "001A0000006Vm9", "001A0000006Vm9r!AC", "001A0000006Vm9rIA9", "001A0000006Vm9rZZZ"] {
            assert_eq!(canonical(bad), None, "{bad}");
        }
    }
}
