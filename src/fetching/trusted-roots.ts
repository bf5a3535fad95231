import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { SetupUnusable } from './fetch-failure.ts'

/** Variables that name a bundle of further roots, the first that is set first. */
const bundleVariables = ['CODEX_CA_CERTIFICATE', 'SSL_CERT_FILE']

/** A bundle of all public roots takes a quarter of a megabyte. */
const maxBundleBytes = 16 * 1024 * 1024

const certificate = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED )?CERTIFICATE-----/g

/**
 * Whom HTTPS requests trust: the roots of Node, those of the system, and the PEM bundle that the environment names.
 * Reading them takes tens of milliseconds, hence once for all connections.
 * @throws SetupUnusable when the bundle cannot be read or holds something else than certificates
 */
export async function trustedRoots(environment: Readonly<Record<string, string | undefined>>): Promise<SecureContext> {
  const named = bundleVariables.find(name => (environment[name] ?? '') !== '')
  const further = named === undefined ? [] : await readBundle(named, environment[named] ?? '')
  return createSecureContext({
    ca: [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...further])],
  })
}

async function readBundle(variable: string, path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'latin1').catch((error: unknown) => {
    throw new SetupUnusable(`the certificates that ${variable} names cannot be read`, { cause: error })
  })
  const certificates = text.length > maxBundleBytes ? [] : [...text.matchAll(certificate)].map(([pem]) => pem)
  if (certificates.length === 0) throw new SetupUnusable(`${variable} names a file without certificates`)
  try {
    return certificates.map(pem => new X509Certificate(pem).toString())
  } catch (error) {
    throw new SetupUnusable(`${variable} names a file with an invalid certificate`, { cause: error })
  }
}
