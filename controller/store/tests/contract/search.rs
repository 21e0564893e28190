use cloister_store::{
    Change, RecordFilter, RecordQuery, SearchField, SearchRow, SearchTerm, TimelineCount, TimelineQuery,
};
use jiff::SignedDuration;

use crate::backends::{Database, log_rows, on_both_databases};
use crate::rows::{at, node};

on_both_databases!(
    each_filter_alone_and_all_together_find_the_right_records_page_by_page,
    a_clock_that_steps_back_hides_no_record_from_a_search_by_time,
    records_of_an_earlier_version_are_found_once_they_were_looked_through,
    a_timeline_counts_by_time_and_kind_and_says_when_it_stops,
);

fn term(field: SearchField, value: &str) -> SearchTerm {
    SearchTerm { field, value: value.to_owned() }
}

/// The even ones by meier (account-1), the odd ones by weber; every third names a model, every fourth node n-1. A
/// minute apart, unless the clock steps.
fn search_row(seq: u64) -> SearchRow {
    let (id, name) = if seq.is_multiple_of(2) { ("account-1", "meier") } else { ("account-2", "weber") };
    let mut terms = vec![term(SearchField::Actor, id), term(SearchField::Actor, name)];
    if seq.is_multiple_of(3) {
        terms.push(term(SearchField::Model, "sha256:smollm2"));
        terms.push(term(SearchField::Model, "smollm2"));
    }
    if seq.is_multiple_of(4) {
        terms.push(term(SearchField::Node, "n-1"));
    }
    let kind = if seq.is_multiple_of(2) { "key.created" } else { "key.revoked" }.to_owned();
    SearchRow { seq, kind, written_at: at(60 * i64::try_from(seq).unwrap()), terms }
}

async fn write(db: &Database, count: u64, search: impl Fn(u64) -> Option<SearchRow>) {
    let mut append = db.store.ledger_append().await.unwrap();
    let from = append.head_size();
    let mut rows = log_rows(from, count);
    rows.search = (from..from + count).filter_map(search).collect();
    append.write(rows).await.unwrap();
    append.commit().await.unwrap();
}

