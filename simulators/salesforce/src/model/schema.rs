//! What an object and a field are, and which of them an org has. Describe, checks of writes, SOQL and
//! defaults all read these.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::custom::{Customization, custom_fields, custom_objects};
use super::objects::{AUDIT, ID, OBJECTS, OWNER, POLYMORPHIC_OWNER};

/// A field's type with what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Id,
    /// One line, of at most so many characters.
    Text(usize),
    /// Many lines. Above 255 characters it can be neither filtered nor sorted by.
    Area(usize),
    Boolean,
    Int,
    /// Digits before and after the point in all, and after it.
    Double(u32, u32),
    Currency,
    Date,
    DateTime,
    Email(usize),
    Phone(usize),
    Url(usize),
    /// The values, in their order.
    Picklist(&'static [(&'static str, &'static str)]),
    /// One line of at most 255 characters, with values to choose from beside it.
    Combo(&'static [(&'static str, &'static str)]),
    /// Letters around a number that counts up, made for each new row.
    AutoNumber,
    /// The objects it may point to.
    Reference(&'static [&'static str]),
    /// Street, city and so on, put together when read; the fields' common prefix.
    Address(&'static str),
    /// A list of ids, of rows of these objects, that makes junction rows.
    IdList(&'static [&'static str]),
    /// Bytes.
    Base64,
}

impl Kind {
    /// Whether its values are words of people's: compared without case, found by searches.
    pub(crate) fn is_text(self) -> bool {
        use Kind::{Area, AutoNumber, Combo, Email, Phone, Picklist, Text, Url};
        matches!(self, Text(_) | Combo(_) | AutoNumber | Area(_) | Email(_) | Phone(_) | Url(_) | Picklist(_))
    }
}

/// One field of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub name: &'static str,
    pub label: &'static str,
    pub kind: Kind,
    pub nillable: bool,
    pub createable: bool,
    pub updateable: bool,
    /// Has a value without being given one.
    pub defaulted: bool,
    /// Which of a picklist's values that is.
    pub default_place: usize,
    pub calculated: bool,
    pub unique: bool,
    pub external_id: bool,
    pub id_lookup: bool,
    pub restricted: bool,
    pub is_name: bool,
    /// The name of the way up, for references.
    pub relationship: Option<&'static str>,
    /// The name of the way down from the target, for references.
    pub children: Option<&'static str>,
    /// Whether the row goes with its parent.
    pub cascade: bool,
    /// Whether unique values that differ in case only differ.
    pub case_sensitive: bool,
    /// A Boolean's value in a row that is not given one.
    pub checked: bool,
    /// The help text beside the field.
    pub help: Option<&'static str>,
}

impl Field {
    pub(crate) const fn new(name: &'static str, label: &'static str, kind: Kind) -> Self {
        Self {
            name,
            label,
            kind,
            nillable: true,
            createable: true,
            updateable: true,
            defaulted: false,
            default_place: 0,
            calculated: false,
            unique: false,
            external_id: false,
            id_lookup: false,
            restricted: false,
            is_name: false,
            relationship: None,
            children: None,
            cascade: false,
            case_sensitive: false,
            checked: false,
            help: None,
        }
    }

    pub(crate) const fn required(self) -> Self {
        Self { nillable: false, ..self }
    }

    pub(crate) const fn defaulted(self) -> Self {
        Self { nillable: false, defaulted: true, ..self }
    }

    /// Of a picklist: has that value without being given one.
    pub(crate) const fn defaulted_to(self, place: usize) -> Self {
        Self { default_place: place, ..self.defaulted() }
    }

    /// Set by the system only.
    pub(crate) const fn read_only(self) -> Self {
        Self { createable: false, updateable: false, ..self }
    }

    pub(crate) const fn create_only(self) -> Self {
        Self { updateable: false, ..self }
    }

    pub(crate) const fn calculated(self) -> Self {
        Self { calculated: true, ..self.read_only() }
    }

    pub(crate) const fn name_field(self) -> Self {
        Self { is_name: true, ..self }
    }

