//! Mail: invitations and links to a new password, sent after their commit from a bounded queue and tried again a few times.
//!
//! What is sent is plain text. What people wrote into it (names) is made harmless first: it can neither add a header nor a link.

use crate::{
    clock::Clock,
    config::Config,
    context::{Actor, Context},
    http::auth::secret_hash,
};
use coord_domain::people::RESET_MS;
use coord_protocol::{
    id::InvitationId,
    time::Timestamp,
    workspace::{MailState, Role},
};
use coord_store::{StoreError, Tx, accounts, feed, invitations, resets};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp,
};
use serde_json::json;
use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::sync::{Semaphore, mpsc};

/// Letters that wait. When full, the sender is told at once that it could not be sent.
const QUEUE: usize = 256;
/// Letters on their way at once.
const AT_ONCE: usize = 4;
/// How long one try may take.
const TRY: Duration = Duration::from_secs(15);
/// Pauses before another try; after the last it is given up.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(20)];
/// Longest reason that is kept, in characters.
const MAX_WHY: usize = 300;

/// Something to be sent.
#[derive(Debug, Clone)]
pub enum Letter {
    /// An invitation, committed already.
    Invitation {
        /// Where its outcome is noted.
        id: InvitationId,
        /// Who is invited.
        to: String,
        /// The secret in the link.
        code: String,
        /// Who invites.
        by: String,
        /// Name of the workspace.
        workspace: String,
        /// Role given.
        role: Role,
        /// Until when.
        expires_at: Timestamp,
    },
    /// Somebody forgot their password. Whether there is such an account is looked at when its turn comes, so that nobody can tell from
    /// the answer or its time.
    Forgotten {
        /// Address, as it is kept.
        email: String,
        /// From where it was asked for.
        address: Option<IpAddr>,
    },
}

/// The door to the mail server, where there is one.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    queue: Option<mpsc::Sender<Letter>>,
}

/// What sends.
pub struct Postman {
    queue: mpsc::Receiver<Letter>,
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    base_url: String,
}

impl Mail {
    /// The door, and who stands behind it, when the configuration names a mail server.
    ///
    /// # Errors
    /// In words for whoever starts the server.
    pub fn new(config: &Config) -> anyhow::Result<(Self, Option<Postman>)> {
        let Some(url) = &config.smtp_url else {
            return Ok((Self::default(), None));
        };
        let missing = |name: &str| anyhow::anyhow!("COORD_SMTP_URL needs {name} too");
        let from = config.mail_from.as_deref().ok_or_else(|| missing("COORD_MAIL_FROM"))?;
        let base_url = config.base_url.clone().ok_or_else(|| missing("COORD_BASE_URL"))?;
        let from = from
            .parse()
            .map_err(|error| anyhow::anyhow!("COORD_MAIL_FROM is no sender such as Coord <coord@example.org>: {error}"))?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            // The address may hold a password, so it is not repeated.
            .map_err(|error| anyhow::anyhow!("COORD_SMTP_URL is not the address of a mail server: {error}"))?
            .timeout(Some(TRY))
            .build();
        let (sender, queue) = mpsc::channel(QUEUE);
        let postman = Postman {
            queue,
            transport,
            from,
            base_url,
        };
        Ok((Self { queue: Some(sender) }, Some(postman)))
    }

    /// Whether mail is sent at all.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.queue.is_some()
    }

    /// Hands a letter over; whether there was room for it. Never waits.
    #[must_use]
    pub fn send(&self, letter: Letter) -> bool {
        self.queue.as_ref().is_some_and(|queue| queue.try_send(letter).is_ok())
    }
}

/// Text from people as it may stand in a letter: one line, no marks that turn the writing around, nothing that a mail program makes a
/// link of.
fn harmless(text: &str) -> String {
    let shown: String = text
        .chars()
        .filter(|c| !matches!(*c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'))
        .map(|c| {
            if c.is_control() || c.is_whitespace() || "<>/\\@".contains(c) {
                ' '
            } else {
                c
            }
        })
        .collect();
    let words = shown.split_whitespace().map(|word| {
        // A dot inside of a word makes it look like the name of a host.
        let inner = word.trim_end_matches('.');
        inner.replace(['.', ':'], " ") + &word[inner.len()..]
    });
    let line = words.collect::<Vec<_>>().join(" ");
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(80).collect()
}

fn system_time(clock: &Clock) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(u64::try_from(clock.now().0).unwrap_or_default())
}

fn day(at: Timestamp) -> String {
    let text = serde_json::to_value(at)
        .ok()
        .and_then(|at| Some(at.as_str()?.get(..10)?.to_owned()));
    text.unwrap_or_default()
}

const fn role_words(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Admin => "admin",
        Role::Member => "member",
        Role::Viewer => "viewer",
    }
}

