import { tools, type McpTool } from 'playwright-core/lib/coreBundle';
import { z } from 'zod';
import type { ToolSchema } from './tool-list.ts';
import { TOOL_NAMES } from './tool-names.ts';

const CAPABILITIES = ['network', 'pdf', 'storage', 'testing', 'vision'];

/** What Playwright says of paths is about its own machine. */
const DESCRIPTIONS: Record<string, string> = {
  filename: 'A name, without folders, for the file of the runtime that the result is saved to.',
  paths: 'The files of the runtime to give: for each its id or its path.',
};

/** The tools that a runtime has. */
export function allowedTools(): McpTool[] {
  const allowed = new Set<string>(TOOL_NAMES);
  return tools
    .filteredTools({ capabilities: CAPABILITIES })
    .filter(({ schema }) => allowed.has(schema.name));
}

export function toToolSchema({ schema }: McpTool): ToolSchema {
  const isReading = schema.type === 'readOnly' || schema.type === 'assertion';
  const { $schema: _, ...inputSchema } = z.toJSONSchema(schema.inputSchema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      for (const [name, description] of Object.entries(DESCRIPTIONS)) {
        const property = jsonSchema.properties?.[name];
        if (typeof property === 'object') property.description = description;
      }
    },
  });
  return {
    name: schema.name,
    description: schema.description,
    inputSchema: { ...inputSchema, type: 'object' },
    annotations: {
      title: schema.title,
      readOnlyHint: isReading,
      destructiveHint: !isReading,
      openWorldHint: true,
    },
  };
}
