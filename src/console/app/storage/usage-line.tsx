import { bytes } from '../times.ts';
import type { Namespaces } from './contract.ts';

/** How much all files have, and may have. */
export function UsageLine({ usage }: { usage: Namespaces['usage'] | undefined }) {
  const { usedBytes, limitBytes } = usage ?? { usedBytes: 0, limitBytes: 1 };
  return (
    <div class="usage">
      <meter
        aria-label="Used of the storage"
        min={0}
        max={limitBytes}
        high={limitBytes * 0.9}
        value={usedBytes}
      />
      <p>
        {usage && (
          <>
            {bytes(usedBytes)} of {bytes(limitBytes)}{' '}
            <span class="dim">used by all files, also those of runtimes</span>
          </>
        )}
      </p>
    </div>
  );
}
