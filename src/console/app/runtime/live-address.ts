import { useSignal, type ReadonlySignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { call, sentenceOf } from '../api.ts';
import { asOurs } from '../as-ours.ts';
import type { LiveEmbed } from '../contract.ts';
import { currentSession } from '../current-session.ts';

const LIFE_MAX_SECONDS = 86_400;

interface LiveAddress {
  /** Empty until it is there. */
  address: ReadonlySignal<string>;
  /** Why there is none; empty otherwise. */
  error: ReadonlySignal<string>;
  load: () => Promise<void>;
}

/** The address of a runtime's live view. It is revoked when the page is left, and ends with the session. */
export function useLiveAddress(path: string): LiveAddress {
  const address = useSignal('');
  const error = useSignal('');
  const held = useSignal<string | undefined>(undefined);
  const isLeft = useSignal(false);
  const leave = () => {
    isLeft.value = true;
    const id = held.peek();
    held.value = undefined;
    if (id !== undefined) void revoke(path, id);
  };
  const load = async () => {
    isLeft.value = false;
    try {
      const body = { interactive: true, ttlSeconds: secondsLeft() };
      const made = await call<LiveEmbed>('POST', `${path}/embed/live`, { body });
      if (isLeft.peek()) return await revoke(path, made.connectionId);
      held.value = made.connectionId;
      address.value = asOurs(made.iframeUrl);
      error.value = '';
    } catch (reason) {
      error.value = sentenceOf(reason);
    }
  };
  useEffect(() => {
    void load();
    // A page that is left may be kept, and shown again.
    const onShow = ({ persisted }: PageTransitionEvent) => persisted && void load();
    addEventListener('pagehide', leave);
    addEventListener('pageshow', onShow);
    return () => {
      removeEventListener('pagehide', leave);
      removeEventListener('pageshow', onShow);
      leave();
    };
  }, []);
  return { address, error, load };
}

/** It is over by itself where this cannot reach the service, or the runtime ended. */
async function revoke(path: string, connectionId: string): Promise<void> {
  const at = `${path}/connections/${connectionId}`;
  await call('DELETE', at, { keepalive: true }).catch(() => undefined);
}

function secondsLeft(): number {
  const end = Date.parse(currentSession.peek()?.expiresAt ?? '');
  const left = Math.floor((end - Date.now()) / 1000);
  return Math.min(LIFE_MAX_SECONDS, Math.max(1, left || 1));
}
