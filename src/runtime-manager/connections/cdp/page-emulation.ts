import { parseJson } from '../parse-json.ts';
import { CdpCommand } from './cdp-policy.ts';
import type { QuietCommands } from './quiet-commands.ts';
import type { Acting } from '../websocket/websocket-bridge.ts';

/** By then the browser has noticed that a client is gone; the second time is for a busy browser. */
const RESTORE_AFTER_MS = [300, 3000];
/** When there are more sessions, the oldest are forgotten. */
const SESSIONS_MAX = 200;

const METRICS = 'Emulation.setDeviceMetricsOverride';
const CLEAR_METRICS = 'Emulation.clearDeviceMetricsOverride';
/** Commands of which a page keeps only the last, and only until the client that sent it goes. */
const LASTING = new Set([
  METRICS,
  'Emulation.setEmulatedMedia',
  'Emulation.setFocusEmulationEnabled',
  'Emulation.setTouchEmulationEnabled',
]);

type Params = Record<string, unknown>;

/**
 * What one client emulates in pages, by session. Where two clients do so in one page, the last one
 * decides; when a client goes, the service repeats the commands of the others.
 */
export class PageEmulation implements Acting {
  readonly answerStartBytes = 0;
  readonly isFull = false;
  readonly #quiet: QuietCommands;
  readonly #all: Set<PageEmulation>;
  readonly #sessions = new Map<string | undefined, Map<string, Params>>();

  /** `all` has the emulation of every client of the browser. */
  constructor(quiet: QuietCommands, all: Set<PageEmulation>) {
    this.#quiet = quiet;
    this.#all = all;
    all.add(this);
  }

  /** Takes no command, and only remembers it. */
  take(payload: Buffer): boolean {
    if (!payload.includes('"Emulation.', 0, 'latin1')) return false;
    const { data: command } = CdpCommand.safeParse(parseJson(payload));
    if (command?.method === CLEAR_METRICS) this.#sessions.get(command.sessionId)?.delete(METRICS);
    else if (command && LASTING.has(command.method)) this.#note(command);
    return false;
  }

  isAnswer(): boolean {
    return false;
  }

  answer(): undefined {}

  close(): void {
    if (!this.#all.delete(this)) return;
    const methods = new Set([...this.#sessions.values()].flatMap((said) => [...said.keys()]));
    if (methods.size === 0 || this.#all.size === 0) return;
    for (const afterMs of RESTORE_AFTER_MS) {
      setTimeout(() => {
        for (const other of this.#all) other.repeat(methods);
      }, afterMs).unref();
    }
  }

  #note({ method, params = {}, sessionId }: CdpCommand): void {
    const said = this.#sessions.get(sessionId) ?? new Map<string, Params>();
    // The session that spoke last is the last in the map.
    this.#sessions.delete(sessionId);
    this.#sessions.set(sessionId, said.set(method, params));
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > SESSIONS_MAX) this.#sessions.delete(oldest);
  }

  /** Sends once more what this client has said by these commands. */
  repeat(methods: ReadonlySet<string>): void {
    for (const [sessionId, said] of this.#sessions) {
      for (const [method, params] of said) {
        if (!methods.has(method)) continue;
        // To send the same metrics once more would change nothing.
        if (method === METRICS) this.#quiet.send(CLEAR_METRICS, {}, sessionId);
        this.#quiet.send(method, params, sessionId);
      }
    }
  }
}
