import { describe, expect, it } from 'vitest'
import { targetOf } from './endpoint.ts'
import { runTranscript } from './run-transcript.ts'
import { capabilityBundles } from './transcripts/capability-bundles.ts'
import { discovery } from './transcripts/discovery.ts'
import { ending } from './transcripts/ending.ts'
import { environment } from './transcripts/environment.ts'
import { envelope } from './transcripts/envelope.ts'
import { fileHandles } from './transcripts/file-handles.ts'
import { fileTrees } from './transcripts/file-trees.ts'
import { files } from './transcripts/files.ts'
import { handshake } from './transcripts/handshake.ts'
import { httpResponses } from './transcripts/http-responses.ts'
import { http } from './transcripts/http.ts'
import { input } from './transcripts/input.ts'
import { malformed } from './transcripts/malformed.ts'
import { missingWatch } from './transcripts/missing-watch.ts'
import { output } from './transcripts/output.ts'
import { parameters } from './transcripts/parameters.ts'
import { processAdditions } from './transcripts/process-additions.ts'
import { sandbox } from './transcripts/sandbox.ts'
import { sessions } from './transcripts/sessions.ts'
import { starting } from './transcripts/starting.ts'
import { stdio } from './transcripts/stdio.ts'
import { terminal } from './transcripts/terminal.ts'

const target = await targetOf(process.env)

const chapters = {
  handshake,
  envelope,
  malformed,
  parameters,
  environment,
  starting,
  sandbox,
  output,
  input,
  terminal,
  ending,
  'process additions': processAdditions,
  sessions,
  http,
  httpResponses,
  discovery,
  capabilityBundles,
  stdio,
  files,
  fileTrees,
  fileHandles,
  missingWatch,
}

describe.each(Object.entries(chapters))('%s', (_chapter, transcripts) => {
  const titled = transcripts.map(transcript => [transcript.name, transcript] as const)

  it.for(titled)('%s', async ([, transcript], { skip }) => {
    const objection = target.objectionTo(transcript)
    skip(objection !== undefined, objection)
    await using endpoint = await target.open(transcript)
    await expect(runTranscript(transcript, endpoint)).resolves.toBeUndefined()
  })
})
