//! Many callers at once.

use cloister_ledger::{LedgerHandle, RecordRef};
use tokio::task::JoinSet;

use crate::drafts;

/// `writers` callers, each of which writes `each` pairs of request and completion.
pub(crate) async fn write_pairs(ledger: &LedgerHandle, writers: usize, each: usize) -> Vec<RecordRef> {
    let mut tasks = JoinSet::new();
    for _ in 0..writers {
        let ledger = ledger.clone();
        tasks.spawn(async move {
            let mut written = Vec::with_capacity(2 * each);
            for _ in 0..each {
                let request = ledger.new_record_id();
                written.push(ledger.record(request.clone(), drafts::requested()).await.unwrap());
                let closing = ledger.record(ledger.new_record_id(), drafts::completed(&request));
                written.push(closing.await.unwrap());
            }
            written
        });
    }
    tasks.join_all().await.concat()
}
