use super::*;

#[test]
fn half_of_the_open_files_are_the_nodes() {
    let wanted = Settings { connections: 16_384, streams: 12_000, ..Settings::default() };
    assert_eq!(within(None, wanted.clone()), wanted);
    assert_eq!(within(Some(32_768), wanted.clone()), wanted);
    let fewer = within(Some(1_024), wanted.clone());
    assert_eq!((fewer.connections, fewer.streams), (512, 384));
    let many = within(Some(20_000), wanted.clone());
    assert_eq!((many.connections, many.streams), (15_904, 11_928));
    assert_eq!(within(Some(0), wanted).connections, 1);
}
