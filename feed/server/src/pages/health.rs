//! A validator's last days: whether it attested, and what its balance was.

use super::Edition;
use super::parts::empty;
use crate::view::ValidatorView;
use maud::{Markup, html};

pub(crate) fn section(_edition: &Edition<'_>, _validator: &ValidatorView) -> Markup {
    html! {
        section aria-labelledby="history" {
            h2 id="history" { "Its last days" }
            div.sheet { (empty("This server has not watched it long enough to draw it.")) }
        }
    }
}
