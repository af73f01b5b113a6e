// Each by itself: a whole group takes seconds to load.
import { Certificate } from '@kubernetes-models/cert-manager/cert-manager.io/v1/Certificate';
import { Issuer } from '@kubernetes-models/cert-manager/cert-manager.io/v1/Issuer';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import { DaemonSet } from 'kubernetes-models/apps/v1/DaemonSet';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { Secret } from 'kubernetes-models/v1/Secret';
import { Service } from 'kubernetes-models/v1/Service';

const MODELS = [
  Certificate,
  ConfigMap,
  DaemonSet,
  Deployment,
  Issuer,
  Job,
  Namespace,
  NetworkPolicy,
  PodDisruptionBudget,
  ScaledObject,
  Secret,
  Service,
  StatefulSet,
];

/**
 * What is wrong with an object of Kubernetes: what its schema says, and the paths of fields that the
 * schema does not have. The schemas let those pass, but a field that is misspelt does nothing.
 */
export function problemsOf(document: unknown): string[] {
  const model = MODELS.find(({ is }) => is(document));
  if (!model) return ['there is no schema of its kind'];
  const read = new Set<string>();
  const problems: string[] = [];
  try {
    model.prototype.validate.call(recording(document, '', read));
  } catch (error) {
    problems.push(String(error));
  }
  return [...problems, ...pathsOf(document, '').filter((path) => !read.has(path))];
}

/** Notes which fields are looked at: a schema looks at every one that it has. */
function recording(value: unknown, path: string, read: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get: (target, key) => {
      const below = `${path}/${String(key)}`;
      read.add(below);
      return recording(Reflect.get(target, key), below, read);
    },
  });
}

function pathsOf(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, below]) => [
    `${path}/${key}`,
    ...pathsOf(below, `${path}/${key}`),
  ]);
}
