import { z } from 'zod';
import tools from './tools.json' with { type: 'json' };

const ToolSchema = z.object({
  name: z.string(),
  description: z.string(),
  inputSchema: z.looseObject({ type: z.literal('object') }),
  annotations: z.object({
    title: z.string(),
    readOnlyHint: z.boolean(),
    destructiveHint: z.boolean(),
    openWorldHint: z.boolean(),
  }),
});

/** A tool as clients of MCP see it. */
export type ToolSchema = z.infer<typeof ToolSchema>;

/** Playwright's tools that a runtime has, as `npm run tools` wrote them down: its code is large. */
export function playwrightTools(): ToolSchema[] {
  return z.array(ToolSchema).parse(tools);
}
