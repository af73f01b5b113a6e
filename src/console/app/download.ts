import { send } from './api.ts';

/** Some browsers read what they save only after a while. */
const KEPT_MS = 60_000;

export interface Receiving {
  /** Hears how many bytes have been received. */
  onReceived: (bytes: number) => void;
  signal: AbortSignal;
}

/**
 * Loads what the service has to make first, and has the browser save it. A refusal is thrown, which
 * a link could not tell.
 */
export async function download(path: string, name: string, receiving: Receiving): Promise<void> {
  const { body, headers } = await send('GET', path, { signal: receiving.signal });
  let bytes = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform: (part, controller) => {
      bytes += part.length;
      receiving.onReceived(bytes);
      controller.enqueue(part);
    },
  });
  const type = headers.get('content-type') ?? '';
  const content = await new Response(body?.pipeThrough(counter)).blob();
  save(new Blob([content], { type }), name);
}

function save(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
