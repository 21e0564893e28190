import { Check, X } from 'lucide-react';
import { Problem } from '../../api/errors';
import type { Import } from '../../api/queries';

/** What somebody at the console can do about it; the detail says what happened. By reason, as it is written into bodies. */
const ADVICE: Readonly<Record<string, string>> = {
  source_not_allowed: 'Start the controller with --source-allow for this host, or upload the model.',
  source_not_found: 'Check the address; a private source may hide what it holds.',
  source_denied: 'Give the controller credentials for this source.',
  source_unavailable: 'Try again once the source answers.',
  source_digest_mismatch: 'Compare the digest with whoever published the model. Do not simply take the new one.',
  model_digest_mismatch: 'Find out why the source holds another model than was expected.',
  name_taken: 'Choose another name, or remove the model that has it.',
  no_space: 'Make room on the controller’s disk, or remove models that nothing uses.',
  signature_bundle_invalid: 'Sign the model: cloister model sign FOLDER --key KEY.pem',
  signer_not_trusted: 'If you know this signer, trust the key first; otherwise have the model signed by one that the fleet trusts.',
  signature_invalid: 'The model or its signature was changed after signing. Get both again from the signer.',
  file_altered: 'A file was changed after signing. Get the model again from the signer.',
  file_missing: 'Bring the missing file, or have the model signed without it.',
  file_unlisted: 'Take the extra file away, or have the model signed with it.',
};

/** A refused model: the checks it passed, the one it did not, and what to do. */
export function Refusal({ error }: { error: Error }) {
  const document = error instanceof Problem ? error.document : undefined;
  return <Told checks={document?.checks ?? []} detail={error.message} record={document?.record_id} advice={undefined} />;
}

export function ImportRefusal({ of }: { of: Import }) {
  if (!of.problem) return null;
  const { checks, detail, reason } = of.problem;
  return <Told checks={checks ?? []} detail={detail} advice={ADVICE[reason]} record={of.record_id} />;
}

interface ToldProps { checks: readonly string[]; detail: string; advice: string | undefined; record: string | null | undefined }

function Told({ checks, detail, advice, record }: ToldProps) {
  return (
    <div className="refusal" role="alert">
      <ol className="checks">
        {checks.map((check) => <li key={check} className="check-passed"><Check role="img" aria-label="passed" /><span>{check}</span></li>)}
        <li className="check-failed"><X role="img" aria-label="failed" /><span>{detail}</span></li>
      </ol>
      {advice ? <p><strong>What to do.</strong> {advice}</p> : null}
      {record ? <p className="soft small">On record as <code>{record}</code></p> : null}
    </div>
  );
}
