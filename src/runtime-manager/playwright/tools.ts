import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { tools as playwright, type McpResult } from 'playwright-core/lib/coreBundle';
import { z } from 'zod';
import { Turns } from '../timing/turns.ts';
import { untilAborted } from '../timing/until-aborted.ts';
import { ChooserWatch } from './chooser-watch.ts';
import { takeFiles, type ToolResult } from './tool-files.ts';
import type { ToolSchema } from './tool-list.ts';
import { allowedTools, toToolSchema } from './tool-schemas.ts';

/** How long a call may take, with the wait for its turn. */
const LIMIT_MS = 60_000;
/** How long a call that was given up may go on before the next ones do without what it holds. */
const GRACE_MS = 3000;
/** Those of Playwright's own MCP server. */
const TIMEOUTS = { action: 5000, navigation: 60_000, expect: 5000 };
/** No level of a message: pages may write without end, and `browser_console_messages` has the messages. */
const NO_MESSAGES = 'none';
/** Of an answer with its files: messages to the service have a limit. */
const MOST_BYTES = 50_000_000;

const Arguments = z.looseObject({
  filename: z
    .string()
    .regex(/^[^/\\\0]{1,200}$/, 'filename: a plain name without folders')
    .regex(/^(?!\.)/, 'filename: a name that begins with no dot')
    .optional(),
  paths: z.array(z.string()).optional(),
});
type Arguments = z.infer<typeof Arguments>;

export interface ToolsOptions {
  /** Where tools write; nothing else writes there. */
  outputDir: string;
  /** Where this process finds a file of the runtime, given as its id or its path. */
  givenFile: (file: string) => Promise<string>;
  limitMs?: number;
}

/** Playwright's MCP tools on the pages of one browser. */
export interface Tools extends AsyncDisposable {
  list(): ToolSchema[];
  /** One call at a time, in the order in which they came. Throws only why `signal` aborts. */
  call(name: string, args: unknown, signal: AbortSignal): Promise<ToolResult>;
}

/**
 * Opens the tools on a context that nobody else in this process listens to: dialogs and file
 * choosers of its pages are left to people and other clients while no call is under way.
 */
export function openTools(context: BrowserContext, options: ToolsOptions): Tools {
  return new ContextTools(context, options);
}

/** The service keeps what pages download; a copy for each client of the tools would be one too many. */
playwright.Tab.prototype._downloadStarted = async function noteDownload(download) {
  this._addLogEntry({ type: 'download-start', wallTime: Date.now(), download: { download } });
};

type Backend = InstanceType<typeof playwright.BrowserBackend>;

/** What calls have in common, such as which tab is selected, and where they write. */
interface Session {
  backend: Backend;
  directory: string;
}

class ContextTools implements Tools {
  readonly #tools = allowedTools();
  readonly #turns = new Turns(1);
  readonly #choosers: ChooserWatch;
  readonly #context: BrowserContext;
  readonly #options: ToolsOptions;
  #session: Promise<Session> | undefined;

  constructor(context: BrowserContext, options: ToolsOptions) {
    this.#context = context;
    this.#options = options;
    this.#choosers = new ChooserWatch(context);
    // Playwright dismisses a dialog that nobody listens for.
    context.on('dialog', leaveOpen);
  }

  list(): ToolSchema[] {
    return this.#tools.map(toToolSchema);
  }

  async call(name: string, args: unknown, signal: AbortSignal): Promise<ToolResult> {
    const limitMs = this.#options.limitMs ?? LIMIT_MS;
    const limit = AbortSignal.timeout(limitMs);
    const until = AbortSignal.any([signal, limit]);
    try {
      return await untilAborted(
        this.#turns.take(() => this.#carryOut(name, args, until)),
        until,
      );
    } catch (error) {
      signal.throwIfAborted();
      if (limit.aborted) return failed(`The tool did not end within ${limitMs / 1000} seconds.`);
      return failed(messageOf(error));
    }
  }

  async #carryOut(name: string, args: unknown, until: AbortSignal): Promise<ToolResult> {
    until.throwIfAborted();
    const given = Arguments.parse(args);
    const session = await this.#opened();
    using _choosers = this.#choosers.during();
    const { paths, args: localized } = await this.#localized(given);
    const call = session.backend.callTool(name, localized, until);
    const result = await this.#ended(call, until);
    const isAsked = given.filename !== undefined;
    const taken = await takeFiles(result, { ...session, paths, isAsked });
    if (bytesOf(taken) > MOST_BYTES)
      return failed(`The result is larger than ${MOST_BYTES} bytes.`);
    return taken;
  }

  /** A call that goes on after it was given up loses the session: nothing of it gets into later answers. */
  async #ended(call: Promise<McpResult>, until: AbortSignal): Promise<McpResult> {
    try {
      return await untilAborted(call, until);
    } catch (error) {
      if (!until.aborted) throw error;
      await untilAborted(call, AbortSignal.timeout(GRACE_MS)).catch(() => this.#close());
      throw error;
    }
  }

  /** The arguments with the paths of this machine, and for each of these, what it was given as. */
  async #localized({ paths: given, ...all }: Arguments) {
    // It would tell Playwright where to write.
    const { _meta, ...args } = all;
    const paths = new Map<string, string>();
    for (const file of given ?? []) paths.set(await this.#options.givenFile(file), file);
    return { paths, args: given ? { ...args, paths: [...paths.keys()] } : args };
  }

  #opened(): Promise<Session> {
    this.#session ??= this.#open().catch((error: unknown) => {
      this.#session = undefined;
      throw error;
    });
    return this.#session;
  }

  async #open(): Promise<Session> {
    const directory = await mkdtemp(join(this.#options.outputDir, 'tools-'));
    const config = {
      outputDir: directory,
      // Only names without folders and given files get that far, and those are in another place.
      allowUnrestrictedFileAccess: true,
      sharedBrowserContext: true,
      webmcp: false,
      console: { level: NO_MESSAGES },
      timeouts: TIMEOUTS,
    };
    const backend = new playwright.BrowserBackend(config, this.#context, this.#tools);
    await backend.initialize({ cwd: directory });
    // Some tools expect that another one has looked which pages there are.
    await backend.callTool('browser_tabs', { action: 'list' }, AbortSignal.timeout(LIMIT_MS));
    return { backend, directory };
  }

  async #close(): Promise<void> {
    const session = await this.#session?.catch(() => undefined);
    this.#session = undefined;
    if (!session) return;
    await untilAborted(session.backend.dispose(), AbortSignal.timeout(GRACE_MS)).catch(
      () => undefined,
    );
    await rm(session.directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#context.off('dialog', leaveOpen);
    this.#choosers[Symbol.dispose]();
    await this.#close();
  }
}

function leaveOpen(): void {
  // Whoever sees the page answers it.
}

function failed(message: string): ToolResult {
  return { content: [{ type: 'text', text: `### Error\n${message}` }], isError: true, files: [] };
}

function bytesOf({ content, files }: ToolResult): number {
  return files.reduce(
    (sum, file) => sum + file.content.byteLength,
    Buffer.byteLength(JSON.stringify(content)),
  );
}

function messageOf(error: unknown): string {
  if (error instanceof z.ZodError) return error.issues.map(({ message }) => message).join('\n');
  return error instanceof Error ? error.message : String(error);
}
