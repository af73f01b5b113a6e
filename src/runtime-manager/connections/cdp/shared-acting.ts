import { z } from 'zod';
import { CdpRefusal } from '../../browser/cdp/cdp-pipe.ts';
import type {
  DownloadClient,
  DownloadWish,
  DownloadWishes,
} from '../../browser/download-wishes.ts';
import type { Permissions } from '../../browser/permissions.ts';
import { parseJson } from '../parse-json.ts';
import { CdpCommand, type Role } from './cdp-policy.ts';
import type { Acting, Wire } from '../websocket/websocket-bridge.ts';

/** What clients of one browser share, though each should have its own. */
export interface SharedState {
  downloads: DownloadWishes;
  permissions: Permissions;
  /** The context that clients mean when they name none. */
  defaultContextId: string;
}

const MIGHT_BE_SHARED = ['DownloadBehavior"', 'Permission', 'createBrowserContext"'];

/** Chromium names the method first in events, and the id in answers. */
const STARTS = [
  '{"method":"Browser.downloadProgress"',
  '{"method":"Page.downloadProgress"',
] as const;
const ANSWER = /^\{"id":(\d+)[,}]/;

/** https://www.jsonrpc.org/specification#error_object */
const NO_METHOD = -32601;
const SERVER_ERROR = -32000;

const CdpAnswer = z.looseObject({
  id: z.int(),
  sessionId: z.string().optional(),
  result: z
    .object({
      browserContextId: z.string().optional(),
      targetInfo: z.object({ browserContextId: z.string() }).optional(),
    })
    .optional()
    .catch(undefined),
});
const Progress = z.looseObject({
  params: z.looseObject({ guid: z.string(), state: z.string(), filePath: z.string().optional() }),
});
const Context = z.object({ browserContextId: z.string().optional() });
const Wish = z.object({
  behavior: z.enum(['deny', 'allow', 'allowAndName', 'default']).catch('default'),
  browserContextId: z.string().optional(),
  downloadPath: z.string().optional(),
});

interface Waiting {
  sessionId: string | undefined;
  answered: (answer: z.infer<typeof CdpAnswer>, payload: Buffer) => Promise<void>;
}

/**
 * Keeps apart what clients of one browser ask of the browser as a whole: Chromium knows only the last
 * of these commands, and drops it when the client that sent it goes.
 */
export class SharedActing implements Acting {
  readonly answerStartBytes = STARTS[0].length;
  readonly isFull = false;
  readonly #shared: SharedState;
  readonly #role: Role;
  readonly #wire: Wire;
  readonly #downloads: DownloadClient;
  readonly #waiting = new Map<number, Waiting>();

  constructor(shared: SharedState, role: Role, wire: Wire) {
    this.#shared = shared;
    this.#role = role;
    this.#wire = wire;
    this.#downloads = shared.downloads.join();
  }

  take(payload: Buffer): boolean {
    if (!MIGHT_BE_SHARED.some((part) => payload.includes(part, 0, 'latin1'))) return false;
    const { data: command } = CdpCommand.safeParse(parseJson(payload));
    if (!command) return false;
    switch (command.method) {
      case 'Browser.setDownloadBehavior':
        return this.#wishDownloads(command);
      case 'Page.setDownloadBehavior':
        this.#wishPageDownloads(command);
        return true;
      case 'Browser.grantPermissions':
      case 'Browser.resetPermissions':
      case 'Browser.setPermission':
        void this.#permit(command);
        return true;
      case 'Target.createBrowserContext':
        this.#prepareContext(command);
        return false;
      default:
        return false;
    }
  }

