//! TLS to Postgres through rustls, by libpq's modes: what is demanded, what is checked, and against which CA.
//! (Section 34.19.1 of Postgres' documentation.)

use std::{str::FromStr, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio_postgres::config;
use tokio_postgres_rustls::MakeRustlsConnect;

/// libpq's `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SslMode {
    /// Never TLS.
    Disable,
    /// TLS where the server refuses to do without.
    Allow,
    /// TLS where the server can.
    Prefer,
    /// TLS; the certificate is checked only where a CA is named.
    Require,
    /// TLS, by a certificate of the CA.
    VerifyCa,
    /// TLS, by a certificate of the CA for this host.
    VerifyFull,
}

impl FromStr for SslMode {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Ok(match word {
            "disable" => Self::Disable,
            "allow" => Self::Allow,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return Err(()),
        })
    }
}

/// How a server is asked for TLS, and judged.
#[derive(Clone, Debug)]
pub(super) struct Tls {
    pub(super) mode: SslMode,
    /// The only CAs that are trusted; empty means the public ones.
    pub(super) ca: Vec<CertificateDer<'static>>,
}

impl Tls {
    /// What to try last, and what before it.
    pub(super) fn attempts(&self) -> (&'static config::SslMode, &'static [config::SslMode]) {
        match self.mode {
            SslMode::Disable => (&config::SslMode::Disable, &[]),
            SslMode::Allow => (&config::SslMode::Require, &[config::SslMode::Disable]),
            SslMode::Prefer => (&config::SslMode::Prefer, &[]),
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {
                (&config::SslMode::Require, &[])
            }
        }
    }

    /// What makes TLS out of a connection.
    ///
    /// # Errors
    /// When a CA's certificate cannot be used.
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?;
        let config = match self.judge(&provider)? {
            Some(judge) => builder.dangerous().with_custom_certificate_verifier(judge),
            None => builder.with_root_certificates(self.roots()?),
        };
        Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
    }

    fn roots(&self) -> Result<RootCertStore, Error> {
        let mut roots = RootCertStore::empty();
        if self.ca.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        for ca in &self.ca {
            roots.add(ca.clone())?;
        }
        Ok(roots)
    }

    /// Who judges the certificate, where that is not rustls itself, which does as `verify-full` wants it.
    fn judge(&self, provider: &Arc<CryptoProvider>) -> Result<Option<Arc<Judge>>, Error> {
        let chain = match self.mode {
            SslMode::VerifyFull => return Ok(None),
            // libpq: "if a root CA file exists, the behavior of sslmode=require will be the same as that of verify-ca".
            SslMode::Require if self.ca.is_empty() => None,
            // Without TLS as good as with it: nothing is there to check.
            SslMode::Disable | SslMode::Allow | SslMode::Prefer => None,
            SslMode::Require | SslMode::VerifyCa => {
                let roots = Arc::new(self.roots()?);
                let verifier =
                    WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build();
                Some(verifier.map_err(|error| Error::General(error.to_string()))?)
            }
        };
        Ok(Some(Arc::new(Judge {
            chain,
            provider: provider.clone(),
        })))
    }
}

/// Judges a certificate less strictly than rustls does by itself: never its host, and its chain only where told to.
/// That the server holds the certificate's key is always checked.
#[derive(Debug)]
struct Judge {
    chain: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else {
            return Ok(ServerCertVerified::assertion());
        };
        // The chain is judged before the name, so a wrong name means that the chain is right.
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            judged => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests;
