import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { every } from '../../timing/every.ts';
import type { Asking, Bus } from '../bus.ts';
import type { DataPlaneClient, DataPlaneTarget } from '../data-plane/data-plane-client.ts';
import type { Line } from '../data-plane/line.ts';
import type { Directory } from '../directory.ts';
import { LineClient } from './line-client.ts';
import { preferLine } from './prefer-line.ts';

const LOOK_MS = 100;
/** How long a node is left alone whose line was closed, or could not be opened. */
const AGAIN_MS = 1000;

export interface OrderLinesParts {
  /** The node of this process, to which there is no line. */
  ownId: string;
  bus: Asking & Pick<Bus, 'isConnected'>;
  directory: Directory;
  client: Pick<DataPlaneClient, 'openLine'>;
  log: Logger;
}

/** Keeps a line to each node that takes lines, for as long as the node is in reach. */
export class OrderLines implements Disposable {
  readonly #parts: OrderLinesParts;
  /** By node; undefined while it is dialled, or left alone. */
  readonly #lines = new Map<string, { line: Line; client: LineClient } | undefined>();
  readonly #looking: Disposable;

  constructor(parts: OrderLinesParts) {
    this.#parts = parts;
    const failed = (err: unknown) => parts.log.error({ err }, 'lines to nodes are not kept');
    this.#looking = every(LOOK_MS, async () => this.#look(), failed);
  }

  /**
   * How a node is given orders: over the line while there is one, and else over the bus. Without the
   * bus it is not known how nodes are, so orders fail then as other requests do.
   */
  to(nodeId: string): Asking {
    const { bus } = this.#parts;
    const client = this.#lines.get(nodeId)?.client;
    return client && bus.isConnected ? preferLine(client, bus) : bus;
  }

  /** Closes every line. */
  [Symbol.dispose](): void {
    this.#looking[Symbol.dispose]();
    for (const kept of this.#lines.values()) kept?.line[Symbol.dispose]();
  }

  #look(): void {
    for (const { beacon } of this.#parts.directory.known) {
      const { nodeId, address } = beacon;
      if (this.#isWanted(nodeId) && !this.#lines.has(nodeId)) void this.#keep({ nodeId, address });
    }
    for (const [nodeId, kept] of this.#lines) {
      if (!this.#isWanted(nodeId)) kept?.line[Symbol.dispose]();
    }
  }

  #isWanted(nodeId: string): boolean {
    const { ownId, directory } = this.#parts;
    const takesLines = directory.find(nodeId)?.beacon.takesLines === true;
    return takesLines && nodeId !== ownId && directory.isInReach(nodeId);
  }

  async #keep(target: DataPlaneTarget): Promise<void> {
    const { client, log } = this.#parts;
    const { nodeId } = target;
    this.#lines.set(nodeId, undefined);
    try {
      const line = await client.openLine(target);
      this.#lines.set(nodeId, { line, client: new LineClient(line) });
      await line.closed;
    } catch (err) {
      log.debug({ err, nodeId }, 'a line to a node could not be opened');
    }
    this.#lines.set(nodeId, undefined);
    await delay(AGAIN_MS, undefined, { ref: false });
    this.#lines.delete(nodeId);
  }
}