  isAnswer(start: Buffer): boolean {
    if (this.#waiting.size === 0 && this.#downloads.wishes.size === 0) return false;
    const text = start.toString('latin1', 0, this.answerStartBytes);
    const [, id] = ANSWER.exec(text) ?? [];
    if (id !== undefined) return this.#waiting.has(Number(id));
    return this.#downloads.wishes.size > 0 && STARTS.some((one) => text.startsWith(one));
  }

  answer(payload: Buffer): Buffer | undefined {
    const json = parseJson(payload);
    const answer = CdpAnswer.safeParse(json).data;
    if (!answer) return this.#progressed(json, payload);
    const waiting = this.#waiting.get(answer.id);
    // Each session counts its own ids.
    if (!waiting || waiting.sessionId !== answer.sessionId) return payload;
    this.#waiting.delete(answer.id);
    void waiting.answered(answer, payload);
    return undefined;
  }

  close(): void {
    this.#downloads[Symbol.dispose]();
    this.#shared.permissions.leave(this);
  }

  /** A client knows a context only when downloads arrive in it, also that of its first page. */
  #prepareContext(command: CdpCommand): void {
    this.#await(command, async ({ result }, payload) => {
      const contextId = result?.browserContextId;
      if (contextId !== undefined) await this.#shared.downloads.settle(contextId);
      this.#wire.say(payload);
    });
  }

  /** The client's own command brings it its events; the service repeats that, so that it lasts. */
  #wishDownloads(command: CdpCommand): boolean {
    const wish = this.#wishOf(command);
    // Chromium answers what is wrong with the command.
    if (!wish) return false;
    const { contextId, ...wished } = wish;
    const { downloadPath: _, ...params } = command.params ?? {};
    this.#await(command, async (_answer, payload) => {
      await this.#downloads.settle(contextId);
      this.#wire.say(payload);
    });
    const told = { ...params, ...this.#downloads.wish(contextId, wished) };
    this.#send({ ...command, params: told });
    return true;
  }

  /** The deprecated form, for the page's context, which the browser has to be asked for first. */
  #wishPageDownloads(command: CdpCommand): void {
    const { id, sessionId } = command;
    this.#await(command, async ({ result }) => {
      const browserContextId = result?.targetInfo?.browserContextId;
      const wish = this.#wishOf({ ...command, params: { ...command.params, browserContextId } });
      if (browserContextId === undefined || !wish) {
        const error = { code: NO_METHOD, message: "'Page.setDownloadBehavior' wasn't found" };
        return this.#say({ id, error, sessionId });
      }
      const { contextId, ...wished } = wish;
      this.#downloads.wish(contextId, wished);
      await this.#downloads.settle(contextId);
      this.#say({ id, result: {}, sessionId });
    });
    this.#send({ id, method: 'Target.getTargetInfo', sessionId });
  }

  /** Undefined when the command cannot be carried out. */
  #wishOf({ params }: CdpCommand): (DownloadWish & { contextId: string | undefined }) | undefined {
    const { data: said } = Wish.safeParse(params);
    if (!said) return undefined;
    const { downloadPath, browserContextId } = said;
    if (said.behavior.startsWith('allow') && downloadPath === undefined) return undefined;
    // The BiDi server says this of each context by itself, to hear of downloads.
    const isUnasked = this.#role === 'webdriver' && said.behavior === 'default';
    const behavior = isUnasked ? 'unasked' : said.behavior;
    const folder = this.#role === 'playwright' ? downloadPath : undefined;
    return { behavior, folder, contextId: this.#contextOf(browserContextId) };
  }

  async #permit({ id, method, params = {}, sessionId }: CdpCommand): Promise<void> {
    const given = Context.safeParse(params).data?.browserContextId;
    try {
      const own = { ...params, browserContextId: this.#contextOf(given) };
      await this.#shared.permissions.carryOut(this, method, own);
      this.#say({ id, result: {}, sessionId });
    } catch (error) {
      const { cause } = error instanceof Error ? error : {};
      const { code, message } =
        cause instanceof CdpRefusal
          ? cause
          : { code: SERVER_ERROR, message: 'The browser does not respond.' };
      this.#say({ id, error: { code, message }, sessionId });
    }
  }

  #contextOf(id: string | undefined): string | undefined {
    return id === this.#shared.defaultContextId ? undefined : id;
  }

  /** A client hears of the end of a download as if its own wishes alone were in force. */
  #progressed(json: unknown, payload: Buffer): Buffer | undefined {
    const { data: event } = Progress.safeParse(json);
    if (event?.params.state !== 'completed') return payload;
    const { filePath, ...params } = event.params;
    if (this.#downloads.deniesAll) {
      return toBuffer({ ...event, params: { ...params, state: 'canceled' } });
    }
    void this.#downloads.nameOf(params.guid).then((name) => {
      if (filePath === undefined) return this.#wire.say(payload);
      const shown = this.#downloads.namesByGuid ? params.guid : (name ?? params.guid);
      this.#say({ ...event, params: { ...params, filePath: shown } });
    });
    return undefined;
  }

  #await({ id, sessionId }: CdpCommand, answered: Waiting['answered']): void {
    this.#waiting.set(id, { sessionId, answered });
  }

  #send(command: object): void {
    this.#wire.send(toBuffer(command));
  }

  #say(message: object): void {
    this.#wire.say(toBuffer(message));
  }
}

function toBuffer(message: object): Buffer {
  return Buffer.from(JSON.stringify(message));
}