async fn found(db: &Database, filter: &RecordFilter, before_seq: Option<u64>, limit: u32) -> Vec<u64> {
    let query = RecordQuery { filter: filter.clone(), before_seq, limit };
    db.store.records(&query).await.unwrap().iter().map(|row| row.seq).collect()
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

async fn each_filter_alone_and_all_together_find_the_right_records_page_by_page(db: Database) {
    db.must(Change::AddNode(node("n-1", "gpu-7"))).await;
    write(&db, 59, |seq| Some(search_row(seq))).await;
    let none = RecordFilter::default();
    let by_id = RecordFilter { actor: text("account-1"), ..none.clone() };
    let by_name = RecordFilter { actor: text("meier"), ..none.clone() };
    let by_digest = RecordFilter { model: text("sha256:smollm2"), ..none.clone() };
    let by_node_id = RecordFilter { node: text("n-1"), ..none.clone() };
    let by_node_name = RecordFilter { node: text("gpu-7"), ..none.clone() };
    let by_kind = RecordFilter { kind: text("key.revoked"), ..none.clone() };
    let timed = RecordFilter { from: Some(at(600)), until: Some(at(1_200)), ..none.clone() };
    let nobody = RecordFilter { actor: text("nobody"), ..none.clone() };
    let nobody_then = RecordFilter { from: Some(at(90_000)), ..none.clone() };
    let all = RecordFilter {
        kind: text("key.created"),
        actor: text("meier"),
        model: text("smollm2"),
        node: text("gpu-7"),
        from: Some(at(12 * 60)),
        until: Some(at(48 * 60)),
        ..none.clone()
    };
    // Record 0 is that of the node, and has no search row.
    let expect = |wanted: &dyn Fn(&u64) -> bool| (1..60).rev().filter(wanted).collect::<Vec<_>>();
    let cases: [(RecordFilter, Vec<u64>); 10] = [
        (by_id, expect(&|seq| seq % 2 == 0)),
        (by_name, expect(&|seq| seq % 2 == 0)),
        (by_digest, expect(&|seq| seq % 3 == 0)),
        (by_node_id, expect(&|seq| seq % 4 == 0)),
        (by_node_name, expect(&|seq| seq % 4 == 0)),
        (by_kind, expect(&|seq| seq % 2 == 1)),
        (timed, expect(&|seq| (10..20).contains(seq))),
        (nobody, Vec::new()),
        (nobody_then, Vec::new()),
        (all, vec![36, 24, 12]),
    ];
    for (filter, wanted) in cases {
        assert_eq!(found(&db, &filter, None, 100).await, wanted, "{filter:?}");
        let (mut pages, mut before) = (Vec::<u64>::new(), None);
        loop {
            let page = found(&db, &filter, before, 2).await;
            before = page.last().copied();
            pages.extend(&page);
            if page.len() < 2 {
                break;
            }
        }
        assert_eq!(pages, wanted, "{filter:?}, by pages");
    }
}

async fn a_clock_that_steps_back_hides_no_record_from_a_search_by_time(db: Database) {
    let minutes = [0, 10, 20, 5, 6, 30, 1];
    let row = |seq: u64| {
        let minute: i64 = minutes[usize::try_from(seq).unwrap()];
        Some(SearchRow { written_at: at(60 * minute), ..search_row(seq) })
    };
    write(&db, 7, row).await;
    let filter = RecordFilter { from: Some(at(60)), until: Some(at(10 * 60)), ..RecordFilter::default() };
    assert_eq!(found(&db, &filter, None, 100).await, [6, 4, 3]);
    let by_meier = RecordFilter { actor: text("meier"), ..filter };
    assert_eq!(found(&db, &by_meier, None, 100).await, [6, 4]);
}

async fn records_of_an_earlier_version_are_found_once_they_were_looked_through(db: Database) {
    // An earlier version writes no search rows; between its records are some of this version.
    write(&db, 1_200, |seq| (seq % 5 == 0).then(|| search_row(seq))).await;
    let meier = RecordFilter { actor: text("meier"), ..RecordFilter::default() };
    assert_eq!(found(&db, &meier, None, 1_000).await.len(), 120);

    let mut rounds = 0;
    while let Some(unindexed) = db.store.unindexed_records().await.unwrap() {
        assert!(unindexed.records.iter().all(|row| row.seq % 5 != 0 && row.seq < unindexed.upto));
        let rows: Vec<_> = unindexed.records.iter().map(|row| search_row(row.seq)).collect();
        // As two controllers do, which both saw the same.
        db.store.index_records(rows.clone(), unindexed.upto).await.unwrap();
        db.store.index_records(rows, unindexed.upto).await.unwrap();
        rounds += 1;
    }
    assert!(rounds > 1, "in batches");
    assert_eq!(found(&db, &meier, None, 1_000).await.len(), 600);
    write(&db, 1, |_| None).await;
    let later = db.store.unindexed_records().await.unwrap().unwrap();
    assert_eq!((later.records.len(), later.upto), (1, 1_201), "it begins where it ended");
}

async fn a_timeline_counts_by_time_and_kind_and_says_when_it_stops(db: Database) {
    write(&db, 30, |seq| Some(search_row(seq))).await;
    let ten_minutes = SignedDuration::from_mins(10);
    let query = TimelineQuery {
        filter: RecordFilter::default(),
        from: at(0),
        until: at(0) + ten_minutes * 2,
        bucket_us: i64::try_from(ten_minutes.as_micros()).unwrap(),
        limit: 1_000,
    };
    let count = |bucket, kind: &str, records| TimelineCount { bucket, kind: kind.to_owned(), records };
    let even = |records| {
        vec![
            count(0, "key.created", records),
            count(0, "key.revoked", records),
            count(1, "key.created", records),
            count(1, "key.revoked", records),
        ]
    };
    assert_eq!(counted(&db, query.clone()).await, even(5));
    let meier = RecordFilter { actor: text("meier"), model: text("smollm2"), ..RecordFilter::default() };
    let of_meier = counted(&db, TimelineQuery { filter: meier, ..query.clone() }).await;
    assert_eq!(of_meier, [count(0, "key.created", 2), count(1, "key.created", 2)]);
    let subject = RecordFilter { subject_id: text("key-3"), ..RecordFilter::default() };
    let of_subject = counted(&db, TimelineQuery { filter: subject, ..query.clone() }).await;
    assert_eq!(of_subject.iter().map(|count| count.records).sum::<u64>(), 7);
    let newest = counted(&db, TimelineQuery { limit: 4, ..query }).await;
    assert_eq!(newest, [count(1, "key.created", 2), count(1, "key.revoked", 2)]);
}

async fn counted(db: &Database, query: TimelineQuery) -> Vec<TimelineCount> {
    let mut counts = db.store.timeline(&query).await.unwrap();
    counts.sort_by(|a, b| (a.bucket, &a.kind).cmp(&(b.bucket, &b.kind)));
    counts
}
