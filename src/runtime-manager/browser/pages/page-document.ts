import { z } from 'zod';
import type { CdpSession } from '../cdp/cdp-session.ts';
import type { CdpMethod, CdpParams, CdpResult } from '../cdp/protocol.ts';
import { untilAborted } from '../../timing/until-aborted.ts';

/** Parsed, since the process of a page writes it. */
const Resource = z.object({ content: z.string(), base64Encoded: z.boolean() });

const FrameOwner = z.object({ frameId: z.string().optional() });

type Evaluated = CdpResult<'Runtime.evaluate'>;
type RemoteObject = Evaluated['result'];

/** Pages see neither the world nor its name. */
const WORLD_NAME = 'service';

/** Where a document is. */
export interface DocumentPlace {
  frameId: string;
  /** Undefined: the frame is not within another. */
  parentFrameId: string | undefined;
  loaderId: string;
  /** The CDP browserContextId and targetId of the page. */
  contextId: string;
  pageId: string;
}

/** A script that was evaluated in a page threw an error. */
export class PageScriptError extends Error {
  constructor(text: string) {
    super(`a script in a page failed: ${text}`);
    this.name = 'PageScriptError';
  }
}

/** A function of JavaScript as text, which is called with `this` and arguments of JSON. */
export interface PageFunction {
  code: string;
  args: unknown[];
}

/**
 * One document in one frame, as long as it is there. What is asked runs in a world of our own beside
 * that of the page: it shares the page's elements and nothing else, so a page does not notice it.
 */
export class PageDocument {
  readonly place: DocumentPlace;
  readonly #session: CdpSession;
  readonly #gone = new AbortController();
  #world: Promise<number> | undefined;

  /** `session` reaches the frame it is in. */
  constructor(session: CdpSession, place: DocumentPlace) {
    this.#session = session;
    this.place = place;
  }

  /** Aborts when another document, or none, is in its place. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  leave(): void {
    this.#gone.abort(new Error('the document is gone'));
  }

  /**
   * Evaluates an expression in our own world, and waits for its promise if it is one. Throws when it
   * throws, the document goes, or the signal aborts.
   */
  async ask<T>(expression: string, result: z.ZodType<T>, signal: AbortSignal): Promise<T> {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const evaluated = await this.#evaluate(params, signal);
    return result.parse(evaluated.value);
  }

  /**
   * Calls a function in the page's world, `this` being the element that an expression of our own
   * world gives, and waits for its promise if it returns one. Throws as `ask`.
   */
  async callOn<T>(
    element: string,
    call: PageFunction,
    result: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<T> {
    using group = this.#objectGroup();
    const { objectGroup } = group;
    const objectId = await this.#elementInPage(element, objectGroup, signal);
    const how = { returnByValue: true, awaitPromise: true };
    const called = await this.#call(objectId, call, how, signal);
    return result.parse(called.value);
  }

  /**
   * Calls a function in the page's world, `this` being an array of all objects there, also those
   * that no variable of a page leads to. Chromium collects garbage for that: some 0.1 s. Throws as
   * `ask`.
   */
  async callOnObjects<T>(
    call: PageFunction,
    result: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<T> {
    using group = this.#objectGroup();
    const { objectGroup } = group;
    const document = await this.#elementInPage('document', objectGroup, signal);
    const code = 'function () { return Object.prototype }';
    const prototype = await this.#call(document, { code, args: [] }, { objectGroup }, signal);
    const params = { prototypeObjectId: idOf(prototype), objectGroup };
    const { objects } = await this.#send('Runtime.queryObjects', params, signal);
    const called = await this.#call(idOf(objects), call, { returnByValue: true }, signal);
    return result.parse(called.value);
  }

  /** The id of the frame that an element of this document holds; undefined when it holds none. Throws as `ask`. */
  async frameIn(element: string, signal: AbortSignal): Promise<string | undefined> {
    using group = this.#objectGroup();
    const { objectGroup } = group;
    const objectId = idOf(await this.#evaluate({ expression: element, objectGroup }, signal));
    const { node } = await this.#send('DOM.describeNode', { objectId }, signal);
    return FrameOwner.parse(node).frameId;
  }

  /** What was loaded from an address, in base64: not asked for again. Throws as `ask`. */
  async resource(url: string, signal: AbortSignal): Promise<string> {
    const params = { frameId: this.place.frameId, url };
    const resource = await this.#send('Page.getResourceContent', params, signal);
    const { content, base64Encoded } = Resource.parse(resource);
    return base64Encoded ? content : Buffer.from(content).toString('base64');
  }

  async #elementInPage(
    expression: string,
    objectGroup: string,
    signal: AbortSignal,
  ): Promise<string> {
    const objectId = idOf(await this.#evaluate({ expression, objectGroup }, signal));
    const { node } = await this.#send('DOM.describeNode', { objectId }, signal);
    const params = { backendNodeId: node.backendNodeId, objectGroup };
    return idOf((await this.#send('DOM.resolveNode', params, signal)).object);
  }

  async #evaluate(
    params: CdpParams<'Runtime.evaluate'>,
    signal: AbortSignal,
  ): Promise<RemoteObject> {
    const contextId = await untilAborted(this.#enter(), signal);
    return valueOf(await this.#send('Runtime.evaluate', { contextId, ...params }, signal));
  }

  async #call(
    objectId: string,
    { code, args }: PageFunction,
    more: Partial<CdpParams<'Runtime.callFunctionOn'>>,
    signal: AbortSignal,
  ): Promise<RemoteObject> {
    const params = {
      objectId,
      functionDeclaration: code,
      arguments: args.map((value) => ({ value })),
      ...more,
    };
    return valueOf(await this.#send('Runtime.callFunctionOn', params, signal));
  }

  #enter(): Promise<number> {
    const { frameId } = this.place;
    const params = { frameId, worldName: WORLD_NAME };
    const { signal } = this.#gone;
    this.#world ??= this.#send('Page.createIsolatedWorld', params, signal).then(
      (world) => world.executionContextId,
    );
    return this.#world;
  }

  /** Nothing of the page is held longer than it is needed. A page that shows a dialog answers late. */
  #objectGroup() {
    const objectGroup = crypto.randomUUID();
    const params = { objectGroup };
    return {
      objectGroup,
      [Symbol.dispose]: () => {
        this.#send('Runtime.releaseObjectGroup', params, this.#gone.signal).catch(() => undefined);
      },
    };
  }

  #send<M extends CdpMethod>(
    method: M,
    params: CdpParams<M>,
    signal: AbortSignal,
  ): Promise<CdpResult<M>> {
    const until = AbortSignal.any([signal, this.#gone.signal]);
    return this.#session.send(method, params, { signal: until });
  }
}

function valueOf({ result, exceptionDetails }: Evaluated): RemoteObject {
  if (exceptionDetails) throw new PageScriptError(exceptionDetails.text);
  return result;
}

/** Throws for what is no object of the page, such as an element that is not there. */
function idOf({ objectId }: RemoteObject): string {
  if (objectId === undefined) throw new Error('a script in a page gave no object');
  return objectId;
}
