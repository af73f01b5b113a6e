import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { sentenceOf } from '../api.ts';
import type { Issue } from '../contract.ts';
import { focusFirstWrong, issuesOf } from './issues.ts';

/** A create may wait for room on a full machine. */
const TIMEOUT_MS = 180_000;

/** Sends what was entered in a form, and tells what is wrong with it. */
export function useSubmit(
  form: { current: HTMLFormElement | null },
  act: (entered: FormData, signal: AbortSignal) => Promise<void>,
) {
  const issues = useSignal<Issue[]>([]);
  const sentence = useSignal('');
  const isBusy = useSignal(false);
  const going = useRef(new AbortController());
  const refusal = useRef('');
  // What a field says is said once. Whether one says it is known only when the form is drawn.
  useEffect(() => {
    if (issues.value.length > 0 && !focusFirstWrong(form.current)) sentence.value = refusal.current;
  }, [issues.value]);
  const send = async (entered: FormData) => {
    const leaving = (going.current = new AbortController());
    isBusy.value = true;
    issues.value = [];
    sentence.value = '';
    try {
      await act(entered, AbortSignal.any([leaving.signal, AbortSignal.timeout(TIMEOUT_MS)]));
    } catch (error) {
      if (leaving.signal.aborted) return;
      refusal.current = sentenceOf(error);
      issues.value = issuesOf(error);
      if (issues.value.length === 0) sentence.value = refusal.current;
    } finally {
      isBusy.value = false;
    }
  };
  return { issues, sentence, isBusy, send, cancel: () => going.current.abort() };
}
