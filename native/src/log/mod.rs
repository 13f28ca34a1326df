pub mod leader_epochs;
pub mod offset_index;
pub mod producer_state;
