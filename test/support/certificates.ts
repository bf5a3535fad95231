import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ScratchFolder } from './scratch-folder.ts'

/** An authority that nobody knows, and a certificate of it for names of this machine and of a served domain. */
export class PrivateAuthority implements Disposable {
  readonly #folder = new ScratchFolder()
  /** The PEM file of the authority. */
  readonly path: string
  /** For a server. */
  readonly server: { readonly key: Buffer; readonly cert: Buffer }

  constructor(names = 'DNS:localhost,DNS:chatgpt.com,IP:127.0.0.1') {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30']
    const authority = ['-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=execgate test authority']
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-keyout', 'server.key', '-out', 'server.pem']
    const extensions = ['-addext', `subjectAltName=${names}`, '-addext', 'basicConstraints=critical,CA:FALSE']
    this.#openssl(['req', '-x509', ...key, ...authority])
    this.#openssl(['req', '-x509', ...key, ...signing, '-subj', '/CN=localhost', ...extensions])
    this.path = join(this.#folder.path, 'ca.pem')
    const read = (name: string) => readFileSync(join(this.#folder.path, name))
    this.server = { key: read('server.key'), cert: read('server.pem') }
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]()
  }

  #openssl(argv: readonly string[]): void {
    execFileSync('openssl', argv, { cwd: this.#folder.path, stdio: 'pipe' })
  }
}
