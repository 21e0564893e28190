//! Samples of how nodes are used. They are written beside the log, not into it: nothing depends on them, and old
//! ones are thinned out and forgotten.

use crate::append::OpenTransaction;
use crate::limits::MAX_SAMPLES;
use crate::sql::{Arg, Connection, Row, insert_rows};
use crate::store::Pools;
use crate::{Figures, FirstTokens, Sample, SampleSubject, Store, StoreError};

impl Store {
    /// Writes what was measured from `at_s` on, for `step_s` seconds: of the fleet, and of all its parts. `false`,
    /// and nothing is written, if somebody has done that: of several controllers one is first.
    pub async fn add_samples(
        &self,
        (step_s, at_s): (i64, i64),
        fleet: Figures,
        parts: Vec<Sample>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin_sampling().await?;
        let mut db = transaction.connection();
        let fleet = Sample { subject: SampleSubject::Fleet, figures: fleet };
        if !take_turn(&mut db, row(step_s, at_s, fleet)).await? {
            return Ok(false);
        }
        let rows = parts.into_iter().map(|part| row(step_s, at_s, part)).collect();
        insert_rows(&mut db, "sample", COLUMNS, rows).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// The samples of `subject` at `step_s`, from `from_s` until before `until_s`, both multiples of the step.
    ///
    /// They lie apart, because what is written together lies together: each time is looked up by itself.
    pub async fn samples(
        &self,
        subject: &SampleSubject,
        step_s: i64,
        (from_s, until_s): (i64, i64),
    ) -> Result<Vec<(i64, Figures)>, StoreError> {
        // SQLite keeps the order of a cross join; otherwise it would read all samples there are.
        let sql = "WITH RECURSIVE time (at_s) AS (\
                       SELECT CAST($1 AS BIGINT) \
                       UNION ALL SELECT at_s + $2 FROM time WHERE at_s + $2 < $3) \
                   SELECT sample.* FROM time CROSS JOIN sample \
                   WHERE sample.step_s = $2 AND sample.at_s = time.at_s AND sample.subject = $4 \
                   ORDER BY sample.at_s LIMIT $5";
        let args = vec![
            from_s.into(),
            step_s.into(),
            until_s.into(),
            subject.as_column().into(),
            MAX_SAMPLES.into(),
        ];
        let rows = self.reader().await?.connection().fetch_all(sql, args).await?;
        rows.iter().map(|row| Ok((row.int("at_s")?, figures(row)?))).collect()
    }

    /// The samples of all subjects at one time.
    pub async fn samples_at(&self, step_s: i64, at_s: i64) -> Result<Vec<Sample>, StoreError> {
        let sql = "SELECT * FROM sample WHERE step_s = $1 AND at_s = $2 ORDER BY subject LIMIT $3";
        let args = vec![step_s.into(), at_s.into(), MAX_SAMPLES.into()];
        let rows = self.reader().await?.connection().fetch_all(sql, args).await?;
        rows.iter().map(sample).collect()
    }

    /// When the first samples at `step_s` are, of those that are not before `from_s`.
    pub async fn first_sample_at(&self, step_s: i64, from_s: i64) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT at_s FROM sample WHERE step_s = $1 AND at_s >= $2 ORDER BY at_s LIMIT 1";
        self.sample_time(sql, vec![step_s.into(), from_s.into()]).await
    }

    /// When the last samples at `step_s` are.
    pub async fn last_sample_at(&self, step_s: i64) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT at_s FROM sample WHERE step_s = $1 ORDER BY at_s DESC LIMIT 1";
        self.sample_time(sql, vec![step_s.into()]).await
    }

    /// Forgets the samples at `step_s` before `before_s`, those of the oldest `steps` times; how many they were.
    pub async fn forget_samples(&self, step_s: i64, before_s: i64, steps: u32) -> Result<u64, StoreError> {
        let Some(oldest_s) = self.first_sample_at(step_s, i64::MIN).await? else { return Ok(0) };
        let until_s = oldest_s.saturating_add(step_s.saturating_mul(steps.into())).min(before_s);
        let sql = "DELETE FROM sample WHERE step_s = $1 AND at_s < $2";
        let mut connection = self.registering().await?;
        Ok(connection.connection().execute(sql, vec![step_s.into(), until_s.into()]).await?)
    }

    async fn sample_time(&self, sql: &'static str, args: Vec<Arg>) -> Result<Option<i64>, StoreError> {
        let row = self.reader().await?.connection().fetch_optional(sql, args).await?;
        row.map(|row| row.int("at_s")).transpose()
    }

    /// On PostgreSQL samples do not wait for the log's commits.
    async fn begin_sampling(&self) -> Result<OpenTransaction, StoreError> {
        Ok(match &*self.pools {
            Pools::Sqlite { writer, .. } => {
                OpenTransaction::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?)
            }
            Pools::Postgres { readers, .. } => OpenTransaction::Postgres(readers.begin().await?),
        })
    }
}

