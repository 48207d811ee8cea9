//! A database URL as people write it: `postgresql+asyncpg://user:p@ss/word#1@host:6543/name?sslmode=require`. What RFC 3986
//! wants encoded may stand raw, since dashboards show passwords raw and people paste them.

use percent_encoding::percent_decode_str;

/// The parts of a URL; none of them is judged beyond its form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Url {
    /// What follows `+` in the scheme: the driver of another language's library.
    pub(super) driver: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password: Option<Password>,
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) database: Option<String>,
    /// In the order they stand there.
    pub(super) parameters: Vec<(String, String)>,
}

/// A password; never printed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Password(pub(super) String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Url {
    /// Takes a URL apart: the last `@` ends the credentials, the first `:` in them the user. `%` and two hexadecimal digits
    /// mean a byte, as in any URL; another `%` means itself.
    ///
    /// # Errors
    /// What is wrong; never with a part of the URL in it.
    pub(super) fn parse(url: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = url.split_once("://").ok_or(FORM)?;
        let (scheme, driver) = match scheme.split_once('+') {
            Some((scheme, driver)) => (scheme, Some(driver.to_owned())),
            None => (scheme, None),
        };
        if !["postgres", "postgresql"].contains(&scheme) {
            return Err(FORM);
        }
        let (credentials, place) = match rest.rsplit_once('@') {
            Some((credentials, place)) => (Some(credentials), place),
            None => (None, rest),
        };
        let (user, password) = match credentials.map(|both| both.split_once(':').ok_or(both)) {
            Some(Ok((user, password))) => (Some(user), Some(password)),
            Some(Err(user)) => (Some(user), None),
            None => (None, None),
        };
        let (place, parameters) = place.split_once('?').unwrap_or((place, ""));
        let (address, database) = place.split_once('/').unwrap_or((place, ""));
        let (host, port) = address_parts(address)?;
        Ok(Self {
            driver,
            user: user.and_then(decoded),
            password: password.and_then(decoded).map(Password),
            host: decoded(host),
            port,
            database: decoded(database),
            parameters: parameters.split('&').filter_map(parameter).collect(),
        })
    }
}

const FORM: &str = "must have the form postgresql://user:password@host:port/name";

/// `host`, `host:port`, `[::1]` or `[::1]:port`.
fn address_parts(address: &str) -> Result<(&str, Option<u16>), &'static str> {
    if address.contains(',') {
        return Err("must name one host");
    }
    let (host, port) = match address.strip_prefix('[') {
        Some(v6) => {
            let (host, rest) = v6.split_once(']').ok_or(FORM)?;
            (host, rest.strip_prefix(':').unwrap_or(rest))
        }
        None => address.rsplit_once(':').unwrap_or((address, "")),
    };
    let port = match port {
        "" => None,
        port => Some(
            port.parse()
                .map_err(|_| "must have a port from 1 to 65535")?,
        ),
    };
    Ok((host, port))
}

fn parameter(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    Some((decoded(name)?, decoded(value).unwrap_or_default()))
}

/// The text with its encoded bytes decoded, where they are UTF-8; `None` when empty.
fn decoded(text: &str) -> Option<String> {
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_or_else(|_| text.to_owned(), Into::into);
    (!decoded.is_empty()).then_some(decoded)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_url_of_another_languages_driver_is_taken_apart() {
        let url = Url::parse(
            "postgresql+asyncpg://ann:p@ss:w/o#r?d%@db.example:6543/chats?sslmode=require&pgbouncer=true",
        );
        assert_eq!(
            url.expect("well-formed"),
            Url {
                driver: Some("asyncpg".into()),
                user: Some("ann".into()),
                password: Some(Password("p@ss:w/o#r?d%".into())),
                host: Some("db.example".into()),
                port: Some(6543),
                database: Some("chats".into()),
                parameters: vec![
                    ("sslmode".into(), "require".into()),
                    ("pgbouncer".into(), "true".into())
                ],
            }
        );
    }

    #[test]
    fn hosts_may_be_addresses_and_parts_may_be_missing() {
        let parse = |url| Url::parse(url).expect("well-formed");
        let v6 = parse("postgres://[::1]:5433/d");
        assert_eq!((v6.host.as_deref(), v6.port), (Some("::1"), Some(5433)));
        let bare = parse("postgres://h");
        assert_eq!(
            (bare.user, bare.password, bare.database, bare.port),
            (None, None, None, None)
        );
        assert_eq!(
            parse("postgres://%2Frun%2Fpg/d").host.as_deref(),
            Some("/run/pg")
        );
        for bad in [
            "mysql://h/d",
            "host=h dbname=d",
            "postgres://h:70000/d",
            "postgres://a,b/d",
            "postgres://[::1/d",
        ] {
            assert!(Url::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_password_comes_out_as_it_went_in_raw_or_encoded(password in "\\PC{1,40}", user in "[a-z.]{1,20}") {
            let encoded = percent_encoding::utf8_percent_encode(&password, percent_encoding::NON_ALPHANUMERIC);
            let whole = Url::parse(&format!("postgres://{user}:{encoded}@h:1/d")).expect("well-formed");
            prop_assert_eq!(whole.password, Some(Password(password.clone())));

            let means_a_byte = password.as_bytes().windows(3).any(|w| {
                w[0] == b'%' && w[1].is_ascii_hexdigit() && w[2].is_ascii_hexdigit()
            });
            prop_assume!(!means_a_byte);
            let raw = Url::parse(&format!("postgres://{user}:{password}@h:1/d")).expect("well-formed");
            prop_assert_eq!(raw.user, Some(user));
            prop_assert_eq!(raw.password, Some(Password(password)));
            prop_assert_eq!((raw.host, raw.port, raw.database), (Some("h".into()), Some(1), Some("d".into())));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            let _ = Url::parse(&text);
            let _ = Url::parse(&format!("postgres://{text}"));
        }
    }
}
