import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Environment } from '../../src/api/config/environment.ts';
import {
  readManifests,
  readProjectFile,
  type Manifest,
  type PodSpec,
} from '../support/deploy-files.ts';
import { problemsOf } from '../support/kubernetes-schemas.ts';

const manifests = await readManifests();
const isKustomize = ({ apiVersion }: Manifest) => apiVersion.startsWith('kustomize.config.k8s.io/');
/** They lack what is in the objects that they change. */
const isPatch = ({ file }: Manifest) => /^tls\/(?:api|node|nats)\.yaml$/.test(file);
const objects = manifests.filter((one) => !isKustomize(one) && !isPatch(one));
const nameOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata?.name}`;

function find(kind: string, name: string): Manifest {
  const found = objects.find((one) => nameOf(one) === `${kind} ${name}`);
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

function podOf({ spec }: Manifest): PodSpec | undefined {
  return spec?.template?.spec;
}

test.for(objects.map((one) => [nameOf(one), one] as const))(
  'Kubernetes knows every field of %s',
  ([, { document }]) => {
    expect(problemsOf(document)).toEqual([]);
  },
);

test('a field that Kubernetes does not know is found', () => {
  const metadata = { name: 'x', labels: { any: 'label' }, nmae: 'x' };
  const document = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { any: 'text' } };
  expect(problemsOf(document)).toEqual(['/metadata/nmae']);
});

test('every file is applied, but for examples', () => {
  const named = manifests
    .filter(isKustomize)
    .flatMap(({ file, document }) => {
      const { resources, patches = [] } = z
        .object({
          resources: z.array(z.string()),
          patches: z.array(z.object({ path: z.string() })).optional(),
        })
        .parse(document);
      const folder = file.replace(/[^/]+$/, '');
      return [...resources, ...patches.map(({ path }) => path)].map((name) => folder + name);
    })
    .toSorted();
  const files = new Set(manifests.map(({ file }) => file));
  expect(named).toEqual([...files].filter((file) => !/kustomization|\.example\./.test(file)));
});

test('every variable is a setting of the service', () => {
  const ofPods = manifests
    .flatMap((one) => podOf(one)?.containers ?? [])
    .filter(({ name }) => name === 'bctrl' || name === 'migrate')
    .flatMap(({ env }) => env);
  const { data } = find('ConfigMap', 'bctrl');
  const { stringData } = find('Secret', 'bctrl');
  const names = [...ofPods.map(({ name }) => name), ...Object.keys({ ...data, ...stringData })];
  const settings = Object.keys(Environment.shape);
  expect(names.filter((name) => !settings.includes(name))).toEqual(['POD_IP']);
});

test('a node tells the address of its pod', () => {
  const [node] = podOf(find('StatefulSet', 'bctrl-node'))?.containers ?? [];
  const names = node?.env.map(({ name }) => name) ?? [];
  expect(node?.env).toContainEqual({ name: 'BCTRL_NODE_ADDRESS', value: '$(POD_IP)' });
  // A variable can refer to those before it.
  expect(names.indexOf('POD_IP')).toBeLessThan(names.indexOf('BCTRL_NODE_ADDRESS'));
});

describe.for(objects.filter(podOf).map((one) => [nameOf(one), podOf(one)] as const))(
  'the pod of %s',
  ([, pod]) => {
    test('gets no variables and no credentials of Kubernetes', () => {
      expect(pod).toMatchObject({ enableServiceLinks: false, automountServiceAccountToken: false });
    });

    test('has no capability, and gains none', () => {
      expect(pod?.containers.map(({ securityContext }) => securityContext)).toMatchObject([
        { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      ]);
    });

    test('has an image of a known version', () => {
      for (const { image } of pod?.containers ?? []) expect(image).toMatch(/^bctrl$|:(?!latest).+/);
    });
  },
);

test('a node has the memory that it counts on, and no limit of processors', () => {
  const [node] = podOf(find('StatefulSet', 'bctrl-node'))?.containers ?? [];
  expect(node?.resources.limits).toEqual({ memory: node?.resources.requests['memory'] });
});

test('no probe ends a node', () => {
  const [node] = podOf(find('StatefulSet', 'bctrl-node'))?.containers ?? [];
  expect(node).toMatchObject({ readinessProbe: {} });
  expect(node?.livenessProbe).toBeUndefined();
});

function graceOf(one: Manifest): number | undefined {
  return podOf(one)?.terminationGracePeriodSeconds;
}

test('pods are given the time that an orderly end takes', () => {
  const shutdownSeconds = Environment.shape.BCTRL_SHUTDOWN_GRACE_MS.parse(undefined) / 1000;
  expect(graceOf(find('Deployment', 'bctrl-api'))).toBeGreaterThan(5 + shutdownSeconds);
  expect(graceOf(find('StatefulSet', 'bctrl-node'))).toBeGreaterThan(3600 + shutdownSeconds);
});

test('every selector finds pods', () => {
  const pods = objects.map(({ spec }) => spec?.template?.metadata.labels);
  const Selecting = z.object({
    spec: z.object({
      selector: z.union([
        z.object({ matchLabels: z.record(z.string(), z.string()) }).transform((x) => x.matchLabels),
        z.record(z.string(), z.string()),
      ]),
    }),
  });
  const selectors = objects.flatMap(({ document }) => {
    const { success, data } = Selecting.safeParse(document);
    return success ? [data.spec.selector] : [];
  });
  expect(selectors.length).toBeGreaterThan(5);
  for (const selector of selectors) expect(pods).toContainEqual(expect.objectContaining(selector));
});

test('only nodes have the name by which nodes are known', () => {
  const named = objects
    .filter(({ kind }) => kind === 'Certificate')
    .filter(({ spec }) => JSON.stringify(spec?.['dnsNames'])?.includes('bctrl-node'));
  expect(named.map(nameOf)).toEqual(['Certificate bctrl-node']);
});

test('NATS is configured as for Docker Compose, and lets nobody in without the token', async () => {
  const { data } = find('ConfigMap', 'nats');
  const shared = await readProjectFile('deploy/nats.conf');
  const [settings = ''] = shared.split('# Of three servers');
  expect(data['nats.conf']).toBe(`${settings}authorization { token: $NATS_TOKEN }\n`);
});
