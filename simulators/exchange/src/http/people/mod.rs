//! People and what a user keeps about them: the directory, contacts, categories, settings.

mod categories;
mod contact_view;
mod contacts;
mod directory;
mod folders;
mod photo;
mod settings;
mod translate;

use sim_kit::Reply;

pub(crate) use self::contact_view::{CONTACT, contact, for_filter};
pub(crate) use self::folders::{FOLDER, folder};
pub(crate) use self::photo::user_photo;
use super::Path;
use super::call::Call;
use crate::model::Exchange;
use crate::refusal::Refusal;

impl Exchange {
    pub(crate) fn people_routes(&mut self, call: &Call<'_>, path: &Path, index: usize) -> Result<Reply, Refusal> {
        let names = path.names();
        let (names, raw) = (names.as_slice(), path.raw.as_slice());
        match names {
            ["contacts", ..] => self.contact_routes(call, &names[1..], &raw[1..], index, None),
            ["contactfolders", ..] => self.contact_folder_routes(call, &names[1..], &raw[1..], index),
            ["outlook", "mastercategories", ..] => self.category_routes(call, &names[2..], &raw[2..], index),
            ["outlook", "supportedtimezones", ..] => settings::supported_zones(call, &names[2..]),
            ["outlook", "supportedlanguages"] => settings::supported_languages(call),
            ["mailboxsettings", ..] => self.settings_routes(call, &names[1..], &raw[1..], index),
            ["translateexchangeids"] => self.translate_ids(call, index),
            ["outlook"] => Err(Refusal::method_not_allowed()),
            _ => Err(Refusal::unknown_segment(raw.get(1).map_or("", String::as_str))),
        }
    }
}
