//! Secrets Manager and KMS in memory. A ciphertext here opens only under the context that it was sealed with.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::Refused;

/// How many versions a secret keeps within a day.
const MAX_VERSIONS: u32 = 100;

/// All secrets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secrets(BTreeMap<String, (String, u32)>);

impl Secrets {
    pub(crate) fn put(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), (value.to_owned(), 1));
    }

    pub(crate) fn answer(&mut self, operation: &str, request: &Value) -> Result<Value, Refused> {
        let text = |key: &str| request.get(key).and_then(Value::as_str).unwrap_or_default();
        let missing = || Refused::new("ResourceNotFoundException", "no such secret");
        match operation {
            "GetSecretValue" => {
                let (value, version) = self.0.get(text("SecretId")).ok_or_else(missing)?;
                Ok(json!({ "Name": text("SecretId"), "SecretString": value, "VersionId": version.to_string() }))
            }
            "CreateSecret" => {
                if self.0.contains_key(text("Name")) {
                    return Err(Refused::new("ResourceExistsException", "the name is taken"));
                }
                self.put(text("Name"), text("SecretString"));
                Ok(json!({ "Name": text("Name") }))
            }
            "PutSecretValue" => {
                let stored = self.0.get_mut(text("SecretId")).ok_or_else(missing)?;
                if stored.1 >= MAX_VERSIONS {
                    return Err(Refused::new("LimitExceededException", "too many versions"));
                }
                *stored = (text("SecretString").to_owned(), stored.1 + 1);
                Ok(json!({ "Name": text("SecretId") }))
            }
            "DeleteSecret" => {
                self.0.remove(text("SecretId")).ok_or_else(missing)?;
                Ok(json!({ "Name": text("SecretId") }))
            }
            "Encrypt" => {
                let sealed = json!({ "p": text("Plaintext"), "c": request.get("EncryptionContext") });
                Ok(json!({ "CiphertextBlob": BASE64_STANDARD.encode(sealed.to_string()), "KeyId": "key" }))
            }
            "Decrypt" => {
                let refused = || Refused::new("InvalidCiphertextException", "it does not open");
                let bytes = BASE64_STANDARD.decode(text("CiphertextBlob")).map_err(|_| refused())?;
                let sealed: Value = serde_json::from_slice(&bytes).map_err(|_| refused())?;
                if sealed.get("c") != request.get("EncryptionContext") && sealed.get("c") != Some(&Value::Null) {
                    return Err(refused());
                }
                Ok(json!({ "Plaintext": sealed.get("p"), "KeyId": "key" }))
            }
            unknown => Err(Refused::new("UnknownOperation", unknown)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ciphertext_opens_under_its_own_context_alone() {
        let mut secrets = Secrets::default();
        let context = json!({ "account": "a" });
        let request = json!({ "Plaintext": "dG9rZW4=", "EncryptionContext": context });
        let sealed = secrets.answer("Encrypt", &request).unwrap()["CiphertextBlob"].clone();
        let open = |context: &Value| json!({ "CiphertextBlob": sealed, "EncryptionContext": context });
        assert_eq!(secrets.answer("Decrypt", &open(&context)).unwrap()["Plaintext"], "dG9rZW4=");
        assert!(secrets.answer("Decrypt", &open(&json!({ "account": "b" }))).is_err());
    }

    #[test]
    fn a_secret_that_is_deleted_is_gone() {
        let mut secrets = Secrets::default();
        secrets.put("a", "1");
        assert!(secrets.answer("DeleteSecret", &json!({ "SecretId": "a" })).is_ok());
        assert_eq!(
            secrets.answer("GetSecretValue", &json!({ "SecretId": "a" })).unwrap_err().code,
            "ResourceNotFoundException"
        );
    }
}