/// Subject and text of an invitation.
fn invitation(base_url: &str, code: &str, by: &str, workspace: &str, role: Role, expires_at: Timestamp) -> (String, String) {
    let (by, workspace) = (harmless(by), harmless(workspace));
    let text = format!(
        "{by} invites you to the workspace \"{workspace}\" on Coord, as {}.\n\n\
         To join, open this link. It works once, until {}:\n\n{base_url}/invitations/{code}\n\n\
         If you do not know {by}, leave this mail alone: nothing happens then.\n",
        role_words(role),
        day(expires_at)
    );
    (format!("{by} invites you to {workspace}"), text)
}

/// Subject and text of a link to a new password.
fn new_password(base_url: &str, code: &str) -> (String, String) {
    let text = format!(
        "Somebody, we hope you, asked for a new password of your account on Coord.\n\n\
         To choose one, open this link within an hour. It works once, and ends all sessions of the account:\n\n\
         {}\n\n\
         If it was not you, leave this mail alone: your password stays as it is.\n",
        reset_link(base_url, code)
    );
    ("A new password for Coord".to_owned(), text)
}

/// Where a new password is chosen. The code stands behind `#`, which browsers keep to themselves.
#[must_use]
pub fn reset_link(base_url: &str, code: &str) -> String {
    format!("{base_url}/reset-password#{code}")
}

impl Postman {
    fn message(&self, clock: &Clock, to: &str, (subject, text): (String, String)) -> Result<Message, String> {
        let address: Address = to.parse().map_err(|error| format!("the address cannot be written to: {error}"))?;
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .date(system_time(clock))
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|error| error.to_string())
    }

    /// Sends, and tries again what may go better later.
    async fn send(&self, message: Result<Message, String>) -> Result<(), String> {
        let message = message?;
        let mut pauses = PAUSES.iter();
        loop {
            let sent = tokio::time::timeout(TRY, self.transport.send(message.clone())).await;
            let (why, is_final) = match sent {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(error)) => (words(&error), error.is_permanent()),
                Err(_) => ("the mail server does not answer".to_owned(), false),
            };
            match pauses.next() {
                Some(pause) if !is_final => tokio::time::sleep(*pause).await,
                Some(_) | None => return Err(why),
            }
        }
    }

    /// Sends what comes, until the server ends.
    pub async fn deliver(mut self, context: Arc<Context>) {
        let slots = Arc::new(Semaphore::new(AT_ONCE));
        let (_, none) = mpsc::channel(1);
        let mut queue = std::mem::replace(&mut self.queue, none);
        let postman = Arc::new(self);
        while let Some(letter) = queue.recv().await {
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
                return;
            };
            let (postman, context) = (Arc::clone(&postman), Arc::clone(&context));
            actix_web::rt::spawn(async move {
                let _held = slot;
                if let Err(error) = postman.post(&context, letter).await {
                    tracing::error!(%error, "how a mail went was not noted");
                }
            });
        }
    }

    async fn post(&self, context: &Context, letter: Letter) -> Result<(), StoreError> {
        match letter {
            Letter::Invitation {
                id,
                to,
                code,
                by,
                workspace,
                role,
                expires_at,
            } => {
                let text = invitation(&self.base_url, &code, &by, &workspace, role, expires_at);
                let sent = self.send(self.message(&context.clock, &to, text)).await;
                note(context, id, sent).await
            }
            Letter::Forgotten { email, address } => {
                let Some(code) = forgotten(context, &email, address).await? else {
                    return Ok(());
                };
                let sent = self
                    .send(self.message(&context.clock, &email, new_password(&self.base_url, &code)))
                    .await;
                if let Err(why) = sent {
                    tracing::warn!(why, "a link to a new password was not sent");
                }
                Ok(())
            }
        }
    }
}

/// What went wrong, with its cause, in one line.
fn words(error: &smtp::Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        cause = inner.source();
    }
    let line: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.chars().take(MAX_WHY).collect()
}

/// Writes down how the mail of an invitation went, and tells the admins who look at it.
pub async fn note(context: &Context, id: InvitationId, sent: Result<(), String>) -> Result<(), StoreError> {
    let at = context.now();
    let mail = match sent {
        Ok(()) => MailState::Sent { at },
        Err(why) => MailState::Failed { at, why },
    };
    let told = context
        .store
        .write(async move |tx: &mut Tx| -> Result<_, StoreError> {
            let Some(ws) = invitations::mailed(tx, id, &mail).await? else {
                return Ok(None);
            };
            let seq = feed::append(tx, ws, at, "invitation.changed", None, &json!({ "invitation": id })).await?;
            Ok(Some((ws, seq)))
        })
        .await?;
    if let Some((ws, seq)) = told {
        context.live.feed_committed(ws, seq);
    }
    Ok(())
}

