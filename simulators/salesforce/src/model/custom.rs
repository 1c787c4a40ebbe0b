//! What an org has besides the standard: custom objects and fields, and what of all that nobody, or not
//! everybody, may see.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::feature::Feature;
use super::schema::{Field, Kind, Object, Owner};

/// The differences between an org's schema and that of an org fresh from the vendor.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Customization {
    pub objects: Vec<CustomObject>,
    pub fields: Vec<CustomField>,
    /// Standard objects that this edition of the product does not have.
    pub absent: BTreeSet<String>,
    /// By object and field, what may be done with it where that is less than everything.
    pub access: BTreeMap<(String, String), Access>,
    /// Features that were switched on or off.
    #[serde(default)]
    pub features: BTreeMap<Feature, bool>,
}

/// What field-level security leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Access {
    Hidden,
    ReadOnly,
}

/// An object that an admin made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct CustomObject {
    /// With `__c` at its end.
    pub name: String,
    pub label: String,
    pub plural: String,
    pub name_label: String,
    /// Whether `Name` is a number that counts up.
    pub numbered: bool,
}

/// A field that an admin made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct CustomField {
    /// The objects that have it: two for a field of activities.
    pub objects: Vec<String>,
    /// With `__c` at its end.
    pub name: String,
    pub label: String,
    pub help: Option<String>,
    pub kind: CustomKind,
    pub required: bool,
    pub unique: bool,
    pub external_id: bool,
    pub case_sensitive: bool,
}

/// A custom field's type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum CustomKind {
    Text(usize),
    Area(usize),
    /// And its value in a new row.
    Checkbox(bool),
    /// Digits in all, and after the point.
    Number(u32, u32),
    Currency,
    Date,
    DateTime,
    Email,
    Phone,
    Url,
    Picklist {
        values: Vec<(String, String)>,
        restricted: bool,
        /// Whether the first value is the default.
        defaulted: bool,
    },
    Reference {
        target: String,
        /// The way down, without `__r`.
        children: Option<String>,
        /// Whether the row belongs to its parent.
        master: bool,
    },
    AutoNumber,
}

impl Customization {
    pub(super) fn has_object(&self, name: &str) -> bool {
        !self.absent.contains(name) && Feature::for_object(name).is_none_or(|feature| self.has(feature))
    }

    /// Whether the org has a feature.
    pub(super) fn has(&self, feature: Feature) -> bool {
        self.features.get(&feature).copied().unwrap_or(feature.by_default())
    }

    /// Whether a field is seen at all; takes from it what may not be done with it.
    pub(super) fn shows(&self, object: &str, field: &mut Field) -> bool {
        if Feature::for_field(object, field.name).is_some_and(|feature| !self.has(feature)) {
            return false;
        }
        match self.access.get(&(object.to_owned(), field.name.to_owned())) {
            Some(Access::Hidden) => false,
            Some(Access::ReadOnly) => {
                *field = field.read_only();
                true
            }
            None => true,
        }
    }

    /// Takes in another's objects and fields; a field of the same name is replaced.
    pub(crate) fn add(&mut self, other: &Self) {
        self.objects.retain(|object| other.objects.iter().all(|new| !new.name.eq_ignore_ascii_case(&object.name)));
        self.objects.extend(other.objects.iter().cloned());
        for new in &other.fields {
            self.fields.retain(|field| field.name != new.name || field.objects != new.objects);
            self.fields.push(new.clone());
        }
        self.absent.extend(other.absent.iter().cloned());
        self.access.extend(other.access.iter().map(|(field, access)| (field.clone(), *access)));
        self.features.extend(&other.features);
    }
}

/// The custom fields of an object.
pub(super) fn custom_fields(customization: &Customization, object: &str) -> Vec<Field> {
    let own = customization.fields.iter().filter(|field| field.objects.iter().any(|name| name == object));
    own.map(field).collect()
}

/// The custom objects, each with its name only; id prefixes are given in the order in which objects were made.
pub(super) fn custom_objects(customization: &Customization) -> Vec<Object> {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let objects = customization.objects.iter().enumerate().map(|(place, object)| {
        let digit = |value: usize| char::from(DIGITS.get(value % DIGITS.len()).copied().unwrap_or(b'0'));
        let detail = customization.fields.iter().any(|field| {
            field.objects.contains(&object.name) && matches!(field.kind, CustomKind::Reference { master: true, .. })
        });
        let name = Field::new("Name", kept(&object.name_label), Kind::Text(80)).name_field().id_lookup();
        let name = if object.numbered {
            Field { kind: Kind::AutoNumber, ..name.defaulted().read_only() }
        } else {
            Field { id_lookup: false, ..name }
        };
        Object {
            name: kept(&object.name),
            label: kept(&object.label),
            plural: kept(&object.plural),
            prefix: kept(&format!("a{}{}", digit(place / DIGITS.len()), digit(place))),
            owner: if detail { Owner::Nobody } else { Owner::UserOrQueue },
            createable: true,
            updateable: true,
            deletable: true,
            searchable: true,
            fields: vec![name].leak(),
        }
    });
    objects.collect()
}

/// Keeps a name for as long as schemas live, which is as long as the process.
fn kept(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn field(custom: &CustomField) -> Field {
    let base = Field::new(kept(&custom.name), kept(&custom.label), kind(&custom.kind));
    let base = Field {
        nillable: !custom.required,
        unique: custom.unique,
        external_id: custom.external_id,
        id_lookup: custom.external_id || custom.unique,
        case_sensitive: custom.case_sensitive,
        help: custom.help.as_deref().map(kept),
        ..base
    };
    match &custom.kind {
        CustomKind::Checkbox(checked) => Field { checked: *checked, ..base.defaulted() },
        CustomKind::Picklist { restricted, defaulted, .. } => {
            Field { restricted: *restricted, defaulted: *defaulted, ..base }
        }
        CustomKind::AutoNumber => base.defaulted().read_only(),
        CustomKind::Reference { children, master, .. } => {
            let up = custom.name.strip_suffix("__c").unwrap_or(&custom.name);
            Field {
                relationship: Some(kept(&format!("{up}__r"))),
                children: children.as_ref().map(|down| kept(&format!("{down}__r"))),
                cascade: *master,
                nillable: !*master && base.nillable,
                updateable: !*master,
                ..base
            }
        }
        _ => base,
    }
}

fn kind(kind: &CustomKind) -> Kind {
    match kind {
        CustomKind::Text(length) => Kind::Text(*length),
        CustomKind::Area(length) => Kind::Area(*length),
        CustomKind::Checkbox(_) => Kind::Boolean,
        CustomKind::Number(precision, scale) => Kind::Double(*precision, *scale),
        CustomKind::Currency => Kind::Currency,
        CustomKind::Date => Kind::Date,
        CustomKind::DateTime => Kind::DateTime,
        CustomKind::Email => Kind::Email(80),
        CustomKind::Phone => Kind::Phone(40),
        CustomKind::Url => Kind::Url(255),
        CustomKind::Picklist { values, .. } => {
            let values: Vec<_> = values.iter().map(|(value, label)| (kept(value), kept(label))).collect();
            Kind::Picklist(values.leak())
        }
        CustomKind::Reference { target, .. } => Kind::Reference(vec![kept(target)].leak()),
        CustomKind::AutoNumber => Kind::AutoNumber,
    }
}
