//! Labels: Gmail's own and the user's.

use serde::{Deserialize, Serialize};

use super::Refusal;

/// Gmail's own labels; their names are their ids.
pub(crate) const SYSTEM: [&str; 14] = [
    "CHAT",
    "SENT",
    "INBOX",
    "IMPORTANT",
    "TRASH",
    "DRAFT",
    "SPAM",
    "CATEGORY_FORUMS",
    "CATEGORY_UPDATES",
    "CATEGORY_PERSONAL",
    "CATEGORY_PROMOTIONS",
    "CATEGORY_SOCIAL",
    "STARRED",
    "UNREAD",
];

/// Labels that say how a mail came to be; nobody puts them on or takes them off.
const FIXED: [&str; 3] = ["SENT", "DRAFT", "CHAT"];

/// The longest name of a label, in characters.
const NAME_LIMIT: usize = 225;

/// The colours a label may have (schema LabelColor of the Gmail API), `#` left out.
const PALETTE: &str = "000000 434343 666666 999999 cccccc efefef f3f3f3 ffffff fb4c2f ffad47 fad165 16a766 43d692 \
    4a86e8 a479e2 f691b3 f6c5be ffe6c7 fef1d1 b9e4d0 c6f3de c9daf8 e4d7f5 fcdee8 efa093 ffd6a2 fce8b3 89d3b2 \
    a0eac9 a4c2f4 d0bcf1 fbc8d9 e66550 ffbc6b fcda83 44b984 68dfa9 6d9eeb b694e8 f7a7c0 cc3a21 eaa041 f2c960 \
    149e60 3dc789 3c78d8 8e63ce e07798 ac2b16 cf8933 d5ae49 0b804b 2a9c68 285bac 653e9b b65775 822111 a46a21 \
    aa8831 076239 1a764d 1c4587 41236d 83334c 464646 e7e7e7 0d3472 b6cff5 0d3b44 98d7e4 3d188e e3d7ff 711a36 \
    fbd3e0 8a1c0a f2b2a8 7a2e0b ffc8af 7a4706 ffdeb5 594c05 fbe983 684e07 fdedc1 0b4f30 b3efd3 04502e a2dcc1 \
    c2c2c2 4986e7 2da2bb b99aff 994a64 f691b2 ff7537 ffad46 662e37 ebdbde cca6ac 094228 42d692 16a765 757575 \
    1e53b8 007286 7858c3 c2185b d93025 54240e 633e04 521d28 202124 083018";

/// A label's colours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Color {
    pub(crate) background: String,
    pub(crate) text: String,
}

/// A user's label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Label {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) in_message_list: String,
    pub(crate) in_label_list: String,
    pub(crate) color: Option<Color>,
}

/// What a request says about a label; what it leaves out is `None`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    pub(crate) name: Option<String>,
    pub(crate) in_message_list: Option<String>,
    pub(crate) in_label_list: Option<String>,
    pub(crate) color: Option<Color>,
}

/// How a [`Wish`] meets the label that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Update {
    /// PUT: what is left out gets its default.
    Replace,
    /// PATCH: what is left out stays.
    Merge,
}

/// The labels of one mailbox.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct LabelBook {
    /// In the order made.
    labels: Vec<Label>,
    made: u32,
}

impl LabelBook {
    pub(crate) fn user_labels(&self) -> &[Label] {
        &self.labels
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Label> {
        self.labels.iter().find(|label| label.id == id)
    }

    /// Whether there is a label of this id, Gmail's own or the user's.
    pub(crate) fn knows(&self, id: &str) -> bool {
        SYSTEM.contains(&id) || self.get(id).is_some()
    }

    /// Whether mails may be given the one and lose the other labels.
    pub(crate) fn check_move(&self, add: &[String], remove: &[String]) -> Result<(), Refusal> {
        for id in add.iter().chain(remove) {
            if FIXED.contains(&id.as_str()) {
                return Err(Refusal::Invalid(format!("Invalid label: {id}")));
            }
            if !self.knows(id) {
                return Err(Refusal::invalid("labelId not found"));
            }
        }
        match add.iter().find(|id| remove.contains(id)) {
            Some(_) => Err(Refusal::invalid("Cannot both add and remove the same label")),
            None => Ok(()),
        }
    }

    /// The name of a label, for searches.
    pub(crate) fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.get(id).map_or(id, |label| &label.name)
    }

    pub(crate) fn create(&mut self, wish: Wish) -> Result<&Label, Refusal> {
        let blank = Label {
            id: format!("Label_{}", self.made + 1),
            name: String::new(),
            in_message_list: "show".into(),
            in_label_list: "labelShow".into(),
            color: None,
        };
        let label = self.fulfil(&blank, wish, Update::Replace)?;
        self.made += 1;
        self.labels.push(label);
        self.labels.last().ok_or(Refusal::NotFound)
    }

