import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ScratchFolder } from './scratch-folder.ts'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const packages = join(checkout, 'node_modules')

export const compiler = join(packages, 'typescript/bin/tsc')

/** The package as npm publishes it, unpacked where a project that depends on it has it. */
export class PackageFolder implements Disposable {
  readonly #scratch = new ScratchFolder()
  /** What the tarball holds, relative to its root. */
  readonly contents: readonly string[]

  constructor() {
    const source = this.at('source')
    mkdirSync(source)
    execFileSync(process.execPath, [
      compiler,
      '-p',
      join(checkout, 'src/tsconfig.json'),
      '--outDir',
      this.at('source/dist'),
    ])
    for (const name of ['package.json', 'bin', 'README.md', 'LICENSE', 'CHANGELOG.md']) {
      cpSync(join(checkout, name), join(source, name), { recursive: true })
    }
    // What npm runs before it packs has been done.
    const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--json'], { cwd: source, encoding: 'utf8' })
    const name = readdirSync(source).find(file => file.endsWith('.tgz')) ?? ''
    this.contents = [...packed.matchAll(/"path": "([^"]+)"/g)].map(([, path = '']) => path)
    mkdirSync(this.at('project/node_modules'), { recursive: true })
    execFileSync('tar', ['-xzf', join(source, name), '-C', this.at('project')])
    renameSync(this.at('project/package'), this.at('project/node_modules/execgate'))
    this.install()
  }

  /** Gives it the dependencies of the checkout, without those that are left out. */
  install({ leftOut = [] }: { readonly leftOut?: readonly string[] } = {}): void {
    for (const dependency of readdirSync(packages)) {
      const link = this.at(`project/node_modules/${dependency}`)
      if (dependency.startsWith('.')) continue
      rmSync(link, { force: true })
      if (!leftOut.includes(dependency)) symlinkSync(join(packages, dependency), link)
    }
  }

  /** The launcher of the installed package. */
  get launcher(): string {
    return this.at('project/node_modules/execgate/bin/execgate.js')
  }

  get project(): string {
    return this.at('project')
  }

  write(name: string, text: string): void {
    this.#scratch.write(`project/${name}`, text)
  }

  at(name: string): string {
    return join(this.#scratch.path, name)
  }

  [Symbol.dispose](): void {
    this.#scratch[Symbol.dispose]()
  }
}
