/** The process that carries out Playwright's tools for one browser. */
import { tmpdir } from 'node:os';
import { z } from 'zod';
import { connectContext, givenFile, serveCalls } from './called-process.ts';
import type { ToolFile } from './tool-files.ts';
import { openTools, type Tools } from './tools.ts';

const Call = z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()) });

function encoded({ content, ...about }: ToolFile): object {
  return { ...about, content: content.toString('base64') };
}

let tools: Tools | undefined;

serveCalls({
  start: async (params) => {
    tools = openTools(await connectContext(params), { outputDir: tmpdir(), givenFile });
  },
  tool: async (params, signal) => {
    if (!tools) throw new Error('the process was not started');
    const { name, arguments: given } = Call.parse(params);
    const { files, ...said } = await tools.call(name, given, signal);
    return { ...said, files: files.map(encoded) };
  },
});
