import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { Environment, SETTINGS_BY_TOPIC } from '../src/api/config/environment.ts';

/** Paths, ports and addresses inside the container, which the image or docker-compose.yml sets. */
const OF_THE_CONTAINER =
  /^(?:PORT|HOST|DATABASE_URL|CHROM\w+|FFMPEG_PATH|BCTRL_DATA_DIR|BCTRL_BROWSER_DIR|BCTRL_NODE_(?:PORT|ADDRESS)|\w+_FILE)$/;

/** Everything from the first topic on. */
const TABLES = /^## [\s\S]*$/m;
const LIST = /(# Without a value:[^\n]*\n(?:x-.*\n)?)(?:( +)[A-Z]\w+:\n)+/;
const COMPOSE_FILES = ['docker-compose.yml', 'docker-compose.cluster.yml'];

const Meta = z.object({
  description: z.string(),
  shown: z.object({ default: z.string().optional() }),
});

export interface DescribedSetting {
  name: string;
  default: string;
  description: string;
}

/** Variables as the docs show them: by default, all that the service reads. */
export function describeSettings(
  schemas: Record<string, z.ZodType> = Environment.shape,
): DescribedSetting[] {
  return Object.entries(schemas).map(([name, schema]) => {
    const { description, shown } = Meta.parse(schema.meta());
    return { name, default: shown.default ?? fixedDefault(schema), description };
  });
}

/** The names of the variables that every file of Docker Compose passes on. */
export function passedOn(): string[] {
  return Object.keys(Environment.shape).filter((name) => !OF_THE_CONTAINER.test(name));
}

function fixedDefault(schema: z.ZodType): string {
  const value = schema.parse(undefined);
  const isShown = typeof value === 'number' || (typeof value === 'string' && value !== '');
  return isShown ? `\`${value}\`` : 'none';
}

/** Rewrites the tables of docs/configuration.md and the lists of the files of Docker Compose. */
async function main(): Promise<void> {
  const tables = Object.entries(SETTINGS_BY_TOPIC).map(([topic, schemas]) => {
    const rows = describeSettings(schemas).map(
      (one) => `| \`${one.name}\` | ${one.default} | ${one.description} |\n`,
    );
    return `## ${topic}\n\n| Variable | Default | Meaning |\n| --- | --- | --- |\n${rows.join('')}`;
  });
  await replace('docs/configuration.md', TABLES, () => tables.join('\n'));
  for (const file of COMPOSE_FILES) await replace(file, LIST, listed);
}

function listed(head: string, indent: string): string {
  return (
    head +
    passedOn()
      .map((name) => `${indent}${name}:\n`)
      .join('')
  );
}

/** `by` gets what the place has in parentheses. */
async function replace(
  name: string,
  place: RegExp,
  by: (...found: string[]) => string,
): Promise<void> {
  const path = new URL(`../${name}`, import.meta.url);
  const text = await readFile(path, 'utf8');
  if (!place.test(text)) throw new Error(`${name} has no place for settings`);
  await writeFile(
    path,
    text.replace(place, (_whole, ...found: string[]) => by(...found)),
  );
}

if (import.meta.main) await main();
