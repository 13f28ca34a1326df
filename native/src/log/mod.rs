pub mod leader_epochs;
