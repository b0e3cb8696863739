//! Secrets in every form, split anywhere, in the midst of anything.

use super::{
    files::{Checked, check},
    flow::{Flow, words},
    *,
};
use coord_protocol::log::LogBody;
use proptest::prelude::*;

const SECRET: &str = "s3cret-välue/of+the=Team";

fn masker() -> Masker {
    Masker::new(&[
        SECRET.to_owned(),
        "s3cret-välue/of".to_owned(),
        "abc".to_owned(),
        "hunter2hunter2".to_owned(),
    ])
}

/// The value in other forms, with a name for each.
fn forms(value: &str) -> Vec<(&'static str, String)> {
    let base64 = |bytes: &[u8]| {
        let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let letters = bits.chunks(6).map(|six| {
            let value = (0..6).fold(0, |value, bit| value << 1 | six.get(bit).copied().unwrap_or(0));
            char::from(alphabet[usize::from(value)])
        });
        letters.collect::<String>()
    };
    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = value
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    let whole: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let unicode: String = value.chars().map(|letter| format!("\\u{:04x}", u32::from(letter))).collect();
    let spread: String = value.chars().map(|letter| format!("{letter}\n")).collect();
    let url = |text: String| text.replace('+', "-").replace('/', "_");
    let wrapped: Vec<String> = base64(value.as_bytes())
        .as_bytes()
        .chunks(7)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    let half = value.char_indices().nth(value.chars().count() / 2).unwrap().0;
    vec![
        ("as it is", value.to_owned()),
        ("base64", base64(value.as_bytes())),
        ("base64 after one byte", base64(format!("x{value}").as_bytes())),
        ("base64 after two bytes", base64(format!(":){value}").as_bytes())),
        ("base64 amid more", base64(format!("{{\"key\":\"{value}\"}}").as_bytes())),
        ("base64 for addresses", url(base64(format!("u:{value}").as_bytes()))),
        ("base64 in lines", wrapped.join("\n")),
        ("base64 in lines of a diff", format!("+{}", wrapped.join("\n+"))),
        ("base64 in JSON", wrapped.join("\\n")),
        ("hexadecimal", hex.clone()),
        ("large hexadecimal", hex.to_uppercase()),
        ("percent", percent),
        ("percent, every byte", whole),
        ("JSON", serde_json::to_string(&format!("\t{value}")).unwrap()),
        ("unicode escapes", unicode),
        ("a letter a line", spread),
        ("two lines", format!("{}\r\n    {}", &value[..half], &value[half..])),
        ("two lines of a diff", format!("+{}\n+{}", &value[..half], &value[half..])),
        ("two quoted lines", format!("> {}\n> {}", &value[..half], &value[half..])),
    ]
}

/// Letters and digits of a text: what is left of a secret when what stands between them does not count.
fn core(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).collect()
}

/// Whether five letters in a row of the form are in the text.
fn leaks(text: &str, form: &str) -> bool {
    let (text, form) = (core(text), core(form));
    let form: Vec<char> = form.chars().collect();
    form.windows(6).any(|piece| text.contains(&piece.iter().collect::<String>()))
}

#[test]
fn agt_9_a_secret_is_masked_wherever_it_stands() {
    let masker = masker();
    assert_eq!(
        masker.text("a s3cret-välue/of b s3cret-välue/of+the=Team abc"),
        "a ••• b ••• abc",
        "one inside another leaves nothing of either, and short ones are words"
    );
    let body = masker.value(LogBody::UserMessage {
        message: None,
        from: "Ann".to_owned(),
        text: format!("use {SECRET}"),
    });
    assert!(!serde_json::to_string(&body).unwrap().contains("s3cret"));
    assert!(Masker::new(&["short".to_owned()]).is_empty());
}

#[test]
fn agt_9_a_secret_is_masked_in_every_form() {
    let masker = masker();
    for (name, form) in forms(SECRET) {
        let text = masker.text(&format!("see: {form} :end"));
        assert!(text.starts_with("see: ") && text.ends_with(" :end"), "{name}: {text}");
        // What base64 makes of the bytes beside it may stay.
        assert!(
            !leaks(&text, &form) || name == "base64 amid more" && text.contains(MASK),
            "{name}: {form:?} became {text:?}"
        );
        assert!(text.contains(MASK), "{name}: {text}");
    }
}

#[test]
fn agt_9_lines_and_marks_of_a_diff_stay_as_they_are() {
    let masker = masker();
    let half = SECRET.find('v').unwrap();
    let diff = format!("@@ -1 +1,3 @@\n a\n+x {}\n+{} y\n", &SECRET[..half], &SECRET[half..]);
    assert_eq!(masker.text(&diff), "@@ -1 +1,3 @@\n a\n+x •••\n+••• y\n");
}

#[test]
fn agt_9_a_key_of_several_lines_is_masked_whole_and_line_by_line() {
    let key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----\n";
    let masker = Masker::new(&[key.to_owned()]);
    for text in [
        key.to_owned(),
        key.replace('\n', "\\n"),
        key.replace('\n', "\r\n    "),
        "1 MIIEvQIBADANBgkqhkiG9w0BAQEFAASC".to_owned(),
    ] {
        assert!(!masker.text(&text).contains("MIIEvQ"), "{text}");
    }
    assert_eq!(masker.text("-----BEGIN PRIVATE KEY-----"), "-----BEGIN PRIVATE KEY-----");
}

