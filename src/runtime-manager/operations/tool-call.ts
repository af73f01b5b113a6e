import { z } from 'zod';

/** Where the companion of operations is asked to call a tool. */
export const TOOL_PATH = '/operations/tool';

export const ToolCall = z.object({
  name: z.string(),
  arguments: z.record(z.string(), z.unknown()),
});
export type ToolCall = z.infer<typeof ToolCall>;

/** What a tool says, in the words of the Model Context Protocol, and the files of the runtime that it made. */
export const ToolAnswer = z.object({
  content: z.array(
    z.union([
      z.object({ type: z.literal('text'), text: z.string() }),
      z.object({ type: z.literal('image'), data: z.string(), mimeType: z.string() }),
    ]),
  ),
  isError: z.boolean(),
  files: z.array(
    z.object({
      id: z.uuid(),
      name: z.string(),
      contentType: z.string(),
      sizeBytes: z.number(),
    }),
  ),
});
export type ToolAnswer = z.infer<typeof ToolAnswer>;
