import { useMutation } from '@tanstack/react-query';
import { CircleAlert, CircleCheck, CircleHelp, ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import { Button, ErrorState, visible } from '../design';
import { fetchEvidence } from '../records/evidence';
import { pinnedKey } from './pinnedKey';
import { PinKey } from './PinKey';
import type { Verdict } from './verdict';
import { verify } from './verify';
import './verifier.css';

/** Checks records, or the whole log if none is named, in this browser, with the auditor's program and a pinned key. */
export function VerifyHere({ ids }: { ids: readonly string[] }) {
  const [key, setKey] = useState(pinnedKey);
  const check = useMutation({ mutationFn: async () => verify({ evidence: new Uint8Array(await (await fetchEvidence(ids)).arrayBuffer()), key }) });
  if (!key) return <PinKey onPinned={setKey} />;
  return (
    <div className="verifier-stack">
      <p className="soft small">
        <code>cloister-audit</code>, the auditor’s own program, runs here as WebAssembly over the evidence file and the
        key that you pinned. The controller that is being checked only hands out the file.
      </p>
      <div className="verifier-actions">
        <Button kind="primary" icon={<ShieldCheck />} isPending={check.isPending} onPress={() => check.mutate()}>Check it here</Button>
        <Button kind="ghost" onPress={() => { check.reset(); setKey(''); }}>Pin another key</Button>
      </div>
      <div role="status" className="verifier-stack">
        {check.data ? <Told verdict={check.data} /> : null}
      </div>
      {check.error ? <ErrorState error={check.error} onRetry={() => check.mutate()} /> : null}
    </div>
  );
}

const HEADS = {
  ok: 'It holds.',
  tampered: 'It does not hold: this evidence was altered, or was signed by another log.',
  insufficient: 'The file does not hold enough to tell.',
  malformed: 'This is no evidence file that can be read.',
} as const;

function Told({ verdict }: { verdict: Verdict }) {
  const holds = verdict.verdict === 'ok';
  return (
    <>
      <p className={holds ? 'verifier-head verifier-ok' : 'verifier-head verifier-bad'}>
        {holds ? <CircleCheck aria-hidden="true" /> : <CircleAlert aria-hidden="true" />}{HEADS[verdict.verdict]}
      </p>
      {verdict.reason ? <p>{visible(verdict.reason)}</p> : null}
      {verdict.report ? <Sentences of={verdict.report.checked} icon={<CircleCheck aria-hidden="true" className="verifier-ok" />} /> : null}
      {verdict.report?.notes.length ? <Sentences of={verdict.report.notes} icon={<CircleHelp aria-hidden="true" />} /> : null}
      {verdict.report ? (
        <details className="verifier-open">
          <summary>What this cannot show</summary>
          <Sentences of={verdict.report.not_proved} icon={<CircleHelp aria-hidden="true" />} />
        </details>
      ) : null}
    </>
  );
}

function Sentences({ of, icon }: { of: readonly string[]; icon: React.ReactNode }) {
  return (
    <ul className="verifier-checks">
      {of.map((sentence) => <li key={sentence}>{icon}<span>{visible(sentence)}</span></li>)}
    </ul>
  );
}
