import { ArrowUp, Square } from 'lucide-react';
import type { FormEvent, KeyboardEvent } from 'react';
import { Button } from '../../design';

export interface ComposerProps {
  text: string;
  onText: (text: string) => void;
  isBusy: boolean;
  /** A parameter is wrong; nothing can be sent before it is right. */
  isWrong: boolean;
  onSend: () => void;
  onStop: () => void;
}

export function Composer({ text, onText, isBusy, isWrong, onSend, onStop }: ComposerProps) {
  const ready = text.trim() !== '' && !isBusy && !isWrong;
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (ready) onSend();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // While characters are composed, as in Japanese, Enter belongs to the input method.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };
  return (
    <form className="composer" onSubmit={submit}>
      <label className="unseen" htmlFor="question">Your question</label>
      <textarea id="question" className="composer-input" rows={3} value={text} placeholder="Ask something. Enter sends, Shift Enter begins a line" onChange={(event) => onText(event.target.value)} onKeyDown={onKeyDown} spellCheck="false" />
      <div className="composer-foot">
        <span className="soft small">{isWrong ? 'One of the parameters is wrong.' : 'Text is not kept by the fleet; that it was asked is on record.'}</span>
        {isBusy
          ? <Button icon={<Square />} onPress={onStop}>Stop</Button>
          : <Button kind="primary" type="submit" icon={<ArrowUp />} isDisabled={!ready}>Ask</Button>}
      </div>
    </form>
  );
}
