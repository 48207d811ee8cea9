//! How it is read whether TLS is wanted, and whom to trust.

use rustls::pki_types::{CertificateDer, pem::PemObject as _};

use super::{Reader, flag};
use crate::postgres::tls::{SslMode, Tls};

impl Reader<'_, '_> {
    /// What the URL says goes first, then the settings; without either a named CA is there to be checked against.
    pub(super) fn tls(&mut self, use_supabase: bool) -> Tls {
        let ca = self.ca();
        let mode = match (
            self.parameter("sslmode"),
            self.first(&["DATABASE_SSL", "DB_SSL"]),
        ) {
            (Some(word), _) => self.ssl_mode("DATABASE_URL's sslmode", &word),
            (None, Some((name, word))) => self.ssl_mode(name, &word),
            (None, None) => match self.parameter("ssl") {
                Some(word) => self.ssl_mode("DATABASE_URL's ssl", &word),
                None if !ca.is_empty() => SslMode::VerifyFull,
                None if use_supabase => SslMode::Require,
                None => SslMode::Prefer,
            },
        };
        Tls { mode, ca }
    }

    /// A flag, as most write it, or a word of libpq.
    fn ssl_mode(&mut self, name: &str, word: &str) -> SslMode {
        match (flag(word), word.parse()) {
            (Some(true), _) => SslMode::Require,
            (Some(false), _) => SslMode::Disable,
            (None, Ok(mode)) => mode,
            (None, Err(())) => {
                let allowed = "must be disable, allow, prefer, require, verify-ca, verify-full, true or false";
                self.settings.problem(name, allowed);
                SslMode::VerifyFull
            }
        }
    }

    fn ca(&mut self) -> Vec<CertificateDer<'static>> {
        let setting = self.first(&["DATABASE_SSL_CA"]);
        let file = setting
            .or_else(|| Some(("DATABASE_URL's sslrootcert", self.parameter("sslrootcert")?)));
        let Some((name, file)) = file else {
            return Vec::new();
        };
        let read =
            CertificateDer::pem_file_iter(&file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        match read {
            Ok(ca) if !ca.is_empty() => ca,
            Ok(_) | Err(_) => {
                self.settings
                    .problem(name, "must be a readable file of PEM certificates");
                Vec::new()
            }
        }
    }
}
