//! Keys of accounts, out of the environment or out of files that it names.
//!
//! In: an account's name. Out: the key's name and secret, both gone from the environment.
//! Never: a secret in an error.

use std::fs;
use std::path::PathBuf;

use crate::sys::environment;
use crate::venue::trade::{KeyTexts, Secret};

/// Why an account has no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// A variable is missing.
    #[error(
        "account {account}: {missing} is not set; set {prefix}_KEY and {prefix}_SECRET (or \
         {prefix}_KEY_FILE and {prefix}_SECRET_FILE, files that hold them)"
    )]
    Missing {
        /// Whose.
        account: String,
        /// Which.
        missing: String,
        /// What all its variables begin with.
        prefix: String,
    },
    /// A variable or a file is no text.
    #[error("account {account}: {name} is not UTF-8 text; write the key as the venue shows it")]
    NoText {
        /// Whose.
        account: String,
        /// Which.
        name: String,
    },
    /// A file cannot be read.
    #[error("account {account}: {name} names {path}, which cannot be read: {why}")]
    File {
        /// Whose.
        account: String,
        /// Which.
        name: String,
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: std::io::ErrorKind,
    },
}

/// Takes an account's key; for `kraken` it is `NEURAL_KRAKEN_KRAKEN_KEY` and `.._SECRET`, or
/// `.._KEY_FILE` and `.._SECRET_FILE`. To be called before the process has a second thread.
pub fn take(account: &str) -> Result<KeyTexts, KeyFault> {
    let prefix = prefix_of(account);
    let name = take_one(account, &prefix, "KEY")?;
    let secret = take_one(account, &prefix, "SECRET")?;
    Ok(KeyTexts { name, secret })
}

/// What the names of an account's variables begin with.
pub fn prefix_of(account: &str) -> String {
    let upper = account.chars().map(|c| match c {
        c if c.is_ascii_alphanumeric() => c.to_ascii_uppercase(),
        _ => '_',
    });
    format!("NEURAL_KRAKEN_{}", upper.collect::<String>())
}

fn take_one(account: &str, prefix: &str, what: &str) -> Result<Secret, KeyFault> {
    let account = account.to_owned();
    let name = format!("{prefix}_{what}");
    let bytes = if let Some(bytes) = environment::take(&name) {
        bytes
    } else {
        let file = format!("{name}_FILE");
        let Some(path) = std::env::var_os(&file).map(PathBuf::from) else {
            let (missing, prefix) = (name, prefix.to_owned());
            return Err(KeyFault::Missing { account, missing, prefix });
        };
        let fault = |why: std::io::Error| {
            let (account, name, path) = (account.clone(), file, path.clone());
            KeyFault::File { account, name, path, why: why.kind() }
        };
        fs::read(&path).map_err(fault)?
    };
    let text = String::from_utf8(bytes).map_err(|_| KeyFault::NoText { account, name })?;
    // Both are wiped when they are dropped.
    let text = Secret::from(text);
    Ok(Secret::from(text.expose().trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_without_a_key_is_told_what_to_set() {
        let fault = take("my desk-2").unwrap_err().to_string();
        assert!(fault.contains("NEURAL_KRAKEN_MY_DESK_2_KEY is not set"), "{fault}");
        assert!(fault.contains("NEURAL_KRAKEN_MY_DESK_2_SECRET_FILE"), "{fault}");
    }
}
