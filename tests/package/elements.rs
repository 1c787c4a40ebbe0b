//! Which elements each type of metadata may hold, as far as the package uses them, in the order in which the
//! Metadata API gives them back: `fullName`, then by the alphabet.

/// What may stand in an element.
#[derive(Clone, Copy)]
pub(crate) enum Legal {
    Flag,
    /// A text of at most so many characters.
    Text(usize),
    Whole(u32, u32),
    OneOf(&'static [&'static str]),
    /// A text that begins so.
    After(&'static str),
    /// A name that an org takes: letters, digits and single underscores.
    Name,
    Group(&'static [Element]),
}

pub(crate) struct Element {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) repeated: bool,
    pub(crate) legal: Legal,
}

const fn must(name: &'static str, legal: Legal) -> Element {
    Element { name, required: true, repeated: false, legal }
}

const fn may(name: &'static str, legal: Legal) -> Element {
    Element { name, required: false, repeated: false, legal }
}

/// A type of metadata.
pub(crate) struct Type {
    /// The root element.
    pub(crate) name: &'static str,
    /// The folder below `main/default`; `*` is any one name.
    pub(crate) folder: &'static str,
    /// What the file name ends with.
    pub(crate) suffix: &'static str,
    pub(crate) elements: &'static [Element],
}

use Legal::{After, Flag, Group, Name, OneOf, Text, Whole};

pub(crate) const TYPES: [Type; 6] = [
    Type {
        name: "CustomField",
        folder: "objects/*/fields",
        suffix: ".field-meta.xml",
        elements: &[
            must("fullName", Text(43)),
            may("caseSensitive", Flag),
            may("defaultValue", Flag),
            must("description", Text(1000)),
            must("externalId", Flag),
            must("inlineHelpText", Text(510)),
            must("label", Text(40)),
            may("length", Whole(1, 255)),
            may("required", Flag),
            must("type", OneOf(&["Checkbox", "Text"])),
            may("unique", Flag),
        ],
    },
    Type {
        name: "PermissionSet",
        folder: "permissionsets",
        suffix: ".permissionset-meta.xml",
        elements: &[
            must("description", Text(255)),
            Element {
                name: "fieldPermissions",
                required: true,
                repeated: true,
                legal: Group(&[must("editable", Flag), must("field", Text(84)), must("readable", Flag)]),
            },
            must("hasActivationRequired", Flag),
            must("label", Text(80)),
        ],
    },
    Type {
        name: "PlatformEventChannel",
        folder: "platformEventChannels",
        suffix: ".platformEventChannel-meta.xml",
        elements: &[must("channelType", OneOf(&["data"])), must("label", Text(80))],
    },
    Type {
        name: "PlatformEventChannelMember",
        folder: "platformEventChannelMembers",
        suffix: ".platformEventChannelMember-meta.xml",
        elements: &[must("eventChannel", Text(80)), must("selectedEntity", Name)],
    },
    Type {
        name: "EventRelayConfig",
        folder: "eventRelays",
        suffix: ".eventRelay-meta.xml",
        elements: &[
            must("destinationResourceName", After("callout:")),
            must("eventChannel", Text(80)),
            must("label", Text(80)),
            must("relayOption", OneOf(&[r#"{"ReplayRecovery":"EARLIEST"}"#, r#"{"ReplayRecovery":"LATEST"}"#])),
            must("state", OneOf(&["PAUSE", "RUN", "STOP"])),
        ],
    },
    Type {
        name: "NamedCredential",
        folder: "namedCredentials",
        suffix: ".namedCredential-meta.xml",
        elements: &[
            must("endpoint", After("arn:aws:")),
            must("generateAuthorizationHeader", Flag),
            must("label", Text(80)),
            must("principalType", OneOf(&["NamedUser"])),
            must("protocol", OneOf(&["NoAuthentication"])),
        ],
    },
];
