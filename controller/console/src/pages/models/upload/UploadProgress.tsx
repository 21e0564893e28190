import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Link } from 'react-router';
import { Button, formatBytes, Meter, Section } from '../../../design';
import { Refusal } from '../Refusal';
import { cancel, dismiss, useJob, type Job } from './job';
import { sent } from './plan';

const WORDS = {
  sending: 'is being sent', waiting: 'waits for the controller to answer; it goes on by itself',
  verifying: 'is all there; signature, digests and weights are being checked', done: 'is verified and kept', failed: 'did not get in',
} as const;

/** The upload of this browser, wherever it stands. */
export function UploadProgress() {
  const job = useJob();
  const queries = useQueryClient();
  useEffect(() => {
    if (job?.phase === 'done') void queries.invalidateQueries({ queryKey: ['models'] });
  }, [job?.phase, queries]);
  if (!job) return null;
  const over = job.phase === 'done' || job.phase === 'failed';
  const act = over ? <Button kind="ghost" onPress={dismiss}>Dismiss</Button> : <Button kind="ghost" onPress={() => void cancel()}>Cancel</Button>;
  return (
    <Section title="Upload" actions={act}>
      <div className="upload">
        <p role="status"><strong>{job.phase === 'done' ? <Link to={`/models/${encodeURIComponent(job.model.name)}`}>{job.name}</Link> : job.name}</strong> {WORDS[job.phase]}.</p>
        <Bar job={job} />
        {job.phase === 'failed' ? <Refusal error={job.error} /> : null}
      </div>
    </Section>
  );
}

function Bar({ job }: { job: Job }) {
  if (!job.upload || job.phase === 'failed' || job.phase === 'done') return null;
  const { done, total } = sent(job.upload);
  return <Meter label="Bytes sent" used={done} total={total} text={`${formatBytes(done)} of ${formatBytes(total)}`} warnAt={2} />;
}
