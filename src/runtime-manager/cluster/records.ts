import { z } from 'zod';
import type { Runtime } from '../runtime/runtime.ts';

/** A larger one is read from its row, so that an answer never is more than the bus carries. */
const MOST_CHARACTERS = 100_000;

/** The record of a runtime, as processes of one build tell it to each other: its fields as JSON. */
const Told = z.object({ build: z.string(), fields: z.string() });

const Fields = z.array(z.tuple([z.string(), z.unknown()]));
const AnyRecord = z.custom<Runtime>();

type InstantKey = {
  [Key in keyof Runtime]: Date extends Runtime[Key] ? Key : never;
}[keyof Runtime];

const IS_INSTANT: Readonly<Record<InstantKey, true>> = {
  createdAt: true,
  updatedAt: true,
  startedAt: true,
  stoppedAt: true,
  lastActivityAt: true,
  expiresAt: true,
  queuedAt: true,
};

/** Undefined for a record that is too large. */
export function tellRecord(record: Runtime, build: string): z.infer<typeof Told> | undefined {
  const fields = JSON.stringify(Object.entries(record));
  return fields.length <= MOST_CHARACTERS ? { build, fields } : undefined;
}

/** Undefined when another build told it, whose records may have other shapes, or nothing was told. */
export function readRecord(told: unknown, build: string): Runtime | undefined {
  const { data } = Told.safeParse(told);
  if (data?.build !== build) return undefined;
  const fields = Fields.parse(JSON.parse(data.fields));
  return AnyRecord.parse(Object.fromEntries(fields.map(([key, value]) => [key, read(key, value)])));
}

/** In a list, JSON has null for what is undefined; no field of a record is null. */
function read(key: string, value: unknown): unknown {
  if (value === null) return undefined;
  return key in IS_INSTANT && typeof value === 'string' ? new Date(value) : value;
}