/// Makes a link to a new password; its code, where there is such an account.
async fn forgotten(context: &Context, email: &str, address: Option<IpAddr>) -> Result<Option<String>, StoreError> {
    let Some(account) = accounts::by_email(&mut *context.store.read().await?, email).await? else {
        return Ok(None);
    };
    let (user, code) = (account.user.id, context.ids.secret(""));
    let (hash, ends) = (secret_hash(&code), context.now().plus_ms(RESET_MS));
    let by = Actor {
        address,
        ..Actor::default()
    };
    let entry = context.audit(&by, "password.reset_link", None, user, json!({ "sent_to": email }));
    context
        .store
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            resets::insert(tx, user, &hash, ends).await?;
            coord_store::audit::append(tx, &entry).await
        })
        .await?;
    Ok(Some(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn postman() -> Postman {
        let (_, queue) = mpsc::channel(1);
        Postman {
            queue,
            transport: AsyncSmtpTransport::<Tokio1Executor>::unencrypted_localhost(),
            from: "Coord <coord@example.org>".parse().unwrap(),
            base_url: "https://coord.example.org".to_owned(),
        }
    }

    /// Header lines of the letter, unfolded, and its text.
    fn written(by: &str, workspace: &str) -> (Vec<String>, String) {
        let text = invitation("https://coord.example.org", "c0de", by, workspace, Role::Member, Timestamp(0));
        let message = postman().message(&Clock::default(), "eve@example.org", text).unwrap();
        let raw = String::from_utf8(message.formatted()).unwrap();
        let (head, body) = raw.split_once("\r\n\r\n").unwrap();
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        (head.split("\r\n").map(str::to_owned).collect(), body.to_owned())
    }

    #[actix_web::test]
    async fn acc_2_no_name_adds_a_header_or_a_recipient_to_an_invitation() {
        let plain: Vec<_> = names_of(&written("Ada", "Team").0);
        for hostile in [
            "Ada\r\nBcc: all@example.org",
            "Ada\nBcc: all@example.org\n\nBuy this",
            "Ada\r\n\r\n<html>",
            "Ada\u{2028}Bcc: all@example.org",
            "=?utf-8?q?=0d=0aBcc:_all@example.org?=",
            &"x".repeat(5_000),
            "Ада \u{202e}gro.elpmaxe@live",
        ] {
            for (by, workspace) in [(hostile, "Team"), ("Ada", hostile)] {
                let (head, _) = written(by, workspace);
                assert_eq!(names_of(&head), plain, "{hostile:?}: {head:?}");
                let to: Vec<_> = head.iter().filter(|line| line.to_lowercase().starts_with("to:")).collect();
                assert_eq!(to, ["To: eve@example.org"], "{hostile:?}");
                assert!(head.iter().all(|line| line.len() < 1_000), "{hostile:?}");
            }
        }
    }

    fn names_of(head: &[String]) -> Vec<String> {
        let mut names: Vec<_> = head.iter().map(|line| line.split(':').next().unwrap().to_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn acc_2_no_name_puts_a_link_into_an_invitation() {
        for (hostile, shown) in [
            ("https://evil.example/login", "https evil example login"),
            ("www.evil.example", "www evil example"),
            ("Write to help@evil.example.", "Write to help evil example."),
            ("Ada & Co.", "Ada & Co."),
            ("a\u{200b}b\u{202e}c", "abc"),
            ("  Ünder   the hill ", "Ünder the hill"),
        ] {
            assert_eq!(harmless(hostile), shown);
        }
        let (subject, text) = invitation(
            "https://coord.example.org",
            "c0de",
            "http://a.b",
            "http://c.d/e",
            Role::Admin,
            Timestamp(0),
        );
        assert_eq!(text.matches("://").count(), 1, "{text}");
        assert!(text.contains("https://coord.example.org/invitations/c0de") && text.contains("1970-01-01"));
        assert!(!subject.contains("://"));
    }

    #[test]
    fn acc_2_an_address_that_is_none_is_told_and_not_written_to() {
        for to in ["a@b\r\nBcc: c@d", "a b@c", "", "<a@b>", "a@b, c@d"] {
            let text = ("Subject".to_owned(), "Text".to_owned());
            assert!(postman().message(&Clock::default(), to, text).is_err(), "{to:?}");
        }
    }

    #[test]
    fn a_mail_server_needs_a_sender_and_an_address_of_ours() {
        let mut config = Config::for_tests("x".into());
        assert!(!Mail::new(&config).unwrap().0.is_on());
        config.smtp_url = Some("smtp://user:hush@localhost:25".to_owned());
        let refused = |config: &Config| Mail::new(config).err().unwrap().to_string();
        assert!(refused(&config).contains("COORD_MAIL_FROM"));
        config.mail_from = Some("not an address".to_owned());
        assert!(refused(&config).contains("COORD_BASE_URL"));
        config.base_url = Some("https://coord.example.org".to_owned());
        assert!(refused(&config).contains("COORD_MAIL_FROM"));
        config.mail_from = Some("Coord <coord@example.org>".to_owned());
        config.smtp_url = Some("gopher://user:hush@localhost".to_owned());
        assert!(!refused(&config).contains("hush"), "{}", refused(&config));
    }
}
