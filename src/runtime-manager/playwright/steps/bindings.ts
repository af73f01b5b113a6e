import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { BrowserContext, Page } from 'playwright-core';
import type { Yield } from '../../operations/calls/definition.ts';
import { bindingType, type Kind } from '../../operations/calls/kinds.ts';
import type { ResolvedCall } from '../../operations/steps/resolve-call.ts';
import { StepError } from '../../operations/steps/step-error.ts';
import type { StepBinding } from '../../operations/steps/step-outcome.ts';
import { EventSubscription } from './event-subscription.ts';
import { isOfKind } from './kinds-of-objects.ts';

const MOST_DISPOSAL_MS = 1000;

/** What a call is made on. */
export interface Bound {
  kind: Kind;
  object: unknown;
  /** The page that it is of; undefined: it is of none, or Playwright does not say. */
  page: Page | undefined;
  /** What a subscription waits for. */
  awaits?: Yield | undefined;
}

/** What aliases stand for, and the targets that are always there. */
export class Bindings implements AsyncDisposable {
  readonly #context: BrowserContext;
  readonly #page: () => Page;
  readonly #all = new Map<string, Bound>();

  constructor(context: BrowserContext, page: () => Page) {
    this.#context = context;
    this.#page = page;
  }

  get kinds(): ReadonlyMap<string, { kind: Kind }> {
    return this.#all;
  }

  bind(alias: string, bound: Bound): StepBinding {
    this.#all.set(alias, bound);
    return { alias, id: randomUUID(), type: bindingType(bound.kind) };
  }

  /** Throws when what an alias stands for is gone. */
  at(alias: string): Bound {
    const bound = this.#all.get(alias);
    if (!bound) throw new StepError('binding_gone', `Nothing is bound to "${alias}"`);
    if (bound.page?.isClosed()) {
      throw new StepError('binding_gone', `The page of "${alias}" is closed`);
    }
    return bound;
  }

  /** What a call is made on. */
  targetOf({ base, part, kind }: ResolvedCall): Bound {
    if (base === 'context') return { kind, object: this.#context, page: undefined };
    if (this.#all.has(base)) return this.#partOf(this.at(base), part, kind);
    const page = this.#page();
    const own = isPart(kind) && part === undefined ? kind : part;
    return this.#partOf({ kind: 'page', object: page, page }, own, kind);
  }

  #partOf(bound: Bound, part: ResolvedCall['part'], kind: Kind): Bound {
    const { page } = bound;
    return part === undefined || !page ? bound : { kind, object: page[part], page };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const objects = [...this.#all.values()].map(({ object }) => object);
    this.#all.clear();
    for (const one of objects) if (one instanceof EventSubscription) one[Symbol.dispose]();
    const disposed = objects.flatMap((one) => (isOfKind('jsHandle', one) ? [one.dispose()] : []));
    // A page that is busy disposes of nothing, and its end is not waited for.
    await Promise.race([Promise.allSettled(disposed), delay(MOST_DISPOSAL_MS)]);
  }
}

function isPart(kind: Kind): kind is 'keyboard' | 'mouse' | 'touchscreen' {
  return kind === 'keyboard' || kind === 'mouse' || kind === 'touchscreen';
}

/** Kinds that are of no use without their page. */
const OF_A_PAGE: readonly Kind[] = [
  'locator',
  'locatorList',
  'frameLocator',
  'jsHandle',
  'dialog',
  'fileChooser',
];

/** The page of an object; `from` is the one of the call that yielded it. */
export function pageOf(kind: Kind, object: unknown, from: Page | undefined): Page | undefined {
  if (isOfKind('page', object)) return object;
  return OF_A_PAGE.includes(kind) ? from : undefined;
}
