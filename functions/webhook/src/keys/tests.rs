//! The key over time: forged deliveries, a rotation, and a Secrets Manager that does not answer.

use super::*;
use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const BODY: &[u8] = b"{}";

thread_local! {
    static CLOCK: Cell<Option<Instant>> = const { Cell::new(None) };
}

fn now() -> Instant {
    CLOCK.with(|clock| clock.get().unwrap_or_else(|| set(Instant::now())))
}

fn set(to: Instant) -> Instant {
    CLOCK.with(|clock| clock.set(Some(to)));
    to
}

fn pass(time: Duration) {
    set(now() + time);
}

/// Answers in turn; the last answer stays.
struct Scripted {
    answers: Mutex<VecDeque<Option<&'static str>>>,
    reads: Arc<AtomicUsize>,
}

impl KeySource for Scripted {
    fn read(&self) -> Reading<'_> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0] };
        Box::pin(async move {
            let key = answer.map(|key| Secret::from(key.to_owned()));
            key.ok_or_else(|| Unavailable { what: "read the key", source: "no answer".into() })
        })
    }
}

async fn keys(answers: &[Option<&'static str>]) -> (Keys, Arc<AtomicUsize>) {
    let reads = Arc::new(AtomicUsize::new(0));
    let source = Scripted { answers: Mutex::new(answers.iter().copied().collect()), reads: Arc::clone(&reads) };
    (Keys::read(source, now).await, reads)
}

/// Signatures of `{}` made with OpenSSL: `printf '{}' | openssl dgst -sha256 -hmac <key> -binary | base64`.
const OLD: &str = "QZ+Ew9+x2r/jd/WjSFlYS4+qgxRMKjsrcqjE3tTik6Y=";
const NEW: &str = "Vv3kQImLIEbu5vWIFuqBxXgNa9XTTRzkG5nVTtrLxLg=";

#[tokio::test]
async fn ten_thousand_forged_deliveries_in_a_minute_cost_one_reading() {
    let (keys, reads) = keys(&[Some("old")]).await;
    for _ in 0..10_000 {
        assert_eq!(keys.verify(NEW, BODY).await, Verdict::Forged);
        pass(Duration::from_millis(5));
    }
    assert_eq!(reads.load(Ordering::SeqCst), 2, "one at the start, one for all of them");
    pass(Duration::from_secs(10));
    assert_eq!(keys.verify(NEW, BODY).await, Verdict::Forged);
    assert_eq!(reads.load(Ordering::SeqCst), 3, "and one in the next minute");
    assert_eq!(keys.verify(OLD, BODY).await, Verdict::Genuine);
}

#[tokio::test]
async fn genuine_deliveries_read_nothing() {
    let (keys, reads) = keys(&[Some("old")]).await;
    for _ in 0..100 {
        assert_eq!(keys.verify(OLD, BODY).await, Verdict::Genuine);
        pass(Duration::from_secs(61));
    }
    assert_eq!(reads.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_rotated_key_is_taken_with_the_first_delivery_that_it_signs() {
    let (keys, reads) = keys(&[Some("old"), Some("new")]).await;
    assert_eq!(keys.verify(NEW, BODY).await, Verdict::Genuine);
    assert_eq!(keys.verify(NEW, BODY).await, Verdict::Genuine);
    assert_eq!(keys.verify(OLD, BODY).await, Verdict::Forged, "the old key is worth nothing any more");
    assert_eq!(reads.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn when_the_reading_fails_the_known_key_stays_and_the_next_minute_tries_again() {
    let (keys, reads) = keys(&[Some("old"), None, Some("new")]).await;
    assert_eq!(keys.verify(NEW, BODY).await, Verdict::Forged);
    assert_eq!(keys.verify(OLD, BODY).await, Verdict::Genuine);
    assert_eq!(keys.verify(NEW, BODY).await, Verdict::Forged);
    assert_eq!(reads.load(Ordering::SeqCst), 2, "a failure uses up the minute too");
    pass(REREAD);
    assert_eq!(keys.verify(NEW, BODY).await, Verdict::Genuine);
}

#[tokio::test]
async fn a_start_without_an_answer_judges_nothing_until_the_key_is_there() {
    let (keys, reads) = keys(&[None, None, Some("old")]).await;
    assert_eq!(keys.verify(OLD, BODY).await, Verdict::NoKey);
    assert_eq!(reads.load(Ordering::SeqCst), 1);
    pass(REREAD);
    assert_eq!(keys.verify(OLD, BODY).await, Verdict::NoKey);
    pass(REREAD);
    assert_eq!(keys.verify(NEW, BODY).await, Verdict::Forged);
    assert_eq!(keys.verify(OLD, BODY).await, Verdict::Genuine);
    assert_eq!(reads.load(Ordering::SeqCst), 3);
}
