import { useEffect, useMemo } from 'preact/hooks';
import { Figures } from './figures.ts';
import { NodeList } from './node-list.tsx';
import { Tiles } from './tiles.tsx';

export function CapacityPage() {
  const figures = useMemo(() => new Figures(), []);
  const now = figures.now.value;
  useEffect(() => {
    document.title = 'Capacity · bctrl';
    return () => figures.close();
  }, []);
  return (
    <main class="page">
      <div class="page-head">
        <h1 tabIndex={-1}>Capacity</h1>
        <p class="dim">now, and in the last hour</p>
      </div>
      <p class="wrong" role="alert">
        {figures.error.value}
      </p>
      {now ? (
        <>
          <Tiles now={now} samples={figures.samples.value} />
          <NodeList figures={figures} />
        </>
      ) : (
        !figures.error.value && <p class="notice dim">Loading…</p>
      )}
    </main>
  );
}