    pub(crate) const fn id_lookup(self) -> Self {
        Self { id_lookup: true, ..self }
    }

    pub(crate) const fn restricted(self) -> Self {
        Self { restricted: true, ..self }
    }

    pub(crate) const fn children(self, name: &'static str) -> Self {
        Self { children: Some(name), ..self }
    }

    pub(crate) const fn cascade(self) -> Self {
        Self { cascade: true, ..self }
    }

    /// The type's name in describe.
    pub(crate) fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Id => "id",
            Kind::Text(_) | Kind::AutoNumber => "string",
            Kind::Area(_) => "textarea",
            Kind::Boolean => "boolean",
            Kind::Int => "int",
            Kind::Double(..) => "double",
            Kind::Currency => "currency",
            Kind::Date => "date",
            Kind::DateTime => "datetime",
            Kind::Email(_) => "email",
            Kind::Phone(_) => "phone",
            Kind::Url(_) => "url",
            Kind::Picklist(_) => "picklist",
            Kind::Combo(_) => "combobox",
            Kind::Reference(_) => "reference",
            Kind::Address(_) => "address",
            Kind::IdList(_) => "junctionIdList",
            Kind::Base64 => "base64",
        }
    }

    /// How many characters it holds, for kinds that hold characters.
    pub(crate) fn length(&self) -> Option<usize> {
        match self.kind {
            Kind::Id | Kind::Reference(_) => Some(18),
            Kind::Picklist(_) | Kind::Combo(_) => Some(255),
            Kind::AutoNumber => Some(30),
            Kind::Text(length) | Kind::Area(length) | Kind::Email(length) | Kind::Phone(length) | Kind::Url(length) => {
                Some(length)
            }
            _ => None,
        }
    }

    pub(crate) fn custom(&self) -> bool {
        self.name.ends_with("__c")
    }

    pub(crate) fn filterable(&self) -> bool {
        !matches!(self.kind, Kind::Area(length) if length > 255) && !matches!(self.kind, Kind::IdList(_) | Kind::Base64)
    }

    pub(crate) fn sortable(&self) -> bool {
        self.filterable() && !matches!(self.kind, Kind::Address(_))
    }

    /// Whether its values can be counted; some can also be summed up or compared.
    pub(crate) fn aggregatable(&self) -> bool {
        self.sortable() && self.kind != Kind::Boolean
    }

    pub(crate) fn groupable(&self) -> bool {
        self.sortable() && !matches!(self.kind, Kind::DateTime | Kind::Double(..) | Kind::Currency)
    }

    /// Whether rows are found by it without looking at all of them.
    pub(crate) fn indexed(&self) -> bool {
        self.id_lookup || matches!(self.kind, Kind::Email(_) | Kind::Reference(_))
    }

    /// Under what rows are found that hold this value: numbers in one spelling, texts without their case.
    pub(super) fn key(&self, value: &Value) -> Option<String> {
        match (self.kind, value) {
            (Kind::Int | Kind::Double(..) | Kind::Currency, Value::String(text)) => {
                text.trim().parse::<f64>().ok().map(|number| number.to_string())
            }
            (_, Value::Number(number)) => number.as_f64().map(|number| number.to_string()),
            (_, Value::String(text)) => Some(text.to_lowercase()),
            _ => None,
        }
    }

    /// Whether a row that holds this value is found by that text.
    pub(super) fn finds(&self, held: &Value, text: &str) -> bool {
        if self.case_sensitive {
            return held.as_str() == Some(text);
        }
        let wanted = self.key(&Value::String(text.to_owned()));
        wanted.is_some() && self.key(held) == wanted
    }

    pub(crate) fn targets(&self) -> &'static [&'static str] {
        if let Kind::Reference(targets) = self.kind { targets } else { &[] }
    }

    /// The objects whose rows it holds the ids of, one or many.
    pub(crate) fn holds(&self) -> &'static [&'static str] {
        if let Kind::IdList(targets) = self.kind { targets } else { self.targets() }
    }

    pub(crate) fn polymorphic(&self) -> bool {
        self.targets().len() > 1
    }
}

