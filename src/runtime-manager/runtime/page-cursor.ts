import { z } from 'zod';

const Position = z.tuple([z.iso.datetime().transform((text) => new Date(text)), z.uuid()]);

/** A cursor names the last row of a page by when it was made and its id. */
export function cursorOf({ createdAt, id }: { createdAt: Date; id: string }): string {
  return Buffer.from(`${createdAt.toISOString()} ${id}`, 'utf8').toString('base64url');
}

/** Undefined when the text is no cursor. */
export function parseCursor(cursor: string): z.output<typeof Position> | undefined {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const { data } = Position.safeParse(text.split(' '));
  return data;
}
