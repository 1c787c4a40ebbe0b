//! The order of keys in what is written: that of a query's fields, as tables made of its records show them.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

/// Keys that stand before all others, in any object that has them.
const FIRST: [&str; 12] = [
    "attributes",
    "totalSize",
    "done",
    "nextRecordsUrl",
    "records",
    "id",
    "success",
    "errors",
    "created",
    "statusCode",
    "message",
    "errorCode",
];

/// Names in their order, each with that of the object under it.
#[derive(Debug, Default)]
pub(crate) struct Order(Vec<(String, Order)>);

impl Order {
    /// Puts a path of names behind those that are there; what is there stays where it is.
    pub(crate) fn add<'a>(&mut self, path: impl IntoIterator<Item = &'a str>) {
        let mut path = path.into_iter();
        let Some(name) = path.next() else {
            return;
        };
        if let Some((_, below)) = self.0.iter_mut().find(|(other, _)| other == name) {
            below.add(path);
        } else {
            let mut below = Self::default();
            below.add(path);
            self.put(name, below);
        }
    }

    /// Puts a name behind those that are there, with the order of the object under it.
    pub(crate) fn put(&mut self, name: &str, below: Self) {
        self.0.push((name.to_owned(), below));
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|(other, _)| other == name)
    }

    /// Of the object under a name; what is about the records, such as a page, has the order of its records.
    fn below(&self, name: &str) -> &Self {
        self.place(name).and_then(|place| self.0.get(place)).map_or(self, |(_, below)| below)
    }

    /// The value's JSON with its keys in this order, others behind them by their letters.
    pub(crate) fn write(&self, value: &Value) -> Vec<u8> {
        // Values have only text for keys, so that nothing of them cannot be written.
        serde_json::to_vec(&Ordered(value, self)).unwrap_or_default()
    }
}

struct Ordered<'a>(&'a Value, &'a Order);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(value, order) = *self;
        match value {
            Value::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&Ordered(item, order))?;
                }
                list.end()
            }
            Value::Object(fields) => {
                let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
                let last = usize::MAX;
                fields.sort_by_key(|(name, _)| {
                    let first = FIRST.iter().position(|first| first == name).unwrap_or(last);
                    (first, order.place(name).unwrap_or(last))
                });
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, &Ordered(value, order.below(name)))?;
                }
                map.end()
            }
            plain => plain.serialize(serializer),
        }
    }
}
