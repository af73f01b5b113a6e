import { z } from 'zod';
import { parseJson } from '../connections/parse-json.ts';

const DATA = Buffer.from('"data":"');
const QUOTE = 34;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** The process of a page writes the size. */
const Frame = z.object({
  params: z.object({
    sessionId: z.int(),
    metadata: z.object({
      deviceWidth: z.number().min(0).max(65_535),
      deviceHeight: z.number().min(0).max(65_535),
      timestamp: z.number().optional(),
    }),
  }),
});

export type CastFrame = z.infer<typeof Frame>['params'] & {
  /** The picture, in base64. */
  data: Buffer;
};

/**
 * Reads the event `Page.screencastFrame`, whose picture stays where it is: it is most of the message,
 * and has no escapes. Undefined for what is none.
 */
export function readFrame(message: Buffer): CastFrame | undefined {
  const from = message.indexOf(DATA) + DATA.length;
  const to = message.indexOf(QUOTE, from);
  if (from < DATA.length || to < 0) return undefined;
  const around = Buffer.concat([message.subarray(0, from), message.subarray(to)]);
  const { data: frame } = Frame.safeParse(parseJson(around));
  const data = message.subarray(from, to);
  const isWhole = data.length % 4 === 0 && BASE64.test(data.toString('latin1', data.length - 4));
  return frame && isWhole ? { ...frame.params, data } : undefined;
}
