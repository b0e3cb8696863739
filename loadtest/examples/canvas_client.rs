//! A client of a canvas made with yrs, for the browser tests: joins, adds a note and types into one, follows, and at the end of its input
//! says what its document is. `canvas_client ADDRESS CLIENT NOTE`, a token in `COORD_TOKEN`.

use anyhow::{Context as _, Result};
use coord_loadtest::client::tab::Tab;
use std::{io::Read as _, time::Duration};
use tokio::time::sleep;
use yrs::{Any, GetString as _, Map as _, MapPrelim, Out, Text as _, TextPrelim};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().context("say the address")?;
    let client = arguments.next().context("say the client id")?.parse()?;
    let note = arguments.next().context("say the note")?;
    let token = std::env::var("COORD_TOKEN").context("COORD_TOKEN is not set")?;
    let mut tab = Tab::new(client)?;
    tab.join(&address, &format!("Bearer {token}")).await?;
    while !tab.is_saved() {
        tab.listen().await?;
    }
    let text = note.clone();
    tab.edit(|txn, objects, _| {
        let object = objects.insert(txn, format!("rust-{client}"), MapPrelim::default());
        object.insert(txn, "t", "sticky");
        object.insert(txn, "at", Any::from(vec![Any::from(""), Any::from(8.0), Any::from(16.0)]));
        object.insert(txn, "txt", TextPrelim::new(text));
        if let Some(Out::YMap(shared)) = objects.get(txn, "shared")
            && let Some(Out::YText(shared)) = shared.get(txn, "txt")
        {
            let end = u32::try_from(shared.get_string(txn).encode_utf16().count()).unwrap_or_default();
            shared.insert(txn, end, &format!(" {note}"));
        }
    });
    let end = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut vec![]));
    loop {
        if let Some(lost) = tab.pump().await? {
            anyhow::bail!("the connection ended: {}", lost.0);
        }
        if end.is_finished() && tab.is_saved() {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    let mut json = String::new();
    tab.state().roots.to_json(&mut json);
    println!("{json}");
    Ok(())
}
