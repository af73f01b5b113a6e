/** What a conversion asks of the service; data are in base64, and written one after the other. */
export type Asked =
  | { kind: 'read'; start: number; end: number }
  | { kind: 'write'; data: string }
  | { kind: 'done'; durationMs: number }
  | { kind: 'unsupported' }
  | { kind: 'failed'; message: string };

declare global {
  /** Resolves with what the service answers. */
  var askService: (what: Asked) => Promise<string>;
  /** For the service: takes the answer to what was asked last, and resolves with what is asked next. */
  var nextAsked: (answer: string) => Promise<Asked>;
}

/**
 * Lets a page ask the service, though it has no way out: the service calls for what is asked, one
 * thing after the other.
 */
export function openChannel(): void {
  const asked: { what: Asked; answer: (data: string) => void }[] = [];
  let answerLast = (_data: string) => {};
  let wake = () => {};

  globalThis.askService = (what) =>
    new Promise((answer) => {
      asked.push({ what, answer });
      wake();
    });

  globalThis.nextAsked = async (data) => {
    answerLast(data);
    for (;;) {
      const next = asked.shift();
      if (next) {
        answerLast = next.answer;
        return next.what;
      }
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
}
