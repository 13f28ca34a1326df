pub mod append_latency;
pub mod append_page_cache;
pub mod cold_send;
pub mod idle_partitions;
pub mod many_partitions;
pub mod read;
pub mod reopen;
pub mod retention;
