import { z } from 'zod';
import { parseJson } from '../connections/parse-json.ts';
import { CdpCommand } from '../connections/cdp/cdp-policy.ts';

const INPUT = '"Input.';
export const MOUSE = 'Input.dispatchMouseEvent';

/** A command of a client that gives input: https://chromedevtools.github.io/devtools-protocol/tot/Input */
export type InputCommand = CdpCommand & { method: `Input.${string}` };

export const MouseParams = z.looseObject({
  type: z.enum(['mouseMoved', 'mousePressed', 'mouseReleased', 'mouseWheel']),
  x: z.number(),
  y: z.number(),
  modifiers: z.int().optional(),
  button: z.string().optional(),
  buttons: z.int().optional(),
  clickCount: z.int().optional(),
  deltaX: z.number().optional(),
  deltaY: z.number().optional(),
  pointerType: z.string().optional(),
});
export type MouseParams = z.infer<typeof MouseParams>;

export const KeyParams = z.looseObject({
  type: z.enum(['keyDown', 'keyUp', 'rawKeyDown', 'char']),
  key: z.string().optional(),
  code: z.string().optional(),
  text: z.string().optional(),
  autoRepeat: z.boolean().optional(),
});
export type KeyParams = z.infer<typeof KeyParams>;

/** Undefined for every other message, and for one that is not a command at all. */
export function readInputCommand(payload: Buffer): InputCommand | undefined {
  if (!payload.includes(INPUT)) return undefined;
  const { data: command } = CdpCommand.safeParse(parseJson(payload));
  return command && isInput(command) ? command : undefined;
}

function isInput(command: CdpCommand): command is InputCommand {
  return command.method.startsWith('Input.');
}
