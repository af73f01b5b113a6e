import { access } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { passedOn } from '../../docs/settings.ts';
import { Environment } from '../../src/api/config/environment.ts';
import { readCompose, readProjectFile } from '../support/deploy-files.ts';

const base = await readCompose('docker-compose.yml');
const cluster = await readCompose('docker-compose.cluster.yml');
const tls = await readCompose('deploy/docker-compose.tls.yml');
const nginx = await readCompose('examples/compose-nginx/compose.yml');
const processes = ['cluster-api', 'node'] as const;

function serviceOf(file: typeof base, name: string) {
  const service = file.services[name];
  if (!service) throw new Error(`there is no service ${name}`);
  return service;
}

test.for(processes)('%s is passed every variable that names no path or address', (name) => {
  expect(Object.keys(serviceOf(cluster, name).environment)).toEqual(
    expect.arrayContaining(passedOn()),
  );
});

test('every variable is a setting of the service', () => {
  const services = [...processes, 'migrate'].map((name) => serviceOf(cluster, name));
  services.push(...processes.map((name) => serviceOf(tls, name)), serviceOf(nginx, 'api'));
  const names = services.flatMap(({ environment }) => Object.keys(environment));
  expect(names.filter((name) => !(name in Environment.shape))).toEqual([]);
});

test('what all processes need is there, or asked for in a sentence', () => {
  for (const name of processes) {
    expect(serviceOf(cluster, name).environment).toMatchObject({
      BCTRL_ROLE: name === 'node' ? 'node' : 'api',
      DATABASE_URL: serviceOf(base, 'api').environment['DATABASE_URL'],
      NATS_URL: 'nats://nats:4222',
      BCTRL_ENCRYPTION_KEY: expect.stringMatching(/^\$\{BCTRL_ENCRYPTION_KEY:\?set it to .+\}$/),
      BCTRL_S3_BUCKET: expect.stringMatching(/^\$\{BCTRL_S3_BUCKET:\?set it to .+\}$/),
    });
  }
});

test('the service that does everything does not run beside the others', () => {
  expect(serviceOf(cluster, 'api')).toMatchObject({ profiles: [expect.any(String)] });
  expect(serviceOf(base, 'api')['profiles']).toBeUndefined();
});

test('nginx listens where the service does otherwise, and alone', () => {
  const [published] = z.array(z.string()).parse(serviceOf(base, 'api')['ports']);
  expect(serviceOf(nginx, 'api')['ports']).toEqual([]);
  expect(serviceOf(nginx, 'nginx')['ports']).toEqual([published?.replace(/8787$/, '80')]);
});

test('a node is confined as the one service is', () => {
  const { cap_drop, security_opt, shm_size, init } = serviceOf(base, 'api');
  expect(serviceOf(cluster, 'node')).toMatchObject({ cap_drop, security_opt, shm_size, init });
  expect(serviceOf(cluster, 'node').volumes).toContain('/proc:/closed/proc');
});

test('every node has a data directory of its own', () => {
  expect(serviceOf(cluster, 'node').volumes).toContain('/data');
});

test('images have a version', () => {
  const services = [cluster, nginx].flatMap((file) => Object.values(file.services));
  const images = services.flatMap(({ image }) => image ?? []);
  expect(images).toEqual(['nats:2', 'haproxy:lts', 'nginx:stable']);
});

test('files that are mounted are there, but for certificates', async () => {
  const mounted = [cluster, tls, nginx]
    .flatMap((file) => Object.values(file.services))
    .flatMap(({ volumes }) => volumes)
    .flatMap((volume) => /^\.\/([^:]+):/.exec(volume)?.[1] ?? []);
  expect(mounted).toContain('deploy/haproxy.cfg');
  for (const path of mounted.filter((one) => !one.startsWith('deploy/certificates/'))) {
    await expect(access(new URL(`../../${path}`, import.meta.url))).resolves.toBeUndefined();
  }
});

test('the files of certificates are those that deploy/certificates.sh makes', async () => {
  const script = await readProjectFile('deploy/certificates.sh');
  for (const name of processes) {
    const { environment, volumes } = serviceOf(tls, name);
    const [, folder = 'none'] = /certificates\/(\w+):/.exec(volumes.join()) ?? [];
    expect(script).toContain(`for role in api node`);
    expect(['api', 'node']).toContain(folder);
    const files = Object.values(environment).filter((value) => value?.startsWith('/'));
    expect(files).toEqual(['ca.crt', 'tls.crt', 'tls.key'].map((file) => `/certificates/${file}`));
  }
});
