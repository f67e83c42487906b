use super::*;

fn hearing(statements: &[u8], failures: &[Failure]) -> Hearing<u8> {
    let mut hearing = Hearing::default();
    for (position, statement) in statements.iter().enumerate() {
        hearing.says(position, *statement);
    }
    for failure in failures {
        hearing.fails(failure.clone());
    }
    hearing
}

#[test]
fn one_statement_stands_alone_only_if_nobody_else_can_know() {
    let lacks = Failure::Lacks("pruned".to_owned());
    assert_eq!(hearing(&[7], &[]).conclude(1), Ok((0, 7)), "the only node");
    assert!(matches!(hearing(&[7], &[]).conclude(2), Err(Failure::Silent(_))), "the other is away");
    assert_eq!(hearing(&[7], std::slice::from_ref(&lacks)).conclude(2), Ok((0, 7)));
    assert_eq!(hearing(&[7], &[lacks.clone(), Failure::Slow]).conclude(3), Err(Failure::Slow));
    assert_eq!(hearing(&[], std::slice::from_ref(&lacks)).conclude(2), Err(lacks));
    assert_eq!(hearing(&[7, 8], &[]).conclude(2), Err(Failure::Contradicted));
    let mut broken = hearing(&[7], &[]);
    broken.contradicts_itself(Failure::malformed("4 of 5"));
    assert_eq!(broken.conclude(2), Ok((0, 7)), "one that contradicts itself is no second node");
}

#[test]
fn who_said_the_same_is_found() {
    let hearing = hearing(&[7, 8], &[]);
    assert_eq!((hearing.same(&8), hearing.same(&9)), (Some(1), None));
}
