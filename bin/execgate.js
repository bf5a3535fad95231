#!/usr/bin/env node
// Written for any Node since 12: an older Node than the program needs must get far enough to say so.
import { existsSync } from 'fs'

const neededMajor = 24
const major = Number(process.versions.node.split('.')[0])

if (process.platform === 'win32') {
  refuse('execgate does not run on Windows; run it under Linux, WSL 2 included')
} else if (major < neededMajor) {
  refuse(
    `execgate needs Node.js ${neededMajor} or later; this is Node.js ${process.versions.node} (${process.execPath})`,
  )
} else {
  // A checkout runs its sources, whether or not it has been built; the package ships only the build.
  const source = new URL('../src/main.ts', import.meta.url)
  const build = new URL('../dist/main.js', import.meta.url)
  void import(existsSync(source) ? source.href : build.href)
}

function refuse(message) {
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
}
