pub mod many_partitions;
