import { randomBytes, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect } from 'vitest';
import { ZipFile } from 'yazl';
import { z } from 'zod';
import { createRuntimeStore } from '../../../src/db/queries/runtimes.ts';
import { Sealing } from '../../../src/db/sealing.ts';
import type { NodeRequest } from '../../../src/runtime-manager/node/runtime-node.ts';
import type { Runtime } from '../../../src/runtime-manager/runtime/index.ts';
import { cdpOver } from '../../support/cdp.ts';
import {
  bodyOf,
  type Echo,
  type LargeRequest,
  type NodeUnderTest,
} from '../../support/node-under-test.ts';
import { nodeTest } from '../../support/node-test.ts';
import { openTestService } from '../../support/service.ts';
import type { WebSocket } from 'ws';
import { testRuntimeNode } from './runtime-node.contract.ts';

const MEGABYTE = 1_000_000;
const Session = z.object({ value: z.object({ sessionId: z.string() }) });
const Evaluated = z.object({ result: z.object({ result: z.object({ value: z.string() }) }) });

async function openLocalNode(): Promise<NodeUnderTest> {
  const service = await openTestService({ encryptionKey: 'a key for tests' });
  const { database, node } = service;
  const secrets = await Sealing.open(database.db, 'a key for tests');
  return {
    node,
    own: node,
    database,
    store: createRuntimeStore(database, secrets, { maxRuntimesPerOrganization: 100 }),
    openEcho,
    openLargeRequest: (answer, bytes) => openUpload(answer, { bytes, dataDir: service.dataDir }),
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

/** The page gives each text back as the value of an expression. */
async function openEcho(socket: WebSocket, { defaultPageId }: Runtime): Promise<Echo> {
  const { sessionId } = await cdpOver(socket).send('Target.attachToTarget', {
    targetId: defaultPageId,
    flatten: true,
  });
  socket.removeAllListeners('message');
  let id = 0;
  return {
    ask: (text) =>
      JSON.stringify({
        id: ++id,
        sessionId,
        method: 'Runtime.evaluate',
        params: { expression: JSON.stringify(text), returnByValue: true },
      }),
    heard: (message) => Evaluated.safeParse(JSON.parse(message)).data?.result.result.value,
  };
}

/** A file that is uploaded to a session lies among those of its browser then. */
async function openUpload(
  answer: (request: Partial<NodeRequest>) => Promise<Response>,
  { bytes, dataDir }: { bytes: number; dataDir: string },
): Promise<LargeRequest> {
  const wanted = Buffer.from(JSON.stringify({ capabilities: {} }));
  const made = await answer({ method: 'POST', path: '/session', body: bodyOf([wanted]).body });
  const { sessionId } = Session.parse(await made.json()).value;
  // Three bytes are four characters of base64.
  const content = randomBytes((bytes / 4) * 3);
  const name = `${randomUUID()}.bin`;
  const zip = await storedIn(name, content);
  const body = Buffer.from(JSON.stringify({ file: zip.toString('base64') }));
  const count = Math.ceil(body.length / MEGABYTE);
  return {
    method: 'POST',
    path: `/session/${sessionId}/se/file`,
    chunks: Array.from({ length: count }, (_, nth) =>
      body.subarray(nth * MEGABYTE, (nth + 1) * MEGABYTE),
    ),
    check: async (response) => {
      expect(await response.json()).toEqual({ value: expect.stringContaining(name) });
      const files = await readdir(dataDir, { recursive: true });
      const path = join(dataDir, files.find((file) => file.endsWith(name)) ?? 'nowhere');
      if (!content.equals(await readFile(path))) throw new Error('it is not what was sent');
    },
  };
}

async function storedIn(name: string, content: Buffer): Promise<Buffer> {
  const zip = new ZipFile();
  zip.addBuffer(content, name, { compress: false });
  zip.end();
  return buffer(zip.outputStream);
}

testRuntimeNode(nodeTest(openLocalNode));
