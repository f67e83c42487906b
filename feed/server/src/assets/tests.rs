use super::*;

#[test]
fn every_script_finds_what_it_names() {
    for (file, served) in &ASSETS.served {
        if served.media != JS {
            continue;
        }
        let text = std::str::from_utf8(&served.body).unwrap();
        for (at, _) in text.match_indices("\"./") {
            let name = text[at + 3..].split('"').next().unwrap();
            assert!(ASSETS.served.contains_key(name), "{file} names {name}: is it listed before {file}?");
        }
    }
}

#[test]
fn a_name_holds_the_hash_of_its_content() {
    for (file, served) in &ASSETS.served {
        let hash = hex::encode(Sha256::digest(&served.body));
        assert_eq!(file.split('.').nth(1).unwrap(), &hash[..DIGITS], "{file}");
    }
}

#[test]
fn every_source_of_the_directory_is_served() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");
    for entry in std::fs::read_dir(directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(ASSETS.paths.contains_key(name.as_str()), "{name} is not listed in SOURCES");
    }
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    for (file, served) in &ASSETS.served {
        let text = String::from_utf8_lossy(&served.body);
        let text = text.replace("http://www.w3.org/2000/svg", "");
        if served.media != "application/wasm" {
            assert!(!text.contains("http://") && !text.contains("https://"), "{file}");
        }
    }
}

#[tokio::test]
async fn whoever_has_a_file_is_told_so() {
    let file = path("feed.css").rsplit('/').next().unwrap().to_owned();
    let first = serve(Path(file.clone()), HeaderMap::new()).await;
    assert_eq!(first.status(), StatusCode::OK);
    assert!(first.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    let again = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static("\"x\""))]);
    assert_eq!(serve(Path(file), again).await.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(
        serve(Path("feed.0000.css".to_owned()), HeaderMap::new()).await.status(),
        StatusCode::NOT_FOUND
    );
}
