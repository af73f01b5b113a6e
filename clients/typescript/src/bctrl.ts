import { randomUUID } from 'node:crypto';
import createClient from 'openapi-fetch';
import { dataOf } from './answers.ts';
import type { paths } from './api.ts';
import { retryingFetch } from './retrying-fetch.ts';
import { Runtime } from './runtime.ts';
import type {
  Api,
  ContentRequest,
  CreateRuntime,
  PdfRequest,
  Scraped,
  ScrapeRequest,
  ScreenshotRequest,
} from './types.ts';

const RETRIES = 4;

export interface BctrlOptions {
  /** By default `BCTRL_URL`, or else http://localhost:8787. */
  baseUrl?: string;
  /** By default `BCTRL_API_KEY`. */
  apiKey?: string;
  /** The id or name of the workspace that runtimes belong to; by default `default`. */
  workspace?: string;
  /** How often to send a request again that failed or was refused for now; by default 4 times. */
  retries?: number;
  fetch?: (request: Request) => Promise<Response>;
}

/** A runtime to create: its alias is made up, unless it is given. */
export type NewRuntime = Omit<CreateRuntime, 'alias' | 'kind'> & { alias?: string };

/** A service, as one API key sees it. */
export class Bctrl {
  /** Every operation of the service, typed. What fails throws a `BctrlError`. */
  readonly api: Api;
  readonly #workspace: { params: { path: { id: string } } };

  constructor(options: BctrlOptions = {}) {
    const { baseUrl = process.env['BCTRL_URL'] ?? 'http://localhost:8787' } = options;
    const { apiKey = process.env['BCTRL_API_KEY'], retries = RETRIES } = options;
    if (!apiKey) throw new Error('Set BCTRL_API_KEY, or give apiKey.');
    const send = options.fetch ?? ((request: Request) => fetch(request));
    this.api = createClient<paths>({
      baseUrl,
      fetch: retryingFetch({ apiKey, retries, fetch: send }),
    });
    this.#workspace = { params: { path: { id: options.workspace ?? 'default' } } };
  }

  /** Creates a runtime, and returns it when its browser is up. */
  async createRuntime(runtime: NewRuntime = {}): Promise<Runtime> {
    const alias = `client-${randomUUID()}`;
    const body = { alias, ...runtime, kind: 'browser' as const };
    const created = await this.api.POST('/v1/workspaces/{id}/runtimes', {
      ...this.#workspace,
      body,
    });
    return new Runtime(this.api, dataOf(created));
  }

  /** The runtime with this id or alias. */
  async getRuntime(alias: string): Promise<Runtime> {
    const path = { ...this.#workspace.params.path, alias };
    const found = await this.api.GET('/v1/workspaces/{id}/runtimes/{alias}', { params: { path } });
    return new Runtime(this.api, dataOf(found));
  }

  /** A picture of a page, without a runtime of one's own. */
  async screenshot(body: ScreenshotRequest): Promise<Uint8Array> {
    return this.#bytes(
      await this.api.POST('/v1/workspaces/{id}/screenshot', {
        ...this.#workspace,
        body,
        parseAs: 'arrayBuffer',
      }),
    );
  }

  async pdf(body: PdfRequest): Promise<Uint8Array> {
    return this.#bytes(
      await this.api.POST('/v1/workspaces/{id}/pdf', {
        ...this.#workspace,
        body,
        parseAs: 'arrayBuffer',
      }),
    );
  }

  /** The HTML of a page after its scripts have run. */
  async content(body: ContentRequest): Promise<string> {
    return dataOf(
      await this.api.POST('/v1/workspaces/{id}/content', {
        ...this.#workspace,
        body,
        parseAs: 'text',
      }),
    );
  }

  /** Texts, HTML and attributes of elements of a page. */
  async scrape(body: ScrapeRequest): Promise<Scraped> {
    return dataOf(await this.api.POST('/v1/workspaces/{id}/scrape', { ...this.#workspace, body }));
  }

  #bytes(answer: { data?: ArrayBuffer }): Uint8Array {
    return new Uint8Array(dataOf(answer));
  }
}
