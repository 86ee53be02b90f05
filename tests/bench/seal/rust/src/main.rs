// SPDX-License-Identifier: Apache-2.0

//! The same operations with the `age` crate: a line of JSON for each, CPU microseconds, the median of the rounds.

use std::io::{Read, Write};
use std::{env, fs};

use age::x25519::{Identity, Recipient};

const PLAIN: usize = 4096;
const ROUNDS: usize = 15;
const TIMES: usize = 200;

/// Of this thread, which is the only one.
fn cpu_us() -> f64 {
    let text = fs::read_to_string("/proc/self/schedstat").expect("schedstat");
    let ns: f64 = text.split(' ').next().and_then(|word| word.parse().ok()).expect("a number");
    ns / 1000.0
}

fn measure(name: &str, mut run: impl FnMut()) {
    run();
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let began = cpu_us();
            (0..TIMES).for_each(|_| run());
            (cpu_us() - began) / TIMES as f64
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    println!(
        "{{\"figure\":\"operation\",\"by\":\"Rust's age crate\",\"name\":\"{name}\",\"cpu_us\":{:.2}}}",
        rounds[ROUNDS / 2]
    );
}

fn seal(recipients: &[Recipient], plain: &[u8]) -> usize {
    let to = recipients.iter().map(|recipient| recipient as &dyn age::Recipient);
    let mut sealed = Vec::new();
    let mut writer = age::Encryptor::with_recipients(to)
        .expect("recipients")
        .wrap_output(&mut sealed)
        .expect("a header");
    writer.write_all(plain).expect("a payload");
    writer.finish().expect("a last chunk");
    sealed.len()
}

fn open(identity: &Identity, file: &[u8]) {
    let mut opened = Vec::new();
    age::Decryptor::new(file)
        .expect("a header")
        .decrypt(std::iter::once(identity as &dyn age::Identity))
        .expect("a key")
        .read_to_end(&mut opened)
        .expect("a payload");
    assert_eq!(opened.len(), PLAIN);
}

fn main() {
    let folder = env::args().nth(1).expect("a folder");
    let file = fs::read(format!("{folder}/file.age")).expect("file.age");
    let text = fs::read_to_string(format!("{folder}/identities")).expect("identities");
    let identities: Vec<Identity> = text.lines().map(|line| line.parse().expect("an identity")).collect();
    let recipients: Vec<Recipient> = identities.iter().map(Identity::to_public).collect();
    let plain = vec![0; PLAIN];
    measure("seal", || assert!(seal(&recipients, &plain) > PLAIN));
    measure("open, first of four", || open(&identities[0], &file));
    measure("open, last of four", || open(&identities[identities.len() - 1], &file));
}
