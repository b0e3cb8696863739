//! A mail server that does what the test tells it.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// A letter as it arrived.
#[derive(Debug, Clone)]
pub struct Letter {
    pub to: Vec<String>,
    pub data: String,
}

impl Letter {
    /// What follows `start` in the text, up to the end of the line.
    pub fn after(&self, start: &str) -> String {
        // Long lines are folded by quoted-printable.
        let text = self.data.replace("=\r\n", "").replace("=3D", "=");
        let rest = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}")).1;
        rest.lines().next().unwrap().trim().to_owned()
    }
}

pub struct Smtp {
    pub url: String,
    letters: Arc<Mutex<Vec<Letter>>>,
    /// How many connections are turned away for now.
    pub busy: Arc<AtomicU32>,
}

impl Smtp {
    /// Refuses recipients whose address begins with `nobody`.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let (letters, busy) = (Arc::new(Mutex::new(vec![])), Arc::new(AtomicU32::new(0)));
        let (kept, turned_away) = (Arc::clone(&letters), Arc::clone(&busy));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let is_busy = turned_away
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                    .is_ok();
                // A client that hangs up has what it wanted.
                drop(serve(stream, &kept, is_busy).await);
            }
        });
        Self { url, letters, busy }
    }

    pub fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap().clone()
    }

    /// The letter number `n`, from 1, as soon as it is there.
    pub async fn letter(&self, n: usize) -> Letter {
        for _ in 0..1_000 {
            if let Some(letter) = self.letters().get(n - 1) {
                return letter.clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("letter {n} did not come; there are {}", self.letters().len());
    }
}

async fn serve(stream: TcpStream, letters: &Mutex<Vec<Letter>>, is_busy: bool) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let hello: &[u8] = if is_busy { b"421 come back later\r\n" } else { b"220 here\r\n" };
    stream.write_all(hello).await?;
    let mut to = vec![];
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let command = std::mem::take(&mut line);
        let answer = match command.split([' ', ':']).next().unwrap().trim() {
            "EHLO" | "HELO" => "250 here",
            "RCPT" if command.contains("<nobody") => "550 5.1.1 there is no such person",
            "RCPT" => {
                to.push(command.split(['<', '>']).nth(1).unwrap().to_owned());
                "250 good"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let mut data = String::new();
                while !data.ends_with("\r\n.\r\n") && stream.read_line(&mut data).await? > 0 {}
                let to = std::mem::take(&mut to);
                letters.lock().unwrap().push(Letter { to, data });
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 good",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}
