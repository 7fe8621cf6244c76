//! Sensors: one file each.

pub mod modbus_xy_md02;
