import type { Runtime } from '../contract.ts';
import { hrefOf } from '../route.ts';

/** The runtimes that have a profile open. */
export function HolderLinks({ runtimes }: { runtimes: Runtime[] }) {
  return (
    <>
      {runtimes.map(({ id, workspaceId, alias }, i) => (
        <span key={id}>
          {i > 0 && ', '}
          <a href={hrefOf('runtimes', workspaceId, id)}>{alias}</a>
        </span>
      ))}
    </>
  );
}
