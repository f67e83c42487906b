use super::*;
use crate::audit::tests::{chain, story};
use crate::audit::{Question, ask, export, tell};
use std::cell::RefCell;

/// What is said, through JSON and back: as it goes through a socket.
fn passed_on(parts: Vec<Part>) -> Vec<Part> {
    parts.iter().map(|part| serde_json::from_slice(&serde_json::to_vec(part).unwrap()).unwrap()).collect()
}

fn ok(parts: Vec<Part>) -> impl Iterator<Item = Result<Part, Error>> {
    parts.into_iter().map(Ok)
}

#[test]
fn an_answer_is_the_same_in_parts() {
    let (records, proposal, numbers) = story();
    let records = chain(&records);
    let source = || Ok(records.iter().cloned().map(Ok));
    let question =
        Question { proposal: Some(proposal.id().to_string().parse().unwrap()), ..Question::default() };
    let said = RefCell::new(Vec::new());
    let mut say = |part| {
        said.borrow_mut().push(part);
        Ok(())
    };
    tell(source, None, &question, &mut say).unwrap();
    let said = passed_on(said.into_inner());
    assert_eq!(said.len(), numbers.len() + 2);
    let whole = ask(source, None, &question).unwrap();
    assert_eq!(gather(ok(said.clone())).unwrap(), whole);
    // Cut anywhere, it is none.
    for length in 0..said.len() {
        let refused = gather(ok(said[..length].to_vec())).unwrap_err().to_string();
        assert!(refused.contains("ends in the middle"), "{refused}");
    }
}

#[test]
fn an_export_is_the_same_in_parts() {
    let records = chain(&story().0);
    let head = crate::audit::verify(records.clone()).unwrap();
    let mut said = Vec::new();
    let mut say = |part| {
        said.push(part);
        Ok(())
    };
    export::tell(records.iter().cloned().map(Ok), head, &mut say).unwrap();
    let said = passed_on(said);
    let (told, back) = exported(ok(said.clone())).unwrap();
    assert_eq!((told, back.collect::<Result<Vec<_>, _>>().unwrap()), (head, records.clone()));
    let (_, back) = exported(ok(said[..5].to_vec())).unwrap();
    let refused = back.collect::<Result<Vec<_>, _>>().unwrap_err().to_string();
    assert!(refused.contains("ends in the middle"), "{refused}");
    assert!(gather(ok(said)).unwrap_err().to_string().contains("another question"));

    let fewer = records[..3].iter().cloned().map(Ok);
    let refused = export::tell(fewer, head, &mut |_| Ok(())).unwrap_err().to_string();
    assert!(refused.contains("was acknowledged"), "{refused}");
}
