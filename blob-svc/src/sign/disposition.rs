//! `Content-Disposition` for names in any script (RFC 6266, with the encoding of RFC 8187).

use percent_encoding::utf8_percent_encode;

/// The header's value that has a browser save the object as `name`. Old clients get a name of ASCII letters.
#[must_use]
pub fn attachment(name: &str) -> String {
    let plain = |letter: char| {
        letter == ' ' || letter.is_ascii_graphic() && !matches!(letter, '"' | '\\' | '%')
    };
    let ascii: String = name
        .chars()
        .map(|letter| if plain(letter) { letter } else { '_' })
        .collect();
    if ascii == name {
        format!("attachment; filename=\"{ascii}\"")
    } else {
        format!(
            "attachment; filename=\"{ascii}\"; filename*=UTF-8''{}",
            utf8_percent_encode(name, super::QUERY)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_name_stands_as_it_is() {
        assert_eq!(
            attachment("plan 2.pdf"),
            "attachment; filename=\"plan 2.pdf\""
        );
    }

    #[test]
    fn cyrillic_name_is_encoded_beside_an_ascii_one() {
        assert_eq!(
            attachment("План.pdf"),
            "attachment; filename=\"____.pdf\"; filename*=UTF-8''%D0%9F%D0%BB%D0%B0%D0%BD.pdf"
        );
    }

    #[test]
    fn quotes_and_line_breaks_cannot_end_the_value() {
        let value = attachment("a\"\r\nSet-Cookie: b=\\c%41");
        assert_eq!(value.matches('"').count(), 2);
        assert!(!value.contains(['\r', '\n', '\\']));
    }
}
