import type { ProtocolMapping } from 'devtools-protocol/types/protocol-mapping.js';

type Commands = ProtocolMapping.Commands;
type Events = ProtocolMapping.Events;

/** The name of a command: https://chromedevtools.github.io/devtools-protocol/tot/ */
export type CdpMethod = keyof Commands;
/** The name of an event. */
export type CdpEventName = keyof Events;

/** What a command takes. */
export type CdpParams<M extends CdpMethod> = Commands[M]['paramsType'] extends []
  ? Record<string, never>
  : Exclude<Commands[M]['paramsType'][0], undefined>;

/** What a command is answered with. */
export type CdpResult<M extends CdpMethod> = Commands[M]['returnType'];

/** What an event tells. */
export type CdpEvent<E extends CdpEventName> = Events[E] extends []
  ? Record<string, never>
  : Events[E][0];

/**
 * Whether an answer may be taken for what the protocol says. Chromium's code for messages is generated
 * from the same definitions as these types, so its browser process says nothing else. That does not
 * hold for what comes from the process of a page, in a session with a page, frame or worker: a page
 * that took over its process says what it likes. And the value of an expression may be of any type.
 * Whoever reads such a thing parses it first.
 */
export function isResultOf<M extends CdpMethod>(
  _method: M,
  answer: unknown,
): answer is CdpResult<M> {
  return isObject(answer);
}

/** As `isResultOf`, for what an event tells. */
export function isEventOf<E extends CdpEventName>(_event: E, told: unknown): told is CdpEvent<E> {
  return isObject(told);
}

function isObject(said: unknown): said is object {
  return typeof said === 'object' && said !== null;
}
