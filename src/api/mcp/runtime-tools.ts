import {
  ToolAnswer,
  type ReadTicket,
  type RuntimeManager,
  type ToolSchema,
} from '../../runtime-manager/index.ts';
import type { ToolSet } from './serve-mcp.ts';

const INSTRUCTIONS =
  "Playwright's tools on one running browser, which people and other programs may use too: take a snapshot before you act. Files that tools write or take are files of the runtime.";

export interface RuntimeToolParts {
  runtimes: RuntimeManager;
  tools: ToolSchema[];
  ticket: ReadTicket;
  /** The address of a file of the runtime, for whoever has a key; undefined: the caller has none. */
  fileUrl: ((fileId: string) => string) | undefined;
}

/** Playwright's tools on a runtime. */
export function runtimeTools({ runtimes, tools, ticket, fileUrl }: RuntimeToolParts): ToolSet {
  return {
    instructions: INSTRUCTIONS,
    tools,
    call: async (name, args, signal) => {
      const response = await runtimes.access.callTool(ticket, { name, arguments: args }, signal);
      const { content, isError, files } = ToolAnswer.parse(await response.json());
      const notes = files.map(({ id, name: file, contentType, sizeBytes }) => {
        const where = fileUrl ? ` at ${fileUrl(id)}` : '';
        return `- ${file} (${contentType}, ${sizeBytes} bytes), file ${id} of the runtime${where}`;
      });
      if (notes.length === 0) return { content, isError };
      const text = ['### Files', ...notes].join('\n');
      return { content: [...content, { type: 'text', text }], isError };
    },
  };
}
