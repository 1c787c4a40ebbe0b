//! The add-in.

use async_trait::async_trait;
use syncline_ports::{AddIn, AddInAnswer, AddInWish, PortError};

use crate::Exchange;

/// What the console says instead (D-35).
const INSTALL: &str = "Exchange Online has no way to install an add-in for a single mailbox through Microsoft Graph. \
                       Deploy it from the Microsoft 365 admin center: Settings, Integrated apps, for the users or \
                       groups that shall have it.";
const REMOVE: &str = "Exchange Online has no way to remove an add-in from a single mailbox through Microsoft Graph. \
                      Take the user out of its deployment in the Microsoft 365 admin center: Settings, Integrated \
                      apps.";

#[async_trait]
impl AddIn for Exchange {
    async fn add_in(&self, wish: AddInWish) -> Result<AddInAnswer, PortError> {
        Ok(AddInAnswer::Unsupported(match wish {
            AddInWish::Install => INSTALL,
            AddInWish::Remove => REMOVE,
        }))
    }
}