/// One object (table).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Object {
    pub name: &'static str,
    pub label: &'static str,
    pub plural: &'static str,
    pub prefix: &'static str,
    /// Who may own its rows; `Nobody` for relations.
    pub owner: Owner,
    pub createable: bool,
    pub updateable: bool,
    pub deletable: bool,
    pub searchable: bool,
    /// In a schema all fields, the id first; in a table those besides id, owner and audit fields.
    pub(super) fields: &'static [Field],
}

/// Who may own the rows of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    User,
    UserOrQueue,
    Nobody,
}

impl Object {
    /// The object with all fields that it has in a schema.
    pub(super) fn completed(self, customization: &Customization) -> Self {
        let owner: &[Field] = match self.owner {
            Owner::User => &OWNER,
            Owner::UserOrQueue => &POLYMORPHIC_OWNER,
            Owner::Nobody => &[],
        };
        let custom = custom_fields(customization, self.name);
        let audit = AUDIT.iter().skip(usize::from(!self.deletable));
        let fields = ID.iter().chain(self.fields).chain(&custom).chain(owner).chain(audit);
        let mut fields: Vec<Field> = fields.copied().collect();
        fields.retain_mut(|field| customization.shows(self.name, field));
        Self { fields: fields.leak(), ..self }
    }

    /// All fields, the id first.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter()
    }

    /// The field of that name, compared without case.
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// The field by which a row that nobody owns belongs to another: the first that takes it along.
    pub(crate) fn master(&self) -> Option<&Field> {
        self.fields().find(|field| field.cascade && self.owner == Owner::Nobody)
    }

    /// The reference field whose way up has that name, compared without case.
    pub(crate) fn relationship(&self, name: &str) -> Option<&Field> {
        self.fields().find(|field| field.relationship.is_some_and(|way| way.eq_ignore_ascii_case(name)))
    }

    pub(crate) fn custom(&self) -> bool {
        self.name.ends_with("__c")
    }
}

/// All objects of an org, or of it what one user sees. Schemas live as long as the process: there are few
/// different ones, and everything may point into them.
#[derive(Debug)]
pub(crate) struct Schema {
    objects: Vec<Object>,
}

impl Schema {
    /// The standard objects with these customizations; the same ones give the same schema.
    pub(crate) fn of(customization: &Customization) -> &'static Self {
        static KNOWN: Mutex<BTreeMap<Customization, &'static Schema>> = Mutex::new(BTreeMap::new());
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(schema) = known.get(customization) {
            return schema;
        }
        let standard = OBJECTS.iter().copied().filter(|object| customization.has_object(object.name));
        let objects = standard.chain(custom_objects(customization));
        let mut objects: Vec<Object> = objects.map(|object| object.completed(customization)).collect();
        objects.sort_by_key(|object| object.name);
        let schema: &'static Self = Box::leak(Box::new(Self { objects }));
        known.insert(customization.clone(), schema);
        schema
    }

    /// The schema of an org that nobody has customized.
    pub(crate) fn standard() -> &'static Self {
        Self::of(&Customization::default())
    }

    /// Every object, by name.
    pub(crate) fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// The object of that name, compared without case.
    pub(crate) fn object(&self, name: &str) -> Option<&Object> {
        self.objects.iter().find(|object| object.name.eq_ignore_ascii_case(name))
    }

    /// The object whose rows' ids begin like this one.
    pub(crate) fn of_id(&self, id: &str) -> Option<&Object> {
        let prefix = id.get(..3)?;
        self.objects.iter().find(|object| object.prefix == prefix)
    }

    /// Every way down from an object to other rows: the object there, and its field that points here.
    pub(crate) fn children(&self, object: &Object) -> impl Iterator<Item = (&Object, &Field)> {
        let name = object.name;
        self.objects.iter().flat_map(move |child| {
            let pointing = child.fields().filter(move |field| field.targets().contains(&name));
            pointing.map(move |field| (child, field))
        })
    }
}
