//! A private CA, as a database on an own machine has one: its certificate, and one for `localhost` and the buckets of a
//! store there that it signed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::command::{program, stdout};

/// A CA and what it signed, as files in one folder.
#[derive(Debug)]
pub struct PrivateCa {
    folder: PathBuf,
}

impl PrivateCa {
    /// Makes a CA and a certificate for `localhost`, `s3.localhost` and `*.s3.localhost`, good for a day, in `folder`.
    ///
    /// # Panics
    /// When openssl is missing or refuses.
    #[must_use]
    pub fn make(folder: &Path) -> Self {
        let ca = Self {
            folder: folder.to_owned(),
        };
        let openssl = |arguments: &str| {
            let mut command = program("openssl");
            let _ = stdout(command.current_dir(folder).args(arguments.split(' ')));
        };
        fs::write(
            folder.join("san"),
            "subjectAltName=DNS:localhost,DNS:s3.localhost,DNS:*.s3.localhost\nbasicConstraints=critical,CA:FALSE\n",
        )
        .expect("a file can be written");
        openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=ca -keyout ca.key -out ca.pem",
        );
        openssl(
            "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -keyout server.key -out server.csr",
        );
        openssl(
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile san -out server.pem",
        );
        ca
    }

    /// The CA's certificate, PEM.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    pub(crate) fn server_certificate(&self) -> PathBuf {
        self.folder.join("server.pem")
    }

    pub(crate) fn server_key(&self) -> PathBuf {
        self.folder.join("server.key")
    }
}