#[test]
fn agt_9_ordinary_text_stays_as_it_is() {
    let masker = Masker::new(&["123456".to_owned(), "hunter2hunter2".to_owned()]);
    let text = "12 34 56\n1\n2\n3\n4\n5\n6 hunter2 and s3cret 100% \\ %4 \\u12";
    assert_eq!(masker.text(text), text);
    assert_eq!(masker.text("x123456"), "x•••");
}

#[test]
fn agt_9_reading_takes_no_longer_for_text_that_is_made_to() {
    // Each byte ends a beginning of the secret, and each match overlaps with the one before: a text of its square would take minutes.
    let masker = Masker::new(&["a".repeat(4000)]);
    let text = "a".repeat(2_000_000);
    assert_eq!(masker.text(&text), MASK);
    let mut flow = Flow::default();
    flow.push("a".repeat(3999).as_bytes());
    assert_eq!(flow.ready(&masker), b"");
}

/// What comes out of a flow that gets these pieces; with `others`, all that is there is told after each, as another entry makes it.
fn told(masker: &Masker, pieces: &[&str], others: bool) -> String {
    let mut flow = Flow::default();
    let mut out = Vec::new();
    for piece in pieces {
        flow.push(piece.as_bytes());
        out.extend(if others { flow.all(masker) } else { flow.ready(masker) });
    }
    out.extend(flow.all(masker));
    words(out)
}

#[test]
fn agt_9_a_secret_split_at_any_byte_never_leaves() {
    let masker = masker();
    for (name, form) in forms(SECRET) {
        let text = format!("before {form} after");
        for at in (0..=text.len()).filter(|&at| text.is_char_boundary(at)) {
            let (first, second) = text.split_at(at);
            for others in [false, true] {
                let out = told(&masker, &[first, second], others);
                let amid = name == "base64 amid more";
                assert!(
                    !leaks(&out, &form) || amid || others && at < form.len() / 3 + 16,
                    "{name} split at {at} ({others}): {out:?}"
                );
                assert!(amid || core(&out) != core(&text), "{name} split at {at} ({others})");
                assert!(
                    out.contains(MASK) && out.starts_with("before ") && out.ends_with(" after"),
                    "{name} at {at}: {out:?}"
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn agt_9_no_secret_in_any_form_leaves_in_pieces_of_any_size(
        value in "[a-zA-Z0-9]{5}[a-zA-Z0-9/+=_ .:-]{2,30}[a-zA-Z0-9=/+]{5}",
        which in 0usize..19,
        noise in "[a-z \\n%\\\\+-]{0,30}",
        cuts in prop::collection::vec(0usize..400, 0..12),
    ) {
        let masker = Masker::new(std::slice::from_ref(&value));
        let (name, form) = forms(&value).swap_remove(which);
        let text = format!("{noise} {form} {noise}");
        let mut cuts: Vec<usize> = cuts.into_iter().map(|at| at % (text.len() + 1)).filter(|&at| text.is_char_boundary(at)).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&str> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
        let out = told(&masker, &pieces, false);
        prop_assert!(out.contains(MASK), "{name}: {out:?}");
        prop_assert!(!masker.finds(out.as_bytes()), "{name}: {out:?}");
        prop_assert!(!out.contains(&form), "{name}: {out:?}");
        // Cut into pieces or not, the same is masked; save for a letter of base64 that holds some bits of the secret and some before it.
        let whole = { let mut flow = Flow::default(); flow.push(text.as_bytes()); words(flow.all(&masker)) };
        prop_assert!(out == whole || name.starts_with("base64"), "{name}: {out:?} and {whole:?}");
    }

    #[test]
    fn agt_9_text_without_a_secret_comes_out_as_it_went_in(text in "\\PC{0,80}", cut in 0usize..80) {
        let masker = Masker::new(&["qzx-Never-in-there-771".to_owned()]);
        let cut = text.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(text.len());
        let mut flow = Flow::default();
        flow.push(&text.as_bytes()[..cut]);
        let mut out = flow.ready(&masker);
        flow.push(&text.as_bytes()[cut..]);
        out.extend(flow.last(&masker));
        prop_assert_eq!(words(out), text);
    }
}

#[test]
fn agt_9_files_of_text_are_masked_and_others_with_a_secret_are_not_let_out() {
    let root = tempfile::tempdir().unwrap();
    let (path, copy) = (root.path().join("file"), root.path().join("copy"));
    let masker = masker();
    let checked = |content: &[u8]| {
        std::fs::write(&path, content).unwrap();
        check(&masker, &path, &copy).unwrap()
    };
    assert_eq!(checked(b"nothing in here"), Checked::Clean(path.clone()));
    assert_eq!(checked(&[0, 1, 2]), Checked::Clean(path.clone()));
    assert_eq!(checked(format!("\0\0{SECRET}").as_bytes()), Checked::Binary);
    // Across the border of what is read at a time.
    for at in [256 * 1024 - 30, 256 * 1024 - 10, 256 * 1024] {
        let long = format!("{}{SECRET} end, s3cret-", "x".repeat(at));
        assert_eq!(checked(long.as_bytes()), Checked::Masked(copy.clone()));
        let masked = std::fs::read_to_string(&copy).unwrap();
        assert_eq!(masked, format!("{}{MASK} end, s3cret-", "x".repeat(at)));
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&path, root.path().join("link")).unwrap();
        assert!(check(&masker, &root.path().join("link"), &copy).is_err());
    }
}
