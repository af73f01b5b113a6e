import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { writeJoined } from './write-joined.ts';

const Part = z.object({ path: z.string(), startMs: z.number(), endMs: z.number() });
const Task = z.object({ parts: z.array(Part), output: z.string() });

const { parts, output } = Task.parse(workerData);
parentPort?.postMessage(await writeJoined(parts, output), []);
