import { z } from 'zod';
import { RuntimeError } from '../../errors.ts';
import { BidiCommand, innerCommand, judgeBidi } from '../bidi/bidi-policy.ts';
import { judge, type RuntimeFiles } from '../cdp/cdp-policy.ts';
import { parseJson } from '../parse-json.ts';
import type { Inspected } from '../websocket/websocket-bridge.ts';
import type { ClientMessage } from '../websocket/client-message-reader.ts';
import { clientTextFrame } from '../websocket/websocket-frames.ts';

/** chromedriver's own commands, which hand on a command of CDP. */
const CDP_PATH = /\/(?:cdp\/execute|send_command(?:_and_get_result)?)$/;
const Numbered = z.object({ id: z.int() });
const CdpBody = z.object({ cmd: z.string(), params: z.record(z.string(), z.unknown()).optional() });

/**
 * The body to hand on. Throws `connection.unsupported` for a command of CDP that a client of CDP may
 * not send either, or that cannot be read here: chromedriver reads more than JSON.
 */
export function inspectBody(path: string, body: Buffer, files: RuntimeFiles): Buffer {
  if (!CDP_PATH.test(path)) return body;
  const { data } = CdpBody.safeParse(parseJson(body));
  if (!data) throw new RuntimeError('connection.unsupported', 'The body is not a CDP command.');
  const verdict = judge({ id: 0, method: data.cmd, params: data.params }, 'control', files);
  if ('refuse' in verdict) throw new RuntimeError('connection.unsupported', `${verdict.refuse}.`);
  const goesOn = 'replace' in verdict ? { ...data, params: verdict.replace.params } : data;
  return Buffer.from(JSON.stringify(goesOn));
}

interface BidiClient {
  files: RuntimeFiles;
  /** A humanizer acts for the runtime's clients, which it cannot do for BiDi. */
  isHumanized: boolean;
  /** Ends the session. */
  end: () => void;
}

/** Inspects the messages of a WebDriver BiDi client, which go on as they were understood here. */
export function inspectBidi({ files, isHumanized, end }: BidiClient) {
  return ({ payload }: ClientMessage): Inspected => {
    const json = parseJson(payload);
    const { data: command } = BidiCommand.safeParse(json);
    if (!command) {
      const id = Numbered.safeParse(json).data?.id ?? null;
      return refuse({ id }, 'invalid argument', 'The message is no command');
    }
    if (isHumanized && isInput(command)) {
      const reason = `${command.method} cannot be humanized: use the actions of WebDriver itself`;
      return refuse(command, 'unsupported operation', reason);
    }
    const verdict = judgeBidi(command, files);
    if ('refuse' in verdict) return refuse(command, verdict.error, verdict.refuse);
    if (command.method === 'session.end') {
      end();
      return answer(command, { type: 'success', result: {} });
    }
    const goesOn = { ...command, params: verdict.pass };
    return { forward: clientTextFrame(Buffer.from(JSON.stringify(goesOn))) };
  };
}

function isInput(command: BidiCommand): boolean {
  if (command.method === 'input.performActions') return true;
  return innerCommand(command)?.startsWith('Input.') ?? false;
}

type Asked = Pick<BidiCommand, 'goog:channel'> & { id: number | null };

function refuse(asked: Asked, error: string, reason: string): Inspected {
  return answer(asked, { type: 'error', error, message: `${reason}.` });
}

function answer({ id, 'goog:channel': channel }: Asked, said: object): Inspected {
  return { answer: Buffer.from(JSON.stringify({ id, ...said, 'goog:channel': channel })) };
}
