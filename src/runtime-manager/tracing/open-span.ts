import {
  context,
  createContextKey,
  SpanStatusCode,
  type Context,
  type Span,
  type SpanContext,
} from '@opentelemetry/api';
import { RuntimeError } from '../errors.ts';
import { allowed, type Attributes } from './attributes.ts';

export type { SpanContext };

const OPEN = createContextKey('bctrl: the span that is open');

/** One that has no code of its own. https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/ */
const OTHER = '_OTHER';

/** A span while its work goes on. */
export class OpenSpan {
  readonly #span: Span;
  #isOpen = true;

  constructor(span: Span) {
    this.#span = span;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether anybody will see what it is told. */
  get isRecorded(): boolean {
    return this.#span.isRecording();
  }

  /** What other spans can point at. */
  get at(): SpanContext {
    return this.#span.spanContext();
  }

  tell(attributes: Attributes): void {
    this.#span.setAttributes(allowed(attributes));
  }

  rename(name: string): void {
    this.#span.updateName(name);
  }

  /** Points at a span of another trace that this one has to do with. */
  linkTo(other: SpanContext | undefined): void {
    if (other) this.#span.addLink({ context: other });
  }

  /** Says by its code why the work failed; the message of an error may hold a customer's secret. */
  fail(code: string = OTHER): void {
    this.tell({ 'error.type': code });
    this.#span.setStatus({ code: SpanStatusCode.ERROR });
  }

  end(): void {
    this.#isOpen = false;
    this.#span.end();
  }
}

/** The code of what was thrown; undefined for what the service did not expect. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof RuntimeError ? error.code : undefined;
}

export function withOpen(base: Context, open: OpenSpan): Context {
  return base.setValue(OPEN, open);
}

/** The innermost span that this code was begun in, which may be over by now. */
export function innermost(): OpenSpan | undefined {
  const found = context.active().getValue(OPEN);
  return found instanceof OpenSpan ? found : undefined;
}
