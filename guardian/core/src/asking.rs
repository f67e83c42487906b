//! Asking.
use crate::guardian::Guardian;
use crate::command::Command;
use crate::request::{AskId, OperatorName, Request};
impl Guardian {
    pub(crate) fn operator_asked(&mut self, _ask: AskId, _by: OperatorName, _request: Request, _out: &mut Vec<Command>) {}
}