    pub(crate) fn update(&mut self, id: &str, wish: Wish, update: Update) -> Result<&Label, Refusal> {
        if SYSTEM.contains(&id) {
            return Err(Refusal::invalid("Invalid update request"));
        }
        let label = self.fulfil(self.get(id).ok_or(Refusal::NotFound)?, wish, update)?;
        let place = self.labels.iter_mut().find(|label| label.id == id).ok_or(Refusal::NotFound)?;
        *place = label;
        Ok(place)
    }

    pub(crate) fn remove(&mut self, id: &str) -> Result<(), Refusal> {
        if SYSTEM.contains(&id) {
            return Err(Refusal::invalid("Invalid delete request"));
        }
        let before = self.labels.len();
        self.labels.retain(|label| label.id != id);
        if self.labels.len() == before { Err(Refusal::NotFound) } else { Ok(()) }
    }

    fn fulfil(&self, before: &Label, wish: Wish, update: Update) -> Result<Label, Refusal> {
        let base = match update {
            Update::Merge => before.clone(),
            Update::Replace => Label {
                id: before.id.clone(),
                name: String::new(),
                in_message_list: "show".into(),
                in_label_list: "labelShow".into(),
                color: None,
            },
        };
        let label = Label {
            id: base.id,
            name: wish.name.unwrap_or(base.name),
            in_message_list: wish.in_message_list.unwrap_or(base.in_message_list),
            in_label_list: wish.in_label_list.unwrap_or(base.in_label_list),
            color: wish.color.or(base.color),
        };
        valid_name(&label.name)?;
        if let Some(color) = &label.color {
            in_palette(&color.background)?;
            in_palette(&color.text)?;
        }
        let folded = label.name.to_lowercase();
        if self.labels.iter().any(|other| other.id != label.id && other.name.to_lowercase() == folded) {
            return Err(Refusal::LabelExists);
        }
        Ok(label)
    }
}

fn valid_name(name: &str) -> Result<(), Refusal> {
    let reserved = SYSTEM.iter().any(|system| system.eq_ignore_ascii_case(name.trim()));
    let empty_level = name.split('/').any(|level| level.trim().is_empty());
    if reserved || empty_level || name.chars().count() > NAME_LIMIT {
        return Err(Refusal::invalid("Invalid label name"));
    }
    Ok(())
}

fn in_palette(color: &str) -> Result<(), Refusal> {
    let known = color
        .strip_prefix('#')
        .is_some_and(|digits| PALETTE.split_ascii_whitespace().any(|allowed| allowed.eq_ignore_ascii_case(digits)));
    if known {
        Ok(())
    } else {
        Err(Refusal::Invalid(format!("Label color {color} is not on the allowed color palette")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Wish {
        Wish { name: Some(name.to_owned()), ..Wish::default() }
    }

    #[test]
    fn names_are_unique_without_case_and_never_gmails_own() {
        let mut book = LabelBook::default();
        assert_eq!(book.create(named("Syncline/Ärger")).unwrap().id, "Label_1");
        assert_eq!(book.create(named("syncline/äRGER")).unwrap_err(), Refusal::LabelExists);
        for bad in ["", "inbox", "Unread", "a//b", "/a", "a/", &"x".repeat(226)] {
            assert_eq!(book.create(named(bad)).unwrap_err(), Refusal::invalid("Invalid label name"), "{bad}");
        }
        assert_eq!(book.create(named("b")).unwrap().id, "Label_2");
        assert_eq!(book.update("Label_2", named("Syncline/Ärger"), Update::Merge).unwrap_err(), Refusal::LabelExists);
        assert!(book.update("Label_1", named("SYNCLINE/Ärger"), Update::Merge).is_ok());
    }

    #[test]
    fn the_palette_has_113_colours() {
        let mut colours: Vec<&str> = PALETTE.split_ascii_whitespace().collect();
        assert!(colours.iter().all(|colour| colour.len() == 6));
        colours.sort_unstable();
        colours.dedup();
        assert_eq!(colours.len(), 113);
    }

    #[test]
    fn put_replaces_and_patch_merges() {
        let color = Color { background: "#285bac".into(), text: "#ffffff".into() };
        let mut book = LabelBook::default();
        book.create(Wish { color: Some(color.clone()), ..named("a") }).unwrap();
        assert_eq!(book.update("Label_1", named("b"), Update::Merge).unwrap().color, Some(color));
        assert_eq!(book.update("Label_1", named("c"), Update::Replace).unwrap().color, None);
        assert!(book.update("Label_1", Wish::default(), Update::Replace).is_err());
    }
}
