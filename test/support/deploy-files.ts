import { readdir, readFile } from 'node:fs/promises';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';

const MANIFESTS = 'deploy/kubernetes/';

/** The text of a file of the repository. */
export function readProjectFile(path: string): Promise<string> {
  return readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
}

const Service = z.looseObject({
  image: z.string().optional(),
  environment: z.record(z.string(), z.string().nullable()).default({}),
  volumes: z.array(z.string()).default([]),
});
const ComposeFile = z.looseObject({ services: z.record(z.string(), Service) });
export type ComposeFile = z.infer<typeof ComposeFile>;

/** What Compose takes away that an earlier file has. */
const RESET = { tag: '!reset', collection: 'seq', resolve: (list: unknown) => list } as const;

export async function readCompose(path: string): Promise<ComposeFile> {
  const text = await readProjectFile(path);
  return ComposeFile.parse(parse(text, { merge: true, customTags: [RESET] }));
}

const EnvVar = z.looseObject({ name: z.string(), value: z.string().optional() });
const Container = z.looseObject({
  name: z.string(),
  image: z.string().optional(),
  env: z.array(EnvVar).default([]),
  livenessProbe: z.looseObject({}).optional(),
  resources: z
    .looseObject({
      requests: z.record(z.string(), z.string()).default({}),
      limits: z.record(z.string(), z.string()).default({}),
    })
    .default({ requests: {}, limits: {} }),
});
const PodSpec = z.looseObject({
  terminationGracePeriodSeconds: z.number().optional(),
  enableServiceLinks: z.boolean().optional(),
  automountServiceAccountToken: z.boolean().optional(),
  containers: z.array(Container),
});
export type PodSpec = z.infer<typeof PodSpec>;

const Labels = z.record(z.string(), z.string()).default({});
const Template = z.looseObject({
  metadata: z.looseObject({ labels: Labels }).default({ labels: {} }),
  spec: PodSpec,
});
const Manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }).optional(),
  data: z.record(z.string(), z.string()).default({}),
  stringData: z.record(z.string(), z.string()).default({}),
  spec: z.looseObject({ template: Template.optional() }).optional(),
});
export interface Manifest extends z.infer<typeof Manifest> {
  /** Below deploy/kubernetes. */
  file: string;
  /** As it is in the file. */
  document: unknown;
}

/** Every document of the manifests for Kubernetes. */
export async function readManifests(): Promise<Manifest[]> {
  const names = await readdir(new URL(`../../${MANIFESTS}`, import.meta.url), { recursive: true });
  const files = names.filter((name) => name.endsWith('.yaml')).toSorted();
  const read = files.map(async (file) =>
    parseAllDocuments(await readProjectFile(MANIFESTS + file)).map((parsed) => {
      if (parsed.errors.length > 0) throw new Error(`${file}: ${parsed.errors.join(', ')}`);
      const document: unknown = parsed.toJS();
      return { file, document, ...Manifest.parse(document) };
    }),
  );
  return (await Promise.all(read)).flat();
}
