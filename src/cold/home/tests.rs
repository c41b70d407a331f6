//! Tests of the state folder: one session at a time, and no number twice.

use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::*;

/// Some moment of 2026.
const NOW: Nanos = Nanos(1_780_000_000 * Nanos::SECOND);

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let name = format!("neural-kraken-home-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        Folder(path)
    }

    fn next(&self) -> Result<u32, HomeError> {
        Home::open(&self.0)?.next_epoch(NOW)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_new_folder_is_its_owners_alone_and_begins_at_the_clock() {
    let folder = Folder::new("new");
    let mut home = Home::open(&folder.0.join("deep/er")).unwrap();
    assert_eq!(fs::metadata(home.dir()).unwrap().mode() & 0o777, 0o700);
    assert_eq!(home.next_epoch(NOW).unwrap(), 1_780_000_000 - 1_577_836_800);
    for name in ["epoch.a", "epoch.b", "lock"] {
        assert_eq!(fs::metadata(home.path(name)).unwrap().mode() & 0o777, 0o600, "{name}");
    }
}

#[test]
fn each_number_is_higher_than_the_one_before() {
    let folder = Folder::new("higher");
    let first = folder.next().unwrap();
    let mut home = Home::open(&folder.0).unwrap();
    // The clock went back; nobody asks it again.
    assert_eq!(home.next_epoch(Nanos(0)).unwrap(), first + 1);
    assert_eq!(home.next_epoch(NOW).unwrap(), first + 2);
}

#[test]
fn a_second_session_is_refused_with_the_first_ones_name() {
    let folder = Folder::new("second");
    let first = Home::open(&folder.0).unwrap();
    let text = Home::open(&folder.0).unwrap_err().to_string();
    let process = format!("process {}", std::process::id());
    assert!(text.contains(&process) && text.contains("stop that one"), "{text}");
    drop(first);
    Home::open(&folder.0).unwrap();
}

#[test]
fn one_whole_copy_is_enough_whatever_the_other_is() {
    for (n, name) in ["epoch.a", "epoch.b"].into_iter().enumerate() {
        let folder = Folder::new(&format!("copy-{n}"));
        let first = folder.next().unwrap();
        let path = folder.0.join(name);
        let whole = fs::read(&path).unwrap();
        let mut expected = first;
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            expected += 1;
            assert_eq!(folder.next().unwrap(), expected, "cut at {cut}");
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(folder.next().unwrap(), expected + 1);
    }
}

#[test]
fn the_higher_copy_counts() {
    let folder = Folder::new("crash");
    let first = folder.next().unwrap();
    let old = fs::read(folder.0.join("epoch.b")).unwrap();
    assert_eq!(folder.next().unwrap(), first + 1);
    // As after a crash between the two copies.
    fs::write(folder.0.join("epoch.b"), old).unwrap();
    assert_eq!(folder.next().unwrap(), first + 2);
}

#[test]
fn two_lost_copies_are_refused_until_someone_says_so() {
    let folder = Folder::new("lost");
    let first = folder.next().unwrap();
    for name in ["epoch.a", "epoch.b"] {
        fs::write(folder.0.join(name), "neural-kraken epoch 1 7 00000000\n").unwrap();
    }
    let text = folder.next().unwrap_err().to_string();
    assert!(text.contains("epoch.lost"), "{text}");
    for name in ["epoch.a", "epoch.b"] {
        fs::remove_file(folder.0.join(name)).unwrap();
    }
    fs::write(folder.0.join("orders.log"), "").unwrap();
    assert!(matches!(folder.next(), Err(HomeError::Lost { .. })), "others' files are left");
    fs::write(folder.0.join("epoch.lost"), "").unwrap();
    let later = Nanos(NOW.0 + Nanos::SECOND);
    assert_eq!(Home::open(&folder.0).unwrap().next_epoch(later).unwrap(), first + 1);
    assert!(!folder.0.join("epoch.lost").exists(), "it counts once");
}

#[test]
fn a_clock_that_was_never_set_gives_no_number() {
    let folder = Folder::new("clock");
    let mut home = Home::open(&folder.0).unwrap();
    for now in [i64::MIN, -1, 0, 1_600_000_000 * Nanos::SECOND, i64::MAX] {
        let found = home.next_epoch(Nanos(now));
        assert!(matches!(found, Err(HomeError::Clock { .. })), "{now}: {found:?}");
    }
    home.next_epoch(NOW).unwrap();
}

#[test]
fn a_crash_before_the_first_number_leaves_a_new_folder() {
    let folder = Folder::new("half");
    drop(Home::open(&folder.0).unwrap());
    fs::write(folder.0.join("epoch.a.part"), "neural").unwrap();
    folder.next().unwrap();
}

#[test]
fn the_highest_number_is_the_last() {
    let folder = Folder::new("highest");
    folder.next().unwrap();
    let body = format!("neural-kraken epoch 1 {}", u32::MAX);
    let text = format!("{body} {:08x}\n", crc32fast::hash(body.as_bytes()));
    fs::write(folder.0.join("epoch.a"), text).unwrap();
    assert!(matches!(folder.next(), Err(HomeError::Exhausted { .. })));
}

#[test]
fn a_folder_that_others_may_write_to_is_refused() {
    let folder = Folder::new("open");
    fs::create_dir_all(&folder.0).unwrap();
    fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o775)).unwrap();
    let text = Home::open(&folder.0).unwrap_err().to_string();
    assert!(text.contains("775") && text.contains("chmod 700"), "{text}");
    let file = folder.0.join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(Home::open(&file), Err(HomeError::NotAFolder { .. })));
}

#[test]
fn a_lock_that_leads_elsewhere_is_not_followed() {
    let folder = Folder::new("link");
    fs::create_dir_all(&folder.0).unwrap();
    fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o700)).unwrap();
    let target = folder.0.join("target");
    fs::write(&target, "keep").unwrap();
    std::os::unix::fs::symlink(&target, folder.0.join("lock")).unwrap();
    assert!(matches!(Home::open(&folder.0), Err(HomeError::Io { .. })));
    assert_eq!(fs::read_to_string(&target).unwrap(), "keep");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_damage_leads_back(
        damage in prop::collection::vec((any::<bool>(), any::<Vec<u8>>(), 0_usize..40), 1..8),
    ) {
        let folder = Folder::new("damage");
        let mut highest = folder.next().unwrap();
        for (is_first, bytes, at) in damage {
            let path = folder.0.join(if is_first { "epoch.a" } else { "epoch.b" });
            let mut found = fs::read(&path).unwrap_or_default();
            let at = at.min(found.len());
            found.splice(at.., bytes);
            fs::write(&path, found).unwrap();
            if let Ok(next) = folder.next() {
                prop_assert!(next > highest, "{next} after {highest}");
                highest = next;
            }
        }
    }
}
