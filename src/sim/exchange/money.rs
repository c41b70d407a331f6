//! Money at the paper venue.
