//! Bucket policies: who may use a bucket without credentials ("Policies and permissions in Amazon S3", Amazon S3 User Guide).
//!
//! A policy is a list of statements. Those that name somebody are the owner's affair and stay as they are. Those that open the
//! bucket to everybody are ours: a private bucket has none, and a public one has those alone that let its objects be read.

use serde_json::{Value, json};

/// What must be true of everybody's statements.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wished {
    /// The policy as it should be; none where no statement is left.
    pub(super) policy: Option<Value>,
    /// What is not so, in words; none where the policy is as it should be.
    pub(super) problem: Option<&'static str>,
}

/// What the policy of a bucket should be, given the one it has.
pub(super) fn wished(policy: Option<&Value>, bucket: &str, public: bool) -> Wished {
    let statements = policy.map(statements).unwrap_or_default();
    let resource = format!("arn:aws:s3:::{bucket}/*");
    let (open, mut kept): (Vec<Value>, Vec<Value>) =
        statements.into_iter().partition(is_for_everybody);
    let (reading, more): (Vec<Value>, Vec<Value>) = open
        .into_iter()
        .partition(|statement| lets_read(statement, &resource));
    let problem = match (public, reading.is_empty(), more.is_empty()) {
        (true, true, true) => Some("not everybody may read it"),
        (true, _, false) => Some("its policy gives everybody other rights than to read"),
        (false, false, _) | (false, _, false) => Some("its policy opens it to everybody"),
        (true, false, true) | (false, true, true) => None,
    };
    if public {
        kept.push(json!({
            "Sid": "ChatstorePublicRead", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": resource,
        }));
    }
    let policy = (!kept.is_empty()).then(|| json!({ "Version": "2012-10-17", "Statement": kept }));
    Wished { policy, problem }
}

/// Whether a policy says that everybody may read a bucket's objects, and nothing beside that.
#[cfg(feature = "embedded")]
pub(crate) fn lets_everybody_read_and_no_more(policy: &Value, bucket: &str) -> bool {
    let resource = format!("arn:aws:s3:::{bucket}/*");
    let statements = statements(policy);
    let says_so =
        |statement: &Value| is_for_everybody(statement) && lets_read(statement, &resource);
    !statements.is_empty() && statements.iter().all(says_so)
}

/// Its statements: a list, or one alone.
fn statements(policy: &Value) -> Vec<Value> {
    one_or_more(&policy["Statement"]).cloned().collect()
}

/// Whether a statement allows anything to everybody, on no condition.
fn is_for_everybody(statement: &Value) -> bool {
    let principal = &statement["Principal"];
    let everybody = one_or_more(principal)
        .chain(one_or_more(&principal["AWS"]))
        .any(|name| name == "*");
    statement["Effect"] == "Allow"
        && statement.get("Condition").is_none()
        && (everybody || statement.get("NotPrincipal").is_some())
}

/// Whether all that a statement allows is to read the bucket's objects.
fn lets_read(statement: &Value, resource: &str) -> bool {
    let is_read = |action: &Value| {
        action
            .as_str()
            .is_some_and(|action| action.eq_ignore_ascii_case("s3:GetObject"))
    };
    let names_all = statement.get("NotPrincipal").is_none();
    let mut actions = one_or_more(&statement["Action"]).peekable();
    let mut resources = one_or_more(&statement["Resource"]).peekable();
    names_all
        && actions.peek().is_some()
        && resources.peek().is_some()
        && actions.all(is_read)
        && resources.all(|named| named == resource)
}

/// IAM writes a list of one without its brackets.
fn one_or_more(value: &Value) -> impl Iterator<Item = &Value> {
    let alone = (!value.is_array() && !value.is_null()).then_some(value);
    value.as_array().into_iter().flatten().chain(alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: &str = r#"{"Sid": "any", "Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["s3:getobject"],
        "Resource": "arn:aws:s3:::b/*"}"#;
    const WRITE: &str = r#"{"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*"}"#;
    const NAMED: &str = r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:user/u"}, "Action": "s3:*", "Resource": "*"}"#;
    const DENY: &str = r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}"#;
    const ON_CONDITION: &str = r#"{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}"#;

    fn policy(statements: &[&str]) -> Option<Value> {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#,
            statements.join(",")
        );
        (!statements.is_empty()).then(|| serde_json::from_str(&text).expect("this is JSON"))
    }

    fn judge(statements: &[&str], public: bool) -> Wished {
        wished(policy(statements).as_ref(), "b", public)
    }

    #[test]
    fn private_bucket_without_statements_for_everybody_is_as_it_should_be() {
        for statements in [&[][..], &[NAMED], &[NAMED, DENY, ON_CONDITION]] {
            let seen = judge(statements, false);
            assert_eq!(
                seen,
                Wished {
                    policy: policy(statements),
                    problem: None
                }
            );
        }
    }

    #[test]
    fn private_bucket_loses_the_statements_that_open_it_and_keeps_the_others() {
        for open in [READ, WRITE] {
            let seen = judge(&[NAMED, open, DENY], false);
            assert_eq!(seen.problem, Some("its policy opens it to everybody"));
            assert_eq!(seen.policy, policy(&[NAMED, DENY]));
            assert_eq!(judge(&[open], false).policy, None);
        }
    }

    #[test]
    fn statement_that_stands_alone_or_for_all_but_some_opens_a_bucket_too() {
        let alone = json!({ "Statement": { "Effect": "Allow", "Principal": "*", "NotAction": "s3:Put*", "Resource": "*" } });
        assert!(wished(Some(&alone), "b", false).problem.is_some());
        let but = r#"{"Effect": "Allow", "NotPrincipal": {"AWS": "1"}, "Action": "s3:*", "Resource": "*"}"#;
        assert!(judge(&[but], false).problem.is_some());
    }

    #[test]
    fn public_bucket_gets_one_statement_that_lets_everybody_read_and_nothing_else() {
        let made = judge(&[NAMED], true);
        assert_eq!(made.problem, Some("not everybody may read it"));
        let again = wished(made.policy.as_ref(), "b", true);
        assert_eq!(
            again,
            Wished {
                policy: made.policy,
                problem: None
            }
        );
        assert_eq!(judge(&[READ], true).problem, None);
        let wide = judge(&[READ, WRITE], true);
        assert_eq!(
            wide.problem,
            Some("its policy gives everybody other rights than to read")
        );
        assert_eq!(wished(wide.policy.as_ref(), "b", true).problem, None);
    }
}
