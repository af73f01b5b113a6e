/** Does some work again and again, never twice at once, and tells of failures. */
export function every(
  intervalMs: number,
  work: () => Promise<void>,
  onError: (error: unknown) => void,
): Disposable & { soon: () => void } {
  let working = false;
  const once = async () => {
    if (working) return;
    working = true;
    try {
      await work();
    } catch (error) {
      onError(error);
    }
    working = false;
  };
  const timer = setInterval(() => void once(), intervalMs).unref();
  return { soon: () => void once(), [Symbol.dispose]: () => clearInterval(timer) };
}
