import type { NewEvent } from '../runtime/events.ts';
import { z } from 'zod';

const Failure = z.object({ host: z.string(), port: z.number(), code: z.string() });

const PORTS: Record<string, string> = { 'http:': '80', 'https:': '443' };

/** Why a connection of a browser was refused or failed. */
export interface EgressFailure {
  isRefused: boolean;
  /** Such as `private_address` or `connection_refused`. */
  code: string;
}

/** The connections that a browser asked for and did not get, by their hosts. */
export class EgressFailures {
  readonly #byHost = new Map<string, EgressFailure>();

  get areAny(): boolean {
    return this.#byHost.size > 0;
  }

  add({ type, data }: NewEvent): void {
    const isRefused = type === 'egress.refused';
    if (!isRefused && type !== 'egress.failed') return;
    const { host, port, code } = Failure.parse(data);
    this.#byHost.set(`${host}:${port}`, { isRefused, code });
  }

  of(address: string): EgressFailure | undefined {
    const url = URL.parse(address);
    if (!url) return undefined;
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    return this.#byHost.get(`${host}:${url.port || PORTS[url.protocol]}`);
  }
}
