#!/usr/bin/env node
import { interpretCommandLine } from './cli/command-line.ts'
import { readFileText } from './config/file-text.ts'

// Each command loads what it needs: nobody who asks for help waits for a server.
const line = interpretCommandLine(process.argv.slice(2), process.env, readFileText)
switch (line.kind) {
  case 'print':
    heedOutput()
    process.stdout.write(line.text)
    break
  case 'refuse':
    process.stderr.write(`execgate: ${line.message}\n`)
    process.exitCode = line.exitCode
    break
  case 'tool': {
    // A gateway need not load what only tools use.
    const { runTool } = await import('./cli/run-tool.ts')
    const { thisMachine } = await import('./cli/doctor/machine.ts')
    // This one says itself what it cannot write.
    if (line.tool === 'cp') process.stdout.on('error', () => {})
    else heedOutput()
    const status = await runTool(line.tool, line.args, {
      environment: process.env,
      machine: thisMachine(),
      streams: process,
      print: text => process.stdout.write(text),
      complain: message => process.stderr.write(`execgate: ${message}\n`),
    })
    // Unless the output could not be written.
    process.exitCode ||= status
    break
  }
  case 'execute': {
    // Only this command needs a client.
    const { runProgram } = await import('./run-program.ts')
    await exitWith(runProgram(line.request))
    break
  }
  case 'load': {
    const { loadProgram } = await import('./load-program.ts')
    await exitWith(loadProgram(line.settings))
    break
  }
  case 'run': {
    const { serveProgram } = await import('./serve-program.ts')
    await exitWith(serveProgram(line))
    break
  }
}

/** Whoever reads the output may have seen enough; a disk that is full is told, once. */
function heedOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || process.exitCode === 1) return
    process.stderr.write(`execgate: the output cannot be written: ${error.message}\n`)
    process.exitCode = 1
  })
}

/** Ends the program with the status, whatever is still open. */
async function exitWith(status: Promise<number>): Promise<void> {
  process.exit(await status)
}
