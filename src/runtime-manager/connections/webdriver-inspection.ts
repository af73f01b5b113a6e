import { z } from 'zod';
import { RuntimeError } from '../errors.ts';
import { isInside, judge, type RuntimeFiles } from './cdp-policy.ts';
import { parseJson } from './cdp-inspection.ts';
import type { Inspected } from './websocket-bridge.ts';
import type { ClientMessage } from './client-message-reader.ts';
import { clientTextFrame } from './websocket-frames.ts';

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
/** The commands that name paths, and where. */
const PATHS: Record<string, z.ZodType<string[]>> = {
  'input.setFiles': z.object({ files: z.array(z.string()) }).transform(({ files }) => files),
  'browser.setDownloadBehavior': z
    .object({ downloadBehavior: z.object({ destinationFolder: z.string().optional() }).nullish() })
    .transform(({ downloadBehavior }) => downloadBehavior?.destinationFolder ?? [])
    .transform((folder) => [folder].flat()),
};

/**
 * The body to hand on. Throws `connection.unsupported` for a command of CDP that a client of CDP may
 * not send either, or that cannot be read here: chromedriver reads more than JSON.
 */
export function inspectBody(path: string, body: Buffer, files: RuntimeFiles): Buffer {
  if (!CDP_PATH.test(path)) return body;
  const { data } = CdpBody.safeParse(parseJson(body));
  if (!data) throw new RuntimeError('connection.unsupported', 'The body is no command of CDP.');
  const verdict = judge({ id: 0, method: data.cmd, params: data.params }, 'control', files);
  if ('pass' in verdict) return Buffer.from(JSON.stringify(data));
  const reason = 'refuse' in verdict ? verdict.refuse : `${data.cmd} is not allowed here`;
  throw new RuntimeError('connection.unsupported', `${reason}.`);
}

/**
 * Looks into the messages of a WebDriver BiDi client: what they ask for is carried out by a script
 * inside the browser, past the inspection of CDP. There nobody could act for the client either, so
 * that one `isHumanized` gives its input by WebDriver itself.
 */
export function inspectBidi(files: RuntimeFiles, isHumanized: boolean) {
  return ({ payload }: ClientMessage): Inspected => {
    const { data: command } = BidiCommand.safeParse(parseJson(payload));
    if (!command) return refuse(null, 'invalid argument', 'The message is no command');
    const reason =
      isHumanized && isInput(command)
        ? `${command.method} cannot be humanized: use the actions of WebDriver itself`
        : reasonAgainst(command, files);
    if (reason !== undefined) return refuse(command.id, 'unsupported operation', reason);
    // As it was understood, since chromedriver reads more than JSON.
    return { forward: clientTextFrame(Buffer.from(JSON.stringify(command))) };
  };
}

function isInput({ method, params }: BidiCommand): boolean {
  if (!method.endsWith('cdp.sendCommand')) return method === 'input.performActions';
  return Inner.safeParse(params).data?.method.startsWith('Input.') ?? false;
}

function refuse(id: number | null, error: string, reason: string): Inspected {
  return {
    answer: Buffer.from(JSON.stringify({ type: 'error', id, error, message: `${reason}.` })),
  };
}

function reasonAgainst({ method, params }: BidiCommand, files: RuntimeFiles): string | undefined {
  if (method.endsWith('cdp.sendCommand')) return reasonAgainstCdp(params, files);
  if (method === 'webExtension.install') return 'extensions are named when the runtime is created';
  const read = PATHS[method]?.safeParse(params);
  if (!read || (read.success && read.data.every((path) => isInside(path, files.directory)))) {
    return undefined;
  }
  return `${method} is not allowed outside the runtime's directory`;
}

function reasonAgainstCdp(params: unknown, files: RuntimeFiles): string | undefined {
  const { data: inner } = Inner.safeParse(params);
  if (!inner) return 'this is no command of CDP';
  const verdict = judge({ id: 0, ...inner }, 'control', files);
  if ('pass' in verdict) return undefined;
  return 'refuse' in verdict ? verdict.refuse : `${inner.method} is not allowed here`;
}
