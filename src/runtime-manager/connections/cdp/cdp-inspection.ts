import { CdpCommand, judge, type Role, type RuntimeFiles, type Verdict } from './cdp-policy.ts';
import { parseJson } from '../parse-json.ts';
import type { Inspected } from '../websocket/websocket-bridge.ts';
import type { ClientMessage } from '../websocket/client-message-reader.ts';
import { isHarmlessUnread } from './unread.ts';
import { clientTextFrame } from '../websocket/websocket-frames.ts';
import { answerToWrongClient } from '../wrong-address.ts';

/** https://www.jsonrpc.org/specification#error_object, as Chromium answers too. */
const ERROR = { notJson: -32700, notCommand: -32600, unknown: -32601, refused: -32000 } as const;

/**
 * Inspects the messages of a CDP client. Almost all messages of a client that may control are
 * harmless at a glance and pass as they came. A message that is read goes on as it was understood,
 * so that no message says one thing here and another to the browser.
 */
export function inspectCdp(role: Role, files: RuntimeFiles) {
  return ({ raw, payload }: ClientMessage): Inspected => {
    if (role !== 'observe' && isHarmlessUnread(payload)) return { forward: raw };
    const json = parseJson(payload);
    if (json === undefined)
      return answer({ code: ERROR.notJson, message: 'The message is no JSON' });
    const wrong = answerToWrongClient('cdp', json);
    if (wrong) return { answer: wrong };
    const { data: command } = CdpCommand.safeParse(json);
    if (!command) {
      return answer({ code: ERROR.notCommand, message: 'The message is no CDP command' });
    }
    return toInspected(command, judge(command, role, files));
  };
}

function toInspected(command: CdpCommand, verdict: Verdict): Inspected {
  if ('refuse' in verdict) {
    const code = verdict.unknown ? ERROR.unknown : ERROR.refused;
    return answer({ code, message: `bctrl: ${verdict.refuse}.` }, command);
  }
  const goesOn = 'replace' in verdict ? verdict.replace : command;
  const rewritten = Buffer.from(JSON.stringify(goesOn));
  return { forward: clientTextFrame(rewritten), rewritten };
}

function answer(error: { code: number; message: string }, command?: CdpCommand): Inspected {
  const { id, sessionId } = command ?? {};
  return { answer: Buffer.from(JSON.stringify({ id, error, sessionId })) };
}
