import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { SetupUnusable } from './fetch-failure.ts'

/** Variables that name a bundle of further roots, the first that is set first. */
const bundleVariables = ['CODEX_CA_CERTIFICATE', 'SSL_CERT_FILE']

/** A bundle of all public roots takes a quarter of a megabyte. */
const maxBundleBytes = 16 * 1024 * 1024

const certificate = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED )?CERTIFICATE-----/g

/** Whom HTTPS requests trust: the roots of Node, those of the system, and the PEM bundle that the environment names. */
export class TrustedRoots {
  readonly #further: readonly string[]
  #context: SecureContext | undefined

  private constructor(further: readonly string[]) {
    this.#further = further
  }

  /** @throws SetupUnusable when the bundle cannot be read or holds no certificates */
  static async read(environment: Readonly<Record<string, string | undefined>>): Promise<TrustedRoots> {
    const named = bundleVariables.find(name => (environment[name] ?? '') !== '')
    return new TrustedRoots(named === undefined ? [] : await readBundle(named, environment[named] ?? ''))
  }

  /** Made when it is first asked for, which takes tens of milliseconds, and once for all connections. */
  get context(): SecureContext {
    const ca = () => [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...this.#further])]
    this.#context ??= createSecureContext({ ca: ca() })
    return this.#context
  }
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
