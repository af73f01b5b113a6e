import mime from 'mime';
import { z } from 'zod';
import { StepError } from '../../operations/steps/step-error.ts';
import type { StepFile } from '../../operations/steps/step-outcome.ts';

const MOST_BYTES = 50_000_000;
const IMAGE_TYPES = ['jpeg', 'webp', 'png'];

/** What a call makes a file of, and where to keep it. */
export interface FileWish {
  path: string | undefined;
  /** `pdf`, or a type of image. */
  type: string;
}

const Options = z.object({ path: z.string().optional(), type: z.string().optional() });

/** `options` are those that the step has for its call. */
export function fileWish(method: string, options: unknown): FileWish {
  const { path, type } = Options.safeParse(options).data ?? {};
  if (method === 'pdf') return { path, type: method };
  const ending = mime.getType(path ?? '')?.replace('image/', '');
  return { path, type: IMAGE_TYPES.find((one) => one === (type ?? ending)) ?? 'png' };
}

export function toFile(content: unknown, { path, type }: FileWish): StepFile {
  if (!Buffer.isBuffer(content)) throw new StepError('step_failed', 'The call made no file');
  if (content.byteLength > MOST_BYTES) {
    throw new StepError('result_too_large', `The file has more than ${MOST_BYTES} bytes`);
  }
  const named = type === 'pdf' ? 'page.pdf' : `screenshot.${type === 'jpeg' ? 'jpg' : type}`;
  const contentType = mime.getType(named) ?? 'application/octet-stream';
  return { name: path ?? named, contentType, content };
}
