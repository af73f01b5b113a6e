import { refused, unreachable, type CallError } from './api.ts';
import type { Refusal } from './contract.ts';
import { prefix } from './route.ts';

export interface UploadRequest {
  method: 'POST' | 'PUT';
  /** Begins with `/v1`. */
  path: string;
  body: Blob | FormData;
  /** The type of a body that is no form. */
  contentType?: string;
}

export interface Sending {
  /** Hears how many bytes have been sent. */
  onSent: (bytes: number) => void;
  signal: AbortSignal;
}

/** Sends a body of any size. It tells how far it is, which `fetch` does not. */
export function upload<T>(request: UploadRequest, { onSent, signal }: Sending): Promise<T> {
  signal.throwIfAborted();
  const sending = new XMLHttpRequest();
  sending.open(request.method, prefix + request.path);
  sending.responseType = 'json';
  if (request.contentType) sending.setRequestHeader('content-type', request.contentType);
  sending.upload.addEventListener('progress', ({ loaded }) => onSent(loaded));
  signal.addEventListener('abort', () => sending.abort());
  return new Promise<T>((resolve, reject) => {
    sending.addEventListener('load', () => {
      const { status, response }: { status: number; response: T | null } = sending;
      if (status < 300 && response !== null) resolve(response);
      else reject(refusalOf(sending));
    });
    sending.addEventListener('error', () => reject(unreachable()));
    sending.addEventListener('abort', () => reject(signal.reason));
    sending.send(request.body);
  });
}

/** An answer that is not JSON, as that of a proxy in between, has no words. */
function refusalOf(sending: XMLHttpRequest): CallError {
  const refusal: Refusal | null = sending.response;
  const retry = sending.getResponseHeader('retry-after') ?? undefined;
  return refused(sending.status, refusal ?? undefined, retry);
}
