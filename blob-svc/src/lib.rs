//! blob-svc.
#[cfg(feature = "embedded")]
mod embedded;
mod object;
mod s3;
mod sign;
