import { z } from 'zod';
import type { Run } from '../companion.ts';
import { RuntimeError } from '../errors.ts';
import type { NodeRequest } from '../node/runtime-node.ts';
import type { Helper } from './helper.ts';
import { ToolAnswer, ToolCall } from './tool-call.ts';
import { ProducedFile } from './outcome.ts';
import type { StepFiles } from './step-files.ts';

/** With the start of the process and the wait for its turn; a tool ends sooner by itself unless the process hangs. */
const CALL_MS = 80_000;
const PATH = '/tool';

/** What the process that carries tools out says. */
const Produced = ToolAnswer.extend({ files: z.array(ProducedFile) });

export interface RunToolsOptions {
  helper: Pick<Helper, 'call'>;
  files: Pick<StepFiles, 'keep'>;
}

/** Playwright's tools for one browser. */
export class RunTools {
  readonly #options: RunToolsOptions;
  readonly #run: Pick<Run, 'log' | 'signal'>;

  constructor(options: RunToolsOptions, run: Pick<Run, 'log' | 'signal'>) {
    this.#options = options;
    this.#run = run;
  }

  /** Calls a tool, and answers what it says as JSON. Throws `runtime.not_active` when the run ends. */
  async answer({ path, body, gone }: NodeRequest): Promise<Response> {
    if (path !== PATH) {
      throw new RuntimeError('runtime.not_active', 'The runtime does not support this.');
    }
    const text = Buffer.concat(await Array.fromAsync(body)).toString('utf8');
    try {
      return Response.json(await this.#call(ToolCall.parse(JSON.parse(text)), gone));
    } catch (error) {
      if (!this.#run.signal.aborted) throw error;
      throw new RuntimeError('runtime.not_active', 'The runtime has ended.', { cause: error });
    }
  }

  async #call(call: ToolCall, gone: AbortSignal): Promise<ToolAnswer> {
    const { helper, files } = this.#options;
    const signal = AbortSignal.any([gone, this.#run.signal, AbortSignal.timeout(CALL_MS)]);
    try {
      const produced = Produced.parse(await helper.call('tool', call, signal));
      const kept = await Promise.all(produced.files.map((file) => files.keep(file)));
      return { ...produced, files: kept };
    } catch (error) {
      if (gone.aborted || this.#run.signal.aborted) throw error;
      this.#run.log.warn({ err: error, tool: call.name }, 'a tool could not be carried out');
      return UNDONE;
    }
  }
}

const UNDONE: ToolAnswer = {
  content: [
    {
      type: 'text',
      text: '### Error\nThe tool could not be carried out, or its files could not be kept: the browser does not answer. A dialog that is open may be why.',
    },
  ],
  isError: true,
  files: [],
};
