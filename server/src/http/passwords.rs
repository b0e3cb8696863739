//! Passwords: argon2id on blocking threads, a few at a time.

use super::problem::ApiError;
use crate::clock::Ids;
use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use coord_store::StoreError;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::Semaphore;

/// Hashes at once: each takes 19 MiB and a core for some tens of milliseconds.
const AT_ONCE: usize = 2;

/// Callers that may wait for their turn; more are told to come back.
const WAITING: usize = 128;

/// A hash of no password, made at start: checking against it makes an unknown account cost what a known one costs.
#[derive(Clone)]
pub struct Passwords {
    slots: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    nobody: Arc<str>,
    ids: Ids,
}

/// Counts a waiting caller as long as it lives.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// glibc gives memory above this size back to the system as soon as it is freed. Below, it would keep the 19 MiB of a hash, once for
/// each thread that ever computed one, for as long as the server runs. Only what a hash uses is ever touched.
const GIVEN_BACK: usize = 33 * 1024 * 1024;

fn compute(argon2: &Argon2<'_>, password: &str, salt: &[u8]) -> Result<Output, String> {
    let blocks = argon2.params().block_count();
    let mut memory: Vec<Block> = Vec::with_capacity(blocks.max(GIVEN_BACK / Block::SIZE));
    memory.resize(blocks, Block::new());
    let length = argon2.params().output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let mut out = [0; Output::MAX_LENGTH];
    let out = out.get_mut(..length).ok_or("the stored hash is too long")?;
    argon2
        .hash_password_into_with_memory(password.as_bytes(), salt, out, &mut memory)
        .map_err(|error| error.to_string())?;
    Output::new(out).map_err(|error| error.to_string())
}

fn hash(password: &str, salt: [u8; 16]) -> Result<String, String> {
    let params = Params::default();
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(|error| error.to_string())?,
        salt: Some(Salt::new(&salt).map_err(|error| error.to_string())?),
        hash: Some(compute(&Argon2::new(Algorithm::Argon2id, Version::V0x13, params), password, &salt)?),
    };
    Ok(hash.to_string())
}

/// With the parameters the hash was made with, so that stronger ones can be chosen later. Equality of `Output` takes constant time.
fn verify(password: &str, stored: &str) -> Option<bool> {
    let stored = PasswordHash::new(stored).ok()?;
    let algorithm = Algorithm::try_from(stored.algorithm.as_str()).ok()?;
    let version = Version::try_from(stored.version?).ok()?;
    let argon2 = Argon2::new(algorithm, version, Params::try_from(&stored).ok()?);
    let computed = compute(&argon2, password, stored.salt?.as_ref()).ok()?;
    Some(computed == stored.hash?)
}

impl Passwords {
    /// Takes the time of one hash.
    ///
    /// # Errors
    /// When the parameters are refused, which is a fault of this program.
    pub fn new(ids: Ids) -> Result<Self, String> {
        let nobody = hash(&ids.secret(""), ids.random())?;
        Ok(Self {
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::default(),
            nobody: nobody.into(),
            ids,
        })
    }

    async fn on_thread<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(ApiError::unavailable("too many people are signing in at once"));
        }
        let waiting = Waiting(Arc::clone(&self.waiting));
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .map_err(|_| ApiError::Store(StoreError::Closed))?;
        // The slot goes with the work: a caller that hangs up does not free it while the thread still computes.
        tokio::task::spawn_blocking(move || {
            let _held = (slot, waiting);
            work()
        })
        .await
        .map_err(|_| ApiError::Store(StoreError::Panicked))
    }

    /// The PHC string of a password.
    pub async fn hash(&self, password: String) -> Result<String, ApiError> {
        let salt = self.ids.random();
        self.on_thread(move || hash(&password, salt)).await?.map_err(|why| {
            tracing::error!(why, "a password could not be hashed");
            ApiError::Store(StoreError::Panicked)
        })
    }

    /// Whether the password fits; without a stored hash the same work is done and the answer is no.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, ApiError> {
        let nobody = Arc::clone(&self.nobody);
        self.on_thread(move || match stored {
            Some(stored) => verify(&password, &stored) == Some(true),
            None => {
                verify(&password, &nobody);
                false
            }
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn acc_1_a_password_is_kept_as_argon2id_and_checked() {
        let passwords = Passwords::new(Ids).unwrap();
        let stored = passwords.hash("correct horse".to_owned()).await.unwrap();
        assert!(stored.starts_with("$argon2id$"), "{stored}");
        assert!(passwords.verify("correct horse".to_owned(), Some(stored.clone())).await.unwrap());
        assert!(!passwords.verify("wrong horse".to_owned(), Some(stored)).await.unwrap());
        assert!(!passwords.verify("correct horse".to_owned(), None).await.unwrap());
        assert!(
            !passwords
                .verify("correct horse".to_owned(), Some("garbage".to_owned()))
                .await
                .unwrap()
        );
    }

    #[test]
    fn acc_1_the_hash_is_argon2id_as_everybody_computes_it() {
        use argon2::{PasswordHasher as _, PasswordVerifier as _};
        let own = hash("correct horse", [7; 16]).unwrap();
        let theirs: PasswordHash = Argon2::default().hash_password_with_salt(b"correct horse", &[7; 16]).unwrap();
        assert_eq!(own, theirs.to_string());
        let read = PasswordHash::new(&own).unwrap();
        assert!(Argon2::default().verify_password(b"correct horse", &read).is_ok());
    }
}
