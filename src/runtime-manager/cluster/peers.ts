import type { Logger } from 'pino';
import type { ReservedPorts } from '../egress/reserved-ports.ts';
import type { ReservedService } from '../egress/reserved-services.ts';
import type { NodeStore } from '../runtime/node-store.ts';
import { every } from '../timing/every.ts';

const LOOK_MS = 2000;

export interface PeersParts {
  store: Pick<NodeStore, 'list'>;
  reservedPorts: ReservedPorts;
  /** The path below which extensions may enter an API process. */
  entrance: string;
  log: Logger;
}

/** Keeps browsers of this machine from the ports of every process of the cluster. Resolves when it does. */
export async function reservePeers({
  store,
  reservedPorts,
  entrance,
  log,
}: PeersParts): Promise<Disposable> {
  const look = async () => {
    const listed = await store.list();
    reservedPorts.setPeers(
      listed.flatMap(({ address, httpAddress, role }) => [
        ...serviceAt(address),
        ...serviceAt(httpAddress).map((one) => (role === 'node' ? one : { ...one, entrance })),
      ]),
    );
  };
  await look();
  return every(LOOK_MS, look, (err) => {
    log.warn({ err }, 'the addresses of the cluster could not be read');
  });
}

function serviceAt(address: string | undefined): ReservedService[] {
  if (address === undefined) return [];
  const { hostname, port } = new URL(`tcp://${address}`);
  return [{ host: hostname.replaceAll(/^\[|\]$/g, ''), port: Number(port) }];
}
