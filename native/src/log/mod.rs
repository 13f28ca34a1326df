pub mod leader_epochs;
pub mod producer_state;
