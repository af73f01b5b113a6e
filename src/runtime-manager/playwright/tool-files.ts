import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import mime from 'mime';
import type { McpResult } from 'playwright-core/lib/coreBundle';

/** A file that a tool made. */
export interface ToolFile {
  name: string;
  contentType: string;
  content: Buffer;
}

/** What a call answers with. */
export interface ToolResult {
  content: McpResult['content'];
  isError: boolean;
  files: ToolFile[];
}

interface Written {
  /** Where the tool wrote; whatever is there is of this call. */
  directory: string;
  /** Whether the client asked for a file. */
  isAsked: boolean;
  /** What each file was given as, by its path on this machine. */
  paths: ReadonlyMap<string, string>;
}

/**
 * Takes the files that a call has written, and has its text name them without their place.
 * Playwright writes snapshots and pictures that nobody asked to have as a file too: a snapshot is
 * put in the text, and a picture is in the answer already.
 */
export async function takeFiles(
  { content, isError = false }: McpResult,
  { directory, isAsked, paths }: Written,
): Promise<ToolResult> {
  const files: ToolFile[] = [];
  let told = content;
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const file = { name, contentType: typeOf(name), content: await readFile(path) };
    await rm(path);
    const isPicture = content.some((part) => part.type === 'image');
    if (!isAsked && name.endsWith('.yml')) told = edit(told, inline(file));
    else if (!isAsked && isPicture) told = edit(told, withoutLink(name));
    else files.push(file);
  }
  return { content: edit(told, plain(directory, paths)), isError, files };
}

type Edit = (text: string) => string;

function edit(content: McpResult['content'], change: Edit): McpResult['content'] {
  return content.map((part) =>
    part.type === 'text' ? { ...part, text: change(part.text) } : part,
  );
}

function inline({ name, content }: ToolFile): Edit {
  const link = `- [Snapshot](./${name})`;
  return (text) => text.replace(link, () => `\`\`\`yaml\n${content.toString('utf8')}\n\`\`\``);
}

/** `- [Screenshot of viewport](./page-….png)` */
function withoutLink(name: string): Edit {
  return (text) =>
    text
      .split('\n')
      .map((line) =>
        line.endsWith(`](./${name})`) ? line.replace(/^- \[(.*)\].*$/, '- $1') : line,
      )
      .join('\n');
}

/** Text without colours, and without paths of this machine. */
function plain(directory: string, paths: Written['paths']): Edit {
  return (text) =>
    [...paths].reduce(
      (told, [path, given]) => told.replaceAll(path, given),
      stripVTControlCharacters(text).replaceAll(`${directory}/`, '').replaceAll(directory, '.'),
    );
}

function typeOf(name: string): string {
  return mime.getType(name) ?? 'application/octet-stream';
}
