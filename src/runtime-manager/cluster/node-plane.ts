import { RuntimeError } from '../errors.ts';
import { unreachable } from '../node/nodes.ts';
import { notActive } from '../node/runtime-ends.ts';
import type { DataPlaneClient, DataPlaneTarget } from './data-plane/data-plane-client.ts';
import type { Directory } from './directory.ts';
import type { DataPlane } from './remote-node.ts';

export interface NodePlaneParts {
  client: Pick<DataPlaneClient, 'connect' | 'answer'>;
  directory: Directory;
  /** Called with a node that could not be reached. */
  doubt: (nodeId: string) => void;
}

/**
 * Dials nodes where their beacons say. Clients of a node that is gone are sent away, and told that its
 * runtimes are over.
 */
export function planeOf({ client, directory, doubt }: NodePlaneParts): DataPlane {
  const dial = async <T>(
    nodeId: string,
    work: (target: DataPlaneTarget, over: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    try {
      return await work(targetOf(directory, nodeId), directory.overOf(nodeId));
    } catch (error) {
      if (directory.isGone(nodeId)) throw notActive({ stopReason: undefined });
      if (error instanceof RuntimeError && error.code === 'runtime.unreachable') doubt(nodeId);
      throw error;
    }
  };
  return {
    connect: (nodeId, ticket, asked) => {
      const leave = () => asked.socket.destroy();
      return dial(nodeId, async (target, over) => {
        over.addEventListener('abort', leave, { once: true });
        try {
          await client.connect(target, ticket, asked);
        } finally {
          over.removeEventListener('abort', leave);
        }
      });
    },
    answer: (nodeId, ticket, asked) =>
      dial(nodeId, (target, over) => {
        const gone = AbortSignal.any([asked.gone, over]);
        return client.answer(target, ticket, { ...asked, gone });
      }),
  };
}

function targetOf(directory: Directory, nodeId: string): DataPlaneTarget {
  const address = directory.find(nodeId)?.beacon.address;
  if (address === undefined || !directory.isInReach(nodeId)) throw unreachable();
  return { nodeId, address };
}