/// Writes the fleet's row, if nobody has: whoever writes that time at this moment is waited for.
async fn take_turn(db: &mut Connection<'_>, row: Vec<Arg>) -> Result<bool, StoreError> {
    let places: Vec<String> = (1..=COLUMNS.len()).map(|place| format!("${place}")).collect();
    let sql = format!(
        "INSERT INTO sample ({}) VALUES ({}) ON CONFLICT DO NOTHING",
        COLUMNS.join(", "),
        places.join(", ")
    );
    Ok(db.execute(sqlx::AssertSqlSafe(sql), row).await? == 1)
}

const COLUMNS: &[&str] = &[
    "step_s",
    "at_s",
    "subject",
    "nodes",
    "memory_total_bytes",
    "memory_available_bytes",
    "cpu_busy_ticks",
    "cpu_total_ticks",
    "gpus",
    "gpu_busy_permille",
    "gpu_memory_total_bytes",
    "gpu_memory_used_bytes",
    "running",
    "waiting",
    "span_ms",
    "prompt_tokens",
    "output_tokens",
    "finished",
    "failed",
    "first_token",
];

fn row(step_s: i64, at_s: i64, Sample { subject, figures }: Sample) -> Vec<Arg> {
    vec![
        step_s.into(),
        at_s.into(),
        subject.as_column().into(),
        Some(figures.nodes).into(),
        figures.memory_total_bytes.into(),
        figures.memory_available_bytes.into(),
        figures.cpu_busy_ticks.into(),
        figures.cpu_total_ticks.into(),
        figures.gpus.into(),
        figures.gpu_busy_permille.into(),
        figures.gpu_memory_total_bytes.into(),
        figures.gpu_memory_used_bytes.into(),
        figures.running.into(),
        figures.waiting.into(),
        figures.span_ms.into(),
        figures.prompt_tokens.into(),
        figures.output_tokens.into(),
        figures.finished.into(),
        figures.failed.into(),
        figures.first_token.map(|counts| counts.as_column()).into(),
    ]
}

fn sample(row: &Row) -> Result<Sample, StoreError> {
    let subject = row.text("subject")?;
    let subject = SampleSubject::from_column(&subject)
        .ok_or_else(|| StoreError::corrupt("sample's subject", subject))?;
    Ok(Sample { subject, figures: figures(row)? })
}

fn figures(row: &Row) -> Result<Figures, StoreError> {
    let first_token = row.optional_bytes("first_token")?.map(|bytes| {
        FirstTokens::from_column(&bytes).ok_or_else(|| StoreError::corrupt("sample", "its first tokens"))
    });
    Ok(Figures {
        nodes: row.u64("nodes")?,
        memory_total_bytes: row.optional_u64("memory_total_bytes")?,
        memory_available_bytes: row.optional_u64("memory_available_bytes")?,
        cpu_busy_ticks: row.optional_u64("cpu_busy_ticks")?,
        cpu_total_ticks: row.optional_u64("cpu_total_ticks")?,
        gpus: row.optional_u64("gpus")?,
        gpu_busy_permille: row.optional_u64("gpu_busy_permille")?,
        gpu_memory_total_bytes: row.optional_u64("gpu_memory_total_bytes")?,
        gpu_memory_used_bytes: row.optional_u64("gpu_memory_used_bytes")?,
        running: row.optional_u64("running")?,
        waiting: row.optional_u64("waiting")?,
        span_ms: row.optional_u64("span_ms")?,
        prompt_tokens: row.optional_u64("prompt_tokens")?,
        output_tokens: row.optional_u64("output_tokens")?,
        finished: row.optional_u64("finished")?,
        failed: row.optional_u64("failed")?,
        first_token: first_token.transpose()?,
    })
}
