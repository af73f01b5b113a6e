const FIRST_MS = 250;
const MOST_MS = 10_000;

/** How long to wait before the next try, in milliseconds: longer each time, and never as long as others do. */
export function backoffMs(tries: number): number {
  const longest = Math.min(MOST_MS, FIRST_MS * 2 ** tries);
  return longest / 2 + (Math.random() * longest) / 2;
}

/** As long as the answer asks for, and a little more, so that not all who were refused come back at once. */
export function retryAfterMs(response: Response): number | undefined {
  const header = response.headers.get('retry-after');
  if (header === null) return undefined;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms) + Math.random() * FIRST_MS;
}
