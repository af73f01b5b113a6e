import {
  CdpCommand,
  isSuspect,
  judge,
  type Role,
  type RuntimeFiles,
  type Verdict,
} from './cdp-policy.ts';
import type { Inspected } from './websocket-bridge.ts';
import type { ClientMessage } from './client-message-reader.ts';
import { clientTextFrame } from './websocket-frames.ts';

/** https://www.jsonrpc.org/specification#error_object, as Chromium answers too. */
const ERROR = { notJson: -32700, notCommand: -32600, refused: -32000 } as const;

/**
 * Looks into the messages of a CDP client. Of one that may control, almost all pass unread. One
 * that is read and passes goes on as it was understood: a message cannot say one thing here and
 * another to the browser.
 */
export function inspectCdp(role: Role, files: RuntimeFiles) {
  return ({ raw, payload }: ClientMessage): Inspected => {
    if (role !== 'observe' && !isSuspect(payload)) return { forward: raw };
    const json = parseJson(payload);
    if (json === undefined)
      return answer({ code: ERROR.notJson, message: 'The message is no JSON' });
    const { data: command } = CdpCommand.safeParse(json);
    if (!command) {
      return answer({ code: ERROR.notCommand, message: 'The message is no CDP command' });
    }
    return toInspected(command, judge(command, role, files));
  };
}

function toInspected(command: CdpCommand, verdict: Verdict): Inspected {
  if ('refuse' in verdict) {
    return answer({ code: ERROR.refused, message: `bctrl: ${verdict.refuse}.` }, command);
  }
  const goesOn = 'replace' in verdict ? verdict.replace : command;
  const rewritten = Buffer.from(JSON.stringify(goesOn));
  return { forward: clientTextFrame(rewritten), rewritten };
}

function answer(error: { code: number; message: string }, command?: CdpCommand): Inspected {
  const { id, sessionId } = command ?? {};
  return { answer: Buffer.from(JSON.stringify({ id, error, sessionId })) };
}

export function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch {
    return undefined;
  }
}
