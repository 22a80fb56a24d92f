//! A pool of worker processes that speak JSON lines, and the worker: this same program.
//!
//! Run it: `cargo run -p examples --bin ch17-pool`

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;

use patterns::process_pool::{CallError, ProcessPool};
use serde::{Deserialize, Serialize};
use tokio::process::Command;

// ANCHOR: worker
#[derive(Serialize, Deserialize)]
struct Question {
    text: String,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    words: usize,
    worker: u32,
}

/// The worker: an answer for each line, until there are no more lines.
fn work(input: impl io::BufRead, mut output: impl Write) -> Result<(), Box<dyn Error>> {
    for line in input.lines() {
        let question: Question = serde_json::from_str(&line?)?;
        let words = question.text.split_whitespace().count();
        assert_ne!(words, 0, "a bug: it dies of a text without words");
        let worker = std::process::id();
        serde_json::to_writer(&mut output, &Answer { words, worker })?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
    Ok(())
}
// ANCHOR_END: worker

// ANCHOR: main
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    if env::args().nth(1).as_deref() == Some("worker") {
        return work(io::stdin().lock(), io::stdout().lock());
    }
    let program = env::current_exe()?;
    let pool = ProcessPool::new(2, Duration::from_secs(10), || {
        let mut command = Command::new(&program);
        command.arg("worker");
        command
    });
    for text in ["one two three", "line one\nline two", "", "still here"] {
        let question = Question { text: text.into() };
        match pool.call::<_, Answer>(&question).await {
            Ok(Answer { words, worker }) => println!("{words} words, says {worker}"),
            Err(error @ CallError::Died(_)) => println!("no answer: {error}"),
            Err(error) => return Err(error.into()),
        }
    }
    pool.close().await?;
    Ok(())
}
// ANCHOR_END: main

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_question_has_an_answer_on_a_line_of_its_own() {
        let questions = br#"{"text":"one two"}
{"text":"a\nb c"}
"#;
        let mut answers = Vec::new();
        work(&questions[..], &mut answers).expect("questions");
        let answers = String::from_utf8(answers).expect("text");
        let words = answers.lines().map(|line| {
            let answer: Answer = serde_json::from_str(line).expect("an answer");
            answer.words
        });
        assert_eq!(words.collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn what_is_no_question_ends_the_worker() {
        assert!(work(&b"hello\n"[..], Vec::new()).is_err());
    }
}
