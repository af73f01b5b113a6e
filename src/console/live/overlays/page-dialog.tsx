import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { TEXT_MAX, type Told } from '../contract.ts';
import type { Session } from '../session.ts';
import { focusPage } from './place.ts';

type Shown = Told<'dialog'>;

const ACCEPTS = { alert: 'OK', confirm: 'OK', prompt: 'OK', beforeunload: 'Leave' };
const REFUSES = { alert: undefined, confirm: 'Cancel', prompt: 'Cancel', beforeunload: 'Stay' };

/** What a page says or asks by `alert()` and the like. Tabs and address stay in reach. */
export function PageDialog({ dialog, session }: { dialog: Shown; session: Session }) {
  const { kind } = dialog;
  const place = useRef<HTMLDialogElement>(null);
  const text = useSignal(dialog.default);
  const canAnswer = session.canInteract.value && session.driving.control.value.driver !== 'human';
  useLayoutEffect(() => {
    const shown = place.current;
    const first = shown?.querySelector<HTMLElement>('[data-first]');
    first?.focus();
    if (first instanceof HTMLInputElement) first.select();
    return () => {
      if (shown?.contains(document.activeElement)) focusPage();
    };
  }, []);
  const answer = (accept: boolean) =>
    session.send({
      t: 'dialog',
      dialog: dialog.dialog,
      accept,
      ...(kind === 'prompt' && accept && { text: text.value }),
    });
  return (
    <div class="veil">
      <dialog
        open
        class="card"
        ref={place}
        aria-labelledby="dialog-title"
        aria-describedby="dialog-message"
        onKeyDown={(event) => {
          if (event.key === 'Escape' && canAnswer) answer(kind === 'alert');
        }}
      >
        <form
          method="dialog"
          onSubmit={(event) => {
            event.preventDefault();
            if (canAnswer) answer(true);
          }}
        >
          <h2 id="dialog-title">{title(dialog, session.shownTab.value?.url ?? '')}</h2>
          <p id="dialog-message">{messageOf(dialog)}</p>
          {kind === 'prompt' && (
            <input
              data-first=""
              aria-labelledby="dialog-message"
              value={text.value}
              maxLength={TEXT_MAX}
              readOnly={!canAnswer}
              onInput={({ currentTarget }) => {
                text.value = currentTarget.value;
              }}
            />
          )}
          <Answers kind={kind} canAnswer={canAnswer} refuse={() => answer(false)} />
        </form>
      </dialog>
    </div>
  );
}

interface AnswersProps {
  kind: Shown['kind'];
  canAnswer: boolean;
  refuse: () => void;
}

function Answers({ kind, canAnswer, refuse }: AnswersProps) {
  const refusal = REFUSES[kind];
  return (
    <div class="actions">
      {!canAnswer && <p class="dim">The driver answers</p>}
      {refusal && (
        <button class="framed" type="button" disabled={!canAnswer} onClick={refuse}>
          {refusal}
        </button>
      )}
      <button
        class="primary"
        type="submit"
        disabled={!canAnswer}
        data-first={kind === 'prompt' ? undefined : ''}
      >
        {ACCEPTS[kind]}
      </button>
    </div>
  );
}

/** Names the site that speaks, since a page can say that it is another. */
function title({ kind, url }: Shown, tabUrl: string): string {
  if (kind === 'beforeunload') return 'Leave the page?';
  const [site, tab] = [siteOf(url), siteOf(tabUrl)];
  if (site && tab && site.origin !== tab.origin) return `An embedded page at ${site.host} says`;
  if (site) return `${site.host} says`;
  // A frame of `srcdoc` or `data:` may be of any site.
  if (tab) return `An embedded page on ${tab.host} says`;
  return url.startsWith('file:') ? 'A file says' : 'The page says';
}

/** For a `blob:` the site that made it; undefined for addresses without a site. */
function siteOf(url: string): URL | undefined {
  if (!URL.canParse(url)) return undefined;
  const { origin } = new URL(url);
  const site = URL.canParse(origin) ? new URL(origin) : undefined;
  return site?.host ? site : undefined;
}

function messageOf({ kind, message }: Shown): string {
  return message || (kind === 'beforeunload' ? 'Changes may not be saved.' : '');
}
