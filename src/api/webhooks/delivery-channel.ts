import type { MessagePort, Worker } from 'node:worker_threads';
import type { DatabaseAddress } from '../../db/client.ts';
import type { OpeningKeys } from '../../db/sealing.ts';
import type { Destination, EgressRefusal } from '../../runtime-manager/index.ts';

/** What the thread needs to begin with. */
export interface DeliveryParts {
  address: DatabaseAddress;
  keys: OpeningKeys;
  /** Of a `Precedence`. */
  precedence: SharedArrayBuffer;
  /** Of this service. */
  version: string;
}

/** What the policy says of a destination. An error that crosses over keeps nothing but its text. */
export type Judged =
  | { addresses: string[] }
  | { refusal: EgressRefusal['code'] }
  | { message: string; code: string | undefined };

/** What the service does for the thread that delivers. */
export interface ServiceSide {
  parts(): DeliveryParts;
  /** Has the thread told of what happens in an organization. */
  listen(organizationId: string): void;
  leave(organizationId: string): void;
  judge(destination: Destination): Promise<Judged>;
  /** Of each delivery, how many ms after its event. */
  delivered(lagsMs: readonly number[]): void;
  failed(outcome: 'retried' | 'given_up'): void;
  warn(about: object, message: string): void;
}

/** What the thread does for the service. */
export interface ThreadSide {
  /** Something happened in these organizations. */
  wake(organizationIds: readonly string[]): void;
  /** Resolves when nothing is under way any more. */
  close(): Promise<void>;
}

/** How either side sends and hears. */
export function channelOf(end: MessagePort | Worker) {
  return {
    post: (message: unknown) => end.postMessage(message, []),
    on: (heard: (message: unknown) => void) => void end.on('message', heard),
  };
}
