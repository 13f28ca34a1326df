mod ends;
mod frames;
mod loopback;
mod memory;
mod sending;
mod stories;
mod world;
