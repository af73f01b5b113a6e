import { z } from 'zod';
import { RuntimeError } from '../errors.ts';
import { isInside, judge, type RuntimeFiles } from './cdp-policy.ts';
import { parseJson } from './cdp-inspection.ts';
import type { Inspected } from './websocket-bridge.ts';
import type { ClientMessage } from './websocket-frames.ts';

/** chromedriver's own commands that hand on one of CDP. */
const CDP_PATH = /\/(?:cdp\/execute|send_command(?:_and_get_result)?)$/;
const CdpBody = z.object({ cmd: z.string(), params: z.record(z.string(), z.unknown()).optional() });

/** https://www.w3.org/TR/webdriver-bidi/#protocol */
const BidiCommand = z.looseObject({
  id: z.int(),
  method: z.string(),
  params: z.record(z.string(), z.unknown()).default({}),
});
type BidiCommand = z.infer<typeof BidiCommand>;
const Inner = z.object({
  method: z.string(),
  params: z.record(z.string(), z.unknown()).optional(),
});
const Files = z.object({ files: z.array(z.string()) });
const Download = z.object({
  downloadBehavior: z.object({ destinationFolder: z.string().optional() }).nullish(),
});

/** Throws `connection.unsupported` for a command of CDP that a client of CDP may not send either. */
export function assertWebDriverCommand(path: string, body: Buffer, files: RuntimeFiles): void {
  if (!CDP_PATH.test(path)) return;
  const { data } = CdpBody.safeParse(parseJson(body));
  if (!data) return;
  const verdict = judge({ id: 0, method: data.cmd, params: data.params }, 'control', files);
  if ('pass' in verdict) return;
  const reason = 'refuse' in verdict ? verdict.refuse : `${data.cmd} is not allowed here`;
  throw new RuntimeError('connection.unsupported', `${reason}.`);
}

/**
 * Looks into the messages of a WebDriver BiDi client: what they ask for is carried out by a script
 * inside the browser, past the inspection of CDP.
 */
export function inspectBidi(files: RuntimeFiles) {
  return ({ raw, payload }: ClientMessage): Inspected => {
    const { data: command } = BidiCommand.safeParse(parseJson(payload));
    const reason = command && reasonAgainst(command, files);
    if (!command || reason === undefined) return { forward: raw };
    const { id } = command;
    const refusal = { type: 'error', id, error: 'unsupported operation', message: `${reason}.` };
    return { answer: Buffer.from(JSON.stringify(refusal)) };
  };
}

function reasonAgainst({ method, params }: BidiCommand, files: RuntimeFiles): string | undefined {
  if (method.endsWith('cdp.sendCommand')) {
    const { data: inner } = Inner.safeParse(params);
    const verdict = inner && judge({ id: 0, ...inner }, 'control', files);
    if (!verdict || 'pass' in verdict) return undefined;
    return 'refuse' in verdict ? verdict.refuse : `${inner.method} is not allowed here`;
  }
  if (method === 'webExtension.install') return 'extensions are named when the runtime is created';
  const named = Files.safeParse(params).data?.files ?? [];
  const folder = Download.safeParse(params).data?.downloadBehavior?.destinationFolder;
  const paths = method === 'input.setFiles' ? named : folder === undefined ? [] : [folder];
  const outside = paths.some((path) => !isInside(path, files.directory));
  return outside ? `${method} is not allowed outside the runtime's directory` : undefined;
}
