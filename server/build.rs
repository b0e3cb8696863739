//! Makes sure that the folder of the built web app exists, so that the server compiles without Node.

use std::{fs, path::Path};

const PLACEHOLDER: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Coord</title>\n\
<p>This server was built without its web app. The API is described at <a href=\"/api/docs\">/api/docs</a>.</p>\n</html>\n";

fn main() {
    let dist = Path::new("../canvas-web/dist");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../canvas-web/dist");
    let index = dist.join("index.html");
    if !index.exists() {
        fs::create_dir_all(dist).expect("canvas-web/dist can be made");
        fs::write(&index, PLACEHOLDER).expect("canvas-web/dist/index.html can be written");
    }
}
