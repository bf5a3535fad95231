import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { plainPath } from './program.ts'

/** Whether this machine has the program on the PATH that children of a test gateway get. */
export function isInstalled(program: string): boolean {
  return plainPath.split(':').some(folder => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
