/**
 * Does some work again and again, never twice at once, and tells of failures. `soon` has it done once
 * more, after what is done just now.
 */
export function every(
  intervalMs: number,
  work: () => Promise<void>,
  onError: (error: unknown) => void,
): Disposable & { soon: () => void } {
  let working = false;
  let isWanted = false;
  const once = async () => {
    if (working) return;
    working = true;
    do {
      isWanted = false;
      try {
        await work();
      } catch (error) {
        onError(error);
      }
    } while (isWanted);
    working = false;
  };
  const soon = () => {
    isWanted = true;
    void once();
  };
  const timer = setInterval(() => void once(), intervalMs).unref();
  return { soon, [Symbol.dispose]: () => clearInterval(timer) };
}
