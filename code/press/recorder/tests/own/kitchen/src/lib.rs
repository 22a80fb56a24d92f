pub mod oven;
