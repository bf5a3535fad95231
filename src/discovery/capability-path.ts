import { childOf } from '../protocol/posix-path.ts'

const slash = Buffer.from('/')
const fileRoot = 'file:///'

/** A path below a capability root: its bytes for the operating system, and a URI that keeps the spelling of the root's. */
export class CapabilityPath {
  readonly uri: string
  readonly native: Buffer

  constructor(uri: string, native: Buffer) {
    this.uri = uri
    this.native = native
  }

  /** The path of something in this folder. */
  child(name: Buffer | string): CapabilityPath {
    const bytes = Buffer.from(name)
    const above = this.native.equals(slash) ? slash : Buffer.concat([this.native, slash])
    return new CapabilityPath(childOf(this.uri, bytes.toString('latin1')), Buffer.concat([above, bytes]))
  }

  /** Several folders down: `agents/openai.yaml`. */
  below(relative: string): CapabilityPath {
    // In one step: a manifest may name hundreds of thousands of folders.
    return this.child(relative)
  }

  /** The folder this is in; `undefined` for the root of the file system. */
  get parent(): CapabilityPath | undefined {
    if (this.native.equals(slash)) return undefined
    const end = this.native.lastIndexOf(slash)
    const uri = this.uri.slice(0, this.uri.replace(/\/$/, '').lastIndexOf('/'))
    return end === 0 ? new CapabilityPath(fileRoot, slash) : new CapabilityPath(uri, this.native.subarray(0, end))
  }

  /** The last name, as text. */
  get name(): string {
    return this.native.subarray(this.native.lastIndexOf(slash) + 1).toString()
  }
}
