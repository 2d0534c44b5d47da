//! Whether the end-to-end suite met the real servers: asked by whoever started them.

use std::fs;

use tidy::servers::Account;

use crate::repository::none;

/// `E2E_SUITE` names the file with the list of the suite's tests, `E2E_RECORD` that with what they
/// said. Without them there was no such run.
#[test]
fn each_test_of_the_suite_used_the_real_servers_or_said_why_not() {
    let file = |name| std::env::var_os(name).map(|path| fs::read_to_string(path).unwrap());
    let Some(list) = file("E2E_SUITE") else {
        return;
    };
    let record = file("E2E_RECORD").expect("E2E_RECORD belongs to it");
    let account = Account::new(&list, &record);
    println!("{} tests used the real servers", account.real.len());
    for (test, because) in &account.sandbox_only {
        println!("{test} used only the sandbox, because {because}");
    }
    none(account.unproven);
    assert!(!account.real.is_empty(), "the list of the suite is empty");
}

#[test]
fn tests_that_did_not_use_the_real_servers_are_found() {
    let list = "crash::a: test\ncrash::b: test\nreal_servers::c: test\nconformance::d: test\n";
    let all = "crash::a\treal servers\ncrash::b\tsandbox only, because x\n\
               real_servers::c\treal servers\nconformance::d\treal servers\n";
    let account = Account::new(list, all);
    assert_eq!(account.unproven, [""; 0]);
    assert_eq!(account.real.len(), 3);
    for (without, expected) in [
        ("crash::a\treal servers\n", "crash::a used no server"),
        (
            "crash::b\tsandbox only, because x\n",
            "crash::b used no server",
        ),
        (
            "conformance::d\treal servers\n",
            "conformance::d used no server",
        ),
    ] {
        let record = all.replace(without, "");
        assert_eq!(Account::new(list, &record).unproven, [expected]);
    }
    let record = all.replace("c\treal servers", "c\tsandbox only, because y");
    assert_eq!(
        Account::new(list, &record).unproven,
        ["real_servers::c used only the sandbox, because y"]
    );
    // A test may use both.
    let record = format!("crash::a\tsandbox only, because z\n{all}");
    assert_eq!(Account::new(list, &record).unproven, [""; 0]);
    // The record of another suite proves nothing.
    assert_eq!(Account::new(list, "").unproven.len(), 4);
}
