//! Route: sends what strategies want to where it can be had.
