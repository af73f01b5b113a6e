import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Paths of PEM files: what vouches for the other side, and what this side shows. */
export interface TlsFiles {
  caFile: string;
  certFile: string;
  keyFile: string;
}

export interface TlsIdentity {
  ca: Buffer;
  cert: Buffer;
  key: Buffer;
}

/**
 * The DNS name that the certificate of every node carries, whatever the node's address. That of a
 * process which is no node must not carry it: then it cannot stand in for a node.
 */
export const NODE_NAME = 'bctrl-node';

/** Throws one sentence with the path of a file that is missing, or is not what it should be. */
export function readTlsFiles({ caFile, certFile, keyFile }: TlsFiles): TlsIdentity {
  const [ca, cert, key] = [readFile(caFile), readFile(certFile), readFile(keyFile)];
  parse(caFile, 'certificate', () => new X509Certificate(ca));
  const certificate = parse(certFile, 'certificate', () => new X509Certificate(cert));
  const privateKey = parse(keyFile, 'private key', () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new Error(`The key in ${keyFile} does not belong to the certificate in ${certFile}.`);
  }
  return { ca, cert, key };
}

/** As `readTlsFiles`, for a node. */
export function readNodeTlsFiles(files: TlsFiles): TlsIdentity {
  const identity = readTlsFiles(files);
  const options = { subject: 'never' } as const;
  if (new X509Certificate(identity.cert).checkHost(NODE_NAME, options) === undefined) {
    throw new Error(
      `The certificate in ${files.certFile} is not for a node: it has no DNS name ${NODE_NAME}.`,
    );
  }
  return identity;
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? `: ${String(cause.code)}` : '';
    throw new Error(`${path} cannot be read${why}.`, { cause });
  }
}

function parse<T>(path: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Error(`${path} has no ${what} in PEM.`, { cause });
  }
}
