import type { RecordingManifest } from './contract.ts';

/** What is known, with what came since. */
export function merge(known: RecordingManifest, more: RecordingManifest): RecordingManifest {
  return {
    ...more,
    parts: joined(known.parts, more.parts),
    marks: joined(known.marks, more.marks),
  };
}

function joined<T extends { id: string }>(known: T[], more: T[]): T[] {
  if (more.length === 0) return known;
  const ids = new Set(more.map(({ id }) => id));
  return [...known.filter(({ id }) => !ids.has(id)), ...more];
}
